//! Sums and maxima over rows and columns.

use std::hint::black_box;

use assay_ops::{K_BLOCK, ROW_BLOCK};

use crate::level::{Fused, Level, Task};
use crate::scalar::{add_to, canonical_word, key, of_key};
use crate::team::Team;
use crate::value::Value;

const LANES: usize = 32;
const BLOCK: usize = ROW_BLOCK as usize;

/// Blocks of a long row that make a piece of work.
const BLOCKS_PER_PIECE: usize = 16;

/// Which of the reductions of rows.
#[derive(Clone, Copy)]
pub(crate) enum Reduction {
	/// RSUM32 of each block, blocks folded left to right.
	Sum,
	/// Greatest.
	Max,
}

impl Reduction {
	/// Reduces each row of `a` to a word.
	pub(crate) fn run(self, level: Level, team: &Team, a: &Value<'_>, out: &mut [u32]) {
		let (cols, blocks) = (a.cols, a.cols.div_ceil(BLOCK));
		if a.rows < team.threads() && blocks >= 2 * BLOCKS_PER_PIECE {
			a.words
				.chunks_exact(cols)
				.zip(out)
				.for_each(|(row, out)| *out = self.long(level, team, row, blocks));
			return;
		}
		let piece = Team::rows_per_piece(cols);
		team.pieces(out, piece, |index, out| {
			let values = &a.words[index * piece * cols..][..out.len() * cols];
			level.run(Rows { reduction: self, values, cols, out });
		});
	}

	/// A row that is longer than there are rows to divide: threads take blocks, which are separate by
	/// definition, and only their fold is ordered.
	fn long(self, level: Level, team: &Team, row: &[u32], blocks: usize) -> u32 {
		let mut partials = vec![0; blocks];
		team.pieces(&mut partials, BLOCKS_PER_PIECE, |index, out| {
			let values = &row[index * BLOCKS_PER_PIECE * BLOCK..];
			level.run(Rows { reduction: self, values, cols: BLOCK, out });
		});
		match self {
			Self::Sum => {
				let (first, rest) = partials.split_at(1);
				let mut sum = first[0];
				rest.iter().for_each(|block| add_to(&mut sum, *block));
				canonical_word(sum)
			},
			Self::Max => maximum(&partials),
		}
	}
}

/// One of them on some rows: one word of `out` per row of `values`.
struct Rows<'a> {
	/// Which operation.
	reduction: Reduction,
	/// The rows, of which the last may be shorter.
	values: &'a [u32],
	/// Words in a row.
	cols: usize,
	/// One word per row.
	out: &'a mut [u32],
}

impl Task for Rows<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let rows = self.out.iter_mut().zip(self.values.chunks(self.cols));
		match self.reduction {
			Reduction::Sum => {
				for (out, row) in rows {
					*out = sum(row);
				}
			},
			Reduction::Max => {
				for (out, row) in rows {
					*out = maximum(row);
				}
			},
		}
	}
}

/// The greatest word, canonical: the total order does not ask for an order of comparing.
#[inline(always)]
fn maximum(row: &[u32]) -> u32 {
	let (whole, rest) = row.as_chunks::<LANES>();
	let mut lanes = [i32::MIN; LANES];
	for (lane, word) in lanes.iter_mut().zip(rest) {
		*lane = key(*word);
	}
	let mut greatest = [i32::MIN; LANES];
	for words in whole {
		for i in 0..LANES {
			greatest[i] = greatest[i].max(key(words[i]));
		}
	}
	let mut best = i32::MIN;
	for i in 0..LANES {
		best = best.max(greatest[i].max(lanes[i]));
	}
	of_key(best)
}

/// The sum of a row.
#[inline(always)]
fn sum(row: &[u32]) -> u32 {
	let (first, rest) = row.split_at(row.len().min(BLOCK));
	let mut sum = rsum32(first);
	for block in rest.chunks(BLOCK) {
		add_to(&mut sum, rsum32(block));
	}
	canonical_word(sum)
}

