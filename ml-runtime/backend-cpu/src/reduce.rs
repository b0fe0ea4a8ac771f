//! Sums and maxima over rows and columns, and the two operations between values and labels.

use assay_ops::{CANONICAL_NAN, K_BLOCK};

use crate::level::{Fused, Task};
use crate::scalar::{add_to, canonical_word, greater};

const LANES: usize = 32;
const RSUM_BLOCK: usize = 4096;

/// Which of the operations that go along rows.
#[derive(Clone, Copy)]
pub(crate) enum AlongRow<'a> {
	/// RSUM32 of the row.
	Sum,
	/// Greatest of the row.
	Max,
	/// The labelled word of the row; one label per row of the piece.
	Pick(&'a [u32]),
}

/// One of them on some rows: one word of `out` per row of `values`.
pub(crate) struct Rows<'a> {
	/// Which operation.
	pub along: AlongRow<'a>,
	/// Whole rows.
	pub values: &'a [u32],
	/// Words in a row.
	pub cols: usize,
	/// One word per row.
	pub out: &'a mut [u32],
}

impl Task for Rows<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let rows = self.out.iter_mut().zip(self.values.chunks_exact(self.cols));
		match self.along {
			AlongRow::Sum => rows.for_each(|(out, row)| *out = canonical_word(sum(row))),
			AlongRow::Max => rows.for_each(|(out, row)| *out = maximum(row)),
			AlongRow::Pick(labels) => rows.zip(labels).for_each(|((out, row), label)| {
				let picked = row.get(*label as usize).copied().unwrap_or(CANONICAL_NAN);
				*out = canonical_word(picked);
			}),
		}
	}
}

#[inline(always)]
fn maximum(row: &[u32]) -> u32 {
	let mut best = row[0];
	for word in row {
		best = greater(best, *word);
	}
	canonical_word(best)
}

/// RSUM32, not yet canonical.
#[inline(always)]
fn sum(row: &[u32]) -> u32 {
	if row.len() <= RSUM_BLOCK {
		return sum_block(row);
	}
	let mut sums: Vec<u32> = row.chunks(RSUM_BLOCK).map(sum_block).collect();
	while sums.len() > RSUM_BLOCK {
		sums = sums.chunks(RSUM_BLOCK).map(sum_block).collect();
	}
	sum_block(&sums)
}

#[inline(always)]
fn sum_block(words: &[u32]) -> u32 {
	let mut lanes = [0_u32; LANES];
	for words in words.chunks(LANES) {
		lanes.iter_mut().zip(words).for_each(|(lane, word)| add_to(lane, *word));
	}
	for half in [16, 8, 4, 2, 1] {
		let (low, high) = lanes.split_at_mut(half);
		low.iter_mut().zip(high).for_each(|(low, high)| add_to(low, *high));
	}
	lanes[0]
}

/// Sums of the columns of at most [`K_BLOCK`] rows, from `+0`, rows ascending.
pub(crate) struct ColBlock<'a> {
	/// Whole rows.
	pub values: &'a [u32],
	/// One word per column.
	pub out: &'a mut [u32],
}

impl ColBlock<'_> {
	/// Rows in a block.
	pub(crate) const ROWS: usize = K_BLOCK as usize;
}

impl Task for ColBlock<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		self.out.fill(0);
		for row in self.values.chunks_exact(self.out.len()) {
			self.out.iter_mut().zip(row).for_each(|(sum, word)| add_to(sum, *word));
		}
		self.out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}
}

/// Writes 1 in the labelled column of each row of `out`, `+0` elsewhere.
pub(crate) fn one_hot(labels: &[u32], cols: usize, out: &mut [u32]) {
	out.fill(0);
	for (row, label) in out.chunks_exact_mut(cols).zip(labels) {
		if let Some(word) = row.get_mut(*label as usize) {
			*word = 1.0_f32.to_bits();
		}
	}
}
