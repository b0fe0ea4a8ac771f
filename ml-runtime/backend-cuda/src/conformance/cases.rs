//! Which operations, on which shapes.

use assay_ops::{BatchMatMul, Binary, Broadcast, HeadLayout, Op, RecordFormat, Unary, Window};

use super::{Case, Flavour, Random};

/// How large the cases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
	/// Every operation and every kind of tail, small enough for the emulator.
	Small,
	/// Also shapes that fill a device.
	Large,
}

type Shapes = Vec<(Op, Vec<(u32, u32)>)>;

/// Every operation with every flavour of words.
pub fn cases(size: Size) -> impl Iterator<Item = Case> {
	let groups = [products, batches, elementwise, reductions, labels, windows, layouts, sources];
	let shapes: Shapes = groups.iter().flat_map(|group| group(size == Size::Large)).collect();
	(1..).zip(shapes).flat_map(|(seed, (op, shapes))| {
		(0..).zip(Flavour::ALL).filter_map(move |(offset, flavour)| {
			Case::new(op, &shapes, flavour, &mut Random(seed * 4 + offset))
		})
	})
}

/// Both operands as they are and transposed.
const TRANSPOSED: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn turned(transpose: bool, rows: u32, cols: u32) -> (u32, u32) {
	if transpose {
		(cols, rows)
	} else {
		(rows, cols)
	}
}

fn products(large: bool) -> Shapes {
	// Tails in every direction, whole tiles, several blocks of K.
	let mut sizes = vec![(1, 1, 1), (33, 8, 31), (7, 600, 5), (40, 1025, 65), (70, 64, 96)];
	if large {
		sizes.extend([(1024, 1024, 1024), (1023, 2050, 1025), (64, 4096, 64), (4096, 33, 3000)]);
	}
	let mut all = Vec::new();
	for (m, k, n) in sizes {
		for (transpose_a, transpose_b) in TRANSPOSED {
			let shapes = vec![turned(transpose_a, m, k), turned(transpose_b, k, n)];
			all.push((Op::MatMul { transpose_a, transpose_b }, shapes));
		}
	}
	all
}

fn batches(large: bool) -> Shapes {
	use HeadLayout::{Interleaved, Stacked};
	let mut all = Vec::new();
	let mut sizes = vec![(2, 3, 5, 4, 7), (1, 2, 33, 530, 3)];
	if large {
		sizes.extend([(8, 12, 256, 64, 256), (8, 12, 256, 256, 64)]);
	}
	for (batch, heads, m, k, n) in sizes {
		for (index, (transpose_a, transpose_b)) in (0_usize..).zip(TRANSPOSED) {
			for layouts in 0..2 {
				let layout = |bit: usize| [Stacked, Interleaved][(index >> bit ^ layouts) & 1];
				let (a, b, out) = (layout(0), layout(1), layout(layouts));
				let product = BatchMatMul { batch, heads, transpose_a, transpose_b, a, b, out };
				let whole = |layout: HeadLayout, (rows, cols): (u32, u32)| match layout {
					Stacked => (rows * batch * u32::from(heads), cols),
					Interleaved => (rows * batch, cols * u32::from(heads)),
				};
				let a = whole(a, turned(transpose_a, m, k));
				let b = whole(b, turned(transpose_b, k, n));
				all.push((Op::BatchMatMul(product), vec![a, b]));
			}
		}
	}
	all
}

