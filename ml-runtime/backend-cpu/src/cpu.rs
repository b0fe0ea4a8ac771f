//! The fast backend: which loop nest computes which operation, and how it is divided among threads.

use assay_ops::{eval::StepContext, philox, DType, NodeSpec, Op, Window};

use crate::batch::Batch;
use crate::chain::{Chain, Link};
use crate::columns::ByColumn;
use crate::elementwise::Elementwise;
use crate::indices::{gather, iota, one_hot, pick, scatter_add};
use crate::level::Level;
use crate::matmul::{MatMul, View};
use crate::quant::QuantMatMul;
use crate::reduce::{col_sum, Reduction};
use crate::scalar::canonical_word;
use crate::source::{Load, Mask};
use crate::team::Team;
use crate::value::{count, values, Value};
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
		let values = values(spec, ctx.batch, operands)?;
		match (spec.op, values.as_slice()) {
			(op, []) => self.source(op, ctx, records, out)?,
			(Op::State { .. }, [a]) => out.copy_from_slice(a.words),
			(Op::Reshape { .. }, [a]) if spec.ty.dtype == DType::U32 => {
				out.copy_from_slice(a.words)
			},
			(Op::BatchMatMul(product), [a, b]) => {
				Batch::new(spec, product, a, b)?.run(self.level, &self.team, out);
			},
			(op, values) => self.compute(op, values, cols, out)?,
		}
		Ok(())
	}

	fn run_chain(
		&self,
		links: &[Link<'_>],
		ctx: &StepContext,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		if !is_float_environment_sound() {
			return Err(KernelError::FloatEnvironment);
		}
		Chain::new(links, ctx.batch)?.run(self.level, &self.team, outs)
	}

	fn share(&self, count: usize, work: &(dyn Fn(usize) + Sync)) {
		self.team.pieces(&mut vec![(); count], 1, |index, _| work(index));
	}
}

impl CpuKernels {
	/// The operations without operands.
	fn source(
		&self,
		op: Op,
		ctx: &StepContext,
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		match op {
			Op::Load { offset, width, format } => {
				let (offset, width) = (offset as usize, width as usize);
				Load { offset, width, format, ctx, records }.run(out)?;
			},
			Op::Fill { bits, .. } => out.fill(canonical_word(bits)),
			Op::Mask { stream, threshold, scale, .. } => {
				let key = philox::stream_key(&ctx.seed, philox::Domain::Mask, stream);
				self.mask(&Mask { key, step: ctx.step, threshold, scale }, out);
			},
			Op::Iota { first, stride, .. } => iota(first, stride, out),
			Op::StepIndex { every, period } => {
				let phase = ctx.step.checked_div(every.into());
				let index = phase.and_then(|phase| phase.checked_rem(period.into()));
				// Below a period, so within 32 bits.
				out.fill(index.ok_or(KernelError::Shape)? as u32);
			},
			_ => return Err(KernelError::Shape),
		}
		Ok(())
	}

	/// The operations with operands.
	fn compute(
		&self,
		op: Op,
		values: &[Value<'_>],
		cols: usize,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		let (level, team) = (self.level, &self.team);
		match (op, values) {
			(Op::MatMul { transpose_a, transpose_b }, [a, b]) => {
				let (m, k) = if transpose_a { (a.cols, a.rows) } else { (a.rows, a.cols) };
				let (a, b) = (a.strided(), b.strided());
				MatMul { a, b, m, k, n: cols, transpose_a, transpose_b }.run(level, team, out);
			},
			(Op::QuantMatMul { format, transpose_a, transpose_b }, [a, b]) => {
				let (m, k) = if transpose_a { (a.cols, a.rows) } else { (a.rows, a.cols) };
				let rows = View::new(a.strided(), m, !transpose_a);
				let lanes = View::new(b.strided(), cols, transpose_b);
				QuantMatMul { format, rows, lanes, k }.run(level, team, out);
			},
			(Op::Reshape { .. }, [a]) => Elementwise::Copy.one(level, team, a.words, out),
			(Op::Unary(f), [a]) => Elementwise::Unary(f).one(level, team, a.words, out),
			(Op::Binary(f, broadcast), [a, b]) => {
				Elementwise::Binary(f).more(level, team, (a, b, broadcast, &[]), out)?;
			},
			(Op::Fma(broadcast), [a, b, c]) => {
				Elementwise::Fma.more(level, team, (a, b, broadcast, c.words), out)?;
			},
			(Op::Select(broadcast), [a, b, c]) => {
				Elementwise::Select.more(level, team, (a, b, broadcast, c.words), out)?;
			},
			(Op::RowSum, [a]) => Reduction::Sum.run(level, team, a, out),
			(Op::RowMax, [a]) => Reduction::Max.run(level, team, a, out),
			(Op::ColSum, [a]) => col_sum(level, team, a, out),
			(Op::Causal { bits }, [a]) => ByColumn::Causal(bits).run(level, team, a, out),
			(Op::RotateHalf { width }, [a]) => {
				ByColumn::RotateHalf(width as usize).run(level, team, a, out);
			},
			(Op::Pick, [a, labels]) => pick(team, a, labels.words, out),
			(Op::OneHot { .. }, [labels]) => one_hot(team, labels.words, cols, out),
			(Op::Gather, [table, indices]) => gather(level, team, table, indices.words, out),
			(Op::ScatterAdd { .. }, [indices, gradient]) => {
				scatter_add(level, team, indices.words, gradient, out);
			},
			(op, [a, rest @ ..]) => {
				let (sliding, window) = sliding(op).ok_or(KernelError::Shape)?;
				let b = rest.first().map_or(&[][..], |b| b.words);
				self.slide(sliding, window, a.words, b, out);
			},
			(_, []) => return Err(KernelError::Shape),
		}
		Ok(())
	}

	fn mask(&self, mask: &Mask, out: &mut [u32]) {
		const PIECE: usize = 1 << 14;
		self.team.pieces(out, PIECE, |index, out| mask.run((index * PIECE) as u32, out));
	}

	fn slide(&self, sliding: Sliding, w: Window, a: &[u32], b: &[u32], out: &mut [u32]) {
		let geometry = Geometry::from(w);
		let (first_size, second_size, out_size) = geometry.sizes(sliding);
		let images = Team::rows_per_piece(out_size);
		self.team.pieces(out, images * out_size, |index, out| {
			for (image, out) in (index * images..).zip(out.chunks_exact_mut(out_size)) {
				let first = &a[image * first_size..][..first_size];
				let second = &b[image * second_size..][..second_size];
				let level = self.level;
				level.run(OneImage { level, sliding, geometry, first, second, out });
			}
		});
	}
}

/// The operations that slide a window over images.
fn sliding(op: Op) -> Option<(Sliding, Window)> {
	Some(match op {
		Op::Im2Col(w) => (Sliding::Im2Col, w),
		Op::Col2Im(w) => (Sliding::Col2Im, w),
		Op::MaxPool(w) => (Sliding::MaxPool, w),
		Op::MaxPoolGrad(w) => (Sliding::MaxPoolGrad, w),
		Op::AvgPool(w) => (Sliding::AvgPool, w),
		Op::AvgPoolGrad(w) => (Sliding::AvgPoolGrad, w),
		_ => return None,
	})
}
