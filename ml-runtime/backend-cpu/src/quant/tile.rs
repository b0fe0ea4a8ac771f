//! Some strips of rows times all columns of a block: integer sums, rounded once.

#![allow(unsafe_code, reason = "the innermost loop is made for one level of instructions")]

use std::marker::PhantomData;

use assay_ops::QuantFormat;

use super::pack::{Side, Words};
use super::products::{Products, Sums};
use crate::level::{Fused, Task};
use crate::scalar::canonical;

/// Neighbouring rows of the result, of one block.
pub(super) struct Strips<'a, P, const ROWS: usize, const LANES: usize> {
	pub(super) format: QuantFormat,
	pub(super) terms: usize,
	/// The rows, from the first of these on.
	pub(super) left: &'a [u32],
	/// Panels of the columns.
	pub(super) right: &'a [u32],
	/// Scales of the rows, from the first of these on.
	pub(super) row_scales: &'a [f64],
	/// Scales of the columns.
	pub(super) lane_scales: &'a [f64],
	/// Whether the block is added to what is there.
	pub(super) fold: bool,
	/// Columns of the result.
	pub(super) n: usize,
	/// These rows.
	pub(super) out: &'a mut [u32],
	pub(super) products: PhantomData<P>,
}

impl<P: Products<ROWS, LANES>, const ROWS: usize, const LANES: usize> Task
	for Strips<'_, P, ROWS, LANES>
{
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let Self { format, terms, left, right, row_scales, lane_scales, fold, n, out, .. } = self;
		let of_row = Words::per_lane::<P>(format, Side::Rows, terms);
		let of_lane = Words::per_lane::<P>(format, Side::Lanes, terms);
		let (right, _) = right.as_chunks::<LANES>();
		let panels = right.chunks_exact(of_lane.all()).zip(lane_scales.as_chunks::<LANES>().0);
		for (column, (right, lane_scales)) in (0..n).step_by(LANES).zip(panels) {
			let width = LANES.min(n - column);
			let (high, crossed) = right.split_at(of_lane.half());
			for (strip, out) in out.chunks_mut(ROWS * n).enumerate() {
				// Where there are too few rows, the last one stands in: its sums are thrown away.
				let last = strip * ROWS + out.len() / n - 1;
				let mut rows: [&[u32]; ROWS] = [&[]; ROWS];
				for (i, row) in rows.iter_mut().enumerate() {
					*row = &left[(strip * ROWS + i).min(last) * of_row.all()..][..of_row.all()];
				}
				let row_scales = &row_scales[strip * ROWS..];
				// SAFETY: this is inlined into code compiled for the level of `P`. The halves have as many words on both sides.
				let (first, crossed) = unsafe {
					match format {
						QuantFormat::I8 => (P::tile(rows, high), None),
						QuantFormat::Q15 => {
							let (mut highs, mut pairs) = (rows, rows);
							for (i, row) in rows.into_iter().enumerate() {
								(highs[i], pairs[i]) = row.split_at(of_row.half());
							}
							(P::tile(highs, high), Some(P::tile(pairs, crossed)))
						},
					}
				};
				for (row, out) in out.chunks_mut(n).enumerate() {
					let sums = together(&first, crossed.as_ref(), row);
					let words = round(&sums, row_scales[row], lane_scales);
					let out = &mut out[column..column + width];
					match (fold, width) {
						(false, _) => out.copy_from_slice(&words[..width]),
						(true, _) => add(&words, out),
					}
				}
			}
		}
	}
}

/// The exact sums of a row; below 2⁵³, so exact in `f64`.
#[inline(always)]
fn together<const ROWS: usize, const LANES: usize>(
	first: &Sums<ROWS, LANES>,
	crossed: Option<&Sums<ROWS, LANES>>,
	row: usize,
) -> [f64; LANES] {
	let mut sums = [0.0; LANES];
	match crossed {
		None => {
			for (sum, first) in sums.iter_mut().zip(&first[row]) {
				*sum = f64::from(*first);
			}
		},
		Some(crossed) => {
			for ((sum, first), crossed) in sums.iter_mut().zip(&first[row]).zip(&crossed[row]) {
				*sum = f64::from(*first) * 16_384.0 + f64::from(*crossed) * 128.0;
			}
		},
	}
	sums
}

/// Times both scales, exactly (the exponents are far from the limits of `f64`), then rounded to `f32`.
#[inline(always)]
fn round<const LANES: usize>(
	sums: &[f64; LANES],
	row_scale: f64,
	lane_scales: &[f64; LANES],
) -> [u32; LANES] {
	let mut words = [0; LANES];
	for ((word, sum), scale) in words.iter_mut().zip(sums).zip(lane_scales) {
		*word = canonical((sum * row_scale * scale) as f32);
	}
	words
}

#[inline(always)]
fn add<const LANES: usize>(words: &[u32; LANES], out: &mut [u32]) {
	for (out, word) in out.iter_mut().zip(words) {
		*out = canonical(f32::from_bits(*out) + f32::from_bits(*word));
	}
}
