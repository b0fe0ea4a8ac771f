//! Every operation on a case that is worked out by hand.

mod common;

use assay_ops::{BatchMatMul, Binary, Broadcast, HeadLayout, Op, Unary, Window, CANONICAL_NAN};
use common::program::{bits, float, integer, run};

const NAN: u32 = 0xFFC0_1234;
const INF: f32 = f32::INFINITY;

fn unary(function: Unary, x: &[u32]) -> Vec<u32> {
	run(Op::Unary(function), &[(float(1, x.len() as u32), x)])
}

fn window(size: (u16, u16), channels: u16, kernel: u8, stride: u8, pad: u8) -> Window {
	Window {
		height: size.0,
		width: size.1,
		channels,
		kernel_h: kernel,
		kernel_w: kernel,
		stride_h: stride,
		stride_w: stride,
		pad_h: pad,
		pad_w: pad,
	}
}

#[test]
fn fill_should_repeat_the_constant_and_canonicalise() {
	assert_eq!(run(Op::Fill { bits: 7, rows: 2, cols: 2 }, &[]), [7; 4]);
	assert_eq!(run(Op::Fill { bits: NAN, rows: 1, cols: 1 }, &[]), [CANONICAL_NAN]);
}

#[test]
fn unary_should_follow_its_table() {
	let x = [bits(&[-0.0, 4.0, -1.0]), vec![NAN]].concat();
	assert_eq!(unary(Unary::Neg, &x), [bits(&[0.0, -4.0, 1.0]), vec![CANONICAL_NAN]].concat());
	let roots = [bits(&[-0.0, 2.0]), vec![CANONICAL_NAN; 2]].concat();
	assert_eq!(unary(Unary::Sqrt, &x), roots);
	assert_eq!(unary(Unary::Relu, &x), [bits(&[0.0, 4.0, 0.0]), vec![CANONICAL_NAN]].concat());
	assert_eq!(unary(Unary::Exp, &bits(&[0.0, 1.0])), bits(&[1.0, std::f32::consts::E]));
	assert_eq!(unary(Unary::Log, &bits(&[1.0, 0.0])), bits(&[0.0, -INF]));
}

#[test]
fn binary_should_follow_its_table() {
	let (a, b) = (bits(&[6.0, 1.0]), bits(&[2.0, 0.0]));
	let op = |f| run(Op::Binary(f, Broadcast::None), &[(float(1, 2), &a), (float(1, 2), &b)]);
	assert_eq!(op(Binary::Add), bits(&[8.0, 1.0]));
	assert_eq!(op(Binary::Sub), bits(&[4.0, 1.0]));
	assert_eq!(op(Binary::Mul), bits(&[12.0, 0.0]));
	assert_eq!(op(Binary::Div), bits(&[3.0, INF]));
}

#[test]
fn relu_grad_should_gate_the_second_operand() {
	let a = [bits(&[1.0, 0.0, -0.0, -1.0]), vec![NAN]].concat();
	let b = bits(&[5.0, 5.0, 5.0, 5.0, 5.0]);
	let ty = float(1, 5);
	let gradient = run(Op::Binary(Binary::ReluGrad, Broadcast::None), &[(ty, &a), (ty, &b)]);
	assert_eq!(gradient, [bits(&[5.0, 0.0, 0.0, 0.0]), vec![CANONICAL_NAN]].concat());
}

