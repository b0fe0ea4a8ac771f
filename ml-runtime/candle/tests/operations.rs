//! Every operation of the op set against candle: forward operations against the same computation,
//! gradient operations against candle's autograd of what they are the gradient of.

mod common;

use std::collections::BTreeSet;

use assay_ops::{BatchMatMul, Binary, Broadcast, HeadLayout, Op, QuantFormat, Unary, Window};
use candle_core::Tensor;
use common::{distance, oracle::meaning, run, Random};

/// `f32` results of sums of up to 1,200 terms against `f64`.
const TOLERANCE: f64 = 5e-6;

fn window(size: [u16; 3], kernel: [u8; 2], stride: [u8; 2], pad: [u8; 2]) -> Window {
	Window {
		height: size[0],
		width: size[1],
		channels: size[2],
		kernel_h: kernel[0],
		kernel_w: kernel[1],
		stride_h: stride[0],
		stride_w: stride[1],
		pad_h: pad[0],
		pad_w: pad[1],
	}
}

const BROADCASTS: [Broadcast; 5] = [
	Broadcast::None,
	Broadcast::Row,
	Broadcast::Col,
	Broadcast::Scalar,
	Broadcast::Periodic { each: 5 },
];

fn second(broadcast: Broadcast, rows: u32, cols: u32) -> (u32, u32) {
	match broadcast {
		Broadcast::None => (rows, cols),
		Broadcast::Row => (1, cols),
		Broadcast::Col => (rows, 1),
		Broadcast::Scalar => (1, 1),
		Broadcast::Periodic { each } => (rows / each, cols / 2),
	}
}

/// Numbers that every function takes: away from zero, positive.
fn positive(x: f64) -> f64 {
	x.abs() * 4.0 + 0.1
}

fn plain(x: f64) -> f64 {
	x
}

/// Ten times as far from zero.
fn wide(x: f64) -> f64 {
	x * 10.0
}

/// A result of tanh.
fn inner(x: f64) -> f64 {
	x * 0.9
}

/// A result of the logistic function.
fn share(x: f64) -> f64 {
	x.abs() * 0.8 + 0.1
}

/// A condition.
fn half(x: f64) -> f64 {
	x.max(0.0)
}

type Case = (Op, Vec<Tensor>);

fn linear(random: &mut Random) -> Vec<Case> {
	let mut cases: Vec<Case> = Vec::new();
	for (m, n, k) in [(5, 7, 3), (33, 40, 70), (3, 4, 1200)] {
		for (transpose_a, transpose_b) in
			[(false, false), (false, true), (true, false), (true, true)]
		{
			let (ar, ac) = if transpose_a { (k, m) } else { (m, k) };
			let (br, bc) = if transpose_b { (n, k) } else { (k, n) };
			let operands = vec![random.matrix(ar, ac, plain), random.matrix(br, bc, plain)];
			for format in [QuantFormat::I8, QuantFormat::Q15] {
				let op = Op::QuantMatMul { format, transpose_a, transpose_b };
				cases.push((op, operands.clone()));
			}
			cases.push((Op::MatMul { transpose_a, transpose_b }, operands));
		}
	}
	cases.push((Op::Reshape { rows: 6, cols: 35 }, vec![random.matrix(14, 15, plain)]));
	cases.push((Op::Fill { bits: 0.1f32.to_bits(), rows: 3, cols: 40 }, vec![]));
	for (rows, cols) in [(4, 5), (40, 33), (1200, 3), (3, 1200)] {
		for op in [Op::RowSum, Op::RowMax, Op::ColSum] {
			cases.push((op, vec![random.matrix(rows, cols, plain)]));
		}
	}
	let labels = random.labels(40, 10);
	cases.push((Op::Pick, vec![random.matrix(40, 10, plain), labels.clone()]));
	cases.push((Op::OneHot { cols: 10 }, vec![labels]));
	cases
}

fn elementwise(random: &mut Random) -> Vec<Case> {
	let mut cases: Vec<Case> = Vec::new();
	for (function, map) in [
		(Unary::Neg, plain as fn(f64) -> f64),
		(Unary::Sqrt, positive),
		(Unary::Relu, plain),
		(Unary::Exp, wide),
		(Unary::Log, positive),
		(Unary::Tanh, wide),
		(Unary::Erf, wide),
		(Unary::Abs, plain),
		(Unary::Sigmoid, wide),
		(Unary::Silu, wide),
		(Unary::Gelu, wide),
		(Unary::Rsqrt, positive),
	] {
		cases.push((Op::Unary(function), vec![random.matrix(37, 41, map)]));
	}
	let functions = [
		(Binary::Add, plain as fn(f64) -> f64),
		(Binary::Sub, plain),
		(Binary::Mul, plain),
		(Binary::Div, plain),
		(Binary::Max, wide),
		(Binary::Min, wide),
		(Binary::ReluGrad, plain),
		(Binary::TanhGrad, inner),
		(Binary::SigmoidGrad, share),
		(Binary::SiluGrad, wide),
		(Binary::GeluGrad, wide),
	];
	for broadcast in BROADCASTS {
		let (rows, cols) = second(broadcast, 35, 34);
		for (function, map) in functions {
			let operands = vec![random.matrix(35, 34, map), random.matrix(rows, cols, positive)];
			cases.push((Op::Binary(function, broadcast), operands));
		}
		let mut operands = vec![random.matrix(35, 34, plain), random.matrix(rows, cols, plain)];
		operands.push(random.matrix(35, 34, plain));
		cases.push((Op::Fma(broadcast), operands.clone()));
		operands[1] = random.matrix(rows, cols, half);
		cases.push((Op::Select(broadcast), operands));
	}
	cases
}

