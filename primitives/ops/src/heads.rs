//! Where the matrices of a batch of heads lie.

use crate::{
	op::{BatchMatMul, HeadLayout},
	program::ValueType,
};

/// Rows and columns of each matrix of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeadShape {
	/// Rows.
	pub rows: u32,
	/// Columns.
	pub cols: u32,
}

/// One matrix of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
	/// The sequence.
	pub item: u32,
	/// The head.
	pub head: u32,
}

impl HeadLayout {
	/// Shape of each matrix in a value of this type; `None` if they do not fill it.
	pub fn shape(&self, product: &BatchMatMul, ty: &ValueType) -> Option<HeadShape> {
		let (down, across) = self.counts(product)?;
		let exact = |n: u32, by: u32| (n.checked_rem(by)? == 0).then_some(n.checked_div(by)?);
		Some(HeadShape { rows: exact(ty.rows, down)?, cols: exact(ty.cols, across)? })
	}

	/// Rows and columns of a value that holds matrices of this shape.
	pub fn whole(&self, product: &BatchMatMul, shape: HeadShape) -> Option<(u32, u32)> {
		let (down, across) = self.counts(product)?;
		Some((shape.rows.checked_mul(down)?, shape.cols.checked_mul(across)?))
	}

	/// Matrices down and across.
	fn counts(&self, product: &BatchMatMul) -> Option<(u32, u32)> {
		let heads = u32::from(product.heads);
		match self {
			HeadLayout::Stacked => Some((product.batch.checked_mul(heads)?, 1)),
			HeadLayout::Interleaved => Some((product.batch, heads)),
		}
	}

	/// First row and column of a matrix.
	pub fn origin(&self, product: &BatchMatMul, shape: HeadShape, at: Head) -> Option<(u32, u32)> {
		match self {
			HeadLayout::Stacked => {
				let index = at.item.checked_mul(product.heads.into())?.checked_add(at.head)?;
				Some((index.checked_mul(shape.rows)?, 0))
			},
			HeadLayout::Interleaved => {
				Some((at.item.checked_mul(shape.rows)?, at.head.checked_mul(shape.cols)?))
			},
		}
	}

	/// The matrix that an element of the value belongs to, and its row and column there.
	pub fn locate(
		&self,
		product: &BatchMatMul,
		shape: HeadShape,
		row: u32,
		col: u32,
	) -> Option<(Head, u32, u32)> {
		let (outer, inner) = (row.checked_div(shape.rows)?, row.checked_rem(shape.rows)?);
		match self {
			HeadLayout::Stacked => {
				let heads = u32::from(product.heads);
				let item = outer.checked_div(heads)?;
				Some((Head { item, head: outer.checked_rem(heads)? }, inner, col))
			},
			HeadLayout::Interleaved => {
				let head = col.checked_div(shape.cols)?;
				Some((Head { item: outer, head }, inner, col.checked_rem(shape.cols)?))
			},
		}
	}
}

/// The shapes of a batch of products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchShape {
	/// Each `A` as it is stored.
	pub a: HeadShape,
	/// Each `B` as it is stored.
	pub b: HeadShape,
	/// Rows of each result.
	pub m: u32,
	/// Terms.
	pub k: u32,
	/// Terms by the second operand; the product exists if it is `k`.
	pub k_of_b: u32,
	/// Columns of each result.
	pub n: u32,
}

impl BatchShape {
	/// Each result.
	pub fn out(&self) -> HeadShape {
		HeadShape { rows: self.m, cols: self.n }
	}
}

impl BatchMatMul {
	/// The shapes for operands of these types; `None` if the heads do not fill them.
	pub fn shapes(&self, a: &ValueType, b: &ValueType) -> Option<BatchShape> {
		let (a, b) = (self.a.shape(self, a)?, self.b.shape(self, b)?);
		let (m, k) = if self.transpose_a { (a.cols, a.rows) } else { (a.rows, a.cols) };
		let (k_of_b, n) = if self.transpose_b { (b.cols, b.rows) } else { (b.rows, b.cols) };
		Some(BatchShape { a, b, m, k, k_of_b, n })
	}
}
