//! Random operations with operands that they take.

use assay_ops::{
	BatchMatMul, Binary, Broadcast, HeadLayout, HeadShape, NodeSpec, Op, QuantFormat, RecordFormat,
	Unary, ValueType, Window,
};

use super::{
	program::{float, integer, try_spec},
	Random,
};

/// A length: small, around a multiple of 32, or anything up to `most`.
fn length(random: &mut Random, most: u32) -> u32 {
	match random.below(4) {
		0 => 1 + random.below(8),
		1 => 32 * (1 + random.below(most.div_ceil(32))),
		2 => {
			(32 * (1 + random.below(most.div_ceil(32)))).saturating_add(random.below(5)).max(3) - 2
		},
		_ => 1 + random.below(most),
	}
}

/// A window of which some are square, "same" or pooling-like, and others odd.
fn window(random: &mut Random, pool: bool) -> Window {
	let kernel = |random: &mut Random| 1 + random.below(if pool { 4 } else { 6 }) as u8;
	let (kernel_h, kernel_w) = (kernel(random), kernel(random));
	let square = random.below(2) == 0;
	let kernel_w = if square { kernel_h } else { kernel_w };
	let pad = |random: &mut Random, kernel: u8| match random.below(3) {
		0 => 0,
		1 => kernel / 2,
		_ => random.below(kernel.into()) as u8,
	};
	let (pad_h, pad_w) = (pad(random, kernel_h), pad(random, kernel_w));
	let stride = |random: &mut Random, kernel: u8| match random.below(3) {
		0 => 1,
		1 => kernel,
		_ => 1 + random.below(4) as u8,
	};
	Window {
		height: length(random, 40) as u16,
		width: length(random, 80) as u16,
		channels: length(random, 70) as u16,
		kernel_h,
		kernel_w,
		stride_h: stride(random, kernel_h),
		stride_w: stride(random, kernel_w),
		pad_h,
		pad_w: if square { pad_h.min(kernel_w - 1) } else { pad_w },
	}
}

/// An operation with a window.
pub fn windowed(random: &mut Random) -> (Op, Vec<ValueType>) {
	let which = random.below(6);
	window_op(random, which)
}

fn window_op(random: &mut Random, which: u32) -> (Op, Vec<ValueType>) {
	let w = window(random, which >= 2);
	let images = 1 + random.below(5);
	let pixels = float(images * w.pixels(), w.channels.into());
	let positions = float(images * w.positions(), w.channels.into());
	match which {
		0 => (Op::Im2Col(w), vec![pixels]),
		1 => (Op::Col2Im(w), vec![float(images * w.positions(), w.patch())]),
		2 => (Op::MaxPool(w), vec![pixels]),
		3 => (Op::AvgPool(w), vec![pixels]),
		4 => (Op::MaxPoolGrad(w), vec![pixels, positions]),
		_ => (Op::AvgPoolGrad(w), vec![positions]),
	}
}

/// A reshape between two divisors of the same number.
fn reshape(random: &mut Random) -> (Op, Vec<ValueType>) {
	let factors: Vec<u32> = (0..4).map(|_| length(random, 40)).collect();
	let split = |random: &mut Random| {
		let (mut rows, mut cols) = (1, 1);
		for factor in &factors {
			if random.below(2) == 0 {
				rows *= factor;
			} else {
				cols *= factor;
			}
		}
		(rows, cols)
	};
	let ((rows, cols), (from_rows, from_cols)) = (split(random), split(random));
	let ty = if random.below(2) == 0 { float } else { integer };
	(Op::Reshape { rows, cols }, vec![ty(from_rows, from_cols)])
}

/// A result, and an operand that is spread over it.
fn spread(random: &mut Random) -> (ValueType, Broadcast, ValueType) {
	let (rows, cols) = (length(random, 200), length(random, 200));
	let a = float(rows, cols);
	match random.below(7) {
		0 => (a, Broadcast::None, a),
		1 => (a, Broadcast::Row, float(1, cols)),
		2 => (a, Broadcast::Col, float(rows, 1)),
		3 => (a, Broadcast::Scalar, float(1, 1)),
		_ => {
			let each = if random.below(2) == 0 { 1 } else { length(random, 70) };
			let (p, q) = (length(random, 70), length(random, 70));
			let a = float(p * each * (1 + random.below(3)), q * (1 + random.below(3)));
			(a, Broadcast::Periodic { each }, float(p, q))
		},
	}
}

fn elementwise(random: &mut Random) -> (Op, Vec<ValueType>) {
	let (a, broadcast, b) = spread(random);
	match random.below(4) {
		0 => (Op::Binary(Binary::Add, broadcast), vec![a, b]),
		1 => (Op::Binary(Binary::Max, broadcast), vec![a, b]),
		2 => (Op::Fma(broadcast), vec![a, b, a]),
		_ => (Op::Select(broadcast), vec![a, b, a]),
	}
}

