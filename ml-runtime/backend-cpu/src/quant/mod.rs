//! Quantised matrix products: blocks of K as exact products of integers.
//!
//! Both operands of a block are written as small integers, two or four neighbouring terms to a word
//! ([`pack`]): rows one after the other, columns in panels of as many as a tile has. The innermost loop multiplies words
//! and adds the products to a 32-bit sum ([`products`]): eight-bit digits and 512 terms stay far below its
//! limit, and because nothing is rounded, the order is free and K may be padded with zeros. [`tile`] puts
//! the sums together, rounds once and folds.

#[cfg(any(test, target_arch = "aarch64"))]
mod dotprod;
mod pack;
mod products;
#[cfg(test)]
mod tests;
mod tile;
#[cfg(target_arch = "x86_64")]
mod vnni;

use assay_ops::QuantFormat;

use crate::level::Level;
use crate::matmul::{buffer, View, BLOCK};
use crate::team::Team;
use pack::{Packed, Scales, Side, Words};
use products::Products;
use tile::{Block, Strips, MOST_BLOCKS};

/// Strips of rows that are multiplied with one panel of columns while it is near.
const STRIPS: usize = 8;

/// Words of both operands that are packed at a time, where one block is not more.
const MOST_WORDS: usize = 1 << 22;

/// `out = A · B`, block by block.
#[derive(Clone, Copy)]
pub(crate) struct QuantMatMul<'a> {
	/// How terms become integers.
	pub format: QuantFormat,
	/// The rows of `A`.
	pub rows: View<'a>,
	/// The columns of `B`.
	pub lanes: View<'a>,
	/// Terms of each result.
	pub k: usize,
}

impl QuantMatMul<'_> {
	/// Computes the product into `out` (`rows · lanes` words), on all threads of the team.
	pub(crate) fn run(self, level: Level, team: &Team, out: &mut [u32]) {
		match level {
			#[cfg(target_arch = "x86_64")]
			Level::Vnni => self.blocks::<vnni::Vnni, 12, 32>(level, team, out),
			#[cfg(target_arch = "x86_64")]
			Level::Avx2 | Level::Avx512 => self.blocks::<products::Avx2, 6, 16>(level, team, out),
			#[cfg(target_arch = "aarch64")]
			Level::Dotprod => self.blocks::<dotprod::Dotprod, 6, 16>(level, team, out),
			_ => self.blocks::<products::Plain, 6, 16>(level, team, out),
		}
	}

	fn blocks<P: Products<ROWS, LANES>, const ROWS: usize, const LANES: usize>(
		self,
		level: Level,
		team: &Team,
		out: &mut [u32],
	) {
		let Self { format, rows, lanes, k } = self;
		let (m, n) = (rows.lanes, lanes.lanes);
		let (padded_m, padded_n) = (m.next_multiple_of(LANES), n.next_multiple_of(LANES));
		let each = |side, terms| Words::per_lane::<P>(format, side, terms).all();
		let words =
			|terms| (padded_m * each(Side::Rows, terms), padded_n * each(Side::Lanes, terms));
		let (left_words, right_words) = words(BLOCK.min(k));
		let some = (MOST_WORDS / (left_words + right_words).max(1)).clamp(1, MOST_BLOCKS);
		let all: Vec<usize> = (0..k).step_by(BLOCK).collect();
		for (part, starts) in all.chunks(some).enumerate() {
			let mut scales = vec![(Scales::new(padded_m), Scales::new(padded_n)); starts.len()];
			buffer::with(starts.len() * left_words, |left| {
				buffer::with(starts.len() * right_words, |right| {
					let mut packs = Vec::new();
					let operands = left.chunks_mut(left_words).zip(right.chunks_mut(right_words));
					for ((start, operands), scales) in starts.iter().zip(operands).zip(&mut scales)
					{
						let (start, terms) = (*start, BLOCK.min(k - start));
						let (left_words, right_words) = words(terms);
						let pack = |view, side| Packed { format, view, side, start, terms, level };
						let (left, right) =
							(&mut operands.0[..left_words], &mut operands.1[..right_words]);
						packs.push((pack(rows, Side::Rows), left, &mut scales.0));
						packs.push((pack(lanes, Side::Lanes), right, &mut scales.1));
					}
					Packed::run::<P, LANES>(team, packs);
					let (left, right) = (&*left, &*right);
					let operands = left.chunks(left_words).zip(right.chunks(right_words));
					let blocks = starts.iter().zip(operands).zip(&scales);
					let blocks: Vec<Block<'_>> = blocks
						.map(|((start, (left, right)), (row_scales, lane_scales))| Block {
							terms: BLOCK.min(k - start),
							left,
							right,
							row_scales: &row_scales.0,
							lane_scales: &lane_scales.0,
						})
						.collect();
					// Few enough rows for every thread to have some.
					let strips = m.div_ceil(ROWS * team.threads() * 2).clamp(1, STRIPS);
					let height = strips * ROWS;
					team.pieces(out, height * n, |index, out| {
						level.run(Strips::<P, ROWS, LANES> {
							format,
							blocks: &blocks,
							first: index * height,
							fold: part > 0,
							n,
							out,
							products: std::marker::PhantomData,
						});
					});
				});
			});
		}
	}
}
