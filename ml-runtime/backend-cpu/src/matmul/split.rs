//! How a product is divided into K-blocks and among threads.

use std::marker::PhantomData;
use std::ops::{Range, RangeInclusive};

use super::nest::{Pack, Panels, Part, Piece, Rows};
use super::out::Out;
use super::pack::{View, GROUP};
use super::vector::Vector;
use super::{buffer, fold, BLOCK};
use crate::level::Level;
use crate::team::Team;

/// Most words of block results that may be held before they are folded.
const MAX_PARTIAL_WORDS: usize = 1 << 22;

/// Words of block results that are held before they are folded, if all threads have some blocks: they stay in a cache.
const MANY_PARTIAL_WORDS: usize = 1 << 19;

/// Words that are worth a thread's while to fold.
const FOLDED_WORDS: usize = 1 << 12;

/// Most words of the vector operand that are copied at a time, unless a K-block has more: they stay in a cache that all
/// cores share while each of them reads them again and again.
const MAX_PACKED_WORDS: usize = 1 << 20;

/// Results whose sums over one K-block are some hundred microseconds' work.
const SHORT_BLOCK: usize = 1 << 13;

/// Words that the nearest cache holds.
const CACHE_WORDS: usize = 8 * 1024;

/// Words whose addresses differ by multiples of this share a place in the nearest cache: that is a page, on all
/// processors that read the cache while they translate the address.
const PAGE_WORDS: usize = 1024;

