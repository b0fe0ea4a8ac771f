//! Operations between values and indices or labels.

use std::iter;

use assay_ops::{CANONICAL_NAN, K_BLOCK};

use crate::level::{Fused, Level, Task};
use crate::scalar::{add_to, canonical_word};
use crate::team::Team;
use crate::value::Value;

/// Writes the row of `table` that each index names into a row of `out`, NaN where there is none.
pub(crate) fn gather(
	level: Level,
	team: &Team,
	table: &Value<'_>,
	indices: &[u32],
	out: &mut [u32],
) {
	let (table, cols) = (table.words, table.cols);
	let piece = Team::rows_per_piece(cols);
	team.pieces(out, piece * cols, |index, out| {
		level.run(Gather { table, indices: &indices[index * piece..], cols, out });
	});
}

struct Gather<'a> {
	table: &'a [u32],
	/// One for each row of `out`, or more.
	indices: &'a [u32],
	cols: usize,
	out: &'a mut [u32],
}

impl Task for Gather<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let Self { table, indices, cols, out } = self;
		for (out, index) in out.chunks_exact_mut(cols).zip(indices) {
			match row(table, *index, cols) {
				Some(row) => {
					for (out, word) in out.iter_mut().zip(row) {
						*out = canonical_word(*word);
					}
				},
				None => out.fill(CANONICAL_NAN),
			}
		}
	}
}

#[inline(always)]
fn row(words: &[u32], index: u32, cols: usize) -> Option<&[u32]> {
	let from = (index as usize).checked_mul(cols)?;
	words.get(from..from.checked_add(cols)?)
}

/// Sums the rows of `gradient` that have the same index into the row of `out` that it names.
///
/// Threads take rows of the result. Each of them finds its terms in a list, in ascending order, and
/// sums those of a block of positions before they are folded. Blocks without a term are skipped: their
/// sum is `+0`, and to add `+0` changes nothing but `−0`, which no sum that began with `+0` can be,
/// because rounding to nearest gives `−0` only for `−0 + −0`.
pub(crate) fn scatter_add(
	level: Level,
	team: &Team,
	indices: &[u32],
	gradient: &Value<'_>,
	out: &mut [u32],
) {
	let cols = gradient.cols;
	let rows = out.len() / cols;
	let lists = Lists::new(indices, rows);
	let work = cols.saturating_mul(1 + indices.len() / rows);
	let piece = Team::rows_per_piece(work).min(rows.div_ceil(team.threads() * 4));
	team.pieces(out, piece * cols, |index, out| {
		level.run(ScatterAdd {
			lists: &lists,
			gradient: gradient.words,
			cols,
			first: index * piece,
			out,
		});
	});
}

/// The positions of each index, ascending.
struct Lists {
	/// Where the list of each index begins in `positions`, and where the last one ends.
	bounds: Vec<usize>,
	positions: Vec<u32>,
}

impl Lists {
	/// Sorts the positions of the indices below `count`, by counting.
	fn new(indices: &[u32], count: usize) -> Self {
		let known = || {
			let all = (0..).zip(indices);
			all.filter(|(_, index)| (**index as usize) < count)
		};
		let mut bounds = vec![0; count + 1];
		known().for_each(|(_, index)| bounds[*index as usize + 1] += 1);
		let mut total = 0;
		for bound in &mut bounds {
			total += *bound;
			*bound = total;
		}
		let mut ends = bounds.clone();
		let mut positions = vec![0; total];
		for (position, index) in known() {
			let end = &mut ends[*index as usize];
			positions[*end] = position;
			*end += 1;
		}
		Self { bounds, positions }
	}

	fn of(&self, index: usize) -> &[u32] {
		&self.positions[self.bounds[index]..self.bounds[index + 1]]
	}
}

struct ScatterAdd<'a> {
	lists: &'a Lists,
	gradient: &'a [u32],
	cols: usize,
	/// First of the rows of the result.
	first: usize,
	out: &'a mut [u32],
}

impl Task for ScatterAdd<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let mut block_sums = vec![0; self.cols];
		for (index, out) in (self.first..).zip(self.out.chunks_exact_mut(self.cols)) {
			let mut blocks = self.lists.of(index).chunk_by(|a, b| a / K_BLOCK == b / K_BLOCK);
			// Nothing precedes the first block: it is the sum so far.
			let Some(first) = blocks.next() else {
				out.fill(0);
				continue;
			};
			sum_rows(self.gradient, first, out);
			for block in blocks {
				sum_rows(self.gradient, block, &mut block_sums);
				add_row(out, &block_sums);
			}
			for word in out {
				*word = canonical_word(*word);
			}
		}
	}
}

/// The sums of the columns of some rows, added in order to `+0`.
#[inline(always)]
fn sum_rows(words: &[u32], positions: &[u32], sums: &mut [u32]) {
	let cols = sums.len();
	let mut rows = positions.iter().filter_map(|position| row(words, *position, cols));
	for (sum, term) in sums.iter_mut().zip(rows.next().unwrap_or_default()) {
		*sum = 0;
		add_to(sum, *term);
	}
	for row in rows {
		add_row(sums, row);
	}
}

#[inline(always)]
fn add_row(sums: &mut [u32], row: &[u32]) {
	for (sum, term) in sums.iter_mut().zip(row) {
		add_to(sum, *term);
	}
}

/// Writes the labelled word of each row of `a`, NaN where there is none.
pub(crate) fn pick(team: &Team, a: &Value<'_>, labels: &[u32], out: &mut [u32]) {
	let piece = Team::rows_per_piece(1);
	team.pieces(out, piece, |index, out| {
		let first = index * piece;
		let rows = a.words[first * a.cols..].chunks_exact(a.cols);
		for ((out, row), label) in out.iter_mut().zip(rows).zip(&labels[first..]) {
			let picked = row.get(*label as usize).copied().unwrap_or(CANONICAL_NAN);
			*out = canonical_word(picked);
		}
	});
}

/// Writes 1 in the labelled column of each row of `out`, `+0` elsewhere.
pub(crate) fn one_hot(team: &Team, labels: &[u32], cols: usize, out: &mut [u32]) {
	let piece = Team::rows_per_piece(cols);
	team.pieces(out, piece * cols, |index, out| {
		out.fill(0);
		for (row, label) in out.chunks_exact_mut(cols).zip(&labels[index * piece..]) {
			if let Some(word) = row.get_mut(*label as usize) {
				*word = 1.0_f32.to_bits();
			}
		}
	});
}

/// Writes `first`, `first + stride` and so on.
pub(crate) fn iota(first: u32, stride: u32, out: &mut [u32]) {
	let values = iter::successors(Some(first), |value| Some(value.wrapping_add(stride)));
	out.iter_mut().zip(values).for_each(|(out, value)| *out = value);
}
