//! The meaning of every operation: what each element of each result is.
//!
//! [`element`] is the definition. [`tile`] and [`block`] give the same words 1024 at a time, in the way
//! that a referee needs them: [`block`] is one block of a long reduction, and [`fold`]ing the blocks
//! left to right gives the tile. All read their operands through [`Operands`], so the caller decides
//! where words come from (openings, whole tensors) and may refuse.

mod matmul;
mod moved;
mod pool;
mod quant;
mod reduce;
mod scalar;
mod source;

use crate::{
	grid::TileArea,
	op::{Broadcast, Op},
	soft::{self, canonical, SIGN},
	spec::NodeSpec,
	TILE_WORDS,
};

pub use reduce::rsum32;
pub use scalar::{binary, unary};

/// The words of a tile, row-major, `+0` outside the matrix.
pub type Tile = [u32; TILE_WORDS];

/// What the result of a step depends on besides the state and the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StepContext {
	/// Seed of the task.
	pub seed: [u8; 32],
	/// The step, from 0.
	pub step: u64,
	/// Records per step.
	pub batch: u32,
	/// Records in the data set.
	pub records: u64,
	/// Bytes per record.
	pub record_size: u32,
}

/// The source of operands does not have a word or byte that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing;

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError {
	/// An operand or a piece of a record is missing.
	Missing,
	/// State nodes are not computed: they are what the step starts from.
	NotEvaluable,
	/// There is no such element, tile or block.
	OutOfRange,
	/// The node is not one that [`crate::Program::check`] makes.
	Malformed,
}

impl From<Missing> for EvalError {
	fn from(_: Missing) -> Self {
		EvalError::Missing
	}
}

/// Where the words of operands and the bytes of records come from.
pub trait Operands {
	/// A word of an operand, which lies inside the operand's matrix.
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing>;
	/// As many words of a row, from column `col`, as `words` has room for; all inside the operand's matrix.
	fn words(&self, operand: usize, row: u32, col: u32, words: &mut [u32]) -> Result<(), Missing> {
		for (col, word) in (col..).zip(words) {
			*word = self.word(operand, row, col)?;
		}
		Ok(())
	}
	/// A byte of a record of the data set.
	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing>;
}

/// One element of a node's result.
pub fn element<O: Operands + ?Sized>(
	spec: &NodeSpec,
	context: &StepContext,
	operands: &O,
	row: u32,
	col: u32,
) -> Result<u32, EvalError> {
	if row >= spec.ty.rows || col >= spec.ty.cols {
		return Err(EvalError::OutOfRange);
	}
	let at = |operand, row, col| operands.word(operand, row, col).map_err(EvalError::from);
	let second = |broadcast: &Broadcast| {
		let (row, col) = moved::spread(spec, *broadcast, row, col)?;
		at(1, row, col)
	};
	match &spec.op {
		Op::State { .. } => Err(EvalError::NotEvaluable),
		Op::Load { offset, format, .. } => {
			let record = source::record(context, row);
			source::load(operands, record, *offset, *format, col)
		},
		Op::Fill { bits, .. } => Ok(canonical(*bits)),
		Op::Mask { stream, threshold, scale, .. } => {
			let key = source::mask_key(context, *stream);
			Ok(source::mask(spec, context, key, (*threshold, *scale), row, col))
		},
		Op::Iota { first, stride, .. } => Ok(first.wrapping_add(row.wrapping_mul(*stride))),
		Op::StepIndex { every, period } => source::step_index(context, *every, *period),
		Op::MatMul { .. } | Op::BatchMatMul(_) => {
			reduce::long(spec, |k| matmul::one_block(spec, operands, (row, col), k))
		},
		Op::QuantMatMul { format, .. } => {
			reduce::long(spec, |k| quant::one_block(spec, *format, operands, (row, col), k))
		},
		Op::ColSum => reduce::long(spec, |k| reduce::column(spec, operands, col, k)),
		Op::RowSum => reduce::long(spec, |k| reduce::row_sum(spec, operands, row, k)),
		Op::RowMax => reduce::long(spec, |k| reduce::row_max(spec, operands, row, k)),
		Op::ScatterAdd { .. } => {
			reduce::long(spec, |k| reduce::scatter(spec, operands, (row, col), k))
		},
		Op::Im2Col(w) => moved::im2col(w, operands, row, col),
		Op::Col2Im(w) => pool::col2im(w, operands, row, col),
		Op::MaxPool(w) => single(|word| pool::max(w, operands, (row, col), word)),
		Op::MaxPoolGrad(w) => single(|word| pool::max_gradient(w, operands, (row, col), word)),
		Op::AvgPool(w) => single(|word| pool::mean(w, operands, (row, col), word)),
		Op::AvgPoolGrad(w) => single(|word| pool::mean_gradient(w, operands, (row, col), word)),
		Op::Reshape { .. } => moved::reshape(spec, operands, row, col),
		Op::RotateHalf { width } => moved::rotate_half(*width, col, |col| at(0, row, col)),
		Op::Unary(function) => Ok(unary(*function, at(0, row, col)?)),
		Op::Binary(function, b) => Ok(binary(*function, at(0, row, col)?, second(b)?)),
		Op::Fma(b) => Ok(soft::fma(at(0, row, col)?, second(b)?, at(2, row, col)?)),
		Op::Select(condition) => {
			let chosen = if second(condition)? & !SIGN == 0 { 2 } else { 0 };
			at(chosen, row, col).map(canonical)
		},
		Op::Causal { bits } if moved::above_diagonal(spec, row, col)? => Ok(canonical(*bits)),
		Op::Causal { .. } => at(0, row, col).map(canonical),
		Op::Pick => moved::lookup(at(1, row, 0)?, width(spec)?, |label| at(0, row, label)),
		Op::Gather => moved::lookup(at(1, row, 0)?, height(spec)?, |index| at(0, index, col)),
		Op::OneHot { .. } => Ok(if at(0, row, 0)? == col { soft::ONE } else { 0 }),
	}
}

