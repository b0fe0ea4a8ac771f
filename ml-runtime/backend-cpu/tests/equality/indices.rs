//! Labels and indices, some of them out of range.

use assay_ops::{DType, Op};

use crate::{
	all_kernels,
	cases::{Case, Flavour, Random},
	check, check_op,
};

#[test]
fn labels_should_equal_reference_when_some_are_out_of_range() {
	for (seed, (rows, cols)) in (1..).zip([(1, 1), (64, 10), (3000, 33)]) {
		check_op(Op::Pick, &[(rows, cols), (rows, 1)], seed);
		check_op(Op::OneHot { cols }, &[(rows, 1)], seed);
	}
}

#[test]
fn gather_should_equal_reference_when_some_are_out_of_range() {
	for (seed, (table, rows)) in (1..).zip([((1, 1), 1), ((10, 37), 900), ((7, 1), 20_000)]) {
		check_op(Op::Gather, &[table, (rows, 1)], seed);
	}
}

#[test]
fn scatter_should_equal_reference_when_some_are_out_of_range() {
	for (seed, (rows, n, cols)) in
		(1..).zip([(1, 1, 1), (10, 900, 37), (7, 513, 5), (12, 3000, 2), (1, 1200, 3)])
	{
		check_op(Op::ScatterAdd { rows }, &[(n, 1), (n, cols)], seed);
	}
}

#[test]
fn scatter_should_equal_reference_when_most_rows_have_few_terms() {
	// Blocks with no term of a row, with one, and with two, whose sums are zeros of both signs.
	let types = [(DType::U32, 2100, 1), (DType::F32, 2100, 3)];
	for (flavour, seed) in Flavour::ALL.into_iter().zip(1..) {
		let op = Op::ScatterAdd { rows: 2000 };
		let mut case = Case::typed(op, &types, flavour, &mut Random(seed));
		let mut random = Random(seed);
		case.operands[0].iter_mut().for_each(|index| *index = random.below(1500));
		case.operands[1].iter_mut().for_each(|word| match random.below(4) {
			0 => *word = 0x8000_0000,
			1 => *word = 0,
			_ => {},
		});
		check(&all_kernels(), &case);
	}
}