#[test]
fn binary_should_spread_the_second_operand() {
	let a = bits(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
	let add = |broadcast, rows, cols, b: &[f32]| {
		let op = Op::Binary(Binary::Add, broadcast);
		run(op, &[(float(2, 3), &a), (float(rows, cols), &bits(b))])
	};
	assert_eq!(add(Broadcast::Row, 1, 3, &[10., 20., 30.]), bits(&[11., 22., 33., 14., 25., 36.]));
	assert_eq!(add(Broadcast::Col, 2, 1, &[10., 20.]), bits(&[11., 12., 13., 24., 25., 26.]));
	assert_eq!(add(Broadcast::Scalar, 1, 1, &[10.]), bits(&[11., 12., 13., 14., 15., 16.]));
}

#[test]
fn fma_should_round_once() {
	// (1 + 2^−12)² = 1 + 2^−11 + 2^−24: minus (1 + 2^−11) leaves 2^−24, which two roundings lose.
	let a = bits(&[1.0 + 2f32.powi(-12)]);
	let c = bits(&[-(1.0 + 2f32.powi(-11))]);
	let ty = float(1, 1);
	let fused = run(Op::Fma(Broadcast::Scalar), &[(ty, &a), (ty, &a), (ty, &c)]);
	assert_eq!(fused, bits(&[2f32.powi(-24)]));
}

#[test]
fn matmul_should_multiply_in_every_layout() {
	// A = [1 2; 3 4; 5 6], B = [1 0 2; −1 3 1].
	let (a, at) = (bits(&[1., 2., 3., 4., 5., 6.]), bits(&[1., 3., 5., 2., 4., 6.]));
	let (b, bt) = (bits(&[1., 0., 2., -1., 3., 1.]), bits(&[1., -1., 0., 3., 2., 1.]));
	let product = bits(&[-1., 6., 4., -1., 12., 10., -1., 18., 16.]);
	for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
		let left = if transpose_a { (float(2, 3), &at) } else { (float(3, 2), &a) };
		let right = if transpose_b { (float(3, 2), &bt) } else { (float(2, 3), &b) };
		let op = Op::MatMul { transpose_a, transpose_b };
		assert_eq!(run(op, &[(left.0, left.1), (right.0, right.1)]), product);
	}
}

#[test]
fn matmul_should_fold_blocks_when_k_is_long() {
	// Block 0 sums to 2^24, block 1 is 1 + 1 = 2: folded 2^24 + 2. One chain would lose both ones.
	let mut a = vec![0f32; 514];
	(a[0], a[512], a[513]) = (16_777_216.0, 1.0, 1.0);
	let ones = bits(&[1.0; 514]);
	let op = Op::MatMul { transpose_a: false, transpose_b: false };
	let sum = run(op, &[(float(1, 514), &bits(&a)), (float(514, 1), &ones)]);
	assert_eq!(sum, bits(&[16_777_218.0]));
}

#[test]
fn col_sum_should_fold_blocks_of_rows() {
	let mut a = vec![0f32; 514];
	(a[0], a[512], a[513]) = (16_777_216.0, 1.0, 1.0);
	assert_eq!(run(Op::ColSum, &[(float(514, 1), &bits(&a))]), bits(&[16_777_218.0]));
	assert_eq!(run(Op::ColSum, &[(float(1, 1), &bits(&[-0.0]))]), bits(&[0.0]));
}

#[test]
fn im2col_should_order_columns_by_channel_then_kernel() {
	// One 2 × 2 image of two channels: pixels (1, 10) (2, 20) / (3, 30) (4, 40).
	let image = bits(&[1., 10., 2., 20., 3., 30., 4., 40.]);
	let patches = run(Op::Im2Col(window((2, 2), 2, 2, 1, 0)), &[(float(4, 2), &image)]);
	assert_eq!(patches, bits(&[1., 2., 3., 4., 10., 20., 30., 40.]));
	// With padding 1 the first patch holds only the first pixel, in its last place.
	let padded = run(Op::Im2Col(window((2, 2), 2, 2, 2, 1)), &[(float(4, 2), &image)]);
	assert_eq!(padded[..8], bits(&[0., 0., 0., 1., 0., 0., 0., 10.]));
}

#[test]
fn col2im_should_sum_the_entries_of_each_pixel() {
	// A 1 × 3 image, kernel 1 × 2: patches (a, b), (b, c).
	let w = Window { kernel_h: 1, ..window((1, 3), 1, 2, 1, 0) };
	let patches = bits(&[1., 2., 30., 40.]);
	assert_eq!(run(Op::Col2Im(w), &[(float(2, 2), &patches)]), bits(&[1., 32., 40.]));
}

#[test]
fn max_pool_should_take_the_total_order() {
	let pool = window((2, 2), 1, 2, 2, 0);
	let max = |x: &[u32]| run(Op::MaxPool(pool), &[(float(4, 1), x)]);
	assert_eq!(max(&bits(&[1., -2., 7., 3.])), bits(&[7.]));
	assert_eq!(max(&bits(&[-0., 0., -1., -0.])), bits(&[0.]));
	assert_eq!(max(&[NAN, 0, 0x7F80_0000, 0]), [CANONICAL_NAN]);
}

