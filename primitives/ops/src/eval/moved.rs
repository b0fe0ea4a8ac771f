//! Operations that move words, and where the words of an operand come from.

use super::{EvalError, Operands};
use crate::{
	op::Broadcast,
	soft::{self, canonical},
	spec::NodeSpec,
	window::{pixel, place, row_of, Place},
	DType, Window, CANONICAL_NAN,
};

/// Which element of the second operand, which is broadcast, belongs to an element of the result.
pub(super) fn spread(
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

/// The word that `index` names among `len`, NaN if there is no such word.
pub(super) fn lookup(
	index: u32,
	len: u32,
	word: impl FnOnce(u32) -> Result<u32, EvalError>,
) -> Result<u32, EvalError> {
	if index < len {
		word(index).map(canonical)
	} else {
		Ok(CANONICAL_NAN)
	}
}

/// An element of a row of which the halves of each run of `width` columns are swapped and the one that
/// comes first is negated.
pub(super) fn rotate_half(
	width: u32,
	col: u32,
	word: impl FnOnce(u32) -> Result<u32, EvalError>,
) -> Result<u32, EvalError> {
	let half = width.checked_div(2).ok_or(EvalError::Malformed)?;
	if col.checked_rem(width).ok_or(EvalError::Malformed)? < half {
		word(col.saturating_add(half)).map(soft::neg)
	} else {
		word(col.saturating_sub(half)).map(canonical)
	}
}

/// Whether the element is above the diagonal of its square.
pub(super) fn above_diagonal(spec: &NodeSpec, row: u32, col: u32) -> Result<bool, EvalError> {
	let diagonal = row.checked_rem(spec.ty.cols).ok_or(EvalError::Malformed)?;
	Ok(col > diagonal)
}

pub(super) fn im2col<O: Operands + ?Sized>(
	w: &Window,
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

pub(super) fn reshape<O: Operands + ?Sized>(
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
		DType::F32 => canonical(word),
		DType::U32 => word,
	})
}
