//! Matrix products.

use assay_ops::{Op, QuantFormat};

use crate::{
	all_kernels,
	cases::{case, Flavour, Random},
	check, check_op,
};

#[test]
fn matmul_should_equal_reference_when_shapes_have_tails() {
	let shapes = [
		(1, 1, 1),
		(7, 5, 3),
		(33, 64, 31),
		(13, 600, 35),
		(70, 513, 6),
		(2, 1025, 50),
		(300, 25, 6),
		// Rows of whole pages, low tiles, the last rows of high ones, few columns of few rows.
		(30, 1024, 140),
		(14, 520, 128),
		(20, 40, 64),
		(23, 30, 40),
		(25, 600, 6),
		(20, 513, 4),
		// A block in panels, and a short one that is read where it lies.
		(60, 530, 80),
		// Few rows of many columns, of which each thread takes some.
		(33, 530, 700),
		// So few rows that there are not enough for five threads, and a last term alone.
		(12, 513, 520),
	];
	for (seed, (m, k, n)) in (1..).zip(shapes) {
		for (transpose_a, transpose_b) in
			[(false, false), (true, false), (false, true), (true, true)]
		{
			let a = if transpose_a { (k, m) } else { (m, k) };
			let b = if transpose_b { (n, k) } else { (k, n) };
			check_op(Op::MatMul { transpose_a, transpose_b }, &[a, b], seed);
		}
	}
}

#[test]
fn matmul_should_equal_reference_when_blocks_are_packed_in_parts() {
	// Ten blocks of a thousand columns are more than is packed at a time.
	let op = Op::MatMul { transpose_a: false, transpose_b: true };
	check_op(op, &[(3, 4700), (1024, 4700)], 5);
}

#[test]
fn quantised_product_should_equal_reference_when_there_are_many_blocks() {
	for (seed, (m, k, n)) in (1..).zip([(13, 2100, 33), (5, 4700, 20)]) {
		for format in [QuantFormat::I8, QuantFormat::Q15] {
			let op = Op::QuantMatMul { format, transpose_a: false, transpose_b: false };
			check_op(op, &[(m, k), (k, n)], seed);
		}
	}
}

#[test]
fn matmul_should_equal_reference_when_shapes_are_random() {
	let kernels = all_kernels();
	let mut random = Random(7);
	for _ in 0..60 {
		let (m, n) = (1 + random.below(90), 1 + random.below(90));
		let k = if random.below(3) == 0 { 500 + random.below(700) } else { 1 + random.below(80) };
		let (transpose_a, transpose_b) = (random.below(2) == 1, random.below(2) == 1);
		let a = if transpose_a { (k, m) } else { (m, k) };
		let b = if transpose_b { (n, k) } else { (k, n) };
		let flavour = Flavour::ALL[random.below(4) as usize];
		check(
			&kernels,
			&case(Op::MatMul { transpose_a, transpose_b }, &[a, b], flavour, &mut random),
		);
	}
}

#[test]
fn quantised_product_should_equal_reference_when_shapes_are_random() {
	let kernels = all_kernels();
	let mut random = Random(28);
	for round in 0..80 {
		let (m, n) = (1 + random.below(90), 1 + random.below(90));
		let k = if random.below(3) == 0 { 500 + random.below(700) } else { 1 + random.below(80) };
		let (transpose_a, transpose_b) = (random.below(2) == 1, random.below(2) == 1);
		let a = if transpose_a { (k, m) } else { (m, k) };
		let b = if transpose_b { (n, k) } else { (k, n) };
		let format = [QuantFormat::I8, QuantFormat::Q15][round % 2];
		let op = Op::QuantMatMul { format, transpose_a, transpose_b };
		let flavour = Flavour::ALL[random.below(4) as usize];
		check(&kernels, &case(op, &[a, b], flavour, &mut random));
	}
}
