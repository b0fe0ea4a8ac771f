//! Sums and maxima.

use assay_ops::Op;

use crate::check_op;

#[test]
fn reductions_should_equal_reference_when_lengths_vary() {
	let shapes = [
		(1, 1),
		(3, 10),
		(40, 33),
		(600, 31),
		(1025, 6),
		(2, 1024),
		(2, 1025),
		(3, 4097),
		(20_000, 2),
		(513, 1100),
	];
	for (seed, shape) in (1..).zip(shapes) {
		for op in [Op::RowSum, Op::RowMax, Op::ColSum] {
			check_op(op, &[shape], seed);
		}
	}
}

#[test]
fn reductions_should_equal_reference_when_rows_are_divided() {
	// Blocks are a multiple of a piece of work, or not, and the last one is whole, or not.
	for (seed, shape) in
		(1..).zip([(1, 32 * 1024), (2, 70_001), (4, 50 * 1024), (1, 33 * 1024 - 1)])
	{
		for op in [Op::RowSum, Op::RowMax] {
			check_op(op, &[shape], seed);
		}
	}
}
