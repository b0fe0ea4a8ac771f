//! Operations that treat words by the column in which they stand.

use crate::level::{Fused, Level, Task};
use crate::scalar::{canonical, canonical_word};
use crate::team::Team;
use crate::value::Value;

/// Which of them.
#[derive(Clone, Copy)]
pub(crate) enum ByColumn {
	/// In each of the squares that are stacked, words right of the diagonal become this one.
	Causal(u32),
	/// The halves of each run of so many columns change places, and the one that comes first is negated.
	RotateHalf(usize),
}

impl ByColumn {
	/// Computes it for every row of `a`.
	pub(crate) fn run(self, level: Level, team: &Team, a: &Value<'_>, out: &mut [u32]) {
		let (cols, piece) = (a.cols, Team::rows_per_piece(a.cols));
		team.pieces(out, piece * cols, |index, out| {
			let first = index * piece;
			let values = &a.words[first * cols..][..out.len()];
			level.run(Rows { by: self, values, cols, first, out });
		});
	}
}

struct Rows<'a> {
	by: ByColumn,
	values: &'a [u32],
	cols: usize,
	/// Number of the first row.
	first: usize,
	out: &'a mut [u32],
}

impl Task for Rows<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		match self.by {
			ByColumn::Causal(bits) => self.causal(canonical_word(bits)),
			ByColumn::RotateHalf(width) => self.rotate_half(width),
		}
	}
}

impl Rows<'_> {
	#[inline(always)]
	fn causal(self, hidden: u32) {
		let cols = self.cols;
		let rows = self.out.chunks_exact_mut(cols).zip(self.values.chunks_exact(cols));
		for (row, (out, values)) in (self.first..).zip(rows) {
			let (seen, rest) = out.split_at_mut(row % cols + 1);
			for (out, word) in seen.iter_mut().zip(values) {
				*out = canonical_word(*word);
			}
			rest.fill(hidden);
		}
	}

	#[inline(always)]
	fn rotate_half(self, width: usize) {
		let runs = self.out.chunks_exact_mut(width).zip(self.values.chunks_exact(width));
		for (out, values) in runs {
			let (low, high) = values.split_at(width / 2);
			let (first, second) = out.split_at_mut(width / 2);
			for (out, word) in first.iter_mut().zip(high) {
				*out = canonical(-f32::from_bits(*word));
			}
			for (out, word) in second.iter_mut().zip(low) {
				*out = canonical_word(*word);
			}
		}
	}
}
