//! Batches of matrix products.

use super::spanned;
use crate::{
	heads::HeadShape,
	op::{BatchMatMul, HeadLayout},
	program::ValueType,
	K_BLOCK, TILE,
};

/// Tiles of both operands that a tile of the result reads.
///
/// A tile of the result holds parts of some products; each reads a piece of `A` (its rows by a block of
/// terms) and of `B` (the terms by its columns).
pub(super) fn product(
	product: &BatchMatMul,
	a: &ValueType,
	b: &ValueType,
	out: &ValueType,
) -> Option<u64> {
	let shapes = product.shapes(a, b)?;
	let (m, n, k) = (shapes.m, shapes.n, shapes.k.min(K_BLOCK));
	// Products that a tile meets down and across; how much of each it holds.
	let (down, across) = match product.out {
		HeadLayout::Stacked => (met(m, out.rows), 1),
		HeadLayout::Interleaved => (met(m, out.rows), met(n, out.cols)),
	};
	let (rows, cols) = (m.min(TILE), n.min(TILE));
	let (in_a, in_b) = (
		Piece { lanes: rows, terms: k, lanes_start: m.checked_rem(TILE) == Some(0) },
		Piece { lanes: cols, terms: k, lanes_start: n.checked_rem(TILE) == Some(0) },
	);
	let left = in_a.tiles(product.a, shapes.a, product.transpose_a);
	let right = in_b.tiles(product.b, shapes.b, !product.transpose_b);
	let each = left.checked_add(right)?;
	down.checked_mul(across)?.checked_mul(each)
}

/// Pieces of `size` that 32 elements from a multiple of 32 on meet, of `whole` in all.
fn met(size: u32, whole: u32) -> u64 {
	if size.checked_rem(TILE) == Some(0) {
		return 1;
	}
	if TILE.checked_rem(size) == Some(0) {
		return u64::from(TILE.checked_div(size).unwrap_or(1)).min(u64::from(whole.div_ceil(size)));
	}
	spanned(TILE.into(), size.into()).min(whole.div_ceil(size).into())
}

/// Part of one operand's matrix: some lanes (rows of `A`, columns of `B`) by some terms.
struct Piece {
	lanes: u32,
	terms: u32,
	/// Whether the lanes of a result's tile start at a tile of the matrix, when the matrix itself does.
	lanes_start: bool,
}

impl Piece {
	/// Tiles that the piece touches in the value. `terms_are_rows`: terms go down in storage.
	fn tiles(&self, layout: HeadLayout, shape: HeadShape, terms_are_rows: bool) -> u64 {
		let aligned = |n: u32| n.checked_rem(TILE) == Some(0);
		// Matrices that do not start at a tile shift everything in that direction.
		let down = aligned(shape.rows);
		let across = match layout {
			HeadLayout::Stacked => true,
			HeadLayout::Interleaved => aligned(shape.cols),
		};
		let span = |length: u32, starts: bool| match starts {
			true => u64::from(length.div_ceil(TILE)),
			false => spanned(length.into(), TILE.into()),
		};
		// Blocks of terms start at multiples of 512, so only the matrix can shift them.
		if terms_are_rows {
			span(self.terms, down).saturating_mul(span(self.lanes, across && self.lanes_start))
		} else {
			span(self.lanes, down && self.lanes_start).saturating_mul(span(self.terms, across))
		}
	}
}
