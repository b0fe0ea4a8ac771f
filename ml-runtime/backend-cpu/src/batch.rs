//! Matrix products of many heads.

use assay_ops::{BatchMatMul, BatchShape, Head, HeadLayout, HeadShape, NodeSpec};

use crate::level::Level;
use crate::matmul::{MatMul, Strided};
use crate::team::Team;
use crate::value::Value;
use crate::KernelError;

/// Multiplications that are worth a thread's while.
const PIECE: usize = 1 << 18;

/// Where rows of a result may be cut: whole tiles at every level, where rows of tiles are rows of the result.
const CUT: usize = 24;

/// All products of a node.
pub(crate) struct Batch<'a> {
	product: BatchMatMul,
	shape: BatchShape,
	a: Value<'a>,
	b: Value<'a>,
	/// Columns of the whole result.
	cols: usize,
}

impl<'a> Batch<'a> {
	/// The products of operands that have the node's types.
	pub(crate) fn new(
		spec: &NodeSpec,
		product: BatchMatMul,
		a: &Value<'a>,
		b: &Value<'a>,
	) -> Result<Self, KernelError> {
		let types = spec.operand(0).zip(spec.operand(1));
		let shape = types.and_then(|(a, b)| product.shapes(a, b)).ok_or(KernelError::Shape)?;
		let each = HeadShape { rows: shape.m, cols: shape.n };
		let whole = product.out.whole(&product, each);
		if shape.k != shape.k_of_b || whole != Some((spec.ty.rows, spec.ty.cols)) {
			return Err(KernelError::Shape);
		}
		Ok(Self { product, shape, a: *a, b: *b, cols: spec.ty.cols as usize })
	}

	/// Computes all of them.
	///
	/// A band is the rows of one product, or of several that lie side by side. Threads take whole bands,
	/// or parts of each where there are fewer bands than threads.
	pub(crate) fn run(&self, level: Level, team: &Team, out: &mut [u32]) {
		let (m, k) = (self.shape.m as usize, self.shape.k as usize);
		let band = m * self.cols;
		let bands = out.len() / band;
		if bands >= team.threads() {
			let work = band.saturating_mul(k);
			let most = bands.div_ceil(team.threads());
			let piece = (PIECE / work.max(1)).clamp(1, most);
			team.pieces(out, piece * band, |index, out| {
				for (band, out) in (index * piece..).zip(out.chunks_exact_mut(band)) {
					self.band(level, band, 0, out);
				}
			});
			return;
		}
		let rows = m.div_ceil(2 * team.threads()).next_multiple_of(CUT);
		for (band, out) in out.chunks_exact_mut(band).enumerate() {
			team.pieces(out, rows * self.cols, |index, out| {
				self.band(level, band, index * rows, out);
			});
		}
	}

	/// Rows of a band, from `row` on.
	fn band(&self, level: Level, band: usize, row: usize, out: &mut [u32]) {
		let (heads, n) = (usize::from(self.product.heads), self.shape.n as usize);
		match self.product.out {
			HeadLayout::Stacked => self.head(level, band / heads, band % heads, row, out),
			HeadLayout::Interleaved => {
				for head in 0..heads {
					self.head(level, band, head, row, &mut out[head * n..]);
				}
			},
		}
	}

	/// Rows of one product, from `row` on, into rows of `out`.
	fn head(&self, level: Level, item: usize, head: usize, row: usize, out: &mut [u32]) {
		let BatchMatMul { transpose_a, transpose_b, a, b, .. } = self.product;
		// Both were counted within 32 bits.
		let at = Head { item: item as u32, head: head as u32 };
		let left = self.part(&self.a, a, self.shape.a, at);
		let right = self.part(&self.b, b, self.shape.b, at);
		let (Some(mut left), Some(right)) = (left, right) else { return };
		let from = if transpose_a { row } else { row * left.stride };
		left.words = &left.words[from..];
		let product = MatMul {
			a: left,
			b: right,
			m: out.len().div_ceil(self.cols),
			k: self.shape.k as usize,
			n: self.shape.n as usize,
			transpose_a,
			transpose_b,
		};
		product.run_strided(level, out, self.cols);
	}

	/// A matrix of an operand.
	fn part<'b>(
		&self,
		value: &Value<'b>,
		layout: HeadLayout,
		shape: HeadShape,
		at: Head,
	) -> Option<Strided<'b>> {
		let (row, col) = layout.origin(&self.product, shape, at)?;
		let words = value.words.get(row as usize * value.cols + col as usize..)?;
		Some(Strided { words, stride: value.cols })
	}
}
