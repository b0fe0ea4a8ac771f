//! Functions of one, two and three words, and all broadcasts.

use assay_ops::{Binary, Broadcast, Op, Unary};

use crate::check_op;

pub(crate) const UNARY: [Unary; 12] = [
	Unary::Neg,
	Unary::Sqrt,
	Unary::Relu,
	Unary::Exp,
	Unary::Log,
	Unary::Tanh,
	Unary::Erf,
	Unary::Abs,
	Unary::Sigmoid,
	Unary::Silu,
	Unary::Gelu,
	Unary::Rsqrt,
];

pub(crate) const BINARY: [Binary; 11] = [
	Binary::Add,
	Binary::Sub,
	Binary::Mul,
	Binary::Div,
	Binary::ReluGrad,
	Binary::Max,
	Binary::Min,
	Binary::TanhGrad,
	Binary::SigmoidGrad,
	Binary::SiluGrad,
	Binary::GeluGrad,
];

#[test]
fn unary_should_equal_reference_when_words_are_special() {
	for f in UNARY {
		for (seed, shape) in (1..).zip([(1, 1), (37, 41), (300, 70)]) {
			check_op(Op::Unary(f), &[shape], seed);
		}
	}
}

#[test]
fn binary_should_equal_reference_when_broadcast() {
	for f in BINARY {
		for (seed, (rows, cols)) in (1..).zip([(1, 1), (37, 41), (9000, 3), (5, 4000)]) {
			for (broadcast, b) in broadcasts(rows, cols) {
				check_op(Op::Binary(f, broadcast), &[(rows, cols), b], seed);
			}
		}
	}
}

#[test]
fn binary_should_equal_reference_when_columns_are_long() {
	for (broadcast, b) in broadcasts(20_000, 1) {
		check_op(Op::Binary(Binary::Sub, broadcast), &[(20_000, 1), b], 1);
	}
}

#[test]
fn fma_and_select_should_equal_reference_when_broadcast() {
	for (seed, (rows, cols)) in (1..).zip([(1, 1), (37, 41), (9000, 3), (5, 4000)]) {
		for (broadcast, b) in broadcasts(rows, cols) {
			for op in [Op::Fma(broadcast), Op::Select(broadcast)] {
				check_op(op, &[(rows, cols), b, (rows, cols)], seed);
			}
		}
	}
}

pub(crate) fn broadcasts(rows: u32, cols: u32) -> [(Broadcast, (u32, u32)); 4] {
	[
		(Broadcast::None, (rows, cols)),
		(Broadcast::Row, (1, cols)),
		(Broadcast::Col, (rows, 1)),
		(Broadcast::Scalar, (1, 1)),
	]
}

/// Shapes of the result, and shapes and `each` of operands that repeat in it.
#[allow(clippy::type_complexity, reason = "a table of numbers")]
const PERIODIC: [((u32, u32), &[(u32, u32, u32)]); 6] = [
	((1, 1), &[(1, 1, 1)]),
	((24, 12), &[(24, 12, 1), (4, 3, 2), (2, 12, 3), (3, 1, 8), (1, 4, 24), (12, 6, 1), (1, 1, 1)]),
	// More than a piece of work; runs that are long, and runs that are put together.
	((600, 96), &[(50, 48, 3), (100, 96, 1), (10, 96, 60), (300, 1, 2), (20, 2, 5), (600, 32, 1)]),
	// Rows of the operand that are repeated, but not to the end of the result's, or not at all.
	((30, 1000), &[(5, 8, 2), (3, 200, 10)]),
	((4000, 96), &[(4000, 8, 1)]),
	((9000, 2), &[(45, 1, 100), (4500, 2, 1), (9000, 1, 1), (3, 2, 1000)]),
];

#[test]
fn periodic_operands_should_equal_reference_when_periods_vary() {
	for (seed, (shape, operands)) in (1..).zip(PERIODIC) {
		for &(rows, cols, each) in operands {
			let periodic = Broadcast::Periodic { each };
			for f in [Binary::Mul, Binary::Max] {
				check_op(Op::Binary(f, periodic), &[shape, (rows, cols)], seed);
			}
			for op in [Op::Fma(periodic), Op::Select(periodic)] {
				check_op(op, &[shape, (rows, cols), shape], seed);
			}
		}
	}
}

#[test]
fn columns_should_equal_reference_when_moved() {
	let shapes = [(1, 2, 2), (5, 12, 4), (33, 96, 32), (700, 128, 128), (9, 6, 6), (130, 60, 10)];
	for (seed, (rows, cols, width)) in (1..).zip(shapes) {
		check_op(Op::RotateHalf { width }, &[(rows, cols)], seed);
	}
}

#[test]
fn causal_should_equal_reference_when_squares_are_stacked() {
	for (seed, (squares, cols)) in (1..).zip([(1, 1), (3, 7), (5, 64), (2, 130), (400, 9)]) {
		for bits in [0xFF80_0000, 0xFFC0_0001, 0x8000_0000] {
			check_op(Op::Causal { bits }, &[(squares * cols, cols)], seed);
		}
	}
}
