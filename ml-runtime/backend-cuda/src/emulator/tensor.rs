//! The integer tensor core: `mma.sync.aligned.m16n8k32.row.col.s32.s8.s8.s32`.
//!
//! A warp multiplies `A` (16 x 32) by `B` (32 x 8), both signed 8-bit integers, and adds `C` (16 x 8, 32
//! bits). Each thread holds a part of each, its *fragment*. The PTX ISA ("Matrix Fragments for
//! mma.m16n8k32") says which: with `group = lane / 4` and `member = lane % 4`,
//!
//! - `A`: four registers, the 8-bit elements `i = 0..16` from the lowest byte of the first register on, at
//!   row `group` for `i` in `0..4` and `8..12`, else `group + 8`; column `member * 4 + i % 4`, and 16 more
//!   for `i >= 8`.
//! - `B`: two registers, elements `i = 0..8`, at row `member * 4 + i % 4`, and 16 more for `i >= 4`; column
//!   `group`.
//! - `C` and the result: four registers, at row `group` for `i < 2`, else `group + 8`; column
//!   `member * 2 + i % 2`.
//!
//! Without `.satfinite` sums wrap.

use super::warp::WARP;

const ROWS: usize = 16;
const COLS: usize = 8;
const TERMS: usize = 32;

/// Row and column of byte `i` of a fragment of `A`.
const fn place_in_a(lane: usize, i: usize) -> (usize, usize) {
	(lane / 4 + i / 4 % 2 * 8, lane % 4 * 4 + i % 4 + i / 8 * 16)
}

/// Row and column of byte `i` of a fragment of `B`.
const fn place_in_b(lane: usize, i: usize) -> (usize, usize) {
	(lane % 4 * 4 + i % 4 + i / 4 * 16, lane / 4)
}

/// Row and column of register `i` of a fragment of `C` or of the result.
const fn place_in_c(lane: usize, i: usize) -> (usize, usize) {
	(lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2)
}

/// The bytes of a fragment as numbers.
fn bytes<const N: usize>(fragment: &[u32; N]) -> impl Iterator<Item = i32> + '_ {
	fragment.iter().flat_map(|word| word.to_le_bytes()).map(|byte| i32::from(byte.cast_signed()))
}

/// The fragments of `A B + C`, from those of all threads.
pub(super) fn multiply(
	a: &[[u32; 4]; WARP],
	b: &[[u32; 2]; WARP],
	c: &[[u32; 4]; WARP],
) -> [[u32; 4]; WARP] {
	let (mut rows, mut cols) = ([[0; TERMS]; ROWS], [[0; TERMS]; COLS]);
	for (lane, (a, b)) in a.iter().zip(b).enumerate() {
		for (i, value) in bytes(a).enumerate() {
			let (row, term) = place_in_a(lane, i);
			rows[row][term] = value;
		}
		for (i, value) in bytes(b).enumerate() {
			let (term, col) = place_in_b(lane, i);
			cols[col][term] = value;
		}
	}
	let mut result = *c;
	for (lane, sums) in result.iter_mut().enumerate() {
		for (i, sum) in sums.iter_mut().enumerate() {
			let (row, col) = place_in_c(lane, i);
			let product: i32 = rows[row].iter().zip(&cols[col]).map(|(a, b)| a * b).sum();
			*sum = sum.wrapping_add(product.cast_unsigned());
		}
	}
	result
}