/// All functions of one operand.
pub const UNARY: [Unary; 12] = [
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

const BINARY: [Binary; 11] = [
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

fn elementwise(large: bool) -> Shapes {
	let mut all = Vec::new();
	let mut sizes = vec![(1, 1), (36, 42)];
	if large {
		sizes.push((1200, 2400));
	}
	for a in sizes {
		all.extend(UNARY.map(|function| (Op::Unary(function), vec![a])));
		for (broadcast, b) in broadcasts(a) {
			all.extend(BINARY.map(|function| (Op::Binary(function, broadcast), vec![a, b])));
			all.push((Op::Fma(broadcast), vec![a, b, a]));
			all.push((Op::Select(broadcast), vec![a, b, a]));
		}
	}
	all
}

fn broadcasts((rows, cols): (u32, u32)) -> Vec<(Broadcast, (u32, u32))> {
	let mut all = vec![
		(Broadcast::None, (rows, cols)),
		(Broadcast::Row, (1, cols)),
		(Broadcast::Col, (rows, 1)),
		(Broadcast::Scalar, (1, 1)),
	];
	if rows % 12 == 0 && cols % 2 == 0 {
		all.push((Broadcast::Periodic { each: 3 }, (4, cols / 2)));
		all.push((Broadcast::Periodic { each: 1 }, (rows / 2, cols)));
	}
	all
}

fn reductions(large: bool) -> Shapes {
	let mut sizes = vec![(1, 1), (3, 10), (40, 33), (600, 31), (1025, 6), (9, 1024), (2, 2100)];
	if large {
		sizes.extend([(4096, 1000), (70_000, 3), (3, 70_000)]);
	}
	let each = |size| [Op::RowSum, Op::RowMax, Op::ColSum].map(|op| (op, vec![size]));
	sizes.into_iter().flat_map(each).collect()
}

fn labels(large: bool) -> Shapes {
	let mut sizes = vec![(1, 1), (64, 10), (1100, 33), (70, 130)];
	if large {
		sizes.push((4096, 768));
	}
	let each = |(rows, cols): (u32, u32)| {
		[
			(Op::Pick, vec![(rows, cols), (rows, 1)]),
			(Op::OneHot { cols }, vec![(rows, 1)]),
			(Op::Gather, vec![(rows / 2 + 1, cols), (rows, 1)]),
			(Op::ScatterAdd { rows: 7 }, vec![(rows, 1), (rows, cols)]),
			(Op::ScatterAdd { rows: rows + 40 }, vec![(rows, 1), (rows, cols)]),
		]
	};
	sizes.into_iter().flat_map(each).collect()
}

const fn window(
	size: (u16, u16, u16),
	kernel: (u8, u8),
	stride: (u8, u8),
	pad: (u8, u8),
) -> Window {
	Window {
		height: size.0,
		width: size.1,
		channels: size.2,
		kernel_h: kernel.0,
		kernel_w: kernel.1,
		stride_h: stride.0,
		stride_w: stride.1,
		pad_h: pad.0,
		pad_w: pad.1,
	}
}

fn windows(large: bool) -> Shapes {
	let padded = [
		window((1, 1, 1), (1, 1), (1, 1), (0, 0)),
		window((7, 9, 3), (3, 2), (1, 1), (0, 0)),
		window((8, 8, 1), (5, 5), (1, 1), (2, 2)),
		window((9, 6, 5), (3, 3), (2, 3), (1, 2)),
	];
	let pools = [
		window((8, 10, 6), (2, 2), (2, 2), (0, 0)),
		window((9, 7, 3), (3, 2), (2, 1), (0, 0)),
		window((7, 7, 2), (2, 2), (3, 3), (0, 0)),
	];
	let counts: &[u32] = if large { &[1, 5, 100] } else { &[1, 5] };
	let mut all = Vec::new();
	for images in counts {
		let pixels = |w: &Window| (images * w.pixels(), u32::from(w.channels));
		let positions = |w: &Window| (images * w.positions(), u32::from(w.channels));
		for w in padded {
			all.push((Op::Im2Col(w), vec![pixels(&w)]));
			all.push((Op::Col2Im(w), vec![(images * w.positions(), w.patch())]));
		}
		for w in pools {
			all.push((Op::MaxPool(w), vec![pixels(&w)]));
			all.push((Op::MaxPoolGrad(w), vec![pixels(&w), positions(&w)]));
			all.push((Op::AvgPool(w), vec![pixels(&w)]));
			all.push((Op::AvgPoolGrad(w), vec![positions(&w)]));
		}
	}
	all
}

fn layouts(large: bool) -> Shapes {
	let mut all = vec![(Op::Reshape { rows: 6, cols: 35 }, vec![(70, 3)])];
	let sizes: &[u32] = if large { &[1, 33, 700] } else { &[1, 33] };
	for cols in sizes {
		all.push((Op::Causal { bits: 0xFF80_0000 }, vec![(cols * 3, *cols)]));
		all.push((Op::RotateHalf { width: 4 }, vec![(7, cols * 4)]));
		all.push((Op::RotateHalf { width: cols * 2 }, vec![(3, cols * 4)]));
	}
	all
}

fn sources(large: bool) -> Shapes {
	use RecordFormat::{U8ToF32, U8ToU32, F32, U32};
	let mut all: Shapes = [U8ToF32, U8ToU32, F32, U32]
		.map(|format| (Op::Load { offset: 3, width: 9, format }, vec![]))
		.into();
	for bits in [0x8000_0000, 0xFFC0_1234, 1] {
		all.push((Op::Fill { bits, rows: 70, cols: 33 }, vec![]));
	}
	let size = if large { 2000 } else { 71 };
	for (rows, cols) in [(1, 1), (33, 70), (size, 101)] {
		let (stream, threshold, scale) = (3, 0x4000_0000, 0x3FA0_0000);
		all.push((Op::Mask { stream, threshold, scale, rows, cols }, vec![]));
		all.push((Op::Iota { rows: rows * cols, first: 0xFFFF_FFF0, stride: 3 }, vec![]));
	}
	all.push((Op::StepIndex { every: 3, period: 7 }, vec![]));
	all
}