fn sliding(random: &mut Random) -> Vec<Case> {
	let mut cases: Vec<Case> = Vec::new();
	let windows = [
		window([6, 6, 3], [2, 2], [2, 2], [0, 0]),
		window([7, 5, 2], [3, 2], [2, 1], [0, 0]),
		window([5, 8, 40], [3, 3], [1, 1], [0, 0]),
		window([9, 4, 1], [5, 4], [3, 2], [0, 0]),
		window([6, 5, 2], [3, 3], [1, 1], [1, 1]),
		window([5, 7, 3], [4, 2], [2, 3], [3, 1]),
	];
	for w in windows {
		let images = 3;
		let pixels = images * u32::from(w.height) * u32::from(w.width);
		let channels = u32::from(w.channels);
		let image = random.matrix(pixels, channels, plain);
		let patches = meaning(Op::Im2Col(w), std::slice::from_ref(&image)).unwrap().unwrap();
		let (places, width) = patches.dims2().unwrap();
		let gradient = random.matrix(places as u32, width as u32, plain);
		cases.push((Op::Im2Col(w), vec![image.clone()]));
		cases.push((Op::Col2Im(w), vec![gradient]));
		let gradient = random.matrix(places as u32, channels, plain);
		cases.push((Op::MaxPool(w), vec![image.clone()]));
		cases.push((Op::AvgPool(w), vec![image.clone()]));
		cases.push((Op::MaxPoolGrad(w), vec![image, gradient.clone()]));
		cases.push((Op::AvgPoolGrad(w), vec![gradient]));
	}
	cases
}

/// Batches of two products by three heads, whatever lies how.
fn batches(random: &mut Random) -> Vec<Case> {
	use HeadLayout::{Interleaved, Stacked};
	let (batch, heads, m, n, k) = (2, 3u16, 5, 4, 6);
	let mut cases: Vec<Case> = Vec::new();
	for choice in 0..32u32 {
		let layout = |bit: u32| if choice >> bit & 1 == 1 { Interleaved } else { Stacked };
		let (transpose_a, transpose_b) = (choice & 8 != 0, choice & 16 != 0);
		let (a, b, out) = (layout(0), layout(1), layout(2));
		let product = BatchMatMul { batch, heads, transpose_a, transpose_b, a, b, out };
		let stored = |layout, rows, cols| match layout {
			Stacked => (batch * u32::from(heads) * rows, cols),
			Interleaved => (batch * rows, u32::from(heads) * cols),
		};
		let (ar, ac) = if transpose_a { stored(a, k, m) } else { stored(a, m, k) };
		let (br, bc) = if transpose_b { stored(b, n, k) } else { stored(b, k, n) };
		let operands = vec![random.matrix(ar, ac, plain), random.matrix(br, bc, plain)];
		cases.push((Op::BatchMatMul(product), operands));
	}
	cases
}

fn sequences(random: &mut Random) -> Vec<Case> {
	let mut cases = batches(random);
	let indices = random.labels(50, 9);
	cases.push((Op::Gather, vec![random.matrix(9, 40, plain), indices.clone()]));
	cases.push((Op::ScatterAdd { rows: 9 }, vec![indices, random.matrix(50, 40, plain)]));
	cases.push((Op::Causal { bits: 0.5f32.to_bits() }, vec![random.matrix(21, 7, plain)]));
	for width in [2, 6, 36] {
		cases.push((Op::RotateHalf { width }, vec![random.matrix(5, 36, plain)]));
	}
	cases
}

fn check(cases: Vec<Case>) {
	for (op, operands) in cases {
		let expected = meaning(op, &operands).expect("candle has it").unwrap();
		let found = distance(&run(op, &operands), &expected);
		let tolerance = match op {
			// Integers to 127 and to 16319.
			Op::QuantMatMul { format: QuantFormat::I8, .. } => 2e-2,
			Op::QuantMatMul { format: QuantFormat::Q15, .. } => 2e-4,
			_ => TOLERANCE,
		};
		assert!(found <= tolerance, "{op:?} is off by {found:e}");
	}
}

#[test]
fn linear_operations_should_be_near_candle_when_operands_are_random() {
	check(linear(&mut Random(1)));
}

#[test]
fn elementwise_operations_should_be_near_candle_when_operands_are_random() {
	check(elementwise(&mut Random(2)));
}

#[test]
fn sliding_operations_should_be_near_candle_when_windows_overlap_and_are_padded() {
	check(sliding(&mut Random(3)));
}

#[test]
fn operations_of_sequences_should_be_near_candle_when_operands_are_random() {
	check(sequences(&mut Random(6)));
}

/// Position of an operation in the op set's encoding.
fn index(op: &Op) -> u8 {
	codec::Encode::encode(op)[0]
}

#[test]
fn cases_should_cover_the_op_set_when_candle_has_the_operation() {
	let random = &mut Random(4);
	let cases = [linear(random), elementwise(random), sliding(random), sequences(random)].concat();
	let covered: BTreeSet<u8> = cases.iter().map(|(op, _)| index(op)).collect();
	let (state, load, mask, iota, step_index) = (0, 1, 3, 22, 23);
	let other = [state, load, mask, iota, step_index];
	let expected: BTreeSet<u8> = (0..29).filter(|op| !other.contains(op)).collect();
	assert_eq!(covered, expected);
}

#[test]
fn distance_should_show_when_results_differ() {
	let (op, operands) = linear(&mut Random(5)).remove(0);
	let expected = meaning(op, &operands).unwrap().unwrap();
	let off = (expected.clone() * 1.0001).unwrap();
	assert!(distance(&off, &expected) > TOLERANCE);
}
