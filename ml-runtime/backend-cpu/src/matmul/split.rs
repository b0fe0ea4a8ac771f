//! How a product is divided into K-blocks and among threads.

use std::marker::PhantomData;

use super::nest::{Pack, Piece};
use super::pack::{View, GROUP};
use super::vector::Vector;
use super::{buffer, fold, BLOCK};
use crate::level::Level;
use crate::team::Team;

/// Most words of block results that may be held before they are folded.
const MAX_PARTIAL_WORDS: usize = 1 << 22;

/// Results whose sums over one K-block are some hundred microseconds' work.
const SHORT_BLOCK: usize = 1 << 13;

/// Words that the nearest cache holds.
const CACHE_WORDS: usize = 8 * 1024;

/// Longest step from one term to the next, in words, with which it pays to read an operand some times where it lies.
const SHORT_STEP: usize = 128;

/// A product, seen from its tiles of `MR` rows and `NV` registers.
#[derive(Clone, Copy)]
pub(super) struct Split<'a, V, const MR: usize, const NV: usize> {
	/// The operand whose lanes are rows of tiles.
	pub rows: View<'a>,
	/// The operand whose lanes are vector lanes.
	pub lanes: View<'a>,
	/// Whether rows of tiles are columns of the result.
	pub turned: bool,
	/// Instructions, those of `V`.
	level: Level,
	/// Terms.
	k: usize,
	/// Distance between rows of the result.
	pub stride: usize,
	vector: PhantomData<V>,
}

impl<'a, V: Vector, const MR: usize, const NV: usize> Split<'a, V, MR, NV> {
	/// Columns of a tile.
	pub(super) const WIDTH: usize = NV * V::LANES;

	/// The product of all `rows` with all `lanes`; `turned` if they are columns and rows of the result.
	pub(super) fn new(
		rows: View<'a>,
		lanes: View<'a>,
		turned: bool,
		level: Level,
		k: usize,
		stride: usize,
	) -> Self {
		Self { rows, lanes, turned, level, k, stride, vector: PhantomData }
	}

	/// Computes the product, on the calling thread or on those of a team.
	pub(super) fn run(self, team: Option<&Team>, out: &mut [u32]) {
		let blocks = self.k.div_ceil(BLOCK);
		if let Some(team) = team.filter(|team| self.by_block(team, blocks)) {
			// Blocks are independent of each other, only their fold is ordered.
			let (m, n) = self.sides();
			buffer::with(blocks * m * n, |partials| {
				team.pieces(partials, m * n, |block, out| self.block(None, block, false, out));
				fold(self.level, partials, out);
			});
			return;
		}
		for block in 0..blocks {
			self.block(team, block, block > 0, out);
		}
	}

	/// Whether threads take blocks rather than rows: where there are too few rows for all, and where many blocks
	/// are so short that the threads would do little but meet.
	fn by_block(&self, team: &Team, blocks: usize) -> bool {
		let ((m, n), threads) = (self.sides(), team.threads());
		let few = blocks > 1 && m.div_ceil(self.height(team)) < threads;
		let short = blocks >= 4 * threads && m * n <= SHORT_BLOCK;
		(few || short) && blocks * m * n <= MAX_PARTIAL_WORDS
	}

	/// Rows and columns of the result.
	fn sides(&self) -> (usize, usize) {
		if self.turned {
			(self.lanes.lanes, self.rows.lanes)
		} else {
			(self.rows.lanes, self.lanes.lanes)
		}
	}

	/// Rows of the result that are one piece of work: few enough to occupy every thread.
	fn height(&self, team: &Team) -> usize {
		let tile = if self.turned { Self::WIDTH } else { MR };
		self.sides().0.div_ceil(team.threads() * 4).next_multiple_of(tile)
	}

	/// Computes one K-block of all results, and adds it to what is there if `fold`.
	fn block(&self, team: Option<&Team>, block: usize, fold: bool, out: &mut [u32]) {
		let terms = block * BLOCK..self.k.min((block + 1) * BLOCK);
		buffer::with(self.packed_words(terms.len()), |packed| {
			self.pack(team, packed, terms.start, terms.len());
			let packed = &*packed;
			let (m, n) = self.sides();
			let work = |first: usize, out: &mut [u32]| {
				// The last row may end before its stride.
				let rows = first..m.min(first + (out.len() + self.stride - n) / self.stride);
				let (rows, lanes) = if self.turned { (0..n, rows) } else { (rows, 0..n) };
				let room = self.room_words(rows.len(), lanes.len(), terms.len());
				buffer::with(room, |room| {
					let (product, terms) = (*self, terms.clone());
					let piece =
						Piece { product, packed, rows, lanes, terms, first, fold, out, room };
					self.level.run(piece);
				});
			};
			match team {
				Some(team) => {
					let height = self.height(team);
					team.pieces(out, height * n, |index, out| work(index * height, out));
				},
				None => work(0, out),
			}
		});
	}

	/// Words that the vector operand takes in panels; none if it is read where it lies.
	fn packed_words(&self, terms: usize) -> usize {
		let View { lanes, lane_stride, k_stride, .. } = self.lanes;
		// Each row of tiles reads it once; few of them do not make up for a copy.
		let few = if k_stride <= SHORT_STEP { 4 * MR } else { 2 * MR };
		let is_near = k_stride <= 2 * Self::WIDTH || k_stride * terms <= CACHE_WORDS;
		if lane_stride == 1 && lanes >= Self::WIDTH && (is_near || self.rows.lanes <= few) {
			0
		} else {
			lanes.next_multiple_of(Self::WIDTH) * terms
		}
	}

	/// Words that these rows take when they are copied; none if they are read where they lie.
	fn room_words(&self, rows: usize, lanes: usize, terms: usize) -> usize {
		let View { lane_stride, k_stride, .. } = self.rows;
		// Neighbouring lanes are a scrap of each row; copies pay if they are read often.
		let scraps = lane_stride == 1 && k_stride != MR;
		let near = k_stride % 1024 != 0 && terms <= 128;
		if scraps && !near && lanes > 4 * Self::WIDTH {
			rows.next_multiple_of(MR) * terms
		} else {
			0
		}
	}

	/// Copies the vector operand into panels, if they have room.
	fn pack(&self, team: Option<&Team>, packed: &mut [u32], start: usize, terms: usize) {
		let group = Self::WIDTH * GROUP;
		let view = self.lanes;
		let pack = |index: usize, out: &mut [u32]| {
			let first = index * group;
			match Self::WIDTH {
				4 => self.level.run(Pack::<V, 4>::new(view, first, start, terms, out)),
				8 => self.level.run(Pack::<V, 8>::new(view, first, start, terms, out)),
				12 => self.level.run(Pack::<V, 12>::new(view, first, start, terms, out)),
				16 => self.level.run(Pack::<V, 16>::new(view, first, start, terms, out)),
				32 => self.level.run(Pack::<V, 32>::new(view, first, start, terms, out)),
				width => unreachable!("no tile is {width} wide"),
			}
		};
		match team {
			Some(team) => team.pieces(packed, group * terms, pack),
			None => packed.chunks_mut(group * terms).enumerate().for_each(|(i, out)| pack(i, out)),
		}
	}
}