/// A batch of products: sizes of attention heads, or any.
pub fn batch(random: &mut Random) -> (Op, Vec<ValueType>) {
	let layout = |random: &mut Random| match random.below(2) {
		0 => HeadLayout::Stacked,
		_ => HeadLayout::Interleaved,
	};
	let size = |random: &mut Random| match random.below(3) {
		0 => length(random, 100),
		_ => 1 << random.below(8),
	};
	let product = BatchMatMul {
		batch: 1 + random.below(5),
		heads: 1 + random.below(8) as u16,
		transpose_a: random.below(2) == 0,
		transpose_b: random.below(2) == 0,
		a: layout(random),
		b: layout(random),
		out: layout(random),
	};
	let (m, n) = (size(random), size(random));
	let k = if random.below(4) == 0 { length(random, 1200) } else { size(random) };
	let value = |layout: HeadLayout, transposed: bool, rows: u32, cols: u32| {
		let (rows, cols) = if transposed { (cols, rows) } else { (rows, cols) };
		let (rows, cols) = layout.whole(&product, HeadShape { rows, cols }).expect("it is small");
		float(rows, cols)
	};
	let a = value(product.a, product.transpose_a, m, k);
	let b = value(product.b, product.transpose_b, k, n);
	(Op::BatchMatMul(product), vec![a, b])
}

/// Operations on rows that an index names, and on columns that move.
fn moved(random: &mut Random) -> (Op, Vec<ValueType>) {
	let (rows, cols) = (length(random, 200), length(random, 200));
	match random.below(6) {
		0 => (Op::Gather, vec![float(length(random, 3000), cols), integer(rows, 1)]),
		1 => {
			let n = length(random, 1200);
			(Op::ScatterAdd { rows }, vec![integer(n, 1), float(n, cols)])
		},
		2 => (Op::Causal { bits: 0xFF80_0000 }, vec![float(cols * (1 + random.below(5)), cols)]),
		3 | 4 => {
			let width = 2 * length(random, 100);
			(Op::RotateHalf { width }, vec![float(rows, width * (1 + random.below(5)))])
		},
		_ if random.below(8) == 0 => (Op::StepIndex { every: 2, period: cols }, vec![]),
		_ => (Op::Iota { rows, first: random.u32(), stride: random.u32() }, vec![]),
	}
}

fn operation(random: &mut Random) -> (Op, Vec<ValueType>) {
	let (rows, cols) = (length(random, 200), length(random, 200));
	let a = float(rows, cols);
	match random.below(25) {
		0 | 24 => {
			let (transpose_a, transpose_b) = (random.below(2) == 0, random.below(2) == 0);
			let k = length(random, 1200);
			let left = if transpose_a { float(k, rows) } else { float(rows, k) };
			let right = if transpose_b { float(cols, k) } else { float(k, cols) };
			let op = match random.below(4) {
				0 => Op::QuantMatMul { format: QuantFormat::I8, transpose_a, transpose_b },
				1 => Op::QuantMatMul { format: QuantFormat::Q15, transpose_a, transpose_b },
				_ => Op::MatMul { transpose_a, transpose_b },
			};
			(op, vec![left, right])
		},
		1 => (Op::Unary(Unary::Relu), vec![a]),
		2 | 3 => elementwise(random),
		4 => (Op::RowSum, vec![float(rows, length(random, 2500))]),
		5 => (Op::RowMax, vec![float(rows, length(random, 2500))]),
		6 => (Op::ColSum, vec![float(length(random, 1200), cols)]),
		7 => (Op::Pick, vec![float(rows, length(random, 3000)), integer(rows, 1)]),
		8 => (Op::OneHot { cols }, vec![integer(rows, 1)]),
		9 => {
			let formats = [
				RecordFormat::U8ToF32,
				RecordFormat::U8ToU32,
				RecordFormat::F32,
				RecordFormat::U32,
			];
			let format = formats[random.below(4) as usize];
			(Op::Load { offset: random.below(2000), width: cols, format }, vec![])
		},
		10 | 11 => reshape(random),
		which @ 12..18 => window_op(random, which - 12),
		18..21 => batch(random),
		_ => moved(random),
	}
}

/// A random node that shape inference takes.
pub fn node(random: &mut Random) -> NodeSpec {
	loop {
		let (op, types) = operation(random);
		let batch = length(random, 100);
		let small = types.iter().all(|ty| ty.words() < 1 << 24);
		if let (true, Some(spec)) = (small, try_spec(op, &types, batch)) {
			return spec;
		}
	}
}