#[test]
fn max_pool_grad_should_go_to_the_first_maximum() {
	let pool = window((2, 2), 1, 2, 2, 0);
	let gradient = |x: &[u32]| {
		let operands: [(_, &[u32]); 2] = [(float(4, 1), x), (float(1, 1), &bits(&[5.]))];
		run(Op::MaxPoolGrad(pool), &operands)
	};
	assert_eq!(gradient(&bits(&[1., 7., 7., 3.])), bits(&[0., 5., 0., 0.]));
	assert_eq!(gradient(&[0, 0x7FC0_0000, 0xFFC0_0001, 0]), bits(&[0., 5., 0., 0.]));
	// Overlapping windows: the middle pixel of 1 × 3 wins both.
	let overlap = Window { kernel_h: 1, ..window((1, 3), 1, 2, 1, 0) };
	let operands: [(_, &[u32]); 2] =
		[(float(3, 1), &bits(&[1., 9., 2.])), (float(2, 1), &bits(&[10., 100.]))];
	assert_eq!(run(Op::MaxPoolGrad(overlap), &operands), bits(&[0., 110., 0.]));
}

#[test]
fn avg_pool_should_multiply_with_the_rounded_reciprocal() {
	let pool = window((3, 3), 1, 3, 3, 0);
	let mean = run(Op::AvgPool(pool), &[(float(9, 1), &bits(&[1.0; 9]))]);
	assert_eq!(mean, bits(&[9.0 * (1.0f32 / 9.0)]));
	let spread = run(Op::AvgPoolGrad(pool), &[(float(1, 1), &bits(&[18.0]))]);
	assert_eq!(spread, bits(&[18.0 * (1.0f32 / 9.0); 9]));
}

#[test]
fn pools_should_see_no_pixels_outside_the_image() {
	// Two pixels, three windows: (outside, a), (a, b), (b, outside).
	let pool = Window { pad_w: 1, kernel_h: 1, ..window((1, 2), 1, 2, 1, 0) };
	let pixels = |x: &[u32]| run(Op::MaxPool(pool), &[(float(2, 1), x)]);
	assert_eq!(pixels(&bits(&[-3., -5.])), bits(&[-3., -3., -5.]));
	assert_eq!(pixels(&bits(&[f32::NEG_INFINITY, -0.])), bits(&[f32::NEG_INFINITY, -0., -0.]));
	let operands: [(_, &[u32]); 2] =
		[(float(2, 1), &bits(&[-3., -5.])), (float(3, 1), &bits(&[1., 10., 100.]))];
	assert_eq!(run(Op::MaxPoolGrad(pool), &operands), bits(&[11., 100.]));
	// The size of the window counts what is outside.
	let mean = run(Op::AvgPool(pool), &[(float(2, 1), &bits(&[-3., -5.]))]);
	assert_eq!(mean, bits(&[-1.5, -4., -2.5]));
	let spread = run(Op::AvgPoolGrad(pool), &[(float(3, 1), &bits(&[2., 4., 8.]))]);
	assert_eq!(spread, bits(&[3., 6.]));
}

#[test]
fn reshape_should_keep_row_major_order() {
	let x = [1, 2, 3, 4, 5, NAN];
	let reshaped = run(Op::Reshape { rows: 3, cols: 2 }, &[(float(2, 3), &x)]);
	assert_eq!(reshaped, [1, 2, 3, 4, 5, CANONICAL_NAN]);
	assert_eq!(run(Op::Reshape { rows: 3, cols: 2 }, &[(integer(2, 3), &x)]), x);
}

#[test]
fn row_sum_should_add_lanes_by_halving() {
	// 1 and 2^24 share lane 0 as elements 0 and 32; 1 in lane 16 joins at the first halving.
	let mut x = vec![0f32; 33];
	(x[0], x[16], x[32]) = (16_777_216.0, 1.0, 1.0);
	assert_eq!(run(Op::RowSum, &[(float(1, 33), &bits(&x))]), bits(&[16_777_216.0]));
	// 1 + 1 in lanes 1 and 17 meet first, so their sum survives.
	let mut y = vec![0f32; 32];
	(y[0], y[1], y[17]) = (16_777_216.0, 1.0, 1.0);
	assert_eq!(run(Op::RowSum, &[(float(1, 32), &bits(&y))]), bits(&[16_777_218.0]));
}

