//! Products with few rows, of which threads take columns.
//!
//! Where each thread takes rows, all read all of the vector operand, which they have copied together. With few rows that
//! takes longer than to compute: a core fetches what another has written more slowly than what it has written itself. So
//! each copies the columns that it takes, a stripe at a time, and none waits for another.

#![allow(unsafe_code, reason = "threads write different columns of the same rows")]

use std::ops::Range;

use super::nest::{Panels, Part, Piece, Rows};
use super::out::Out;
use super::split::{shrinking, Split};
use super::vector::Vector;
use super::{buffer, BLOCK};
use crate::team::Team;

/// Most rows that are few.
const FEW_ROWS: usize = 768;

/// Fewest lanes that are worth a thread's while, to be rounded up to whole panels.
const FEW_LANES: usize = 16;

/// Most lanes of a stripe, likewise: a K-block of them stays in a core's own cache.
const MANY_LANES: usize = 128;

/// Words of copied rows that no cache near a core holds.
const MANY_ROWS: usize = 1 << 19;

impl<V: Vector, const MR: usize, const NV: usize> Split<'_, V, MR, NV> {
	/// Fewest panels of a stripe.
	const LEAST: usize = FEW_LANES.div_ceil(Self::WIDTH);

	/// Most panels of a stripe.
	const MOST: usize = MANY_LANES.div_ceil(Self::WIDTH);

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
		// Copies of rows pay where they are the lesser part of what is copied.
		let copies = if self.copied_words(self.k) > MANY_ROWS { threads } else { 1 };
		self.copied_words(self.k) == 0 || lanes >= rows * copies.max(2)
	}

	/// Words that the rows of a K-block take when they are copied; none if they are read where they lie.
	fn copied_words(&self, terms: usize) -> usize {
		match self.room_words(self.rows.lanes, self.lanes.lanes, terms) {
			0 => 0,
			_ => self.rows.lanes.next_multiple_of(MR) * terms,
		}
	}

	/// Computes all K-blocks of the product, each thread in other columns.
	pub(super) fn stripes(&self, team: Option<&Team>, blocks: usize, out: &mut [u32]) {
		let threads = team.map_or(1, Team::threads);
		let copied = self.copied_words(self.k);
		// Rows that no cache would hold until they are read are copied a K-block at a time, by each thread for itself: the
		// fewer pieces, the fewer copies.
		let alone = copied > MANY_ROWS;
		let panels = self.panels().len();
		let even = panels.div_ceil(threads).max(Self::LEAST);
		let length = if alone { even..=even } else { Self::LEAST..=Self::MOST };
		let mut pieces: Vec<_> = shrinking(panels, 2 * threads, length).collect();
		let out = Out::new(out);
		buffer::with(if alone { 0 } else { copied }, |copied| {
			if !copied.is_empty() {
				self.pack_rows(team, 0..blocks, copied);
			}
			let copied = &*copied;
			let work = |_: usize, pieces: &mut [Range<usize>]| {
				for panels in pieces {
					// SAFETY: no two pieces have a column in common. A piece's tiles are read and written in its columns alone:
					// it has panels, and with panels no tile begins before its own columns to be whole.
					let out = unsafe { out.again() };
					self.piece(panels.clone(), 0..blocks, copied, out);
				}
			};
			match team {
				Some(team) => team.pieces(&mut pieces, 1, work),
				None => work(0, &mut pieces),
			}
		});
	}

	/// Computes some K-blocks of the columns in some panels. The rows of all blocks may have been copied; if not, and if they
	/// are to be, they are copied here.
	pub(super) fn piece(
		&self,
		panels: Range<usize>,
		blocks: Range<usize>,
		copied: &[u32],
		mut out: Out<'_>,
	) {
		let rows = self.rows.lanes.next_multiple_of(MR);
		for block in blocks.clone() {
			let terms = self.terms(block);
			let room = if copied.is_empty() { self.copied_words(terms.len()) } else { 0 };
			buffer::with(room, |room| {
				if !room.is_empty() {
					self.pack_rows(None, block..block + 1, room);
				}
				let copied = copied.get(rows * terms.start..).filter(|words| !words.is_empty());
				let words = copied.unwrap_or(room);
				for first in panels.clone().step_by(Self::MOST) {
					let stripe = first..panels.end.min(first + Self::MOST);
					let copied = if words.is_empty() { Rows::There } else { Rows::Copied(words) };
					self.stripe(stripe, terms.clone(), block > blocks.start, copied, out.from(0));
				}
			});
		}
	}

	/// Computes some terms of the columns in some panels.
	fn stripe(
		&self,
		panels: Range<usize>,
		terms: Range<usize>,
		fold: bool,
		rows: Rows<'_>,
		out: Out<'_>,
	) {
		let (first, end) = (panels.start * Self::WIDTH, panels.end * Self::WIDTH);
		let lanes = first..self.lanes.lanes.min(end);
		buffer::with((end - first) * terms.len(), |words| {
			debug_assert!(!words.is_empty());
			self.pack_lanes(first, terms.clone(), words);
			let part = Part { rows: 0..self.rows.lanes, lanes, terms, fold };
			let (product, panels) = (*self, Panels { words, first });
			self.level.run(Piece { product, part, panels, rows, out, first: 0 });
		});
	}
}
