//! Matrix products, a block of a tile at a time.

use alloc::{vec, vec::Vec};

use super::{EvalError, Operands, Tile};
use crate::{
	grid::TileArea,
	heads::{BatchShape, Head},
	op::{BatchMatMul, Op},
	soft::{self, Factor},
	spec::NodeSpec,
	TILE, TILE_WORDS,
};

/// A place in a value: row and column.
pub(super) type At = (u32, u32);

/// Where the operands of one product of a node lie in their values.
#[derive(Clone, Copy)]
pub(super) struct Places {
	transpose_a: bool,
	transpose_b: bool,
	/// First element of the product's operands and of its result.
	a: At,
	b: At,
	out: At,
}

impl Places {
	/// The product that an element of the result belongs to.
	pub(super) fn new(spec: &NodeSpec, row: u32, col: u32) -> Result<Self, EvalError> {
		if let Op::MatMul { transpose_a, transpose_b }
		| Op::QuantMatMul { transpose_a, transpose_b, .. } = spec.op
		{
			let start = (0, 0);
			return Ok(Self { transpose_a, transpose_b, a: start, b: start, out: start });
		}
		let Op::BatchMatMul(product) = &spec.op else { return Err(EvalError::Malformed) };
		let shapes = shapes(spec, product)?;
		let found = product.out.locate(product, shapes.out(), row, col);
		found
			.and_then(|(head, ..)| Self::of_head(product, &shapes, head))
			.ok_or(EvalError::Malformed)
	}

	/// One product of a batch.
	fn of_head(product: &BatchMatMul, shapes: &BatchShape, head: Head) -> Option<Self> {
		Some(Self {
			transpose_a: product.transpose_a,
			transpose_b: product.transpose_b,
			a: product.a.origin(product, shapes.a, head)?,
			b: product.b.origin(product, shapes.b, head)?,
			out: product.out.origin(product, shapes.out(), head)?,
		})
	}

	/// Where term `k` of the left operand is, for a row of the result.
	pub(super) fn left(&self, row: u32, k: u32) -> At {
		let row = row.saturating_sub(self.out.0);
		place(self.a, self.transpose_a, row, k)
	}

	/// Where term `k` of the right operand is, for a column of the result.
	pub(super) fn right(&self, k: u32, col: u32) -> At {
		let col = col.saturating_sub(self.out.1);
		place(self.b, self.transpose_b, k, col)
	}
}

fn place(origin: At, transposed: bool, row: u32, col: u32) -> At {
	let (row, col) = if transposed { (col, row) } else { (row, col) };
	(origin.0.saturating_add(row), origin.1.saturating_add(col))
}

fn shapes(spec: &NodeSpec, product: &BatchMatMul) -> Result<BatchShape, EvalError> {
	let types = spec.operand(0).zip(spec.operand(1));
	types.and_then(|(a, b)| product.shapes(a, b)).ok_or(EvalError::Malformed)
}

/// The sum of the block's products for one element: `acc = fma(a, b, acc)` from `+0` in ascending k.
pub(super) fn one_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	(row, col): At,
	block: u32,
) -> Result<u32, EvalError> {
	let places = Places::new(spec, row, col)?;
	let (first, terms) = spec.block_range(block);
	let mut sum = 0;
	for k in first..first.saturating_add(terms) {
		let (left, right) = (places.left(row, k), places.right(k, col));
		let (a, b) = (operands.word(0, left.0, left.1)?, operands.word(1, right.0, right.1)?);
		sum = soft::fma(a, b, sum);
	}
	Ok(sum)
}

/// The same for every element of the area.
pub(super) fn block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let places = Places::new(spec, area.row, area.col)?;
	let mut result = [0; TILE_WORDS];
	product(spec, &places, operands, (area, area), block, &mut result)?;
	Ok(result)
}

