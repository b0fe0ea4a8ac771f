//! Sums and maxima.

use alloc::vec::Vec;

use super::{EvalError, Operands};
use crate::{
	op::Op,
	soft::{self, canonical, order_key},
	spec::NodeSpec,
	K_BLOCK, TILE,
};

/// Elements that RSUM32 sums in one go.
const RSUM_BLOCK: u32 = 4096;

/// The sum of `n` numbers in the order RSUM32.
///
/// Element i is added to lane i mod 32, in ascending order and from `+0`; then lane i takes lane
/// i + 16, then i + 8, 4, 2 and 1. More than 4096 elements are summed in blocks of 4096, and the
/// block sums by the same rule.
pub fn rsum32<E>(n: u32, value: impl Fn(u32) -> Result<u32, E>) -> Result<u32, E> {
	if n <= RSUM_BLOCK {
		return rsum32_block(0, n, &value);
	}
	let mut sums = Vec::new();
	for block in 0..n.div_ceil(RSUM_BLOCK) {
		let first = block.saturating_mul(RSUM_BLOCK);
		sums.push(rsum32_block(first, n.saturating_sub(first).min(RSUM_BLOCK), &value)?);
	}
	// At most 2^20 sums, then at most 2^8: the recursion is three deep.
	let count = u32::try_from(sums.len()).unwrap_or(u32::MAX);
	rsum32_slice(count, &sums)
}

fn rsum32_slice<E>(n: u32, sums: &[u32]) -> Result<u32, E> {
	let value = |i: u32| Ok(sums.get(i as usize).copied().unwrap_or(0));
	let dynamic: &dyn Fn(u32) -> Result<u32, E> = &value;
	rsum32(n, dynamic)
}

fn rsum32_block<E>(first: u32, n: u32, value: &impl Fn(u32) -> Result<u32, E>) -> Result<u32, E> {
	let mut lanes = [0u32; TILE as usize];
	for (i, lane) in (0..n).zip((0..lanes.len()).cycle()) {
		if let Some(sum) = lanes.get_mut(lane) {
			*sum = soft::add(*sum, value(first.saturating_add(i))?);
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

/// The first of the greatest of `n` numbers in the total order, NaN canonical.
pub(super) fn maximum(
	n: u32,
	value: impl Fn(u32) -> Result<u32, EvalError>,
) -> Result<u32, EvalError> {
	let mut best = canonical(value(0)?);
	for k in 1..n {
		let candidate = canonical(value(k)?);
		if order_key(candidate) > order_key(best) {
			best = candidate;
		}
	}
	Ok(best)
}

/// An element of a node with a long reduction: its blocks folded left to right.
pub(super) fn long<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	col: u32,
) -> Result<u32, EvalError> {
	let one = |block| {
		if let Op::MatMul { transpose_a, transpose_b } = spec.op {
			return product_block(spec, operands, (transpose_a, transpose_b), (row, col), block);
		}
		column_block(spec, operands, col, block)
	};
	let mut sum = one(0)?;
	for block in 1..spec.blocks() {
		sum = soft::add(sum, one(block)?);
	}
	Ok(sum)
}

/// First term of a block and the number of its terms.
fn block_range(spec: &NodeSpec, block: u32) -> (u32, u32) {
	let first = block.saturating_mul(K_BLOCK);
	(first, spec.terms().saturating_sub(first).min(K_BLOCK))
}

fn product_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	(transpose_a, transpose_b): (bool, bool),
	(row, col): (u32, u32),
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = block_range(spec, block);
	let mut sum = 0;
	for k in first..first.saturating_add(terms) {
		let (a_row, a_col) = if transpose_a { (k, row) } else { (row, k) };
		let (b_row, b_col) = if transpose_b { (col, k) } else { (k, col) };
		let (a, b) = (operands.word(0, a_row, a_col)?, operands.word(1, b_row, b_col)?);
		sum = soft::fma(a, b, sum);
	}
	Ok(sum)
}

/// One block of a column's sum.
pub(super) fn column_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	col: u32,
	block: u32,
) -> Result<u32, EvalError> {
	let (first, terms) = block_range(spec, block);
	let mut sum = 0;
	for row in first..first.saturating_add(terms) {
		sum = soft::add(sum, operands.word(0, row, col)?);
	}
	Ok(sum)
}