/// RSUM32, not yet canonical.
#[inline(always)]
fn rsum32(words: &[u32]) -> u32 {
	let (whole, rest) = words.as_chunks::<LANES>();
	// Lanes that the rest does not reach get `+0`, which changes nothing: a sum that began with `+0` is
	// never `−0`.
	let mut last = [0; LANES];
	for (last, word) in last.iter_mut().zip(rest) {
		*last = *word;
	}
	let mut lanes = [0.0; LANES];
	for words in whole {
		add_lanes(&mut lanes, words);
	}
	add_lanes(&mut lanes, &last);
	// Otherwise the compiler lays out the registers of the loop as the halving would like them, and the
	// loop becomes half as fast.
	let lanes = black_box(lanes);
	let quarter = half::<16, 8>(half::<32, 16>(lanes));
	let [sum] = half::<2, 1>(half::<4, 2>(half::<8, 4>(quarter)));
	sum.to_bits()
}

#[inline(always)]
fn add_lanes(lanes: &mut [f32; LANES], words: &[u32; LANES]) {
	for i in 0..LANES {
		lanes[i] += f32::from_bits(words[i]);
	}
}

/// Adds the upper half of the lanes to the lower.
#[inline(always)]
fn half<const N: usize, const HALF: usize>(lanes: [f32; N]) -> [f32; HALF] {
	let mut sums = [0.0; HALF];
	for i in 0..HALF {
		sums[i] = lanes[i] + lanes[i + HALF];
	}
	sums
}

/// Rows in a block of a column sum.
const COL_BLOCK: usize = K_BLOCK as usize;

/// Columns that make a piece of work where there is a single block.
const COLS_PER_PIECE: usize = 512;

/// Sums each column of `a`.
pub(crate) fn col_sum(level: Level, team: &Team, a: &Value<'_>, out: &mut [u32]) {
	let (rows, cols) = (a.rows, a.cols);
	if rows <= COL_BLOCK {
		team.pieces(out, COLS_PER_PIECE, |index, out| {
			let values = &a.words[index * COLS_PER_PIECE..];
			level.run(ColBlock { values, stride: cols, out });
		});
		return;
	}
	let mut partials = vec![0; rows.div_ceil(COL_BLOCK) * cols];
	let (block, blocks) = (COL_BLOCK * cols, Team::rows_per_piece(COL_BLOCK * cols));
	team.pieces(&mut partials, blocks * cols, |index, out| {
		let values = a.words[index * blocks * block..].chunks(block);
		for (values, out) in values.zip(out.chunks_exact_mut(cols)) {
			level.run(ColBlock { values, stride: cols, out });
		}
	});
	crate::matmul::fold(level, (&partials, cols), false, out);
}

/// Sums of some columns of at most [`COL_BLOCK`] rows, from `+0`, rows ascending.
struct ColBlock<'a> {
	/// Rows, from the first of the columns on; the last may end after the last of them.
	values: &'a [u32],
	/// Words from one row to the next.
	stride: usize,
	/// One word per column.
	out: &'a mut [u32],
}

impl Task for ColBlock<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		match self.out.len() {
			1 => self.narrow::<1>(),
			2 => self.narrow::<2>(),
			3 => self.narrow::<3>(),
			4 => self.narrow::<4>(),
			5 => self.narrow::<5>(),
			6 => self.narrow::<6>(),
			7 => self.narrow::<7>(),
			8 => self.narrow::<8>(),
			_ => self.wide(),
		}
	}
}

impl ColBlock<'_> {
	/// A few columns, whose sums stay in registers.
	#[inline(always)]
	fn narrow<const N: usize>(self) {
		let mut sums = [0; N];
		for row in self.values.chunks(self.stride) {
			if let Some(row) = row.first_chunk::<N>() {
				for i in 0..N {
					add_to(&mut sums[i], row[i]);
				}
			}
		}
		for (out, sum) in self.out.iter_mut().zip(sums) {
			*out = canonical_word(sum);
		}
	}

	#[inline(always)]
	fn wide(self) {
		self.out.fill(0);
		for row in self.values.chunks(self.stride) {
			for (sum, word) in self.out.iter_mut().zip(row) {
				add_to(sum, *word);
			}
		}
		for word in self.out {
			*word = canonical_word(*word);
		}
	}
}