#[test]
fn row_max_should_take_the_total_order() {
	let x = [bits(&[-INF, -1.0, -0.0, 0.0]), vec![NAN; 4]].concat();
	assert_eq!(run(Op::RowMax, &[(float(2, 4), &x)]), [0, CANONICAL_NAN]);
}

#[test]
fn pick_should_be_nan_when_label_is_outside() {
	let x = bits(&[1., 2., 3., 4.]);
	let operands: [(_, &[u32]); 2] = [(float(2, 2), &x), (integer(2, 1), &[1, 2])];
	assert_eq!(run(Op::Pick, &operands), [2f32.to_bits(), CANONICAL_NAN]);
}

#[test]
fn one_hot_should_be_zero_when_label_is_outside() {
	let hot = run(Op::OneHot { cols: 3 }, &[(integer(2, 1), &[1, 3])]);
	assert_eq!(hot, bits(&[0., 1., 0., 0., 0., 0.]));
}

#[test]
fn unary_compositions_should_keep_signs_limits_and_nan() {
	let x = [bits(&[4.0, 0.0, -0.0, -1.0, INF]), vec![NAN]].concat();
	let abs = [bits(&[4.0, 0.0, 0.0, 1.0, INF]), vec![CANONICAL_NAN]].concat();
	assert_eq!(unary(Unary::Abs, &x), abs);
	let roots = [bits(&[0.5, INF, -INF]), vec![CANONICAL_NAN], vec![0, CANONICAL_NAN]].concat();
	assert_eq!(unary(Unary::Rsqrt, &x), roots);
	let ends = [bits(&[0.0, -0.0, INF, -INF]), vec![NAN]].concat();
	let sigmoid = [bits(&[0.5, 0.5, 1.0, 0.0]), vec![CANONICAL_NAN]].concat();
	assert_eq!(unary(Unary::Sigmoid, &ends), sigmoid);
	// At −∞ the other factor is 0.
	let units = [bits(&[0.0, -0.0, INF]), vec![CANONICAL_NAN; 2]].concat();
	assert_eq!(unary(Unary::Silu, &ends), units);
	assert_eq!(unary(Unary::Gelu, &ends), units);
	assert_eq!(
		unary(Unary::Tanh, &ends),
		[bits(&[0.0, -0.0, 1.0, -1.0]), vec![CANONICAL_NAN]].concat()
	);
	assert_eq!(
		unary(Unary::Erf, &ends),
		[bits(&[0.0, -0.0, 1.0, -1.0]), vec![CANONICAL_NAN]].concat()
	);
}

fn pairs(function: Binary, a: &[u32], b: &[u32]) -> Vec<u32> {
	let ty = float(1, a.len() as u32);
	run(Op::Binary(function, Broadcast::None), &[(ty, a), (ty, b)])
}

#[test]
fn max_and_min_should_take_the_total_order_and_nan() {
	let a = [bits(&[1.0, -0.0, 0.0, -INF, 2.0]), vec![NAN]].concat();
	let b = [bits(&[2.0, 0.0, -0.0, -1.0]), vec![NAN], bits(&[2.0])].concat();
	let nans = vec![CANONICAL_NAN; 2];
	let max = [bits(&[2.0, 0.0, 0.0, -1.0]), nans.clone()].concat();
	assert_eq!(pairs(Binary::Max, &a, &b), max);
	assert_eq!(pairs(Binary::Min, &a, &b), [bits(&[1.0, -0.0, -0.0, -INF]), nans].concat());
}

#[test]
fn gradients_should_be_the_slope_times_the_second_operand() {
	let one = |function, a: f32, b: f32| pairs(function, &bits(&[a]), &bits(&[b]))[0];
	// The first two are given results, the others operands.
	assert_eq!(one(Binary::TanhGrad, 0.5, 2.0), 1.5f32.to_bits());
	assert_eq!(one(Binary::SigmoidGrad, 0.5, 8.0), 2f32.to_bits());
	assert_eq!(one(Binary::SiluGrad, 0.0, 4.0), 2f32.to_bits());
	assert_eq!(one(Binary::GeluGrad, 0.0, 4.0), 2f32.to_bits());
	let functions = [Binary::TanhGrad, Binary::SigmoidGrad, Binary::SiluGrad, Binary::GeluGrad];
	for function in functions {
		assert_eq!(pairs(function, &[NAN, 0], &[0, NAN]), [CANONICAL_NAN; 2], "{function:?}");
	}
}

