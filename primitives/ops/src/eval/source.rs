//! Operations without operands: records and masks.

use super::{EvalError, Operands, StepContext, Tile};
use crate::{
	grid::TileArea,
	op::RecordFormat,
	philox::{stream_key, word, Domain},
	shuffle::record_at,
	soft::{self, canonical},
	spec::NodeSpec,
	TILE_WORDS,
};

/// The record that row `row` of a load is taken from: that at position `step · batch + row` of the
/// shuffled sequence. Positions count modulo 2^64.
pub(super) fn record(context: &StepContext, row: u32) -> u64 {
	let position = context.step.wrapping_mul(context.batch.into()).wrapping_add(row.into());
	record_at(&context.seed, position, context.records)
}

/// One element of a record.
pub(super) fn load<O: Operands + ?Sized>(
	operands: &O,
	record: u64,
	offset: u32,
	format: RecordFormat,
	col: u32,
) -> Result<u32, EvalError> {
	let byte = |index: Option<u32>| {
		let index = index.and_then(|i| i.checked_add(offset)).ok_or(EvalError::Malformed)?;
		operands.record_byte(record, index).map(u32::from).map_err(EvalError::from)
	};
	let quad = || {
		let mut word = 0;
		for i in (0..4).rev() {
			word = (word << 8) | byte(col.checked_mul(4).and_then(|c| c.checked_add(i)))?;
		}
		Ok::<u32, EvalError>(word)
	};
	match format {
		RecordFormat::U8ToF32 => Ok(soft::from_u32(byte(Some(col))?)),
		RecordFormat::U8ToU32 => byte(Some(col)),
		RecordFormat::F32 => Ok(canonical(quad()?)),
		RecordFormat::U32 => quad(),
	}
}

/// A tile of a load; each row's record is found once.
pub(super) fn load_tile<O: Operands + ?Sized>(
	context: &StepContext,
	operands: &O,
	area: TileArea,
	offset: u32,
	format: RecordFormat,
) -> Result<Tile, EvalError> {
	let mut result = [0; TILE_WORDS];
	let mut current = None;
	for (index, row, col) in area.elements() {
		let record = match current {
			Some((known, record)) if known == row => record,
			_ => record(context, row),
		};
		current = Some((row, record));
		let word = load(operands, record, offset, format, col)?;
		if let Some(target) = result.get_mut(index) {
			*target = word;
		}
	}
	Ok(result)
}

/// The key of a mask's random numbers.
pub(super) fn mask_key(context: &StepContext, stream: u32) -> [u32; 2] {
	stream_key(&context.seed, Domain::Mask, stream)
}

/// One element of a mask; elements count row-major over the matrix.
pub(super) fn mask(
	spec: &NodeSpec,
	context: &StepContext,
	key: [u32; 2],
	(threshold, scale): (u32, u32),
	row: u32,
	col: u32,
) -> u32 {
	let element = row.wrapping_mul(spec.ty.cols).wrapping_add(col);
	if word(key, context.step, element) < threshold {
		0
	} else {
		canonical(scale)
	}
}

/// `step / every mod period`.
pub(super) fn step_index(context: &StepContext, every: u32, period: u32) -> Result<u32, EvalError> {
	let phase = context.step.checked_div(every.into());
	let value = phase.and_then(|phase| phase.checked_rem(period.into()));
	// Smaller than the period.
	value.and_then(|value| u32::try_from(value).ok()).ok_or(EvalError::Malformed)
}
