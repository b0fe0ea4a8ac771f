//! Whole games over small programs, and the agreement of the game's hashing with the commitments'.

mod first_step;
mod games;
mod lists;
mod sizes;

use crate::testing::{Builder, Task};
use assay_ops::{Binary, Broadcast, Op, RecordFormat, Unary, Window};

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
	}
	for unary in [Unary::Neg, Unary::Sqrt, Unary::Relu, Unary::Exp, Unary::Log] {
		b.add(Op::Unary(unary), &[x]);
	}
	b.product((x, false), (x, true));
	b.product((x, true), (x, false));
	for op in [Op::RowSum, Op::RowMax, Op::ColSum, Op::Reshape { rows: 33, cols: 4 }] {
		b.add(op, &[x]);
	}
	loads(&mut b);
	images(&mut b, image);
	let loss = b.constant(0);
	let program = b.program(4, loss);
	let init = Builder::init(&program);
	Task::new(program, (0..9 * 80).map(|byte| byte as u8).collect(), 80, init, (2, 1))
}

fn loads(b: &mut Builder) {
	let load = |offset, width, format| Op::Load { offset, width, format };
	let values = b.add(load(3, 12, RecordFormat::F32), &[]);
	b.add(load(0, 40, RecordFormat::U8ToF32), &[]);
	b.add(load(1, 9, RecordFormat::U32), &[]);
	let labels = b.add(load(79, 1, RecordFormat::U8ToU32), &[]);
	b.add(Op::Pick, &[values, labels]);
	b.add(Op::OneHot { cols: 40 }, &[labels]);
	let mask = Op::Mask { stream: 3, threshold: 1 << 31, scale: 0x4000_0000, rows: 4, cols: 4 };
	b.add(mask, &[]);
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
	let pooled = b.add(Op::MaxPool(window(2, 0)), &[image]);
	b.add(Op::MaxPoolGrad(window(2, 0)), &[image, pooled]);
	let mean = b.add(Op::AvgPool(window(2, 0)), &[image]);
	b.add(Op::AvgPoolGrad(window(2, 0)), &[mean]);
}
