//! Pooling, and the gradients of patches and pools: every scatter written as a gather.

use super::{EvalError, Operands};
use crate::{
	op::Window,
	soft::{self, canonical, order_key},
	window::{pixel, place, position, row_of, Place},
};

/// Row of the pixel that kernel entry (ky, kx) of a window position covers.
fn pixel_row(w: &Window, output: Place, (ky, kx): (u32, u32)) -> Option<u32> {
	let y = pixel(output.y, ky, w.stride_h, w.pad_h, w.height)?;
	let x = pixel(output.x, kx, w.stride_w, w.pad_w, w.width)?;
	row_of(Place { image: output.image, y, x }, w.height.into(), w.width.into())
}

/// Kernel entries in order of kernel row, kernel column.
fn entries(w: &Window) -> impl Iterator<Item = (u32, u32)> {
	let (height, width) = (u32::from(w.kernel_h), u32::from(w.kernel_w));
	(0..height).flat_map(move |ky| (0..width).map(move |kx| (ky, kx)))
}

/// The window position whose kernel entry (ky, kx) covers a pixel.
fn covering(w: &Window, input: Place, (ky, kx): (u32, u32)) -> Option<Place> {
	let y = position(input.y, ky, w.stride_h, w.pad_h, w.out_height())?;
	let x = position(input.x, kx, w.stride_w, w.pad_w, w.out_width())?;
	Some(Place { image: input.image, y, x })
}

fn output_place(w: &Window, row: u32) -> Result<Place, EvalError> {
	place(row, w.out_height(), w.out_width()).ok_or(EvalError::Malformed)
}

fn input_place(w: &Window, row: u32) -> Result<Place, EvalError> {
	place(row, w.height.into(), w.width.into()).ok_or(EvalError::Malformed)
}

fn output_row(w: &Window, output: Place) -> Result<u32, EvalError> {
	row_of(output, w.out_height(), w.out_width()).ok_or(EvalError::Malformed)
}

/// The rounded reciprocal of the window's size.
fn reciprocal(w: &Window) -> u32 {
	soft::div(soft::ONE, soft::from_u32(w.kernel()))
}

/// The pixel row and the word of the first greatest pixel of a window.
fn greatest<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	output: Place,
	channel: u32,
) -> Result<(u32, u32), EvalError> {
	let mut best: Option<(u32, u32)> = None;
	for entry in entries(w) {
		let row = pixel_row(w, output, entry).ok_or(EvalError::Malformed)?;
		let word = canonical(operands.word(0, row, channel)?);
		if best.is_none_or(|(_, known)| order_key(word) > order_key(known)) {
			best = Some((row, word));
		}
	}
	best.ok_or(EvalError::Malformed)
}

pub(super) fn max<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	row: u32,
	channel: u32,
) -> Result<u32, EvalError> {
	greatest(w, operands, output_place(w, row)?, channel).map(|(_, word)| word)
}

pub(super) fn mean<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	row: u32,
	channel: u32,
) -> Result<u32, EvalError> {
	let output = output_place(w, row)?;
	let mut sum = 0;
	for entry in entries(w) {
		let row = pixel_row(w, output, entry).ok_or(EvalError::Malformed)?;
		sum = soft::add(sum, operands.word(0, row, channel)?);
	}
	Ok(soft::mul(sum, reciprocal(w)))
}

/// Window positions that cover a pixel, ascending: the kernel entry descends as the position ascends.
fn windows_over(w: &Window, input: Place) -> impl Iterator<Item = Place> + '_ {
	let (height, width) = (u32::from(w.kernel_h), u32::from(w.kernel_w));
	(0..height)
		.rev()
		.flat_map(move |ky| (0..width).rev().filter_map(move |kx| covering(w, input, (ky, kx))))
}

pub(super) fn max_gradient<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	row: u32,
	channel: u32,
) -> Result<u32, EvalError> {
	let mut sum = 0;
	for output in windows_over(w, input_place(w, row)?) {
		let (winner, _) = greatest(w, operands, output, channel)?;
		if winner == row {
			sum = soft::add(sum, operands.word(1, output_row(w, output)?, channel)?);
		}
	}
	Ok(sum)
}

pub(super) fn mean_gradient<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	row: u32,
	channel: u32,
) -> Result<u32, EvalError> {
	let mut sum = 0;
	for output in windows_over(w, input_place(w, row)?) {
		sum = soft::add(sum, operands.word(0, output_row(w, output)?, channel)?);
	}
	Ok(soft::mul(sum, reciprocal(w)))
}

pub(super) fn col2im<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	row: u32,
	channel: u32,
) -> Result<u32, EvalError> {
	let input = input_place(w, row)?;
	let first = channel.checked_mul(w.kernel()).ok_or(EvalError::Malformed)?;
	let mut sum = 0;
	for (entry, col) in entries(w).zip(first..) {
		if let Some(output) = covering(w, input, entry) {
			sum = soft::add(sum, operands.word(0, output_row(w, output)?, col)?);
		}
	}
	Ok(sum)
}
