//! Sums and maxima.

use alloc::vec::Vec;

use super::{matmul, EvalError, Operands, Tile};
use crate::{
	grid::TileArea,
	op::Op,
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
pub(super) fn long<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	col: u32,
) -> Result<u32, EvalError> {
	let mut result = one_block(spec, operands, row, col, 0)?;
	for block in 1..spec.blocks() {
		result = fold_word(spec.fold(), result, one_block(spec, operands, row, col, block)?);
	}
	Ok(result)
}

/// One block of an element of a node with a long reduction.
pub(super) fn one_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	col: u32,
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = spec.block_range(block);
	let range = first..first.saturating_add(terms);
	let word = |operand, row, col| operands.word(operand, row, col).map_err(EvalError::from);
	match &spec.op {
		Op::MatMul { .. } | Op::BatchMatMul(_) => {
			let places = matmul::Places::new(spec, row, col)?;
			let mut sum = 0;
			for k in range {
				let (a, b) = (places.left(row, k), places.right(k, col));
				sum = soft::fma(word(0, a.0, a.1)?, word(1, b.0, b.1)?, sum);
			}
			Ok(sum)
		},
		Op::ColSum => {
			let mut sum = 0;
			for term in range {
				sum = soft::add(sum, word(0, term, col)?);
			}
			Ok(sum)
		},
		Op::ScatterAdd { .. } => {
			let mut sum = 0;
			for term in range {
				if word(0, term, 0)? == row {
					sum = soft::add(sum, word(1, term, col)?);
				}
			}
			Ok(sum)
		},
		Op::RowSum => rsum32(terms, |k| word(0, row, first.saturating_add(k))),
		Op::RowMax => {
			let mut best = canonical(word(0, row, first)?);
			for term in range.skip(1) {
				best = greater(best, word(0, row, term)?);
			}
			Ok(best)
		},
		_ => Err(EvalError::Malformed),
	}
}

/// One block of every element of a tile of a scatter; each index is read once.
pub(super) fn scatter_tile<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let (first, terms) = spec.block_range(block);
	let mut result = [0; TILE_WORDS];
	let mut lines: Vec<&mut [u32]> = result.chunks_exact_mut(TILE as usize).collect();
	for term in first..first.saturating_add(terms) {
		let line = operands.word(0, term, 0)?.checked_sub(area.row);
		let Some(line) = line.filter(|line| *line < area.rows) else { continue };
		let Some(line) = lines.get_mut(line as usize) else { continue };
		for (col, sum) in (0..area.cols).zip(line.iter_mut()) {
			*sum = soft::add(*sum, operands.word(1, term, area.col.saturating_add(col))?);
		}
	}
	Ok(result)
}
