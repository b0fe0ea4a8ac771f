//! Sums and maxima.

use super::{EvalError, Operands, Tile};
use crate::{
	grid::TileArea,
	soft::{self, canonical, is_nan, order_key},
	spec::{Fold, NodeSpec},
	CANONICAL_NAN, TILE, TILE_WORDS,
};

/// The sum of `n` numbers in the order RSUM32: element i is added to lane i mod 32, in ascending order
/// and from `+0`; then lane i takes lane i + 16, then i + 8, 4, 2 and 1.
pub fn rsum32<E>(n: u32, value: impl Fn(u32) -> Result<u32, E>) -> Result<u32, E> {
	let mut lanes = [0u32; TILE as usize];
	for (i, lane) in (0..n).zip((0..lanes.len()).cycle()) {
		if let Some(sum) = lanes.get_mut(lane) {
			*sum = soft::add(*sum, value(i)?);
		}
	}
	for half in [16, 8, 4, 2, 1] {
		let (low, high) = lanes.split_at_mut(half);
		for (sum, term) in low.iter_mut().zip(high.iter()) {
			*sum = soft::add(*sum, *term);
		}
	}
	Ok(lanes[0])
}

/// The greater of two numbers in the total order, NaN canonical; the first where they are the same.
pub(super) fn greater(a: u32, b: u32) -> u32 {
	canonical(if order_key(b) > order_key(a) { b } else { a })
}

/// The lesser of two numbers in the total order, NaN where either is.
pub(super) fn lesser(a: u32, b: u32) -> u32 {
	if is_nan(a) || is_nan(b) {
		return CANONICAL_NAN;
	}
	if order_key(b) < order_key(a) {
		b
	} else {
		a
	}
}

/// Puts the result of a block to that of the blocks before it.
pub(super) fn fold_word(fold: Fold, accumulated: u32, block: u32) -> u32 {
	match fold {
		Fold::Sum => soft::add(accumulated, block),
		Fold::Max => greater(accumulated, block),
	}
}

/// An element of a node with a long reduction: its blocks folded left to right.
pub(super) fn long(
	spec: &NodeSpec,
	block: impl Fn(u32) -> Result<u32, EvalError>,
) -> Result<u32, EvalError> {
	let mut result = block(0)?;
	for index in 1..spec.blocks() {
		result = fold_word(spec.fold(), result, block(index)?);
	}
	Ok(result)
}

/// One block of the sum of a column, in ascending order from `+0`.
pub(super) fn column<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	col: u32,
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = spec.block_range(block);
	let mut sum = 0;
	for row in first..first.saturating_add(terms) {
		sum = soft::add(sum, operands.word(0, row, col)?);
	}
	Ok(sum)
}

/// One block of the sum of a row.
pub(super) fn row_sum<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = spec.block_range(block);
	rsum32(terms, |k| Ok(operands.word(0, row, first.saturating_add(k))?))
}

/// One block of the maximum of a row.
pub(super) fn row_max<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = spec.block_range(block);
	let mut best = canonical(operands.word(0, row, first)?);
	for col in (first..first.saturating_add(terms)).skip(1) {
		best = greater(best, operands.word(0, row, col)?);
	}
	Ok(best)
}

/// One block of the rows whose index is `row`, in ascending order from `+0`.
pub(super) fn scatter<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	(row, col): (u32, u32),
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = spec.block_range(block);
	let mut sum = 0;
	for term in first..first.saturating_add(terms) {
		if operands.word(0, term, 0)? == row {
			sum = soft::add(sum, operands.word(1, term, col)?);
		}
	}
	Ok(sum)
}

/// The same for every element of the area; each index is read once.
pub(super) fn scatter_tile<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let (first, terms) = spec.block_range(block);
	let mut result = [0; TILE_WORDS];
	for term in first..first.saturating_add(terms) {
		let line = operands.word(0, term, 0)?.checked_sub(area.row);
		let Some(line) = line.filter(|line| *line < area.rows) else { continue };
		let mut lines = result.chunks_exact_mut(TILE as usize);
		let sums = lines.nth(line as usize).unwrap_or_default();
		for (col, sum) in (0..area.cols).zip(sums) {
			*sum = soft::add(*sum, operands.word(1, term, area.col.saturating_add(col))?);
		}
	}
	Ok(result)
}
