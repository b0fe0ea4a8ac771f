//! Types of results, and refusals that say why.

mod common;

use assay_ops::{
	BatchMatMul, Binary, Broadcast, DType, HeadLayout, Op, RecordFormat, ShapeError, Unary,
	ValueType, Window,
};
use common::program::{float, integer};

const W: Window = Window {
	height: 5,
	width: 6,
	channels: 3,
	kernel_h: 3,
	kernel_w: 2,
	stride_h: 2,
	stride_w: 1,
	pad_h: 1,
	pad_w: 0,
};
const PRODUCT: Op = Op::MatMul { transpose_a: false, transpose_b: false };

/// Two heads in each of three sequences: matrices side by side give matrices one below the other.
const BATCH: BatchMatMul = BatchMatMul {
	batch: 3,
	heads: 2,
	transpose_a: false,
	transpose_b: true,
	a: HeadLayout::Interleaved,
	b: HeadLayout::Interleaved,
	out: HeadLayout::Stacked,
};

fn infer(op: Op, inputs: &[ValueType]) -> Result<ValueType, ShapeError> {
	op.infer(inputs, 10)
}

#[test]
fn infer_should_give_the_result_type_of_every_operation() {
	let load = |format| Op::Load { offset: 0, width: 7, format };
	let matmul = |transpose_a, transpose_b| Op::MatMul { transpose_a, transpose_b };
	let a = float(4, 8);
	let cases: Vec<(Op, Vec<ValueType>, ValueType)> = vec![
		(load(RecordFormat::U8ToF32), vec![], float(10, 7)),
		(load(RecordFormat::U8ToU32), vec![], integer(10, 7)),
		(load(RecordFormat::F32), vec![], float(10, 7)),
		(load(RecordFormat::U32), vec![], integer(10, 7)),
		(Op::Fill { bits: 0, rows: 2, cols: 3 }, vec![], float(2, 3)),
		(Op::Mask { stream: 0, threshold: 0, scale: 0, rows: 2, cols: 3 }, vec![], float(2, 3)),
		(matmul(false, false), vec![a, float(8, 5)], float(4, 5)),
		(matmul(true, false), vec![a, float(4, 5)], float(8, 5)),
		(matmul(false, true), vec![a, float(5, 8)], float(4, 5)),
		(matmul(true, true), vec![a, float(5, 4)], float(8, 5)),
		// W: 5 × 6 pixels, 3 × 5 positions, patches of 3 · 3 · 2.
		(Op::Im2Col(W), vec![float(60, 3)], float(30, 18)),
		(Op::Col2Im(W), vec![float(30, 18)], float(60, 3)),
		// Without padding: 2 × 5 positions.
		(Op::MaxPool(W), vec![float(60, 3)], float(30, 3)),
		(Op::MaxPoolGrad(W), vec![float(60, 3), float(30, 3)], float(60, 3)),
		(Op::AvgPool(W), vec![float(60, 3)], float(30, 3)),
		(Op::AvgPoolGrad(W), vec![float(30, 3)], float(60, 3)),
		(Op::Reshape { rows: 2, cols: 16 }, vec![integer(4, 8)], integer(2, 16)),
		(Op::Unary(Unary::Exp), vec![a], a),
		(Op::Binary(Binary::Add, Broadcast::None), vec![a, a], a),
		(Op::Binary(Binary::Add, Broadcast::Row), vec![a, float(1, 8)], a),
		(Op::Binary(Binary::Add, Broadcast::Col), vec![a, float(4, 1)], a),
		(Op::Fma(Broadcast::Scalar), vec![a, float(1, 1), a], a),
		(Op::RowSum, vec![a], float(4, 1)),
		(Op::RowMax, vec![a], float(4, 1)),
		(Op::ColSum, vec![a], float(1, 8)),
		(Op::Pick, vec![a, integer(4, 1)], float(4, 1)),
		(Op::OneHot { cols: 9 }, vec![integer(4, 1)], float(4, 9)),
		(Op::Binary(Binary::Add, Broadcast::Periodic { each: 1 }), vec![a, float(2, 4)], a),
		(Op::Select(Broadcast::Periodic { each: 4 }), vec![a, float(1, 8), a], a),
		(Op::Gather, vec![a, integer(9, 1)], float(9, 8)),
		(Op::ScatterAdd { rows: 9 }, vec![integer(4, 1), a], float(9, 8)),
		(Op::Iota { rows: 9, first: 1, stride: 2 }, vec![], integer(9, 1)),
		(Op::StepIndex { every: 1, period: 1 }, vec![], integer(1, 1)),
		(Op::Causal { bits: 0 }, vec![float(16, 8)], float(16, 8)),
		(Op::RotateHalf { width: 4 }, vec![a], a),
		// A: 5 × 4, B: 7 × 4, both by three and two.
		(Op::BatchMatMul(BATCH), vec![float(15, 8), float(21, 8)], float(30, 7)),
		(
			Op::BatchMatMul(BatchMatMul {
				transpose_a: true,
				out: HeadLayout::Interleaved,
				..BATCH
			}),
			vec![float(12, 10), float(21, 8)],
			float(15, 14),
		),
	];
	for (op, inputs, expected) in cases {
		assert_eq!(infer(op, &inputs), Ok(expected), "{op:?}");
	}
}

