//! The fast backend: which loop nest computes which operation, and how it is divided among threads.

use assay_ops::{
	eval::StepContext, philox, Broadcast, DType, NodeSpec, Op, Unary, ValueType, Window,
};

use crate::elementwise::{pattern, Elementwise, Piece, Second};
use crate::level::Level;
use crate::matmul::MatMul;
use crate::reduce::{one_hot, AlongRow, ColBlock, Rows};
use crate::scalar::canonical_word;
use crate::source::{Load, Mask};
use crate::team::Team;
use crate::window::{Geometry, OneImage, Sliding};
use crate::{is_float_environment_sound, KernelError, Kernels, RecordSource};

/// Kernels on this machine's vector units and threads.
#[derive(Debug)]
pub struct CpuKernels {
	level: Level,
	team: Team,
}

impl CpuKernels {
	/// Kernels with the best instructions of this processor, on `threads` threads. With one thread
	/// (or 0), work happens on the thread that asks for it.
	pub fn new(threads: usize) -> Result<Self, KernelError> {
		Self::with_level(threads, Level::best())
	}

	/// Kernels with the instructions of one level: the same bits at another speed.
	pub fn with_level(threads: usize, level: Level) -> Result<Self, KernelError> {
		if !Level::available().contains(&level) {
			return Err(KernelError::Level);
		}
		Ok(Self { level, team: Team::new(threads)? })
	}

	/// The instructions in use.
	pub fn level(&self) -> Level {
		self.level
	}

	/// The number of threads in use.
	pub fn threads(&self) -> usize {
		self.team.threads()
	}
}

/// A value and its type.
#[derive(Clone, Copy)]
struct Value<'a> {
	words: &'a [u32],
	rows: usize,
	cols: usize,
}

fn count(ty: &ValueType) -> (usize, usize) {
	(ty.rows as usize, ty.cols as usize)
}

/// The operands with their types, each of the right length.
fn values<'a>(spec: &NodeSpec, operands: &[&'a [u32]]) -> Result<Vec<Value<'a>>, KernelError> {
	let own = [spec.ty];
	let types: Vec<ValueType> = match spec.op {
		Op::State { .. } => own.to_vec(),
		_ => spec.inputs.iter().map(|input| input.ty).collect(),
	};
	if types.len() != operands.len() {
		return Err(KernelError::Shape);
	}
	let value = |(ty, words): (&ValueType, &&'a [u32])| {
		let (rows, cols) = count(ty);
		(rows.checked_mul(cols) == Some(words.len()))
			.then_some(Value { words, rows, cols })
			.ok_or(KernelError::Shape)
	};
	types.iter().zip(operands).map(value).collect()
}

impl Kernels for CpuKernels {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		if !is_float_environment_sound() {
			return Err(KernelError::FloatEnvironment);
		}
		let (rows, cols) = count(&spec.ty);
		if rows.checked_mul(cols) != Some(out.len()) || out.is_empty() {
			return Err(KernelError::Shape);
		}
		let values = values(spec, operands)?;
		match (spec.op, values.as_slice()) {
			(Op::Load { offset, width, format }, []) => {
				let (offset, width) = (offset as usize, width as usize);
				Load { offset, width, format, ctx, records }.run(out)?;
			},
			(Op::Fill { bits, .. }, []) => out.fill(canonical_word(bits)),
			(Op::Mask { stream, threshold, scale, .. }, []) => {
				let key = philox::stream_key(&ctx.seed, philox::Domain::Mask, stream);
				self.mask(&Mask { key, step: ctx.step, threshold, scale }, out);
			},
			(Op::State { .. }, [a]) => out.copy_from_slice(a.words),
			(Op::Reshape { .. }, [a]) => self.copy(spec.ty.dtype, a.words, out),
			(Op::OneHot { .. }, [labels]) => one_hot(labels.words, cols, out),
			(Op::ColSum, [a]) => self.col_sum(*a, out),
			(_, []) => return Err(KernelError::Shape),
			(op, values) => self.compute(op, values, cols, out)?,
		}
		Ok(())
	}
}

