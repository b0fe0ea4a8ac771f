//! Operations with operands that they take, and nodes of them.

use assay_ops::{
	BatchMatMul, Binary, Broadcast, DType, HeadLayout, HeadShape, NodeSpec, Op, Operand,
	QuantFormat, RecordFormat, Unary, ValueType, Window,
};

use crate::Source;

/// Sizes that an operation may have.
#[derive(Clone, Copy)]
pub(crate) struct Sizes {
	/// Rows and columns of a result.
	pub(crate) side: u32,
	/// Terms of a long reduction.
	pub(crate) terms: u32,
}

pub(crate) fn float(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

fn times(a: u32, b: u32) -> u32 {
	a.saturating_mul(b)
}

fn integer(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::U32, rows, cols }
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

const BINARIES: [Binary; 11] = [
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

const FORMATS: [RecordFormat; 4] =
	[RecordFormat::U8ToF32, RecordFormat::U8ToU32, RecordFormat::F32, RecordFormat::U32];

const LAYOUTS: [HeadLayout; 2] = [HeadLayout::Stacked, HeadLayout::Interleaved];

fn window(source: &mut Source, side: u32, pool: bool) -> Window {
	let most = if pool { 4 } else { 6 };
	let (kernel_h, kernel_w) = (source.within(1, most) as u8, source.within(1, most) as u8);
	let mut pad = |kernel: u8| source.below(kernel.into()) as u8;
	let (pad_h, pad_w) = (pad(kernel_h), pad(kernel_w));
	Window {
		height: source.size(side.div_ceil(4)) as u16,
		width: source.size(side.div_ceil(2)) as u16,
		channels: source.size(side) as u16,
		kernel_h,
		kernel_w,
		stride_h: source.within(1, 4) as u8,
		stride_w: source.within(1, 4) as u8,
		pad_h,
		pad_w,
	}
}

fn windowed(source: &mut Source, side: u32) -> Option<(Op, Vec<ValueType>)> {
	let which = source.below(6);
	let w = window(source, side, which >= 2);
	w.validate().ok()?;
	let images = source.within(1, 3);
	let pixels = float(times(images, w.pixels()), w.channels.into());
	let positions = float(times(images, w.positions()), w.channels.into());
	Some(match which {
		0 => (Op::Im2Col(w), vec![pixels]),
		1 => (Op::Col2Im(w), vec![float(times(images, w.positions()), w.patch())]),
		2 => (Op::MaxPool(w), vec![pixels]),
		3 => (Op::AvgPool(w), vec![pixels]),
		4 => (Op::MaxPoolGrad(w), vec![pixels, positions]),
		_ => (Op::AvgPoolGrad(w), vec![positions]),
	})
}

/// A reshape between two ways to split the same factors.
fn reshape(source: &mut Source, side: u32) -> (Op, Vec<ValueType>) {
	let factors: Vec<u32> = (0..3).map(|_| source.size(side.min(40))).collect();
	let mut split = || {
		let (mut rows, mut cols) = (1, 1);
		for factor in &factors {
			let side = if source.flag() { &mut rows } else { &mut cols };
			*side = times(*side, *factor);
		}
		(rows, cols)
	};
	let ((rows, cols), (from_rows, from_cols)) = (split(), split());
	let ty = if source.flag() { float } else { integer };
	(Op::Reshape { rows, cols }, vec![ty(from_rows, from_cols)])
}

fn elementwise(source: &mut Source, side: u32) -> (Op, Vec<ValueType>) {
	let (rows, cols) = (source.size(side), source.size(side));
	let mut a = float(rows, cols);
	let (broadcast, b) = match source.below(6) {
		0 => (Broadcast::None, a),
		1 => (Broadcast::Row, float(1, cols)),
		2 => (Broadcast::Col, float(rows, 1)),
		3 => (Broadcast::Scalar, float(1, 1)),
		_ => {
			let each = source.size(side / 2);
			let (p, q) = (source.size(side / 2), source.size(side / 2));
			let (down, across) = (source.within(1, 3), source.within(1, 3));
			a = float(times(times(p, each), down), times(q, across));
			(Broadcast::Periodic { each }, float(p, q))
		},
	};
	match source.below(3) {
		0 => (Op::Binary(source.choose(&BINARIES), broadcast), vec![a, b]),
		1 => (Op::Fma(broadcast), vec![a, b, a]),
		_ => (Op::Select(broadcast), vec![a, b, a]),
	}
}

fn heads(source: &mut Source, sizes: Sizes) -> Option<(Op, Vec<ValueType>)> {
	let product = BatchMatMul {
		batch: source.within(1, 4),
		heads: source.within(1, 6) as u16,
		transpose_a: source.flag(),
		transpose_b: source.flag(),
		a: source.choose(&LAYOUTS),
		b: source.choose(&LAYOUTS),
		out: source.choose(&LAYOUTS),
	};
	let (m, n) = (source.size(sizes.side), source.size(sizes.side));
	let k = source.size(sizes.terms);
	let value = |layout: HeadLayout, transposed: bool, rows: u32, cols: u32| {
		let (rows, cols) = if transposed { (cols, rows) } else { (rows, cols) };
		let (rows, cols) = layout.whole(&product, HeadShape { rows, cols })?;
		Some(float(rows, cols))
	};
	let a = value(product.a, product.transpose_a, m, k)?;
	let b = value(product.b, product.transpose_b, k, n)?;
	Some((Op::BatchMatMul(product), vec![a, b]))
}

fn moved(source: &mut Source, sizes: Sizes) -> (Op, Vec<ValueType>) {
	let (rows, cols) = (source.size(sizes.side), source.size(sizes.side));
	match source.below(9) {
		0 => (Op::Gather, vec![float(source.size(sizes.terms), cols), integer(rows, 1)]),
		1 => {
			let n = source.size(sizes.terms);
			(Op::ScatterAdd { rows }, vec![integer(n, 1), float(n, cols)])
		},
		2 => {
			let bits = source.word();
			(Op::Causal { bits }, vec![float(times(cols, source.within(1, 4)), cols)])
		},
		3 => {
			let width = times(2, source.size(sizes.side / 2));
			(Op::RotateHalf { width }, vec![float(rows, times(width, source.within(1, 4)))])
		},
		4 => (Op::StepIndex { every: source.size(9), period: source.word().max(1) }, vec![]),
		5 => (Op::Iota { rows, first: source.word(), stride: source.word() }, vec![]),
		6 => (Op::Fill { bits: source.word(), rows, cols }, vec![]),
		7 => {
			let (stream, threshold, scale) = (source.below(9), source.word(), source.word());
			(Op::Mask { stream, threshold, scale, rows, cols }, vec![])
		},
		_ => {
			let (offset, format) = (source.below(2000), source.choose(&FORMATS));
			(Op::Load { offset, width: cols, format }, vec![])
		},
	}
}

/// An operation and the types of operands that it takes, most of the time.
pub(crate) fn operation(source: &mut Source, sizes: Sizes) -> Option<(Op, Vec<ValueType>)> {
	let (rows, cols) = (source.size(sizes.side), source.size(sizes.side));
	let a = float(rows, cols);
	Some(match source.below(14) {
		0 => {
			let (transpose_a, transpose_b) = (source.flag(), source.flag());
			let k = source.size(sizes.terms);
			let left = if transpose_a { float(k, rows) } else { float(rows, k) };
			let right = if transpose_b { float(cols, k) } else { float(k, cols) };
			let op = match source.below(4) {
				0 => Op::QuantMatMul { format: QuantFormat::I8, transpose_a, transpose_b },
				1 => Op::QuantMatMul { format: QuantFormat::Q15, transpose_a, transpose_b },
				_ => Op::MatMul { transpose_a, transpose_b },
			};
			(op, vec![left, right])
		},
		1 => (Op::Unary(source.choose(&UNARIES)), vec![a]),
		2 => elementwise(source, sizes.side),
		3 => (Op::RowSum, vec![float(rows, source.size(2 * sizes.terms))]),
		4 => (Op::RowMax, vec![float(rows, source.size(2 * sizes.terms))]),
		5 => (Op::ColSum, vec![float(source.size(sizes.terms), cols)]),
		6 => (Op::Pick, vec![float(rows, source.size(sizes.terms)), integer(rows, 1)]),
		7 => (Op::OneHot { cols }, vec![integer(rows, 1)]),
		8 => reshape(source, sizes.side),
		9 | 10 => windowed(source, sizes.side)?,
		11 => heads(source, sizes)?,
		_ => moved(source, sizes),
	})
}

/// The node of an operation, if it takes operands of these types.
pub(crate) fn node(id: u16, op: Op, types: &[ValueType], batch: u32) -> Option<NodeSpec> {
	let ty = op.infer(types, batch).ok()?;
	let inputs: Vec<Operand> = (0..).zip(types).map(|(id, ty)| Operand { id, ty: *ty }).collect();
	Some(NodeSpec { id, op, inputs: inputs.try_into().ok()?, ty })
}
