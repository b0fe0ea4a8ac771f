//! The meaning of every operation: what each element of each result is.
//!
//! [`element`] is the definition. [`tile`] and [`block`] give the same words 1024 at a time, in the way
//! that a referee needs them: [`block`] is one K-block of a long reduction, and [`fold`]ing the blocks
//! left to right gives the tile. All read their operands through [`Operands`], so the caller decides
//! where words come from (openings, whole tensors) and may refuse.

mod matmul;
mod pool;
mod reduce;
mod source;

use crate::{
	functions,
	grid::TileArea,
	op::{Binary, Broadcast, Op, Unary},
	soft::{self, canonical, SIGN},
	spec::NodeSpec,
	window::{pixel, place, row_of, Place},
	CANONICAL_NAN, TILE_WORDS,
};

pub use reduce::rsum32;

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
		Op::MatMul { .. }
		| Op::BatchMatMul(_)
		| Op::ColSum
		| Op::ScatterAdd { .. }
		| Op::RowSum
		| Op::RowMax => reduce::long(spec, operands, row, col),
		Op::Im2Col(w) => im2col(w, operands, row, col),
		Op::Col2Im(w) => pool::col2im(w, operands, row, col),
		Op::MaxPool(w) => pool::max(w, operands, row, col),
		Op::MaxPoolGrad(w) => pool::max_gradient(w, operands, row, col),
		Op::AvgPool(w) => pool::mean(w, operands, row, col),
		Op::AvgPoolGrad(w) => pool::mean_gradient(w, operands, row, col),
		Op::Reshape { .. } => reshape(spec, operands, row, col),
		Op::Unary(function) => Ok(unary(*function, at(0, row, col)?)),
		Op::Binary(function, broadcast) => {
			let (b_row, b_col) = spread(spec, *broadcast, row, col)?;
			Ok(binary(*function, at(0, row, col)?, at(1, b_row, b_col)?))
		},
		Op::Fma(broadcast) => {
			let (b_row, b_col) = spread(spec, *broadcast, row, col)?;
			Ok(soft::fma(at(0, row, col)?, at(1, b_row, b_col)?, at(2, row, col)?))
		},
		Op::Select(broadcast) => {
			let (condition_row, condition_col) = spread(spec, *broadcast, row, col)?;
			let is_zero = at(1, condition_row, condition_col)? & !SIGN == 0;
			Ok(canonical(at(if is_zero { 2 } else { 0 }, row, col)?))
		},
		Op::Pick => match at(1, row, 0)? {
			label if label < width(spec)? => Ok(canonical(at(0, row, label)?)),
			_ => Ok(CANONICAL_NAN),
		},
		Op::OneHot { .. } => Ok(if at(0, row, 0)? == col { soft::ONE } else { 0 }),
		Op::Gather => match at(1, row, 0)? {
			index if index < height(spec)? => Ok(canonical(at(0, index, col)?)),
			_ => Ok(CANONICAL_NAN),
		},
		Op::Iota { first, stride, .. } => Ok(first.wrapping_add(row.wrapping_mul(*stride))),
		Op::StepIndex { every, period } => source::step_index(context, *every, *period),
		Op::Causal { bits } => {
			let diagonal = row.checked_rem(spec.ty.cols).ok_or(EvalError::Malformed)?;
			Ok(canonical(if col > diagonal { *bits } else { at(0, row, col)? }))
		},
		Op::RotateHalf { width } => {
			let half = width.checked_div(2).ok_or(EvalError::Malformed)?;
			match col.checked_rem(*width).ok_or(EvalError::Malformed)? {
				place if place < half => Ok(soft::neg(at(0, row, col.saturating_add(half))?)),
				_ => Ok(canonical(at(0, row, col.saturating_sub(half))?)),
			}
		},
	}
}

/// A whole tile: all its K-blocks, folded.
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
		Op::BatchMatMul(product) => matmul::batch_block(spec, product, operands, area, block),
		Op::ScatterAdd { .. } => reduce::scatter_tile(spec, operands, area, block),
		Op::ColSum | Op::RowSum | Op::RowMax => {
			fill(area, |row, col| reduce::one_block(spec, operands, row, col, block))
		},
		Op::Load { offset, format, .. } => {
			source::load_tile(context, operands, area, *offset, *format)
		},
		Op::Mask { stream, threshold, scale, .. } => {
			let key = source::mask_key(context, *stream);
			fill(area, |row, col| {
				Ok(source::mask(spec, context, key, (*threshold, *scale), row, col))
			})
		},
		Op::Fill { .. }
		| Op::Im2Col(_)
		| Op::Col2Im(_)
		| Op::MaxPool(_)
		| Op::MaxPoolGrad(_)
		| Op::AvgPool(_)
		| Op::AvgPoolGrad(_)
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