impl CpuKernels {
	/// The operations with at least one operand that need loop nests of their own.
	fn compute(
		&self,
		op: Op,
		values: &[Value<'_>],
		cols: usize,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		match (op, values) {
			(Op::MatMul { transpose_a, transpose_b }, [a, b]) => {
				let (m, k) = if transpose_a { (a.cols, a.rows) } else { (a.rows, a.cols) };
				let (a, b) = (a.words, b.words);
				let product = MatMul { a, b, m, k, n: cols, transpose_a, transpose_b };
				product.run(self.level, &self.team, out);
			},
			(Op::Im2Col(w), [a]) => self.slide(Sliding::Im2Col, w, a.words, &[], out),
			(Op::Col2Im(w), [a]) => self.slide(Sliding::Col2Im, w, a.words, &[], out),
			(Op::MaxPool(w), [a]) => self.slide(Sliding::MaxPool, w, a.words, &[], out),
			(Op::AvgPool(w), [a]) => self.slide(Sliding::AvgPool, w, a.words, &[], out),
			(Op::AvgPoolGrad(w), [a]) => self.slide(Sliding::AvgPoolGrad, w, a.words, &[], out),
			(Op::MaxPoolGrad(w), [a, b]) => {
				self.slide(Sliding::MaxPoolGrad, w, a.words, b.words, out);
			},
			(Op::Unary(f), [a]) => self.unary(f, a.words, out),
			(Op::Binary(f, broadcast), [a, b]) => {
				self.elementwise(Elementwise::Binary(f), a, Some((*b, broadcast)), &[], out);
			},
			(Op::Fma(broadcast), [a, b, c]) => {
				self.elementwise(Elementwise::Fma, a, Some((*b, broadcast)), c.words, out);
			},
			(Op::RowSum, [a]) => self.along_rows(a, None, false, out),
			(Op::RowMax, [a]) => self.along_rows(a, None, true, out),
			(Op::Pick, [a, labels]) => self.along_rows(a, Some(labels.words), false, out),
			_ => return Err(KernelError::Shape),
		}
		Ok(())
	}

	fn mask(&self, mask: &Mask, out: &mut [u32]) {
		const PIECE: usize = 1 << 14;
		self.team.pieces(out, PIECE, |index, out| mask.run((index * PIECE) as u32, out));
	}

	fn copy(&self, dtype: DType, words: &[u32], out: &mut [u32]) {
		match dtype {
			DType::F32 => {
				out.iter_mut().zip(words).for_each(|(out, word)| *out = canonical_word(*word));
			},
			DType::U32 => out.copy_from_slice(words),
		}
	}

	fn unary(&self, f: Unary, a: &[u32], out: &mut [u32]) {
		let a = Value { words: a, rows: 1, cols: a.len() };
		// Exponential and logarithm are worth a thread's while much earlier.
		let cols = match f {
			Unary::Exp | Unary::Log => 16,
			Unary::Neg | Unary::Sqrt | Unary::Relu => 1,
		};
		let piece = Team::rows_per_piece(cols);
		self.team.pieces(out, piece, |index, out| {
			let a = &a.words[index * piece..][..out.len()];
			let b = Second::Same(a);
			self.level.run(Piece { elementwise: Elementwise::Unary(f), a, b, c: &[], out });
		});
	}

	fn elementwise(
		&self,
		elementwise: Elementwise,
		a: &Value<'_>,
		b: Option<(Value<'_>, Broadcast)>,
		c: &[u32],
		out: &mut [u32],
	) {
		let Some((b, broadcast)) = b else { return };
		let cols = a.cols;
		let repeated = pattern(b.words, broadcast);
		let rows = Team::rows_per_piece(cols);
		let piece = rows * cols;
		self.team.pieces(out, piece, |index, out| {
			let part = |words: &'_ [u32]| -> std::ops::Range<usize> {
				let from = (index * piece).min(words.len());
				from..(from + out.len()).min(words.len())
			};
			let second = match broadcast {
				Broadcast::None => Second::Same(&b.words[part(b.words)]),
				Broadcast::Row => Second::Repeat(&repeated),
				Broadcast::Col if cols == 1 => Second::Same(&b.words[part(b.words)]),
				Broadcast::Col => Second::PerRow(&b.words[index * rows..], cols),
				Broadcast::Scalar => Second::Word(b.words[0]),
			};
			let (a, c) = (&a.words[part(a.words)], &c[part(c)]);
			self.level.run(Piece { elementwise, a, b: second, c, out });
		});
	}

	fn slide(&self, sliding: Sliding, w: Window, a: &[u32], b: &[u32], out: &mut [u32]) {
		let geometry = Geometry::from(w);
		let (first_size, second_size, out_size) = geometry.sizes(sliding);
		let images = Team::rows_per_piece(out_size);
		self.team.pieces(out, images * out_size, |index, out| {
			for (image, out) in (index * images..).zip(out.chunks_exact_mut(out_size)) {
				let first = &a[image * first_size..][..first_size];
				let second = &b[image * second_size..][..second_size];
				self.level.run(OneImage { sliding, geometry, first, second, out });
			}
		});
	}

	fn along_rows(&self, a: &Value<'_>, labels: Option<&[u32]>, max: bool, out: &mut [u32]) {
		let (cols, piece) = (a.cols, Team::rows_per_piece(a.cols));
		self.team.pieces(out, piece, |index, out| {
			let first = index * piece;
			let along = match labels {
				Some(labels) => AlongRow::Pick(&labels[first..]),
				None if max => AlongRow::Max,
				None => AlongRow::Sum,
			};
			let values = &a.words[first * cols..][..out.len() * cols];
			self.level.run(Rows { along, values, cols, out });
		});
	}

	fn col_sum(&self, a: Value<'_>, out: &mut [u32]) {
		let (rows, cols) = (a.rows, a.cols);
		let blocks = rows.div_ceil(ColBlock::ROWS);
		let block = |index: usize, out: &mut [u32]| {
			let from = index * ColBlock::ROWS * cols;
			let until = a.words.len().min(from + ColBlock::ROWS * cols);
			self.level.run(ColBlock { values: &a.words[from..until], out });
		};
		if blocks == 1 {
			block(0, out);
			return;
		}
		let mut partials = vec![0; blocks * cols];
		self.team.pieces(&mut partials, cols, block);
		crate::matmul::fold(self.level, &partials, out);
	}
}