#[test]
fn periodic_should_repeat_the_second_operand_down_and_across() {
	let (a, b) = (bits(&[0.0; 16]), bits(&[1., 2., 3., 4.]));
	let add = |each, rows, cols| {
		let op = Op::Binary(Binary::Add, Broadcast::Periodic { each });
		run(op, &[(float(4, 4), &a), (float(rows, cols), &b[..(rows * cols) as usize])])
	};
	let (first, second) = ([1., 2., 1., 2.], [3., 4., 3., 4.]);
	assert_eq!(add(1, 2, 2), bits(&[first, second, first, second].concat()));
	assert_eq!(add(2, 2, 2), bits(&[first, first, second, second].concat()));
	assert_eq!(add(1, 1, 2), bits(&first.repeat(4)));
	assert_eq!(add(4, 1, 4), bits(&[1., 2., 3., 4.].repeat(4)));
	// As the condition of a choice and the factor of an fma.
	let (ones, minus) = (bits(&[1.0; 4]), bits(&[-1.0; 4]));
	let ty = float(4, 1);
	let condition = (float(2, 1), &[0x8000_0000, 0x3F80_0000][..]);
	let chosen =
		run(Op::Select(Broadcast::Periodic { each: 1 }), &[(ty, &ones), condition, (ty, &minus)]);
	assert_eq!(chosen, bits(&[-1., 1., -1., 1.]));
	let fused =
		run(Op::Fma(Broadcast::Periodic { each: 2 }), &[(ty, &ones), condition, (ty, &minus)]);
	assert_eq!(fused, bits(&[-1., -1., 0., 0.]));
}

#[test]
fn select_should_take_the_third_operand_only_where_the_condition_is_zero() {
	let a = [vec![NAN], bits(&[1.0; 5])].concat();
	let condition = [bits(&[1.0, 0.0, -0.0, -2.0]), vec![NAN, 1]].concat();
	let c = [bits(&[9.0]), vec![NAN], bits(&[9.0; 4])].concat();
	let ty = float(1, 6);
	let chosen = run(Op::Select(Broadcast::None), &[(ty, &a), (ty, &condition), (ty, &c)]);
	let expected = [vec![CANONICAL_NAN; 2], bits(&[9.0, 1.0, 1.0, 1.0])].concat();
	assert_eq!(chosen, expected);
	let all = run(Op::Select(Broadcast::Scalar), &[(ty, &a), (float(1, 1), &[0]), (ty, &c)]);
	assert_eq!(all, [bits(&[9.0]), vec![CANONICAL_NAN], bits(&[9.0; 4])].concat());
}

#[test]
fn gather_should_be_nan_when_index_is_outside() {
	let table = [bits(&[1., 2., 3.]), vec![NAN]].concat();
	let indices = [1, 0, 2, u32::MAX, 1];
	let rows = run(Op::Gather, &[(float(2, 2), &table), (integer(5, 1), &indices)]);
	let (first, second) = (bits(&[1., 2.]), [3f32.to_bits(), CANONICAL_NAN]);
	let outside = [CANONICAL_NAN; 2];
	assert_eq!(rows, [&second[..], &first, &outside, &outside, &second].concat());
}

#[test]
fn scatter_add_should_sum_rows_in_order_and_pass_over_indices_outside() {
	let gradient = [bits(&[1., 10., -0., 0., 4., 40., 8., 80.]), vec![NAN, 0]].concat();
	let indices = [2, 1, 2, 3, u32::MAX];
	let operands: [(_, &[u32]); 2] = [(integer(5, 1), &indices), (float(5, 2), &gradient)];
	let sums = run(Op::ScatterAdd { rows: 3 }, &operands);
	// Row 0 gets nothing; row 1 a −0, which +0 absorbs.
	assert_eq!(sums, bits(&[0., 0., 0., 0., 5., 50.]));
}

#[test]
fn scatter_add_should_fold_blocks_of_positions() {
	// Block 0 sums to 2^24, block 1 to 2; the other row gets what lies between.
	let mut gradient = vec![1f32; 514];
	gradient[0] = BIG;
	let indices: Vec<u32> = (0..514).map(|i| u32::from(i > 0 && i < 512)).collect();
	let operands: [(_, &[u32]); 2] =
		[(integer(514, 1), &indices), (float(514, 1), &bits(&gradient))];
	assert_eq!(run(Op::ScatterAdd { rows: 2 }, &operands), bits(&[BIG + 2.0, 511.0]));
}

