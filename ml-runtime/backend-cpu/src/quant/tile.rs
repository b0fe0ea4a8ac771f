//! Some strips of rows times all columns: of each block integer sums, rounded once, and added up before they are stored.

#![allow(unsafe_code, reason = "the innermost loop is made for one level of instructions")]

use std::marker::PhantomData;
use std::ops::Range;

use assay_ops::QuantFormat;

use super::pack::{Side, Words};
use super::products::{Products, Sums};
use crate::level::{near, Fused, Task};
use crate::scalar::canonical;

/// Most blocks whose results are added up before they are stored.
pub(super) const MOST_BLOCKS: usize = 4;

/// Both operands in one block of K.
pub(super) struct Block<'a> {
	pub(super) terms: usize,
	/// All rows.
	pub(super) left: &'a [u32],
	/// Panels of all columns.
	pub(super) right: &'a [u32],
	/// Scales of the rows.
	pub(super) row_scales: &'a [f64],
	/// Scales of the columns.
	pub(super) lane_scales: &'a [f64],
}

/// Neighbouring rows of the result, of some blocks.
pub(super) struct Strips<'a, P, const ROWS: usize, const LANES: usize> {
	pub(super) format: QuantFormat,
	/// In order, [`MOST_BLOCKS`] at most.
	pub(super) blocks: &'a [Block<'a>],
	/// The first of these rows.
	pub(super) first: usize,
	/// Whether the blocks are added to what is there.
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
		let Self { format, blocks, first, fold, n, out, .. } = self;
		let (mut sums, mut tile) = ([[[0; LANES]; ROWS]; 2], [[0; LANES]; ROWS]);
		for (panel, column) in (0..n).step_by(LANES).enumerate() {
			let width = LANES.min(n - column);
			let mut singles = [const { Singles::NONE }; MOST_BLOCKS];
			if format == QuantFormat::I8 {
				for (singles, block) in singles.iter_mut().zip(blocks) {
					*singles = Singles::of(&block.lane_scales.as_chunks().0[panel]);
				}
			}
			for (strip, out) in out.chunks_mut(ROWS * n).enumerate() {
				let (from, count) = (first + strip * ROWS, out.len() / n);
				for (tile, out) in tile.iter_mut().zip(out.chunks_mut(n)) {
					match fold {
						true => tile[..width].copy_from_slice(&out[column..column + width]),
						false => near::<LANES>(&out[column]),
					}
				}
				for (index, (block, singles)) in blocks.iter().zip(&singles).enumerate() {
					let [first, crossed] = &mut sums;
					block.sums::<P, ROWS, LANES>(format, from..from + count, panel, first, crossed);
					let lane_scales = &block.lane_scales.as_chunks().0[panel];
					let row_scales = &block.row_scales[from..from + count];
					for (row, (tile, scale)) in tile.iter_mut().zip(row_scales).enumerate() {
						let sums = Row { first: &first[row], crossed: &crossed[row] };
						sums.put(format, *scale, (lane_scales, singles), fold || index > 0, tile);
					}
				}
				for (tile, out) in tile.iter().zip(out.chunks_mut(n)) {
					let out = &mut out[column..column + width];
					match out.first_chunk_mut() {
						// A copy of known length, not a call.
						Some(out) => *out = *tile,
						None => out.copy_from_slice(&tile[..width]),
					}
				}
			}
		}
	}
}

impl Block<'_> {
	/// Sums of products of some rows, at most `ROWS`, and of the columns of a panel; of fifteen bits, `crossed` are those of
	/// high and low digits.
	#[inline(always)]
	fn sums<P: Products<ROWS, LANES>, const ROWS: usize, const LANES: usize>(
		&self,
		format: QuantFormat,
		of: Range<usize>,
		panel: usize,
		first: &mut Sums<ROWS, LANES>,
		crossed: &mut Sums<ROWS, LANES>,
	) {
		let of_row = Words::per_lane::<P>(format, Side::Rows, self.terms);
		let of_lane = Words::per_lane::<P>(format, Side::Lanes, self.terms);
		let (right, _) = self.right.as_chunks::<LANES>();
		let (high, pairs) =
			right[panel * of_lane.all()..][..of_lane.all()].split_at(of_lane.half());
		// Where there are too few rows, the last one stands in: its sums are thrown away.
		let mut rows: [&[u32]; ROWS] = [&[]; ROWS];
		for (i, row) in rows.iter_mut().enumerate() {
			let number = (of.start + i).min(of.end - 1);
			*row = &self.left[number * of_row.all()..][..of_row.all()];
		}
		// SAFETY: this is inlined into code compiled for the level of `P`. The halves have as many words on both sides.
		unsafe {
			match format {
				QuantFormat::I8 => P::tile(&rows, high, first),
				QuantFormat::Q15 => {
					let (mut highs, mut others) = (rows, rows);
					for (i, row) in rows.into_iter().enumerate() {
						(highs[i], others[i]) = row.split_at(of_row.half());
					}
					P::tile(&highs, high, first);
					P::tile(&others, pairs, crossed);
				},
			}
		}
	}
}

