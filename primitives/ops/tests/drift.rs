//! Where implementations drift apart: vectors that others got wrong, and what kernels like to add.

mod common;

use assay_ops::{eval, soft, Op, K_BLOCK, ROW_BLOCK};
use common::program::{bits, context, float, spec, Matrices};

const NEG_ZERO: u32 = 0x8000_0000;

#[test]
fn fma_should_round_once_where_libm_and_musl_round_twice() {
	// rust-lang/compiler-builtins#1262.
	assert_eq!(soft::fma(0x9700_0800, 0x1CFF_F001, 0x0001_0002), 0x0001_0001);
}

#[test]
fn product_should_keep_negative_zero_when_k_is_no_multiple_of_a_tile() {
	// −2^−80 · 2^−80 is rounded to −0, and one term 0 · 0 more would make it +0.
	for (k, expected) in [(1, NEG_ZERO), (2, NEG_ZERO), (33, NEG_ZERO)] {
		let (a, b) = (vec![0x9780_0000; k], vec![0x1780_0000; k]);
		let (left, right) = (float(1, k as u32), float(k as u32, 1));
		let spec = spec(Op::MatMul { transpose_a: false, transpose_b: false }, &[left, right]);
		let matrices = Matrices {
			columns: vec![left.cols, 1],
			words: vec![&a, &b],
			data: &[],
			record_size: 0,
		};
		let tile = eval::tile(&spec, &context(1, 1, 0), &matrices, 0).unwrap();
		let element = eval::element(&spec, &context(1, 1, 0), &matrices, 0, 0);
		assert_eq!((tile[0], element), (expected, Ok(expected)), "k {k}");
	}
}

#[test]
fn long_reduction_should_fold_left_to_right_when_it_has_three_blocks() {
	// The blocks are 2^24, 1 and 1. From the left each 1 is lost in the rounding; from the right they are 2 by then.
	let product = Op::MatMul { transpose_a: false, transpose_b: false };
	let cases =
		[(product, K_BLOCK, true), (Op::ColSum, K_BLOCK, false), (Op::RowSum, ROW_BLOCK, true)];
	for (op, block, in_a_row) in cases {
		let terms = 2 * block + 1;
		let mut words = vec![0f32; terms as usize];
		words[0] = 16_777_216.0;
		words[block as usize] = 1.0;
		words[2 * block as usize] = 1.0;
		let (words, ones) = (bits(&words), bits(&vec![1.0; terms as usize]));
		let ty = if in_a_row { float(1, terms) } else { float(terms, 1) };
		let types: &[_] = if op == product { &[ty, float(terms, 1)] } else { &[ty] };
		let spec = spec(op, types);
		assert_eq!(spec.blocks(), 3);
		let matrices = Matrices {
			columns: types.iter().map(|ty| ty.cols).collect(),
			words: vec![&words, &ones],
			data: &[],
			record_size: 0,
		};
		let tile = eval::tile(&spec, &context(1, 1, 0), &matrices, 0).unwrap();
		let element = eval::element(&spec, &context(1, 1, 0), &matrices, 0, 0).unwrap();
		assert_eq!([tile[0], element], [0x4B80_0000; 2], "{op:?}");
	}
}

#[test]
fn blocks_should_be_full_when_terms_are_a_multiple() {
	let product = Op::MatMul { transpose_a: false, transpose_b: false };
	for (terms, blocks) in [(1, 1), (511, 1), (512, 1), (513, 2), (1024, 2), (1025, 3)] {
		let spec = spec(product, &[float(1, terms), float(terms, 1)]);
		assert_eq!(spec.blocks(), blocks, "{terms} terms");
		let ranges: Vec<_> = (0..blocks).map(|block| spec.block_range(block)).collect();
		assert!(ranges.iter().all(|(_, len)| (1..=K_BLOCK).contains(len)), "{ranges:?}");
		assert_eq!(ranges.iter().map(|(_, len)| len).sum::<u32>(), terms);
	}
	assert_eq!(spec(Op::RowSum, &[float(1, ROW_BLOCK)]).blocks(), 1);
	assert_eq!(spec(Op::RowSum, &[float(1, ROW_BLOCK + 1)]).blocks(), 2);
}
