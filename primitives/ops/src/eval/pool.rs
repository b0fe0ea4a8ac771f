//! Pooling, and the gradients of patches and pools: every scatter written as a gather.
//!
//! Channels do not meet in a pool, so some of them, at most a tile's, are computed together.

use super::{EvalError, Operands, Tile};
use crate::{
	grid::TileArea,
	op::Window,
	soft::{self, canonical, order_key},
	window::{pixel, place, position, row_of, Place},
	TILE, TILE_WORDS,
};

/// A line of a tile.
type Line = [u32; TILE as usize];

/// Row of the pixel that kernel entry (ky, kx) of a window position covers; `None` in the padding.
fn pixel_row(w: &Window, output: Place, (ky, kx): (u32, u32)) -> Option<u32> {
	let y = pixel(output.y, ky, w.stride_h, w.pad_h, w.height)?;
	let x = pixel(output.x, kx, w.stride_w, w.pad_w, w.width)?;
	row_of(Place { image: output.image, y, x }, w.height.into(), w.width.into())
}

/// Rows of the pixels of a window, in order of kernel row, kernel column.
fn pixel_rows(w: &Window, output: Place) -> impl Iterator<Item = u32> + '_ {
	entries(w).filter_map(move |entry| pixel_row(w, output, entry))
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

/// Reads a line: the channels from `first` on of one row, as many as `results` has.
fn read<'a, O: Operands + ?Sized>(
	operands: &O,
	operand: usize,
	(row, first): (u32, u32),
	results: &[u32],
	buffer: &'a mut Line,
) -> Result<&'a [u32], EvalError> {
	let line = buffer.get_mut(..results.len()).ok_or(EvalError::Malformed)?;
	operands.words(operand, row, first, line)?;
	Ok(line)
}

/// A tile of which each line is computed at once. `line` gets row and first channel, and zeros to replace.
pub(super) fn lines(
	area: TileArea,
	mut line: impl FnMut((u32, u32), &mut [u32]) -> Result<(), EvalError>,
) -> Result<Tile, EvalError> {
	let mut result = [0; TILE_WORDS];
	let rows = area.row..area.row.saturating_add(area.rows);
	for (row, words) in rows.zip(result.chunks_exact_mut(TILE as usize)) {
		let words = words.get_mut(..area.cols as usize).ok_or(EvalError::Malformed)?;
		line((row, area.col), words)?;
	}
	Ok(result)
}

/// The words of the first greatest pixels of a window, and the rows of these pixels.
fn greatest<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	output: Place,
	first: u32,
	(words, rows): (&mut [u32], &mut [u32]),
) -> Result<(), EvalError> {
	let (mut buffer, mut started) = (Line::default(), false);
	for row in pixel_rows(w, output) {
		let pixels = read(operands, 0, (row, first), words, &mut buffer)?;
		for ((best, winner), pixel) in words.iter_mut().zip(rows.iter_mut()).zip(pixels) {
			let pixel = canonical(*pixel);
			if !started || order_key(pixel) > order_key(*best) {
				(*best, *winner) = (pixel, row);
			}
		}
		started = true;
	}
	Ok(())
}

pub(super) fn max<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	(row, first): (u32, u32),
	words: &mut [u32],
) -> Result<(), EvalError> {
	greatest(w, operands, output_place(w, row)?, first, (words, &mut Line::default()))
}

pub(super) fn mean<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	(row, first): (u32, u32),
	sums: &mut [u32],
) -> Result<(), EvalError> {
	let output = output_place(w, row)?;
	let mut buffer = Line::default();
	for row in pixel_rows(w, output) {
		add(sums, read(operands, 0, (row, first), sums, &mut buffer)?);
	}
	scale(sums, reciprocal(w));
	Ok(())
}

fn add(sums: &mut [u32], terms: &[u32]) {
	for (sum, term) in sums.iter_mut().zip(terms) {
		*sum = soft::add(*sum, *term);
	}
}

fn scale(words: &mut [u32], factor: u32) {
	for word in words {
		*word = soft::mul(*word, factor);
	}
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
	(row, first): (u32, u32),
	sums: &mut [u32],
) -> Result<(), EvalError> {
	let (mut words, mut winners, mut buffer) = (Line::default(), Line::default(), Line::default());
	let words = words.get_mut(..sums.len()).ok_or(EvalError::Malformed)?;
	for output in windows_over(w, input_place(w, row)?) {
		greatest(w, operands, output, first, (&mut *words, &mut winners))?;
		let mut won = winners.iter().take(sums.len()).map(|winner| *winner == row);
		if !won.clone().any(|won| won) {
			continue;
		}
		let gradient = read(operands, 1, (output_row(w, output)?, first), sums, &mut buffer)?;
		for (sum, term) in sums.iter_mut().zip(gradient) {
			if won.next() == Some(true) {
				*sum = soft::add(*sum, *term);
			}
		}
	}
	Ok(())
}

pub(super) fn mean_gradient<O: Operands + ?Sized>(
	w: &Window,
	operands: &O,
	(row, first): (u32, u32),
	sums: &mut [u32],
) -> Result<(), EvalError> {
	let mut buffer = Line::default();
	for output in windows_over(w, input_place(w, row)?) {
		let row = output_row(w, output)?;
		add(sums, read(operands, 0, (row, first), sums, &mut buffer)?);
	}
	scale(sums, reciprocal(w));
	Ok(())
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
