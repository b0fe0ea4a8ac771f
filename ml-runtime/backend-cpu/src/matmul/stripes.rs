//! Products with few rows, of which threads take columns.
//!
//! Where each thread takes rows, all read all of the vector operand, which they have copied together. With few rows that
//! takes longer than to compute: a core fetches what another has written more slowly than what it has written itself. So
//! each copies the columns that it takes, a stripe at a time, and none waits for another.

#![allow(unsafe_code, reason = "threads write different columns of the same rows")]

use std::ops::Range;

use super::nest::{Panels, Part, Piece, Rows};
use super::out::Out;
use super::split::{shrinking, Split, MAX_PACKED_WORDS};
use super::vector::Vector;
use super::{buffer, BLOCK};
use crate::team::Team;

/// Most rows that are few.
const FEW_ROWS: usize = 768;

/// Fewest lanes that are worth a thread's while, to be rounded up to whole panels.
const FEW_LANES: usize = 16;

/// Most lanes of a stripe, likewise: a K-block of them stays in a core's own cache.
const MANY_LANES: usize = 128;

impl<V: Vector, const MR: usize, const NV: usize> Split<'_, V, MR, NV> {
	/// Fewest panels of a stripe.
	const LEAST: usize = FEW_LANES.div_ceil(Self::WIDTH);

	/// Whether threads take columns rather than rows.
	pub(super) fn by_stripe(&self, team: Option<&Team>) -> bool {
		let threads = team.map_or(1, Team::threads);
		let (rows, lanes) = (self.rows.lanes, self.lanes.lanes);
		let stripes = lanes.div_ceil(Self::WIDTH) / Self::LEAST;
		let many = stripes >= threads.max(2);
		// Of few stripes a thread may get one more than the others, who then wait for it.
		let even = 8 * stripes >= 7 * threads * stripes.div_ceil(threads);
		let suits = rows <= FEW_ROWS && many && even;
		if self.turned || !suits || self.packed_words(self.k.min(BLOCK)) == 0 {
			return false;
		}
		// Rows that are copied are so together, which pays where they are the lesser part of what is copied.
		match self.copied_words() {
			0 => true,
			words => lanes >= 2 * rows && words <= MAX_PACKED_WORDS,
		}
	}

	/// Words that all rows take when they are copied; none if they are read where they lie.
	fn copied_words(&self) -> usize {
		match self.room_words(self.rows.lanes, self.lanes.lanes, self.k.min(BLOCK)) {
			0 => 0,
			_ => self.rows.lanes.next_multiple_of(MR) * self.k,
		}
	}

	/// Computes all K-blocks of the product, each thread in other columns.
	pub(super) fn stripes(&self, team: Option<&Team>, blocks: usize, out: &mut [u32]) {
		let panels = self.lanes.lanes.div_ceil(Self::WIDTH);
		let (least, most) = (Self::LEAST, MANY_LANES.div_ceil(Self::WIDTH));
		let share = team.map_or(1, |team| 2 * team.threads());
		let mut stripes: Vec<_> = shrinking(panels, share, least..=most).collect();
		let out = Out::new(out);
		buffer::with(self.copied_words(), |copied| {
			if !copied.is_empty() {
				self.pack_rows(team, 0..blocks, copied);
			}
			let copied = &*copied;
			let work = |_: usize, stripes: &mut [Range<usize>]| {
				for panels in stripes {
					// SAFETY: no two stripes have a column in common. A stripe's tiles are read and written in its columns alone:
					// it has panels, and with panels no tile begins before its own columns to be whole.
					let out = unsafe { out.again() };
					self.stripe(panels.clone(), blocks, copied, out);
				}
			};
			match team {
				Some(team) => team.pieces(&mut stripes, 1, work),
				None => work(0, &mut stripes),
			}
		});
	}

	/// Computes all K-blocks of the columns in some panels.
	fn stripe(&self, panels: Range<usize>, blocks: usize, copied: &[u32], mut out: Out<'_>) {
		let (first, end) = (panels.start * Self::WIDTH, panels.end * Self::WIDTH);
		let (rows, lanes) = (0..self.rows.lanes, first..self.lanes.lanes.min(end));
		for block in 0..blocks {
			let terms = self.terms(block);
			let copied = match copied {
				[] => Rows::There,
				words => Rows::Copied(&words[rows.len().next_multiple_of(MR) * terms.start..]),
			};
			buffer::with((end - first) * terms.len(), |words| {
				debug_assert!(!words.is_empty());
				self.pack_lanes(first, terms.clone(), words);
				let part =
					Part { rows: rows.clone(), lanes: lanes.clone(), terms, fold: block > 0 };
				let (product, panels, out) = (*self, Panels { words, first }, out.from(0));
				self.level.run(Piece { product, part, panels, rows: copied, out, first: 0 });
			});
		}
	}
}
