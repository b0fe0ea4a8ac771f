//! Matrix products, a block of a tile at a time.

use alloc::{vec, vec::Vec};

use super::{EvalError, Operands, Tile};
use crate::{grid::TileArea, op::Op, soft, spec::NodeSpec, K_BLOCK, TILE, TILE_WORDS};

/// Where the operands' words are, for a product with terms `first .. first + terms`.
struct Panels {
	/// `A[i][k]`, a row of `terms` words for each row of the tile.
	left: Vec<u32>,
	/// `B[k][j]`, 32 words for each term; columns outside the matrix are `+0`.
	right: Vec<u32>,
}

/// The sum of the block's products, for every element of the area.
///
/// The two panels are gathered first, so that the inner loop runs over flat memory: for each element
/// `acc = fma(a, b, acc)` from `+0` in ascending k.
pub(super) fn block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let first = block.checked_mul(K_BLOCK).ok_or(EvalError::OutOfRange)?;
	let terms = spec.terms().saturating_sub(first).min(K_BLOCK);
	let panels = gather(spec, operands, area, first, terms)?;
	let mut result = [0; TILE_WORDS];
	let width = area.cols as usize;
	let rows = result.chunks_exact_mut(TILE as usize);
	for (sums, left) in rows.zip(panels.left.chunks_exact(terms.max(1) as usize)) {
		for (a, right) in left.iter().zip(panels.right.chunks_exact(TILE as usize)) {
			for (sum, b) in sums.iter_mut().zip(right).take(width) {
				*sum = soft::fma(*a, *b, *sum);
			}
		}
	}
	Ok(result)
}

fn gather<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	area: TileArea,
	first: u32,
	terms: u32,
) -> Result<Panels, EvalError> {
	let Op::MatMul { transpose_a, transpose_b } = spec.op else {
		return Err(EvalError::Malformed);
	};
	let words = terms.saturating_mul(TILE) as usize;
	let mut left = Vec::with_capacity(words);
	for i in 0..area.rows {
		for k in 0..terms {
			let (row, term) = (area.row.saturating_add(i), first.saturating_add(k));
			let (row, col) = if transpose_a { (term, row) } else { (row, term) };
			left.push(operands.word(0, row, col)?);
		}
	}
	let mut right = vec![0; words];
	for (k, line) in (0..terms).zip(right.chunks_exact_mut(TILE as usize)) {
		for (j, word) in (0..area.cols).zip(line) {
			let (term, col) = (first.saturating_add(k), area.col.saturating_add(j));
			let (row, col) = if transpose_b { (col, term) } else { (term, col) };
			*word = operands.word(1, row, col)?;
		}
	}
	Ok(Panels { left, right })
}