/// The same of a batch of products, of which several may have elements in the area.
pub(super) fn batch_block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	batch: &BatchMatMul,
	operands: &O,
	area: TileArea,
	block: u32,
) -> Result<Tile, EvalError> {
	let shapes = shapes(spec, batch)?;
	let each = shapes.out();
	let mut result = [0; TILE_WORDS];
	let mut row = area.row;
	let last_row = area.row.saturating_add(area.rows);
	let last_col = area.col.saturating_add(area.cols);
	while row < last_row {
		let (mut col, mut rows) = (area.col, 0);
		while col < last_col {
			let found = batch.out.locate(batch, each, row, col).ok_or(EvalError::Malformed)?;
			let (head, inner_row, inner_col) = found;
			rows = each.rows.saturating_sub(inner_row).min(last_row.saturating_sub(row));
			let cols = each.cols.saturating_sub(inner_col).min(last_col.saturating_sub(col));
			let places = Places::of_head(batch, &shapes, head).ok_or(EvalError::Malformed)?;
			let part = TileArea { row, col, rows, cols };
			product(spec, &places, operands, (area, part), block, &mut result)?;
			// Not 0: shapes are at least 1 × 1, so an element lies inside its matrix.
			col = col.saturating_add(cols.max(1));
		}
		row = row.saturating_add(rows.max(1));
	}
	Ok(result)
}

/// Fills the `part` of a tile that belongs to one product.
///
/// The two panels are gathered and taken apart first, so that the inner loop runs over flat memory.
fn product<O: Operands + ?Sized>(
	spec: &NodeSpec,
	places: &Places,
	operands: &O,
	(area, part): (TileArea, TileArea),
	block: u32,
	result: &mut Tile,
) -> Result<(), EvalError> {
	let (first, terms) = spec.block_range(block);
	let (left, right) = gather(places, operands, part, first, terms)?;
	let (left, right) = (factors(&left), factors(&right));
	let from = part.col.saturating_sub(area.col) as usize;
	let skipped = part.row.saturating_sub(area.row) as usize;
	let lines = result.chunks_exact_mut(TILE as usize).skip(skipped);
	for (line, left) in lines.zip(left.chunks_exact(terms.max(1) as usize)) {
		let sums = line.get_mut(from..).unwrap_or_default();
		for (a, right) in left.iter().zip(right.chunks_exact(part.cols.max(1) as usize)) {
			for (sum, b) in sums.iter_mut().zip(right) {
				*sum = soft::fma_of(a, b, *sum);
			}
		}
	}
	Ok(())
}

fn factors(words: &[u32]) -> Vec<Factor> {
	words.iter().map(|word| Factor::from(*word)).collect()
}

/// `A[i][k]`, a row of `terms` words for each row of the part, and `B[k][j]`, a row of as many words as
/// the part has columns for each term.
pub(super) fn gather<O: Operands + ?Sized>(
	places: &Places,
	operands: &O,
	part: TileArea,
	first: u32,
	terms: u32,
) -> Result<(Vec<u32>, Vec<u32>), EvalError> {
	let (a, b) = (places.left(part.row, first), places.right(first, part.col));
	let left = panel(operands, 0, a, (part.rows, terms), places.transpose_a)?;
	let right = panel(operands, 1, b, (terms, part.cols), places.transpose_b)?;
	Ok((left, right))
}

/// `rows × cols` words of an operand from `start` on; if `transposed`, it holds the rows as columns.
fn panel<O: Operands + ?Sized>(
	operands: &O,
	operand: usize,
	start: At,
	(rows, cols): (u32, u32),
	transposed: bool,
) -> Result<Vec<u32>, EvalError> {
	let (lines, length) = if transposed { (cols, rows) } else { (rows, cols) };
	let mut stored = vec![0; lines.saturating_mul(length) as usize];
	for (line, words) in (0..lines).zip(stored.chunks_exact_mut(length.max(1) as usize)) {
		operands.words(operand, start.0.saturating_add(line), start.1, words)?;
	}
	if !transposed {
		return Ok(stored);
	}
	let column = |col: u32| stored.iter().skip(col as usize).step_by(length.max(1) as usize);
	Ok((0..length).flat_map(column).copied().collect())
}