#[test]
fn iota_should_count_modulo_two_to_the_32() {
	let count = |first, stride| run(Op::Iota { rows: 4, first, stride }, &[]);
	assert_eq!(count(5, 3), [5, 8, 11, 14]);
	assert_eq!(count(1, u32::MAX), [1, 0, u32::MAX, u32::MAX - 1]);
	assert_eq!(count(0, 1 << 31), [0, 1 << 31, 0, 1 << 31]);
}

#[test]
fn step_index_should_divide_the_step_and_start_again() {
	// Tests run at step 3.
	let index = |every, period| run(Op::StepIndex { every, period }, &[]);
	assert_eq!([index(1, 100), index(1, 3), index(2, 100), index(4, 5)], [[3], [0], [1], [0]]);
}

#[test]
fn causal_should_fill_above_the_diagonal_of_every_square() {
	let x = [bits(&[1., 2., 3., 4.]), vec![NAN, NAN, 5, 6]].concat();
	let masked = run(Op::Causal { bits: 0xFF80_0000 }, &[(float(4, 2), &x)]);
	let hidden = 0xFF80_0000;
	let [one, three, four] = [1f32, 3., 4.].map(f32::to_bits);
	assert_eq!(masked, [one, hidden, three, four, CANONICAL_NAN, hidden, 5, 6]);
	assert_eq!(run(Op::Causal { bits: NAN }, &[(float(2, 2), &[7; 4])]), [7, CANONICAL_NAN, 7, 7]);
}

#[test]
fn rotate_half_should_swap_the_halves_of_every_run() {
	let x = [bits(&[1., 2., 3., 4., 0., -0.]), vec![NAN, NAN]].concat();
	let rotated = run(Op::RotateHalf { width: 4 }, &[(float(1, 8), &x)]);
	assert_eq!(rotated[..4], bits(&[-3., -4., 1., 2.]));
	assert_eq!(rotated[4..], [CANONICAL_NAN, CANONICAL_NAN, 0, 0x8000_0000]);
	let narrow = run(Op::RotateHalf { width: 2 }, &[(float(2, 2), &bits(&[1., 2., 3., 4.]))]);
	assert_eq!(narrow, bits(&[-2., 1., -4., 3.]));
}

#[test]
fn batch_matmul_should_multiply_every_head_where_it_lies() {
	use HeadLayout::{Interleaved, Stacked};
	// Two sequences of two heads: rows of two numbers times columns of two.
	let product = BatchMatMul {
		batch: 2,
		heads: 2,
		transpose_a: false,
		transpose_b: false,
		a: Interleaved,
		b: Stacked,
		out: Interleaved,
	};
	let a = bits(&[1., 2., 3., 4., 5., 6., 7., 8.]);
	let b = bits(&[1., 10., 1., 100., 2., 20., 2., 200.]);
	let run = |product, b_type| run(Op::BatchMatMul(product), &[(float(2, 4), &a), (b_type, &b)]);
	// 1 + 20, 3 + 400 / 10 + 120, 14 + 1600.
	assert_eq!(run(product, float(8, 1)), bits(&[21., 403., 130., 1614.]));
	let stacked = BatchMatMul { out: Stacked, transpose_b: true, ..product };
	assert_eq!(run(stacked, float(4, 2)), bits(&[21., 403., 130., 1614.]));
	// Side by side the same words are other matrices: (1, 1), (10, 100) / (2, 2), (20, 200).
	let beside = BatchMatMul { b: Interleaved, ..product };
	assert_eq!(run(beside, float(4, 2)), bits(&[3., 430., 22., 1740.]));
}

#[test]
fn batch_matmul_should_fold_blocks_when_k_is_long() {
	let mut a = vec![0f32; 2 * 514];
	(a[0], a[512], a[513]) = (BIG, 1.0, 1.0);
	(a[514], a[514 + 1], a[514 + 511]) = (BIG, 1.0, 1.0);
	let product = BatchMatMul {
		batch: 1,
		heads: 2,
		transpose_a: false,
		transpose_b: true,
		a: HeadLayout::Stacked,
		b: HeadLayout::Stacked,
		out: HeadLayout::Interleaved,
	};
	let ones = bits(&[1.0; 2 * 514]);
	let ty = float(2, 514);
	let sums = run(Op::BatchMatMul(product), &[(ty, &bits(&a)), (ty, &ones)]);
	assert_eq!(sums, bits(&[BIG + 2.0, BIG]));
}

