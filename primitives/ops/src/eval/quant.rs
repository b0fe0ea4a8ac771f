//! Quantised matrix products, a block of a tile at a time.

use alloc::vec::Vec;

use super::{
	matmul::{gather, At, Places},
	EvalError, Operands, Tile,
};
use crate::{
	grid::TileArea,
	op::QuantFormat,
	quant::{self, Run},
	spec::NodeSpec,
	TILE, TILE_WORDS,
};

/// The block's product for one element.
pub(super) fn one_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	format: QuantFormat,
	operands: &O,
	(row, col): At,
	block: u32,
) -> Result<u32, EvalError> {
	let area = TileArea { row, col, rows: 1, cols: 1 };
	block_of(spec, format, operands, area, block).map(|result| result.first().copied().unwrap_or(0))
}

/// The same for every element of the area.
pub(super) fn block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	format: QuantFormat,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	block_of(spec, format, operands, area, block)
}

fn block_of<O: Operands + ?Sized>(
	spec: &NodeSpec,
	format: QuantFormat,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let places = Places::new(spec, area.row, area.col)?;
	let (first, terms) = spec.block_range(block);
	let (left, right) = gather(&places, operands, area, first, terms)?;
	let rows = left.chunks_exact(terms.max(1) as usize);
	let left: Vec<Run> = rows.map(|row| Run::new(format, row.iter().copied())).collect();
	let width = area.cols.max(1) as usize;
	let column = |col: u32| right.iter().skip(col as usize).step_by(width).copied();
	let right: Vec<Run> = (0..area.cols).map(|col| Run::new(format, column(col))).collect();
	let mut result = [0; TILE_WORDS];
	for (line, a) in result.chunks_exact_mut(TILE as usize).zip(&left) {
		for (word, b) in line.iter_mut().zip(&right) {
			*word = quant::dot(format, a, b);
		}
	}
	Ok(result)
}