/// Columns of the first operand.
fn width(spec: &NodeSpec) -> Result<u32, EvalError> {
	spec.operand(0).map(|ty| ty.cols).ok_or(EvalError::Malformed)
}

/// Rows of the first operand.
fn height(spec: &NodeSpec) -> Result<u32, EvalError> {
	spec.operand(0).map(|ty| ty.rows).ok_or(EvalError::Malformed)
}

/// Which element of the second operand, which is broadcast, belongs to an element of the result.
fn spread(
	spec: &NodeSpec,
	broadcast: Broadcast,
	row: u32,
	col: u32,
) -> Result<(u32, u32), EvalError> {
	Ok(match broadcast {
		Broadcast::None => (row, col),
		Broadcast::Row => (0, col),
		Broadcast::Col => (row, 0),
		Broadcast::Scalar => (0, 0),
		Broadcast::Periodic { each } => {
			let period = spec.operand(1).ok_or(EvalError::Malformed)?;
			let row = row.checked_div(each).and_then(|row| row.checked_rem(period.rows));
			row.zip(col.checked_rem(period.cols)).ok_or(EvalError::Malformed)?
		},
	})
}

/// A function of one number.
pub fn unary(function: Unary, x: u32) -> u32 {
	match function {
		Unary::Neg => soft::neg(x),
		Unary::Sqrt => soft::sqrt(x),
		Unary::Relu => gate(x, x),
		Unary::Exp => functions::exp(x),
		Unary::Log => functions::log(x),
		Unary::Tanh => functions::tanh(x),
		Unary::Erf => functions::erf(x),
		Unary::Abs => canonical(x & !SIGN),
		Unary::Sigmoid => functions::sigmoid(x),
		Unary::Silu => functions::silu(x),
		Unary::Gelu => functions::gelu(x),
		Unary::Rsqrt => soft::div(soft::ONE, soft::sqrt(x)),
	}
}

/// A function of two numbers.
pub fn binary(function: Binary, a: u32, b: u32) -> u32 {
	match function {
		Binary::Add => soft::add(a, b),
		Binary::Sub => soft::sub(a, b),
		Binary::Mul => soft::mul(a, b),
		Binary::Div => soft::div(a, b),
		Binary::ReluGrad => gate(a, b),
		Binary::Max => reduce::greater(a, b),
		Binary::Min => reduce::lesser(a, b),
		Binary::TanhGrad => functions::tanh_grad(a, b),
		Binary::SigmoidGrad => functions::sigmoid_grad(a, b),
		Binary::SiluGrad => functions::silu_grad(a, b),
		Binary::GeluGrad => functions::gelu_grad(a, b),
	}
}

/// `value` where `switch > 0`, `+0` where it is not, NaN where it is NaN.
fn gate(switch: u32, value: u32) -> u32 {
	if soft::is_nan(switch) {
		CANONICAL_NAN
	} else if soft::gt(switch, 0) {
		canonical(value)
	} else {
		0
	}
}

fn im2col<O: Operands + ?Sized>(
	w: &crate::Window,
	operands: &O,
	row: u32,
	col: u32,
) -> Result<u32, EvalError> {
	let output = place(row, w.out_height(), w.out_width()).ok_or(EvalError::Malformed)?;
	let (channel, entry) = (col.checked_div(w.kernel()), col.checked_rem(w.kernel()));
	let (channel, entry) = channel.zip(entry).ok_or(EvalError::Malformed)?;
	let kernel_w = u32::from(w.kernel_w);
	let (ky, kx) =
		entry.checked_div(kernel_w).zip(entry.checked_rem(kernel_w)).ok_or(EvalError::Malformed)?;
	let y = pixel(output.y, ky, w.stride_h, w.pad_h, w.height);
	let x = pixel(output.x, kx, w.stride_w, w.pad_w, w.width);
	let Some((y, x)) = y.zip(x) else { return Ok(0) };
	let source = row_of(Place { image: output.image, y, x }, w.height.into(), w.width.into())
		.ok_or(EvalError::Malformed)?;
	Ok(canonical(operands.word(0, source, channel)?))
}

fn reshape<O: Operands + ?Sized>(
	spec: &NodeSpec,
	operands: &O,
	row: u32,
	col: u32,
) -> Result<u32, EvalError> {
	let from = spec.operand(0).ok_or(EvalError::Malformed)?;
	let index = u64::from(row).saturating_mul(spec.ty.cols.into()).saturating_add(col.into());
	let source = |n: Option<u64>| n.and_then(|n| u32::try_from(n).ok()).ok_or(EvalError::Malformed);
	let from_row = source(index.checked_div(from.cols.into()))?;
	let from_col = source(index.checked_rem(from.cols.into()))?;
	let word = operands.word(0, from_row, from_col)?;
	Ok(match spec.ty.dtype {
		crate::DType::F32 => canonical(word),
		crate::DType::U32 => word,
	})
}