/// Scales of lanes in `f32`, where that is exact and so are sums of eight-bit products times two of them: they
/// have 24 bits, and the result is neither subnormal nor too large.
struct Singles<const LANES: usize>(Option<[f32; LANES]>);

impl<const LANES: usize> Singles<LANES> {
	const NONE: Self = Self(None);

	#[inline(always)]
	fn of(scales: &[f64; LANES]) -> Self {
		let (mut singles, mut all) = ([0.0; LANES], true);
		for (single, scale) in singles.iter_mut().zip(scales) {
			*single = *scale as f32;
			all &= is_middling(*scale);
		}
		Self(all.then_some(singles))
	}

	/// These, and the one of a row.
	#[inline(always)]
	fn with(&self, row: f64) -> Option<(f32, &[f32; LANES])> {
		self.0.as_ref().filter(|_| is_middling(row)).map(|lanes| (row as f32, lanes))
	}
}

/// Whether the product of two such scales and of an integer below 2²⁴ is a normal number or 0; NaN is NaN.
#[inline(always)]
fn is_middling(scale: f64) -> bool {
	const LEAST: f64 = 1.0 / (1_u64 << 60) as f64;
	const GREATEST: f64 = (1_u64 << 50) as f64;
	scale.is_nan() || (LEAST..=GREATEST).contains(&scale)
}

/// The sums of a row of a tile.
struct Row<'a, const LANES: usize> {
	/// Products of eight-bit integers, below 2²⁴, or of high digits.
	first: &'a [i32; LANES],
	/// Products of high and low digits.
	crossed: &'a [i32; LANES],
}

impl<const LANES: usize> Row<'_, LANES> {
	/// Stores the sums times both scales, rounded once, or adds them to what is there.
	#[inline(always)]
	fn put(
		self,
		format: QuantFormat,
		row_scale: f64,
		(lane_scales, singles): (&[f64; LANES], &Singles<LANES>),
		fold: bool,
		out: &mut [u32; LANES],
	) {
		// Results go to `out` at once. An array of their own would be written in halves of registers and read in whole ones,
		// for which a processor waits until it is in the cache.
		match (format, singles.with(row_scale)) {
			(QuantFormat::I8, Some((row_scale, lane_scales))) => {
				for lane in 0..LANES {
					// Nothing is rounded.
					let x = self.first[lane] as f32 * row_scale * lane_scales[lane];
					out[lane] = folded(x, fold, out[lane]);
				}
			},
			(QuantFormat::I8, None) => {
				for lane in 0..LANES {
					let sum = f64::from(self.first[lane]);
					out[lane] = folded(scaled(sum, row_scale, lane_scales[lane]), fold, out[lane]);
				}
			},
			(QuantFormat::Q15, _) => {
				for lane in 0..LANES {
					// Below 2⁵³, so exact.
					let (first, crossed) = (self.first[lane], self.crossed[lane]);
					let sum = f64::from(first) * 16_384.0 + f64::from(crossed) * 128.0;
					out[lane] = folded(scaled(sum, row_scale, lane_scales[lane]), fold, out[lane]);
				}
			},
		}
	}
}

/// Times both scales, exactly (the exponents are far from the limits of `f64`), then rounded to `f32`.
#[inline(always)]
fn scaled(sum: f64, row_scale: f64, lane_scale: f64) -> f32 {
	(sum * row_scale * lane_scale) as f32
}

/// What is stored for a block's result where `before` is that of the blocks before, if there are any.
#[inline(always)]
fn folded(x: f32, fold: bool, before: u32) -> u32 {
	if fold {
		canonical(f32::from_bits(before) + x)
	} else {
		canonical(x)
	}
}
