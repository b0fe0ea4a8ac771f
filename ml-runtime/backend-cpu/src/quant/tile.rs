//! Some strips of rows times all columns: of each block integer sums, rounded once, and added up before they are stored.

#![allow(unsafe_code, reason = "the innermost loop is made for one level of instructions")]

use std::marker::PhantomData;

use assay_ops::QuantFormat;

use super::pack::{Side, Words};
use super::products::{folded, Aligned, Layout, Products, To};
use super::STRIPS;
use crate::level::{near, Fused, Task};

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
		let mut room = Aligned([[0; LANES]; ROWS]);
		let mut all = [[Rows::NONE; MOST_BLOCKS]; STRIPS];
		for (strip, (all, out)) in all.iter_mut().zip(out.chunks(ROWS * n)).enumerate() {
			for (rows, block) in all.iter_mut().zip(blocks) {
				*rows = block.rows::<P, ROWS>(format, first + strip * ROWS, out.len() / n);
			}
		}
		for (panel, column) in (0..n).step_by(LANES).enumerate() {
			let width = LANES.min(n - column);
			let mut lane_scales = [None; MOST_BLOCKS];
			if format == QuantFormat::I8 {
				for (scales, block) in lane_scales.iter_mut().zip(blocks) {
					*scales = singles(&block.lane_scales.as_chunks().0[panel]);
				}
			}
			for (out, all) in out.chunks_mut(ROWS * n).zip(&all) {
				let is_whole = out.len() == ROWS * n && width == LANES;
				for (room, out) in room.0.iter_mut().zip(out.chunks_mut(n)) {
					match fold {
						true => copy(&out[column..][..width], room),
						false => near::<LANES>(&out[column]),
					}
				}
				let last = blocks.len().saturating_sub(1);
				let sides = all.iter().zip(&lane_scales);
				for (index, (block, (rows, scales))) in blocks.iter().zip(sides).enumerate() {
					let straight = is_whole && index == last;
					let to = To {
						room: &mut room,
						fold: fold || index > 0,
						out: straight.then(|| (&mut out[column..], n)),
					};
					block.put::<P, ROWS, LANES>(format, rows, (panel, scales), to);
				}
				if !is_whole {
					// Where the tile is cut off, its results are thrown away.
					for (room, out) in room.0.iter().zip(out.chunks_mut(n)) {
						copy(&room[..width], &mut out[column..]);
					}
				}
			}
		}
	}
}

/// Rows of a tile in one block.
#[derive(Clone, Copy)]
struct Rows<'a, const ROWS: usize> {
	words: [&'a [u32]; ROWS],
	scales: [f64; ROWS],
	/// The scales in `f32`, of eight bits and if they can be.
	singles: Option<[f32; ROWS]>,
}

impl<const ROWS: usize> Rows<'_, ROWS> {
	const NONE: Self = Self { words: [&[]; ROWS], scales: [0.0; ROWS], singles: None };
}

