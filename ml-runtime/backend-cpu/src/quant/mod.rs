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

use assay_ops::QuantFormat;

use crate::level::Level;
use crate::matmul::{buffer, View, BLOCK};
use crate::team::Team;
use pack::{Packed, Scales, Side, Words};
use products::Products;
use tile::Strips;

/// Strips of rows that are multiplied with one panel of columns while it is near.
const STRIPS: usize = 8;

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
			Level::Vnni => self.blocks::<products::Vnni, 12, 32>(level, team, out),
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
		let mut row_scales = Scales::new(m.next_multiple_of(LANES));
		let mut lane_scales = Scales::new(n.next_multiple_of(LANES));
		for (block, start) in (0..k).step_by(BLOCK).enumerate() {
			let terms = BLOCK.min(k - start);
			let each = |side| Words::per_lane::<P>(format, side, terms).all();
			let (row_words, lane_words) = (each(Side::Rows), each(Side::Lanes));
			buffer::with(row_scales.lanes() * row_words, |left| {
				buffer::with(lane_scales.lanes() * lane_words, |right| {
					let pack = |view, side| Packed { format, view, side, start, terms, level };
					pack(rows, Side::Rows).run::<P, LANES>(team, left, &mut row_scales);
					pack(lanes, Side::Lanes).run::<P, LANES>(team, right, &mut lane_scales);
					let (left, right) = (&*left, &*right);
					// Few enough rows for every thread to have some.
					let strips = m.div_ceil(ROWS * team.threads() * 2).clamp(1, STRIPS);
					let height = strips * ROWS;
					team.pieces(out, height * n, |index, out| {
						let first = index * height;
						level.run(Strips::<P, ROWS, LANES> {
							format,
							terms,
							left: &left[first * row_words..],
							right,
							row_scales: &row_scales.0[first..],
							lane_scales: &lane_scales.0,
							fold: block > 0,
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