/// Lines that fit in one place of the nearest cache, where it is small.
const CACHE_WAYS: usize = 8;

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
	pub level: Level,
	/// Terms.
	pub k: usize,
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
		let by_stripe = self.by_stripe(team);
		if let Some(team) = team.filter(|team| self.by_block(team, blocks, by_stripe)) {
			self.partials(team, blocks, out);
			return;
		}
		if by_stripe {
			self.stripes(team, blocks, out);
			return;
		}
		// As many at a time as a cache holds in panels, so that threads meet seldom.
		let some = (MAX_PACKED_WORDS / self.packed_words(BLOCK).max(1)).max(1);
		for first in (0..blocks).step_by(some) {
			self.blocks(team, first..blocks.min(first + some), first > 0, out);
		}
	}

	/// Computes all K-blocks of the product, each thread other blocks: they are independent of each other, only their fold is
	/// ordered.
	fn partials(&self, team: &Team, blocks: usize, out: &mut [u32]) {
		let ((m, n), alone) = (self.sides(), self.by_stripe(None));
		let some = (MANY_PARTIAL_WORDS / (m * n)).max(4 * team.threads());
		for first in (0..blocks).step_by(some) {
			buffer::with(some.min(blocks - first) * m * n, |partials| {
				team.pieces(partials, m * n, |block, out| {
					let blocks = first + block..first + block + 1;
					if alone {
						self.piece(self.panels(), blocks, &[], Out::new(out));
					} else {
						self.blocks(None, blocks, false, out);
					}
				});
				let share = (m * n).div_ceil(team.threads()).max(FOLDED_WORDS);
				team.pieces(out, share, |piece, out| {
					fold(self.level, (&partials[piece * share..], m * n), first > 0, out);
				});
			});
		}
	}

	/// Whether threads take blocks: where there are too few rows for all, unless they can take columns, and where many
	/// blocks are so short that the threads would do little but meet, or have so few results that their operands are most of
	/// what is read, which lie one after the other for each block.
	fn by_block(&self, team: &Team, blocks: usize, by_stripe: bool) -> bool {
		let ((m, n), threads) = (self.sides(), team.threads());
		let few = !by_stripe && blocks > 1 && m.div_ceil(self.height(team)) < threads;
		let short = m * n <= SHORT_BLOCK || 4 * m * n <= (m + n) * BLOCK;
		let held = 4 * threads;
		(few || (short && blocks >= held)) && blocks.min(held) * m * n <= MAX_PARTIAL_WORDS
	}

	/// Panels of all lanes.
	pub(super) fn panels(&self) -> Range<usize> {
		0..self.lanes.lanes.div_ceil(Self::WIDTH)
	}

	/// Rows and columns of the result.
	fn sides(&self) -> (usize, usize) {
		if self.turned {
			(self.lanes.lanes, self.rows.lanes)
		} else {
			(self.rows.lanes, self.lanes.lanes)
		}
	}

	/// Rows of the result that are one piece of work: few enough to occupy every thread to the end.
	fn height(&self, team: &Team) -> usize {
		let tile = if self.turned { Self::WIDTH } else { MR };
		self.sides().0.div_ceil(team.threads() * 8).next_multiple_of(tile)
	}

	/// Rows of the result in pieces, each with the number of its first row.
	fn pieces<'out>(&self, team: &Team, mut out: &'out mut [u32]) -> Vec<(usize, &'out mut [u32])> {
		let tile = if self.turned { Self::WIDTH } else { MR };
		let (m, n) = self.sides();
		let (tiles, even) = (m.div_ceil(tile), self.height(team) / tile);
		// Pieces that get smaller end at the same time. But rows that are copied are so in groups, of which a small one costs
		// more than a wait.
		let is_copied = self.room_words(self.rows.lanes, self.lanes.lanes, self.k.min(BLOCK)) > 0;
		let (share, least) = if is_copied { (usize::MAX, even) } else { (6 * team.threads(), 2) };
		let piece = |tiles: Range<usize>| {
			let (first, end) = (tiles.start * tile, m.min(tiles.end * tile));
			let rows = out.split_off_mut(..(end - first) * n);
			(first, rows.expect("the pieces are those of the result"))
		};
		shrinking(tiles, share, least..=usize::MAX).map(piece).collect()
	}

	/// Terms of a K-block.
	pub(super) fn terms(&self, block: usize) -> Range<usize> {
		block * BLOCK..self.k.min((block + 1) * BLOCK)
	}

	/// Computes some K-blocks of all results, one after the other, and adds them to what is there if `fold`.
	fn blocks(&self, team: Option<&Team>, blocks: Range<usize>, fold: bool, out: &mut [u32]) {
		let size = self.packed_words(BLOCK.min(self.k));
		let last = self.packed_words(self.terms(blocks.end - 1).len());
		buffer::with((blocks.len() - 1) * size + last, |packed| {
			self.pack_all(team, blocks.clone(), packed);
			let packed = &*packed;
			let (m, n) = self.sides();
			let work = |first: usize, out: &mut [u32]| {
				// The last row may end before its stride.
				let rows = first..m.min(first + (out.len() + self.stride - n) / self.stride);
				let (rows, lanes) = if self.turned { (0..n, rows) } else { (rows, 0..n) };
				let mut out = Out::new(out);
				for block in blocks.clone() {
					let (rows, lanes, terms) = (rows.clone(), lanes.clone(), self.terms(block));
					let words = &packed[(block - blocks.start) * size..];
					let words = &words[..self.packed_words(terms.len())];
					let fold = fold || block > blocks.start;
					let part = Part { rows, lanes, terms, fold };
					let panels = Panels { words, first: 0 };
					let room = self.room_words(part.rows.len(), part.lanes.len(), part.terms.len());
					buffer::with(room, |room| {
						let rows = if room.is_empty() { Rows::There } else { Rows::Room(room) };
						let (product, out) = (*self, out.from(0));
						self.level.run(Piece { product, part, panels, rows, out, first });
					});
				}
			};
			match team {
				Some(team) => {
					let mut pieces = self.pieces(team, out);
					team.pieces(&mut pieces, 1, |_, pieces| {
						for (first, rows) in pieces {
							work(*first, rows);
						}
					});
				},
				None => work(0, out),
			}
		});
	}

	/// Words that the vector operand takes in panels; none if it is read where it lies.
	pub(super) fn packed_words(&self, terms: usize) -> usize {
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
	pub(super) fn room_words(&self, rows: usize, lanes: usize, terms: usize) -> usize {
		let View { lane_stride, k_stride, .. } = self.rows;
		// Copies pay where rows are read often: neighbouring lanes are a scrap of each row, and rows this far apart
		// fall into the same places of the nearest cache, which has fewer than a tile has rows.
		let near = k_stride % PAGE_WORDS != 0 && terms <= 128;
		let scraps = lane_stride == 1 && k_stride != MR && !near;
		let clash = k_stride == 1 && lane_stride % PAGE_WORDS == 0 && MR > CACHE_WAYS;
		if (scraps || clash) && lanes > 4 * Self::WIDTH {
			rows.next_multiple_of(MR) * terms
		} else {
			0
		}
	}

	/// Copies blocks of the vector operand into panels, if they have room.
	fn pack_all(&self, team: Option<&Team>, blocks: Range<usize>, packed: &mut [u32]) {
		let size = |terms| self.packed_words(terms);
		let pack = |first, terms, out: &mut [u32]| self.pack_lanes(first, terms, out);
		self.pack(team, blocks, (packed, size), (self.lanes.lanes, Self::WIDTH), pack);
	}

	/// Copies blocks of the other operand into panels.
	pub(super) fn pack_rows(&self, team: Option<&Team>, blocks: Range<usize>, packed: &mut [u32]) {
		let size = |terms| self.rows.lanes.next_multiple_of(MR) * terms;
		let pack = |first, terms: Range<usize>, out: &mut [u32]| {
			let (start, terms) = (terms.start, terms.len());
			self.level.run(Pack::<V, MR>::new(self.rows, first, start, terms, out));
		};
		self.pack(team, blocks, (packed, size), (self.rows.lanes, MR), pack);
	}

	/// Copies blocks of an operand with so many lanes into panels that are so wide, by calls of `pack`; `size` is how many
	/// words a block of so many terms takes.
	fn pack(
		&self,
		team: Option<&Team>,
		blocks: Range<usize>,
		(mut packed, size): (&mut [u32], impl Fn(usize) -> usize),
		(lanes, width): (usize, usize),
		pack: impl Fn(usize, Range<usize>, &mut [u32]) + Sync,
	) {
		// Panels that are filled side by side, few enough for every thread to have some.
		let share = lanes.div_ceil(width * team.map_or(1, Team::threads));
		let group = width * share.clamp(1, GROUP);
		let mut groups = Vec::new();
		for block in blocks {
			let terms = self.terms(block);
			let (panels, others) = packed.split_at_mut(size(terms.len()));
			packed = others;
			let first = (0..).step_by(group);
			let panels = panels.chunks_mut(group * terms.len()).zip(first);
			groups.extend(panels.map(|(panels, first)| (panels, first, terms.clone())));
		}
		let pack = |_: usize, groups: &mut [(&mut [u32], usize, Range<usize>)]| {
			for (out, first, terms) in groups {
				pack(*first, terms.clone(), out);
			}
		};
		match team {
			Some(team) => team.pieces(&mut groups, 1, pack),
			None => pack(0, &mut groups),
		}
	}

	/// Copies lanes from `first` on into panels, as many as there is room for.
	pub(super) fn pack_lanes(&self, first: usize, terms: Range<usize>, out: &mut [u32]) {
		let (view, start, terms) = (self.lanes, terms.start, terms.len());
		match Self::WIDTH {
			4 => self.level.run(Pack::<V, 4>::new(view, first, start, terms, out)),
			8 => self.level.run(Pack::<V, 8>::new(view, first, start, terms, out)),
			12 => self.level.run(Pack::<V, 12>::new(view, first, start, terms, out)),
			16 => self.level.run(Pack::<V, 16>::new(view, first, start, terms, out)),
			32 => self.level.run(Pack::<V, 32>::new(view, first, start, terms, out)),
			64 => self.level.run(Pack::<V, 64>::new(view, first, start, terms, out)),
			width => unreachable!("no tile is {width} wide"),
		}
	}
}

/// The numbers below `count` in ranges that get smaller: each is a `share`th of what is left, or of the nearest `length`
/// that is allowed. The last one may be shorter.
pub(super) fn shrinking(
	count: usize,
	share: usize,
	length: RangeInclusive<usize>,
) -> impl Iterator<Item = Range<usize>> {
	let mut first = 0;
	std::iter::from_fn(move || {
		let left = count - first;
		let end = first + left.div_ceil(share).clamp(*length.start(), *length.end()).min(left);
		let range = first..end;
		first = end;
		(!range.is_empty()).then_some(range)
	})
}