/// A whole tile: all its blocks, folded.
pub fn tile<O: Operands + ?Sized>(
	spec: &NodeSpec,
	context: &StepContext,
	operands: &O,
	tile: u32,
) -> Result<Tile, EvalError> {
	let mut result = block(spec, context, operands, tile, 0)?;
	for index in 1..spec.blocks() {
		result = fold(spec, &result, &block(spec, context, operands, tile, index)?);
	}
	Ok(result)
}

/// One block of a long reduction alone, for every element of a tile. A node without a long reduction has
/// one block, which is the tile.
pub fn block<O: Operands + ?Sized>(
	spec: &NodeSpec,
	context: &StepContext,
	operands: &O,
	tile: u32,
	block: u32,
) -> Result<Tile, EvalError> {
	let area = spec.ty.tile_area(tile).ok_or(EvalError::OutOfRange)?;
	if block >= spec.blocks() {
		return Err(EvalError::OutOfRange);
	}
	match &spec.op {
		Op::State { .. } => Err(EvalError::NotEvaluable),
		Op::MatMul { .. } => matmul::block(spec, operands, area, block),
		Op::QuantMatMul { format, .. } => quant::block(spec, *format, operands, area, block),
		Op::BatchMatMul(product) => matmul::batch_block(spec, product, operands, area, block),
		Op::ScatterAdd { .. } => reduce::scatter_tile(spec, operands, area, block),
		Op::ColSum => fill(area, |_, col| reduce::column(spec, operands, col, block)),
		Op::RowSum => fill(area, |row, _| reduce::row_sum(spec, operands, row, block)),
		Op::RowMax => fill(area, |row, _| reduce::row_max(spec, operands, row, block)),
		Op::Load { offset, format, .. } => {
			source::load_tile(context, operands, area, *offset, *format)
		},
		Op::Mask { stream, threshold, scale, .. } => {
			let key = source::mask_key(context, *stream);
			fill(area, |row, col| {
				Ok(source::mask(spec, context, key, (*threshold, *scale), row, col))
			})
		},
		Op::MaxPool(w) => pool::lines(area, |at, line| pool::max(w, operands, at, line)),
		Op::MaxPoolGrad(w) => {
			pool::lines(area, |at, line| pool::max_gradient(w, operands, at, line))
		},
		Op::AvgPool(w) => pool::lines(area, |at, line| pool::mean(w, operands, at, line)),
		Op::AvgPoolGrad(w) => {
			pool::lines(area, |at, line| pool::mean_gradient(w, operands, at, line))
		},
		Op::Fill { .. }
		| Op::Im2Col(_)
		| Op::Col2Im(_)
		| Op::Reshape { .. }
		| Op::Unary(_)
		| Op::Binary(..)
		| Op::Fma(_)
		| Op::Select(_)
		| Op::Pick
		| Op::OneHot { .. }
		| Op::Gather
		| Op::Iota { .. }
		| Op::StepIndex { .. }
		| Op::Causal { .. }
		| Op::RotateHalf { .. } => fill(area, |row, col| element(spec, context, operands, row, col)),
	}
}

/// Puts a block to the blocks before it, elementwise, as [`NodeSpec::fold`] says. The padding stays `+0`.
pub fn fold(spec: &NodeSpec, accumulated: &Tile, block: &Tile) -> Tile {
	let mut result = *accumulated;
	for (sum, term) in result.iter_mut().zip(block) {
		*sum = reduce::fold_word(spec.fold(), *sum, *term);
	}
	result
}

/// A tile of which the elements inside the matrix are computed one by one.
fn fill(
	area: TileArea,
	mut value: impl FnMut(u32, u32) -> Result<u32, EvalError>,
) -> Result<Tile, EvalError> {
	let mut result = [0; TILE_WORDS];
	for (index, row, col) in area.elements() {
		let word = value(row, col)?;
		if let Some(target) = result.get_mut(index) {
			*target = word;
		}
	}
	Ok(result)
}

/// The one word of a line of one.
fn single(line: impl FnOnce(&mut [u32]) -> Result<(), EvalError>) -> Result<u32, EvalError> {
	let mut word = [0];
	line(&mut word)?;
	Ok(word[0])
}

/// Columns of the first operand.
fn width(spec: &NodeSpec) -> Result<u32, EvalError> {
	spec.operand(0).map(|ty| ty.cols).ok_or(EvalError::Malformed)
}

/// Rows of the first operand.
fn height(spec: &NodeSpec) -> Result<u32, EvalError> {
	spec.operand(0).map(|ty| ty.rows).ok_or(EvalError::Malformed)
}
