//! Operands of a matrix product as strided views, and their copies in the order that the innermost
//! loop reads.

#![allow(unsafe_code, reason = "bounds are checked once per panel")]

use std::ops::Range;

use super::tile::Strip;
use super::vector::Vector;
use super::Strided;

/// Side of the squares in which rows are turned into columns: loads and stores stay contiguous.
const SQUARE: usize = 8;

/// Terms between the one that is copied and the one that is prefetched. A processor does so by itself where it sees
/// neighbouring lines, of which a few panels have too few.
const AHEAD: usize = 8;

/// Panels that are filled side by side.
pub(super) const GROUP: usize = 8;

/// A matrix of `lanes × k` elements inside a slice of words.
#[derive(Clone, Copy)]
pub(crate) struct View<'a> {
	/// The words.
	pub data: &'a [u32],
	/// Rows of `A`, columns of `B`.
	pub lanes: usize,
	/// Distance between neighbouring lanes.
	pub lane_stride: usize,
	/// Distance between neighbouring `k`.
	pub k_stride: usize,
}

impl<'a> View<'a> {
	/// `matrix`, of whose rows or of whose columns each is a lane.
	pub(crate) fn new(matrix: Strided<'a>, lanes: usize, rows_are_lanes: bool) -> Self {
		let Strided { words: data, stride } = matrix;
		let (lane_stride, k_stride) = match (rows_are_lanes, stride) {
			// Rows of one word: a single term, whose lanes are neighbours.
			(true, 1) => (1, lanes),
			(true, _) => (stride, 1),
			(false, _) => (1, stride),
		};
		Self { data, lanes, lane_stride, k_stride }
	}

	/// The lanes from `lane` on, from term `k` on, where they lie.
	#[inline(always)]
	pub(super) fn strip(&self, lane: usize, k: usize) -> Strip<'a> {
		let words = &self.data[lane * self.lane_stride + k * self.k_stride..];
		Strip { words, lane_stride: self.lane_stride, k_stride: self.k_stride }
	}

	/// Copies lanes from `first` on, terms in `range`, into `panels`: one after the other, each with
	/// `WIDTH` words for each term. Lanes beyond the matrix are `+0`; they only feed results that are
	/// thrown away.
	#[inline(always)]
	pub(super) fn pack<V: Vector, const WIDTH: usize>(
		&self,
		first: usize,
		range: Range<usize>,
		panels: &mut [[u32; WIDTH]],
	) {
		let terms = range.len();
		let from = first * self.lane_stride + range.start * self.k_stride;
		let words = &self.data[from..];
		let lanes = self.lanes - first;
		if self.lane_stride == 1 {
			copy::<V, WIDTH>(words, self.k_stride, lanes, terms, panels);
			return;
		}
		for (index, panel) in panels.chunks_exact_mut(terms).enumerate() {
			let (mut lane, until) = (index * WIDTH, lanes.min((index + 1) * WIDTH));
			if until - lane < WIDTH {
				panel.fill([0; WIDTH]);
			}
			while lane < until {
				let words = &words[lane * self.lane_stride..];
				if lane + SQUARE <= until {
					turn::<V, WIDTH>(words, self.lane_stride, lane % WIDTH, panel);
					lane += SQUARE;
				} else {
					for (entry, word) in panel.iter_mut().zip(words) {
						entry[lane % WIDTH] = *word;
					}
					lane += 1;
				}
			}
		}
	}
}

/// Copies the first `lanes` words of each `stride` into entries of `panels`, each of which has `terms`.
///
/// Panels are filled side by side, so that more than a scrap is read of each row.
#[inline(always)]
fn copy<V: Vector, const WIDTH: usize>(
	words: &[u32],
	stride: usize,
	lanes: usize,
	terms: usize,
	panels: &mut [[u32; WIDTH]],
) {
	let width = panels.len() / terms * WIDTH;
	for (k, words) in words.chunks(stride).take(terms).enumerate() {
		// SAFETY: this is inlined into code compiled for the level of `V`.
		unsafe { V::prefetch(words.as_ptr().wrapping_add(AHEAD * stride), width) };
		let words = &words[..lanes.min(words.len())];
		for (entry, words) in panels[k..].iter_mut().step_by(terms).zip(words.chunks(WIDTH)) {
			// A copy of unknown length would be a call.
			match words.first_chunk() {
				Some(words) => *entry = *words,
				None => {
					*entry = [0; WIDTH];
					entry.iter_mut().zip(words).for_each(|(to, word)| *to = *word);
				},
			}
		}
	}
}

/// Copies [`SQUARE`] rows of `words`, `stride` apart, to lanes of `panel` from `lane` on.
#[inline(always)]
fn turn<V: Vector, const WIDTH: usize>(
	words: &[u32],
	stride: usize,
	lane: usize,
	panel: &mut [[u32; WIDTH]],
) {
	let terms = panel.len();
	assert!(lane + SQUARE <= WIDTH && (SQUARE - 1) * stride + terms <= words.len());
	let whole = terms - terms % SQUARE;
	for k in (0..whole).step_by(SQUARE) {
		// SAFETY: this is inlined into code compiled for the level of `V`. The last word that is read is
		// that of the last row and of term `k + 7 < terms`; the last one written is in entry `k + 7`.
		unsafe {
			let to = panel.as_mut_ptr().add(k).cast::<u32>().add(lane);
			V::turn(words.as_ptr().add(k), stride, to, WIDTH);
		}
	}
	for (k, entry) in panel.iter_mut().enumerate().skip(whole) {
		for (i, to) in entry[lane..lane + SQUARE].iter_mut().enumerate() {
			*to = words[i * stride + k];
		}
	}
}
