//! Products of many heads.

use assay_ops::{
	BatchMatMul,
	HeadLayout::{self, Interleaved, Stacked},
	Op,
};

use crate::check_op;

/// Rows and columns of a value that holds the matrices, each stored as it is or transposed.
fn stored(
	layout: HeadLayout,
	(batch, heads): (u32, u16),
	(rows, cols): (u32, u32),
	transposed: bool,
) -> (u32, u32) {
	let (rows, cols) = if transposed { (cols, rows) } else { (rows, cols) };
	match layout {
		Stacked => (batch * u32::from(heads) * rows, cols),
		Interleaved => (batch * rows, u32::from(heads) * cols),
	}
}

/// Checks all layouts of operands and result, transposed and not.
fn check_batch((batch, heads): (u32, u16), (m, k, n): (u32, u32, u32), seed: u64) {
	for choice in 0..32_u32 {
		let is = |bit: u32| choice >> bit & 1 == 1;
		let layout = |bit| if is(bit) { Interleaved } else { Stacked };
		let (transpose_a, transpose_b) = (is(0), is(1));
		let (a, b, out) = (layout(2), layout(3), layout(4));
		let op = Op::BatchMatMul(BatchMatMul { batch, heads, transpose_a, transpose_b, a, b, out });
		let a = stored(a, (batch, heads), (m, k), transpose_a);
		let b = stored(b, (batch, heads), (k, n), transpose_b);
		check_op(op, &[a, b], seed);
	}
}

#[test]
fn heads_should_equal_reference_when_shapes_are_small() {
	check_batch((1, 1), (1, 1, 1), 1);
	check_batch((2, 3), (5, 7, 3), 2);
	check_batch((1, 4), (33, 16, 40), 3);
	check_batch((7, 1), (12, 9, 2), 4);
}

#[test]
fn heads_should_equal_reference_when_terms_fill_several_blocks() {
	check_batch((1, 2), (30, 1030, 9), 1);
}

#[test]
fn heads_should_equal_reference_when_one_band_is_divided() {
	check_batch((1, 2), (260, 8, 20), 1);
}