#[test]
fn row_sum_should_fold_blocks_when_rows_are_long() {
	// The ones of block 1 meet before they meet 2^24; in block 0 the one in lane 0 is lost.
	let mut x = vec![0f32; 2 * 1026];
	(x[0], x[1024], x[1025]) = (BIG, 1.0, 1.0);
	(x[1026], x[1026 + 992], x[1026 + 1024]) = (BIG, 1.0, 1.0);
	assert_eq!(run(Op::RowSum, &[(float(2, 1026), &bits(&x))]), bits(&[BIG + 2.0, BIG]));
	assert_eq!(run(Op::RowSum, &[(float(1, 1), &bits(&[-0.0]))]), bits(&[0.0]));
}

#[test]
fn row_max_should_fold_blocks_when_rows_are_long() {
	let row = |last: u32| [vec![0x8000_0000; 1024], vec![last]].concat();
	let x = [row(0), row(NAN), row(0xBF80_0000), row(0x8000_0000)].concat();
	let greatest = run(Op::RowMax, &[(float(4, 1025), &x)]);
	assert_eq!(greatest, [0, CANONICAL_NAN, 0x8000_0000, 0x8000_0000]);
}

/// 2^24 absorbs ones that are added to it one by one, but not their sum: shows the order of a chain.
const BIG: f32 = 16_777_216.0;

/// A line of five pixels or a column of five, with windows of three.
fn lines() -> [Window; 2] {
	let across = Window { kernel_h: 1, ..window((1, 5), 1, 3, 1, 0) };
	let down = Window { kernel_w: 1, ..window((5, 1), 1, 3, 1, 0) };
	[across, down]
}

#[test]
fn pool_sums_should_ascend_when_windows_overlap() {
	let third = 1.0f32 / 3.0;
	for w in lines() {
		for (order, sum) in [([BIG, 1., 1.], BIG), ([1., 1., BIG], BIG + 2.0)] {
			let x = bits(&[order[0], order[1], order[2], 0., 0.]);
			assert_eq!(run(Op::AvgPool(w), &[(float(5, 1), &x)])[0], (sum * third).to_bits());
			// The middle pixel lies in all three windows.
			let gradient = bits(&order);
			let spread = run(Op::AvgPoolGrad(w), &[(float(3, 1), &gradient)]);
			assert_eq!(spread[2], (sum * third).to_bits(), "{w:?}");
			let peak = bits(&[0., 0., 9., 0., 0.]);
			let operands: [(_, &[u32]); 2] = [(float(5, 1), &peak), (float(3, 1), &gradient)];
			assert_eq!(run(Op::MaxPoolGrad(w), &operands)[2], sum.to_bits(), "{w:?}");
		}
	}
}

#[test]
fn col2im_should_add_in_order_of_kernel_entries() {
	for w in lines() {
		for (order, sum) in [([BIG, 1., 1.], BIG), ([1., 1., BIG], BIG + 2.0)] {
			// Kernel entry k of the middle pixel belongs to window 2 − k.
			let mut patches = [0f32; 9];
			for (k, value) in order.iter().enumerate() {
				patches[(2 - k) * 3 + k] = *value;
			}
			let image = run(Op::Col2Im(w), &[(float(3, 3), &bits(&patches))]);
			assert_eq!(image[2], sum.to_bits(), "{w:?}");
		}
	}
}

#[test]
fn pool_gradient_should_run_along_rows_before_columns() {
	// 3 × 3 pixels, windows of 2 × 2: the centre lies in all four, in order (0,0) (0,1) (1,0) (1,1).
	let w = window((3, 3), 1, 2, 1, 0);
	// Row by row: (BIG + −BIG) + (1 + …) keeps both ones; column by column loses the first.
	let gradient = bits(&[BIG, -BIG, 1., 1.]);
	let spread = run(Op::AvgPoolGrad(w), &[(float(4, 1), &gradient)]);
	assert_eq!(spread[4], 0.5f32.to_bits());
	let swapped = bits(&[BIG, 1., -BIG, 1.]);
	let spread = run(Op::AvgPoolGrad(w), &[(float(4, 1), &swapped)]);
	assert_eq!(spread[4], 0.25f32.to_bits());
}
