//! Whole games over small programs, and the agreement of the game's hashing with the commitments'.

mod first_step;
mod games;
mod lists;
mod sizes;
mod tied;

use crate::testing::{Builder, Task};
use assay_ops::{
	BatchMatMul, Binary, Broadcast, HeadLayout, Op, QuantFormat, RecordFormat, Unary, Window,
};

/// A task whose program has every operation, most of them on one or two tiles.
fn zoo() -> Task {
	let mut b = Builder::default();
	let x = b.state(4, 33);
	let (row, col, one) = (b.state(1, 33), b.state(4, 1), b.state(1, 1));
	let image = b.state(18, 4);
	for (spread, operand) in [
		(Broadcast::None, x),
		(Broadcast::Row, row),
		(Broadcast::Col, col),
		(Broadcast::Scalar, one),
	] {
		b.add(Op::Fma(spread), &[x, operand, x]);
		for binary in [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::ReluGrad] {
			b.two(binary, spread, x, operand);
		}
		b.add(Op::Select(spread), &[x, operand, x]);
	}
	for binary in [
		Binary::Max,
		Binary::Min,
		Binary::TanhGrad,
		Binary::SigmoidGrad,
		Binary::SiluGrad,
		Binary::GeluGrad,
	] {
		b.two(binary, Broadcast::Periodic { each: 2 }, x, row);
	}
	for unary in UNARIES {
		b.add(Op::Unary(unary), &[x]);
	}
	b.product((x, false), (x, true));
	b.product((x, true), (x, false));
	quantised(&mut b, (x, false), (x, true));
	quantised(&mut b, (x, true), (x, false));
	for op in [Op::RowSum, Op::RowMax, Op::ColSum, Op::Reshape { rows: 33, cols: 4 }] {
		b.add(op, &[x]);
	}
	loads(&mut b, x);
	tokens(&mut b);
	images(&mut b, image);
	let loss = b.constant(0);
	let program = b.program(4, loss);
	let init = Builder::init(&program);
	Task::new(program, (0..9 * 80).map(|byte| byte as u8).collect(), 80, init, (2, 1))
}

/// A task whose nodes are reductions of two blocks, one of each operation that has any.
fn splits() -> Task {
	let mut b = Builder::default();
	let (wide, tall) = (b.state(3, 1100), b.state(600, 2));
	b.product((wide, false), (wide, true));
	quantised(&mut b, (wide, false), (wide, true));
	quantised(&mut b, (tall, true), (tall, false));
	b.add(Op::RowSum, &[wide]);
	b.add(Op::RowMax, &[wide]);
	b.add(Op::ColSum, &[tall]);
	let tokens = b.add(Op::Load { offset: 0, width: 300, format: RecordFormat::U8ToU32 }, &[]);
	let tokens = b.add(Op::Reshape { rows: 600, cols: 1 }, &[tokens]);
	b.add(Op::ScatterAdd { rows: 40 }, &[tokens, tall]);
	let products = BatchMatMul {
		batch: 1,
		heads: 2,
		transpose_a: true,
		transpose_b: false,
		a: HeadLayout::Interleaved,
		b: HeadLayout::Interleaved,
		out: HeadLayout::Stacked,
	};
	b.add(Op::BatchMatMul(products), &[tall, tall]);
	let loss = b.constant(0);
	let program = b.program(2, loss);
	let init = Builder::init(&program);
	// Every token is below 40.
	let data = (0..4 * 300u32).map(|byte| (byte.wrapping_mul(7) % 40) as u8).collect();
	Task::new(program, data, 300, init, (2, 1))
}

/// Products of integers, in each format.
fn quantised(b: &mut Builder, left: (u16, bool), right: (u16, bool)) {
	for format in [QuantFormat::I8, QuantFormat::Q15] {
		let (transpose_a, transpose_b) = (left.1, right.1);
		b.add(Op::QuantMatMul { format, transpose_a, transpose_b }, &[left.0, right.0]);
	}
}

const UNARIES: [Unary; 12] = [
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

fn loads(b: &mut Builder, x: u16) {
	let load = |offset, width, format| Op::Load { offset, width, format };
	let values = b.add(load(3, 12, RecordFormat::F32), &[]);
	b.add(load(0, 40, RecordFormat::U8ToF32), &[]);
	b.add(load(1, 9, RecordFormat::U32), &[]);
	let labels = b.add(load(79, 1, RecordFormat::U8ToU32), &[]);
	b.add(Op::Pick, &[values, labels]);
	b.add(Op::OneHot { cols: 40 }, &[labels]);
	let mask = Op::Mask { stream: 3, threshold: 1 << 31, scale: 0x4000_0000, rows: 4, cols: 4 };
	b.add(mask, &[]);
	// Bytes of records are too large for a table of four rows, most of them.
	b.add(Op::Gather, &[x, labels]);
	b.add(Op::ScatterAdd { rows: 250 }, &[labels, values]);
}

/// What a transformer has besides: positions, masks and heads. Two sequences of two tokens, three heads.
fn tokens(b: &mut Builder) {
	use HeadLayout::{Interleaved, Stacked};
	let x = b.state(4, 12);
	b.add(Op::Iota { rows: 4, first: 1, stride: 2 }, &[]);
	b.add(Op::StepIndex { every: 1, period: 3 }, &[]);
	b.add(Op::RotateHalf { width: 4 }, &[x]);
	let context = BatchMatMul {
		batch: 2,
		heads: 3,
		transpose_a: false,
		transpose_b: false,
		a: Stacked,
		b: Interleaved,
		out: Interleaved,
	};
	let scores = BatchMatMul { a: Interleaved, transpose_b: true, out: Stacked, ..context };
	let scores = b.add(Op::BatchMatMul(scores), &[x, x]);
	let masked = b.add(Op::Causal { bits: 0xFF80_0000 }, &[scores]);
	b.add(Op::BatchMatMul(context), &[masked, x]);
}

fn images(b: &mut Builder, image: u16) {
	let window = |kernel, pad| Window {
		height: 3,
		width: 3,
		channels: 4,
		kernel_h: kernel,
		kernel_w: kernel,
		stride_h: 1,
		stride_w: 1,
		pad_h: pad,
		pad_w: pad,
	};
	let patches = b.add(Op::Im2Col(window(3, 1)), &[image]);
	b.add(Op::Col2Im(window(3, 1)), &[patches]);
	for w in [window(2, 0), window(3, 1)] {
		let pooled = b.add(Op::MaxPool(w), &[image]);
		b.add(Op::MaxPoolGrad(w), &[image, pooled]);
		let mean = b.add(Op::AvgPool(w), &[image]);
		b.add(Op::AvgPoolGrad(w), &[mean]);
	}
}