impl<'a> Block<'a> {
	/// Some rows, at most `ROWS`. Where there are too few, the last one stands in.
	#[inline(always)]
	fn rows<P: Layout, const ROWS: usize>(
		&self,
		format: QuantFormat,
		first: usize,
		count: usize,
	) -> Rows<'a, ROWS> {
		let each = Words::per_lane::<P>(format, Side::Rows, self.terms).all();
		let mut rows = Rows::NONE;
		for (i, (words, scale)) in rows.words.iter_mut().zip(&mut rows.scales).enumerate() {
			let number = first + i.min(count - 1);
			*words = &self.left[number * each..][..each];
			*scale = self.row_scales[number];
		}
		if format == QuantFormat::I8 {
			rows.singles = singles(&rows.scales);
		}
		rows
	}

	/// Computes results of these rows and of the columns of a panel. Scales in `f32` are used if both sides have them.
	#[inline(always)]
	fn put<P: Products<ROWS, LANES>, const ROWS: usize, const LANES: usize>(
		&self,
		format: QuantFormat,
		rows: &Rows<'_, ROWS>,
		(panel, singles): (usize, &Option<[f32; LANES]>),
		mut to: To<'_, ROWS, LANES>,
	) {
		let of_lane = Words::per_lane::<P>(format, Side::Lanes, self.terms);
		let (right, _) = self.right.as_chunks::<LANES>();
		let (high, pairs) =
			right[panel * of_lane.all()..][..of_lane.all()].split_at(of_lane.half());
		let lane_scales: &[f64; LANES] = &self.lane_scales.as_chunks().0[panel];
		// SAFETY: this is inlined into code compiled for the level of `P`. The halves have as many words on both sides.
		unsafe {
			match (format, &rows.singles, singles) {
				(QuantFormat::I8, Some(row_scales), Some(lane_scales)) => {
					P::scaled_tile(&rows.words, high, (row_scales, lane_scales), to);
				},
				(QuantFormat::I8, ..) => {
					let mut sums = Aligned([[0; LANES]; ROWS]);
					P::tile(&rows.words, high, &mut sums);
					for (i, sums) in sums.0.iter().enumerate() {
						let (fold, (before, words)) = (to.fold, to.row(i));
						for lane in 0..LANES {
							let sum = f64::from(sums[lane]);
							let x = scaled(sum, rows.scales[i], lane_scales[lane]);
							words[lane] = folded(x, fold, before[lane]);
						}
					}
				},
				(QuantFormat::Q15, ..) => {
					let half = Words::per_lane::<P>(format, Side::Rows, self.terms).half();
					let (mut highs, mut others) = (rows.words, rows.words);
					for (i, row) in rows.words.iter().enumerate() {
						(highs[i], others[i]) = row.split_at(half);
					}
					let mut first = Aligned([[0; LANES]; ROWS]);
					let mut crossed = first;
					P::tile(&highs, high, &mut first);
					P::tile(&others, pairs, &mut crossed);
					for (i, (first, crossed)) in first.0.iter().zip(&crossed.0).enumerate() {
						let (fold, (before, words)) = (to.fold, to.row(i));
						for lane in 0..LANES {
							// Below 2⁵³, so exact.
							let sum = f64::from(first[lane]) * 16_384.0
								+ f64::from(crossed[lane]) * 128.0;
							let x = scaled(sum, rows.scales[i], lane_scales[lane]);
							words[lane] = folded(x, fold, before[lane]);
						}
					}
				},
			}
		}
	}
}

/// As many words as there are on both sides.
#[inline(always)]
fn copy(from: &[u32], to: &mut [u32]) {
	for (to, from) in to.iter_mut().zip(from) {
		*to = *from;
	}
}

/// Scales in `f32`, where that is exact and so are sums of eight-bit products times two of them: they have 24 bits, and
/// the result is neither subnormal nor too large.
#[inline(always)]
fn singles<const COUNT: usize>(scales: &[f64; COUNT]) -> Option<[f32; COUNT]> {
	let (mut singles, mut all) = ([0.0; COUNT], true);
	for (single, scale) in singles.iter_mut().zip(scales) {
		*single = *scale as f32;
		all &= is_middling(*scale);
	}
	all.then_some(singles)
}

/// Whether the product of two such scales and of an integer below 2²⁴ is a normal number or 0; NaN is NaN.
#[inline(always)]
fn is_middling(scale: f64) -> bool {
	const LEAST: f64 = 1.0 / (1_u64 << 60) as f64;
	const GREATEST: f64 = (1_u64 << 50) as f64;
	scale.is_nan() || (LEAST..=GREATEST).contains(&scale)
}

/// Times both scales, exactly (the exponents are far from the limits of `f64`), then rounded to `f32`.
#[inline(always)]
fn scaled(sum: f64, row_scale: f64, lane_scale: f64) -> f32 {
	(sum * row_scale * lane_scale) as f32
}