#[test]
fn infer_should_name_the_operand_that_is_wrong() {
	let (a, b) = (float(4, 8), float(7, 5));
	let cases: Vec<(Op, Vec<ValueType>, ShapeError)> = vec![
		(Op::State { slot: 0 }, vec![], ShapeError::StateTypeIsTheSlots),
		(PRODUCT, vec![a], ShapeError::WrongArity { expected: 2, got: 1 }),
		(Op::RowSum, vec![], ShapeError::WrongArity { expected: 1, got: 0 }),
		(PRODUCT, vec![a, b], ShapeError::InnerMismatch { left: 8, right: 7 }),
		(
			PRODUCT,
			vec![a, integer(8, 5)],
			ShapeError::WrongDType { operand: 1, expected: DType::F32 },
		),
		(
			Op::Pick,
			vec![a, float(4, 1)],
			ShapeError::WrongDType { operand: 1, expected: DType::U32 },
		),
		(
			Op::Pick,
			vec![a, integer(3, 1)],
			ShapeError::WrongShape { operand: 1, expected: (4, 1), got: (3, 1) },
		),
		(
			Op::OneHot { cols: 2 },
			vec![integer(4, 2)],
			ShapeError::WrongShape { operand: 0, expected: (4, 1), got: (4, 2) },
		),
		(
			Op::Binary(Binary::Mul, Broadcast::Row),
			vec![a, float(8, 1)],
			ShapeError::WrongShape { operand: 1, expected: (1, 8), got: (8, 1) },
		),
		(
			Op::Fma(Broadcast::None),
			vec![a, a, b],
			ShapeError::WrongShape { operand: 2, expected: (4, 8), got: (7, 5) },
		),
		(
			Op::Reshape { rows: 3, cols: 11 },
			vec![a],
			ShapeError::CountMismatch { from: 32, to: 33 },
		),
		(Op::Fill { bits: 0, rows: 0, cols: 1 }, vec![], ShapeError::EmptyResult),
		(Op::RowSum, vec![float(4, 0)], ShapeError::EmptyResult),
		(Op::Im2Col(W), vec![float(59, 3)], ShapeError::RowsNotImages { rows: 59, per_image: 30 }),
		(Op::Col2Im(W), vec![float(29, 18)], ShapeError::RowsNotImages { rows: 29, per_image: 15 }),
		(
			Op::Im2Col(W),
			vec![float(60, 4)],
			ShapeError::WrongShape { operand: 0, expected: (60, 3), got: (60, 4) },
		),
		(
			Op::MaxPoolGrad(W),
			vec![float(60, 3), float(20, 3)],
			ShapeError::WrongShape { operand: 1, expected: (30, 3), got: (20, 3) },
		),
	];
	for (op, inputs, expected) in cases {
		assert_eq!(infer(op, &inputs), Err(expected), "{op:?}");
	}
}

