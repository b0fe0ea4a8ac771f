use std::ops::Range;

use assay_ops::soft;

use super::{split::shrinking, MatMul, Strided, BLOCK};
use crate::level::Level;
use crate::scalar::canonical_word;
use crate::team::Team;

/// Rows and columns, the distance between rows, and the words.
struct Matrix {
	rows: usize,
	stride: usize,
	words: Vec<u32>,
}

impl Matrix {
	/// Numbers between −½ and ½ with a NaN and an infinity here and there; `extra` words follow each
	/// row but the last.
	fn new(rows: usize, cols: usize, extra: usize, seed: u32) -> Self {
		let stride = cols + extra;
		let word = |i: u32| match (i ^ seed).wrapping_mul(0x9E37_79B1) >> 8 {
			hash if hash % 509 == 0 => 0x7F80_0001,
			hash if hash % 499 == 0 => 0xFF80_0000,
			hash => (hash as f32 / 16_777_216.0 - 0.5).to_bits(),
		};
		let words = (0..((rows - 1) * stride + cols) as u32).map(word).collect();
		Self { rows, stride, words }
	}

	fn at(&self, row: usize, col: usize, transposed: bool) -> u32 {
		let (row, col) = if transposed { (col, row) } else { (row, col) };
		assert!(row < self.rows);
		self.words[row * self.stride + col]
	}

	fn strided(&self) -> Strided<'_> {
		Strided { words: &self.words, stride: self.stride }
	}
}

/// One result, term by term.
fn chain(k: usize, terms: impl Fn(usize) -> (u32, u32)) -> u32 {
	let block = |start: usize| {
		(start..k.min(start + BLOCK)).fold(0, |acc, k| soft::fma(terms(k).0, terms(k).1, acc))
	};
	let sum = (0..k).step_by(BLOCK).map(block).reduce(soft::add);
	canonical_word(sum.expect("there are terms"))
}

fn check(m: usize, k: usize, n: usize, transpose_a: bool, transpose_b: bool) {
	let (a_rows, a_cols) = if transpose_a { (k, m) } else { (m, k) };
	let (b_rows, b_cols) = if transpose_b { (n, k) } else { (k, n) };
	let a = Matrix::new(a_rows, a_cols, 5, 1);
	let b = Matrix::new(b_rows, b_cols, 3, 2);
	let (a_strided, b_strided) = (a.strided(), b.strided());
	let product = MatMul { a: a_strided, b: b_strided, m, k, n, transpose_a, transpose_b };
	let stride = n + 7;
	for level in Level::available() {
		let mut out = vec![0xDEAD_BEEF; (m - 1) * stride + n];
		product.run_strided(level, &mut out, stride);
		for (i, row) in out.chunks(stride).enumerate() {
			let (row, gap) = row.split_at(n);
			for (j, word) in row.iter().enumerate() {
				let terms = |k| (a.at(i, k, transpose_a), b.at(k, j, transpose_b));
				assert_eq!(*word, chain(k, terms), "{level:?} {m}x{k}x{n} at {i}, {j}");
			}
			assert!(gap.iter().all(|word| *word == 0xDEAD_BEEF), "{level:?} writes between rows");
		}
	}
}

#[test]
fn product_should_equal_chains_when_operands_are_strided() {
	let shapes = [
		(1, 1, 1),
		(3, 1, 5),
		(6, 9, 16),
		(13, 70, 31),
		(29, 33, 9),
		(40, 600, 3),
		(17, 1030, 35),
		(37, 5, 150),
	];
	for (m, k, n) in shapes {
		for (transpose_a, transpose_b) in
			[(false, false), (true, false), (false, true), (true, true)]
		{
			check(m, k, n, transpose_a, transpose_b);
		}
	}
}

#[test]
fn rows_should_be_copied_side_by_side_when_there_are_many_panels() {
	// More panels than are filled at a time, of both operands, and a last one that is not whole.
	check(59, 130, 145, true, false);
	check(59, 130, 145, false, true);
}

#[test]
fn columns_should_be_taken_in_stripes_when_there_are_few_rows() {
	// More than a stripe of the widest tiles, a last one that is not whole, and two blocks. The rows are read where they
	// lie, and copied.
	check(26, 530, 300, false, true);
	check(26, 530, 300, true, false);
}

#[test]
fn blocks_should_be_folded_in_order_when_there_are_more_than_are_held_at_a_time() {
	let (m, k, n) = (66, 70 * BLOCK + 9, 140);
	let finite = |word: u32| if f32::from_bits(word).is_finite() { word } else { 0x3E80_0000 };
	let [mut a, mut b] = [Matrix::new(k, m, 0, 1), Matrix::new(k, n, 0, 2)];
	for matrix in [&mut a, &mut b] {
		matrix.words.iter_mut().for_each(|word| *word = finite(*word));
	}
	let (a_strided, b_strided) = (a.strided(), b.strided());
	let product =
		MatMul { a: a_strided, b: b_strided, m, k, n, transpose_a: true, transpose_b: false };
	for threads in [1, 2, 3] {
		let team = Team::new(threads).expect("threads can be started");
		for level in Level::available() {
			let mut out = vec![0xDEAD_BEEF; m * n];
			product.run(level, &team, &mut out);
			for (i, j) in [(0, 0), (0, 139), (31, 64), (65, 0), (65, 139)] {
				let terms = |k| (a.at(i, k, true), b.at(k, j, false));
				assert_eq!(
					out[i * n + j],
					chain(k, terms),
					"{level:?}, {threads} threads, {i}, {j}"
				);
			}
		}
	}
}

#[test]
fn ranges_should_be_all_numbers_once_when_they_get_smaller() {
	for (count, share, length) in
		[(0, 2, 1..=9), (1, 4, 2..=9), (86, 12, 2..=usize::MAX), (100, 1, 2..=8), (7, 9, 7..=7)]
	{
		let ranges: Vec<_> = shrinking(count, share, length.clone()).collect();
		assert!(ranges.iter().cloned().flatten().eq(0..count), "{ranges:?}");
		assert!(ranges.is_sorted_by(|one, next| one.len() >= next.len()), "{ranges:?}");
		let lengths = ranges.iter().rev().skip(1).map(Range::len);
		assert!(lengths.into_iter().all(|len| length.contains(&len)), "{ranges:?}");
	}
	let lengths = shrinking(20, 4, 2..=9).map(|range| range.len());
	assert!(lengths.eq([5, 4, 3, 2, 2, 2, 2]));
}