#[test]
fn infer_should_say_why_operands_do_not_repeat_fit_or_stack() {
	let a = float(4, 8);
	let heads = |batch, heads| Op::BatchMatMul(BatchMatMul { batch, heads, ..BATCH });
	let periodic = |each| Op::Binary(Binary::Add, Broadcast::Periodic { each });
	let not =
		|rows, cols, each| ShapeError::NotPeriodic { period: (rows, cols), each, result: (4, 8) };
	let misfit = |batch, heads| ShapeError::HeadsDoNotFit { batch, heads };
	let labels = ShapeError::WrongDType { operand: 1, expected: DType::U32 };
	let cases: Vec<(Op, Vec<ValueType>, ShapeError)> = vec![
		(periodic(1), vec![a, float(3, 8)], not(3, 8, 1)),
		(periodic(2), vec![a, float(4, 8)], not(4, 8, 2)),
		(periodic(1), vec![a, float(4, 5)], not(4, 5, 1)),
		(periodic(0), vec![a, a], not(4, 8, 0)),
		(periodic(1 << 31), vec![a, float(2, 8)], not(2, 8, 1 << 31)),
		(heads(4, 2), vec![float(15, 8), float(21, 8)], misfit(4, 2)),
		(heads(3, 3), vec![float(15, 8), float(21, 8)], misfit(3, 3)),
		(heads(0, 2), vec![float(15, 8), float(21, 8)], misfit(0, 2)),
		(heads(3, 0), vec![float(15, 8), float(21, 8)], misfit(3, 0)),
		(
			heads(3, 2),
			vec![float(15, 8), float(21, 6)],
			ShapeError::InnerMismatch { left: 4, right: 3 },
		),
		(
			Op::BatchMatMul(BatchMatMul {
				batch: 1,
				heads: 1 << 15,
				transpose_a: true,
				a: HeadLayout::Stacked,
				..BATCH
			}),
			vec![float(1 << 15, 1 << 18), float(1, 1 << 15)],
			ShapeError::TooLarge,
		),
		(Op::Causal { bits: 0 }, vec![float(12, 8)], ShapeError::NotSquares { rows: 12, cols: 8 }),
		(Op::RotateHalf { width: 3 }, vec![float(1, 3)], ShapeError::BadRun { width: 3, cols: 3 }),
		(Op::RotateHalf { width: 6 }, vec![a], ShapeError::BadRun { width: 6, cols: 8 }),
		(Op::RotateHalf { width: 0 }, vec![a], ShapeError::BadRun { width: 0, cols: 8 }),
		(Op::StepIndex { every: 0, period: 1 }, vec![], ShapeError::BadStepIndex),
		(Op::StepIndex { every: 1, period: 0 }, vec![], ShapeError::BadStepIndex),
		(Op::Gather, vec![a, float(4, 1)], labels),
		(
			Op::Gather,
			vec![a, integer(1, 4)],
			ShapeError::WrongShape { operand: 1, expected: (1, 1), got: (1, 4) },
		),
		(
			Op::ScatterAdd { rows: 2 },
			vec![integer(3, 1), a],
			ShapeError::WrongShape { operand: 0, expected: (4, 1), got: (3, 1) },
		),
		(Op::ScatterAdd { rows: 0 }, vec![integer(4, 1), a], ShapeError::EmptyResult),
	];
	for (op, inputs, expected) in cases {
		assert_eq!(infer(op, &inputs), Err(expected), "{op:?}");
	}
}

#[test]
fn infer_should_refuse_windows_without_meaning() {
	let bad = [
		Window { stride_h: 0, ..W },
		Window { stride_w: 0, ..W },
		Window { kernel_h: 0, pad_h: 0, ..W },
		Window { channels: 0, ..W },
		Window { height: 0, ..W },
		Window { kernel_w: 7, ..W },
		Window { pad_h: 3, ..W },
	];
	for window in bad {
		let refused = Err(ShapeError::BadWindow { window });
		assert_eq!(infer(Op::Im2Col(window), &[float(60, 3)]), refused);
	}
}

#[test]
fn infer_should_refuse_results_beyond_32_bits() {
	// One pixel per image becomes many positions: too many rows.
	let grow = Window {
		height: 1,
		width: 1,
		channels: 1,
		kernel_h: 200,
		kernel_w: 200,
		stride_h: 1,
		stride_w: 1,
		pad_h: 199,
		pad_w: 199,
	};
	assert_eq!(infer(Op::Im2Col(grow), &[float(1 << 20, 1)]), Err(ShapeError::TooLarge));
}
