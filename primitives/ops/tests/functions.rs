//! Accuracy and special cases of `exp`, `log`, `tanh` and `erf`, and what is composed of them.

mod common;

use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, TAU};

use assay_ops::{functions, soft, CANONICAL_NAN};
use common::{cases, Random};

/// Error of `got` against the exact value, in units in the last place of an `f32` near it.
fn ulps(got: u32, exact: f64) -> f64 {
	let exponent = exact.abs().log2().floor().max(-126.0) as i32;
	(f64::from(f32::from_bits(got)) - exact).abs() / f64::from(exponent - 23).exp2()
}

/// Greatest error over sampled inputs; results that overflow must be infinite.
fn worst(
	input: impl Fn(&mut Random) -> u32,
	function: fn(u32) -> u32,
	exact: fn(f64) -> f64,
) -> (f64, u32) {
	let mut random = Random(31);
	let mut worst = (0.0, 0);
	for _ in 0..cases(2_000_000) {
		let x = input(&mut random);
		let (got, exact) = (function(x), exact(f64::from(f32::from_bits(x))));
		let error = if exact.abs() > f64::from(f32::MAX) {
			assert_eq!(got, 0x7F80_0000, "{x:#010x}");
			0.0
		} else {
			ulps(got, exact)
		};
		if error > worst.0 {
			worst = (error, x);
		}
	}
	worst
}

#[test]
fn exp_should_be_within_one_ulp_of_exact() {
	let everywhere = |random: &mut Random| {
		// Uniform in the interesting interval [−104, 89), or small with any exponent.
		if random.below(4) == 0 {
			(random.u32() & 0x807F_FFFF) | ((100 + random.below(30)) << 23)
		} else {
			((random.u32() as f64 / 4294967296.0 * 193.0 - 104.0) as f32).to_bits()
		}
	};
	let (error, at) = worst(everywhere, functions::exp, |x: f64| x.exp());
	println!("exp: {error:.4} ulp at {at:#010x}");
	assert!(error < 1.0, "{error} at {at:#010x}");
}

#[test]
fn log_should_be_within_one_ulp_of_exact() {
	let positive = |random: &mut Random| {
		let x = random.u32() & 0x7FFF_FFFF;
		match random.below(4) {
			// Around 1, where the result is small.
			0 => 0x3F80_0000 - (1 << 20) + (x & 0x3F_FFFF),
			1 => (x & 0x7F_FFFF).max(1),
			_ => x.clamp(1, 0x7F7F_FFFF),
		}
	};
	let (error, at) = worst(positive, functions::log, |x: f64| x.ln());
	println!("log: {error:.4} ulp at {at:#010x}");
	assert!(error < 1.0, "{error} at {at:#010x}");
}

#[test]
fn exp_should_define_special_cases() {
	let cases = [
		(0x0000_0000, 0x3F80_0000),
		(0x8000_0000, 0x3F80_0000),
		(0x7F80_0000, 0x7F80_0000),
		(0xFF80_0000, 0x0000_0000),
		(0xFFC0_0001, CANONICAL_NAN),
		(0x7F80_0001, CANONICAL_NAN),
		// 88.72283 is the last input with a finite result, 88.72284 the first without.
		(0x42B1_7217, 0x7F7F_FF84),
		(0x42B1_7218, 0x7F80_0000),
		(0x7F7F_FFFF, 0x7F80_0000),
		(0xFF7F_FFFF, 0x0000_0000),
		// −100 gives a subnormal, −103.97 the smallest, −104 rounds to zero.
		(0xC2C8_0000, 0x0000_001B),
		(0xC2CF_F0A4, 0x0000_0001),
		(0xC2D0_0000, 0x0000_0000),
	];
	for (x, expected) in cases {
		assert_eq!(functions::exp(x), expected, "exp {x:#010x}");
	}
}

#[test]
fn log_should_define_special_cases() {
	let cases = [
		(0x3F80_0000, 0x0000_0000),
		(0x0000_0000, 0xFF80_0000),
		(0x8000_0000, 0xFF80_0000),
		(0x7F80_0000, 0x7F80_0000),
		(0xFF80_0000, CANONICAL_NAN),
		(0xBF80_0000, CANONICAL_NAN),
		(0x8000_0001, CANONICAL_NAN),
		(0xFFC0_0001, CANONICAL_NAN),
		(0x7F80_0001, CANONICAL_NAN),
		// log 2 and the logarithm of the smallest subnormal, −149 · log 2.
		(0x4000_0000, 0x3F31_7218),
		(0x0000_0001, 0xC2CE_8ED0),
	];
	for (x, expected) in cases {
		assert_eq!(functions::log(x), expected, "log {x:#010x}");
	}
}

/// The error function; all terms of the series are positive.
fn erf(x: f64) -> f64 {
	if x.abs() > 6.0 {
		return x.signum();
	}
	let (mut term, mut sum, mut n) = (x, x, 1.0);
	while term.abs() > sum.abs() * 1e-18 {
		term *= 2.0 * x * x / (2.0 * n + 1.0);
		sum += term;
		n += 1.0;
	}
	FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// Every 977th float, and the neighbours of the places where a formula changes.
fn positive_floats() -> impl Iterator<Item = u32> {
	let strided = (0..0x7F80_0000_u32).step_by(if cfg!(debug_assertions) { 9770 } else { 977 });
	let seams = [0x3F50_0000_u32, 0x3F8C_0000, 0x407C_0000, 0x4120_0000, 0x3F80_0000, 0x0080_0000];
	let around = seams.into_iter().flat_map(|seam| seam - 3000..seam + 3000);
	strided.chain(around).chain([1, 0x7F7F_FFFF])
}

/// Greatest error over [`positive_floats`], where also the result at −x must be the one at x with its
/// sign flipped.
fn worst_of_odd(function: fn(u32) -> u32, exact: fn(f64) -> f64) -> (f64, u32) {
	let mut worst = (0.0, 0);
	for x in positive_floats() {
		let got = function(x);
		assert_eq!(function(x | 0x8000_0000), got | 0x8000_0000, "{x:#010x}");
		let error = ulps(got, exact(f64::from(f32::from_bits(x))));
		if error > worst.0 {
			worst = (error, x);
		}
	}
	worst
}

#[test]
fn tanh_should_be_odd_and_within_its_error_when_strided() {
	let (error, at) = worst_of_odd(functions::tanh, f64::tanh);
	println!("tanh: {error:.4} ulp at {at:#010x}");
	// Over all floats it is 1.0211 (`scripts/conformance.sh --accuracy`).
	assert!(error < 1.022, "{error} at {at:#010x}");
}

#[test]
fn erf_should_be_odd_and_within_its_error_when_strided() {
	let (error, at) = worst_of_odd(functions::erf, erf);
	println!("erf: {error:.4} ulp at {at:#010x}");
	// Over all floats it is 0.8542 (`scripts/conformance.sh --accuracy`).
	assert!(error < 0.855, "{error} at {at:#010x}");
}

#[test]
fn tanh_should_be_within_its_error_when_at_its_worst() {
	let error = ulps(functions::tanh(0x3F50_5937), f64::from(f32::from_bits(0x3F50_5937)).tanh());
	assert!((1.02..1.022).contains(&error), "{error}");
}

#[test]
fn tanh_should_never_decrease_between_neighbours() {
	let mut random = Random(34);
	for _ in 0..cases(200_000) {
		// Where it is neither x nor 1.
		let x = 0x3900_0000 + random.below(0x0820_0000);
		assert!(functions::tanh(x) <= functions::tanh(x + 1), "{x:#010x}");
	}
}

#[test]
fn erf_should_decrease_by_one_unit_at_most_and_never_over_a_thousandth() {
	let mut random = Random(35);
	for _ in 0..cases(200_000) {
		let x = 0x3900_0000 + random.below(0x07A0_0000);
		let apart = (f32::from_bits(x) * 1.001).to_bits();
		let (here, next) = (functions::erf(x), functions::erf(x + 1));
		assert!(here <= next + 1, "{x:#010x}");
		assert!(here <= functions::erf(apart), "{x:#010x}");
	}
}

#[test]
fn tanh_should_define_special_cases() {
	let cases = [
		(0x0000_0000, 0x0000_0000),
		(0x8000_0000, 0x8000_0000),
		(0x7F80_0000, 0x3F80_0000),
		(0xFF80_0000, 0xBF80_0000),
		(0x7F80_0001, CANONICAL_NAN),
		(0xFFC0_0001, CANONICAL_NAN),
		// Where x² does not count, tanh(x) is x.
		(0x0000_0001, 0x0000_0001),
		(0x807F_FFFF, 0x807F_FFFF),
		(0x0080_0000, 0x0080_0000),
		(0x3980_0000, 0x3980_0000),
		// Both sides of the seam, its worst error, 1, −2, and the last below 1.
		(0x3F4F_FFFF, 0x3F2B_C47F),
		(0x3F50_0000, 0x3F2B_C480),
		(0x3F50_5937, 0x3F2B_F580),
		(0x3F80_0000, 0x3F42_F7D6),
		(0xC000_0000, 0xBF76_CA83),
		(0x4110_2CB3, 0x3F7F_FFFF),
		(0x4110_2CB4, 0x3F80_0000),
	];
	for (x, expected) in cases {
		assert_eq!(functions::tanh(x), expected, "tanh {x:#010x}");
	}
}

#[test]
fn erf_should_define_special_cases() {
	let cases = [
		(0x0000_0000, 0x0000_0000),
		(0x8000_0000, 0x8000_0000),
		(0x7F80_0000, 0x3F80_0000),
		(0xFF80_0000, 0xBF80_0000),
		(0x7F80_0001, CANONICAL_NAN),
		(0xFFC0_0001, CANONICAL_NAN),
		// 2/√π · x, rounded once.
		(0x0000_0001, 0x0000_0001),
		(0x8000_0007, 0x8000_0008),
		(0x007F_FFFF, 0x0090_6EB9),
		(0x0080_0000, 0x0090_6EBA),
		// 1/2, both sides of the seam, its worst error, −2, and the last below 1.
		(0x3F00_0000, 0x3F05_3F7B),
		(0x3F8B_FFFF, 0x3F60_CA58),
		(0x3F8C_0000, 0x3F60_CA59),
		(0x3F87_3A4B, 0x3F5D_6650),
		(0xC000_0000, 0xBF7E_CD71),
		(0x407A_21C2, 0x3F7F_FFFF),
		(0x407A_21C3, 0x3F80_0000),
	];
	for (x, expected) in cases {
		assert_eq!(functions::erf(x), expected, "erf {x:#010x}");
	}
}

/// Checks a composed function against f64 on floats of moderate size, where an error of `relative` times
/// the exact result and of `absolute` times 1 + |x| is allowed.
fn check_composed(
	name: &str,
	function: impl Fn(u32) -> u32,
	exact: impl Fn(f64) -> f64,
	(relative, absolute): (f64, f64),
) {
	let mut random = Random(36);
	for _ in 0..cases(300_000) {
		let bits = (random.u32() & 0x807F_FFFF) | ((100 + random.below(33)) << 23);
		let x = f64::from(f32::from_bits(bits));
		let (got, exact) = (f64::from(f32::from_bits(function(bits))), exact(x));
		let allowed = relative * exact.abs() + absolute * (1.0 + x.abs());
		assert!((got - exact).abs() <= allowed, "{name}({x}) is {exact}, not {got}");
	}
}

fn logistic(x: f64) -> f64 {
	1.0 / (1.0 + (-x).exp())
}

fn normal(x: f64) -> f64 {
	0.5 * (1.0 + erf(x * FRAC_1_SQRT_2))
}

/// Half a unit in the last place of 1.
const UNIT: f64 = 1.0 / 16_777_216.0;

#[test]
fn logistic_functions_should_be_near_exact_when_operands_are_moderate() {
	let one = 0x3F80_0000;
	check_composed("sigmoid", functions::sigmoid, logistic, (4.0 * UNIT, 1e-38));
	check_composed("silu", functions::silu, |x| x * logistic(x), (4.0 * UNIT, 1e-38));
	let slope = |x: f64| logistic(x) * (1.0 + x * (1.0 - logistic(x)));
	check_composed("silu_grad", |x| functions::silu_grad(x, one), slope, (4.0 * UNIT, UNIT));
	let slope = |y: f64| y * (1.0 - y);
	check_composed("sigmoid_grad", |y| functions::sigmoid_grad(y, one), slope, (3.0 * UNIT, 0.0));
}

#[test]
fn functions_of_the_normal_distribution_should_be_near_exact_when_operands_are_moderate() {
	let one = 0x3F80_0000;
	check_composed("gelu", functions::gelu, |x| x * normal(x), (2.0 * UNIT, UNIT));
	let density = |x: f64| (-0.5 * x * x).exp() / TAU.sqrt();
	let slope = |x: f64| normal(x) + x * density(x);
	check_composed("gelu_grad", |x| functions::gelu_grad(x, one), slope, (2.0 * UNIT, 2.0 * UNIT));
	let slope = |y: f64| 1.0 - y * y;
	check_composed("tanh_grad", |y| functions::tanh_grad(y, one), slope, (2.0 * UNIT, 0.0));
}

#[test]
fn composed_functions_should_define_extreme_cases() {
	let (nan, minus_zero, one, infinity) = (CANONICAL_NAN, 0x8000_0000, 0x3F80_0000, 0x7F80_0000);
	let (minus_infinity, largest, lowest) = (0xFF80_0000, 0x7F7F_FFFF, 0xFF7F_FFFF);
	let operands = [0, minus_zero, infinity, minus_infinity, 0xFFC0_0001, largest, lowest];
	let half = 0x3F00_0000;
	type Row = (&'static str, fn(u32) -> u32, [u32; 7]);
	let table: [Row; 5] = [
		("sigmoid", functions::sigmoid, [half, half, one, 0, nan, one, 0]),
		("silu", functions::silu, [0, minus_zero, infinity, nan, nan, largest, minus_zero]),
		("gelu", functions::gelu, [0, minus_zero, infinity, nan, nan, largest, minus_zero]),
		(
			"silu_grad",
			|x| functions::silu_grad(x, 0x3F80_0000),
			[half, half, nan, nan, nan, one, minus_zero],
		),
		(
			"gelu_grad",
			|x| functions::gelu_grad(x, 0x3F80_0000),
			[half, half, nan, nan, nan, one, 0],
		),
	];
	for (name, function, expected) in table {
		for (x, expected) in operands.into_iter().zip(expected) {
			assert_eq!(function(x), expected, "{name} {x:#010x}");
		}
	}
}

/// Every formula, over some arithmetic; those of one operand ignore the second.
fn formulas<A: functions::Arith>(x: u32, gradient: u32) -> [u32; 11] {
	use functions::generic as f;
	[
		f::exp::<A>(x),
		f::log::<A>(x),
		f::tanh::<A>(x),
		f::erf::<A>(x),
		f::sigmoid::<A>(x),
		f::silu::<A>(x),
		f::gelu::<A>(x),
		f::tanh_grad::<A>(x, gradient),
		f::sigmoid_grad::<A>(x, gradient),
		f::silu_grad::<A>(x, gradient),
		f::gelu_grad::<A>(x, gradient),
	]
}

#[test]
fn formula_should_give_the_same_bits_when_instantiated_over_hardware_floats() {
	let mut random = Random(33);
	for _ in 0..cases(1_000_000) {
		let (x, gradient) = (random.float(), random.float());
		let soft = formulas::<functions::SoftArith>(x, gradient).map(soft::canonical);
		let hardware = formulas::<Hardware>(x, gradient).map(soft::canonical);
		assert_eq!(soft, hardware, "{x:#010x}, {gradient:#010x}");
	}
}

/// Hardware floats; the fused operation is exact f64 product and sum, rounded to odd.
struct Hardware;

impl functions::Arith for Hardware {
	fn add(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) + f32::from_bits(b)).to_bits()
	}
	fn sub(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) - f32::from_bits(b)).to_bits()
	}
	fn mul(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) * f32::from_bits(b)).to_bits()
	}
	fn fma(a: u32, b: u32, c: u32) -> u32 {
		let (x, y) = (f64::from(f32::from_bits(a)), f64::from(f32::from_bits(b)));
		let (p, c) = (x * y, f64::from(f32::from_bits(c)));
		// The product is exact; the error of the sum says which way to make it odd.
		let sum = p + c;
		let back = sum - p;
		let error = (p - (sum - back)) + (c - back);
		let bits = sum.to_bits();
		let odd = if error == 0.0 || bits & 1 == 1 || !sum.is_finite() {
			sum
		} else if (error > 0.0) == (sum > 0.0) {
			f64::from_bits(bits + 1)
		} else {
			f64::from_bits(bits - 1)
		};
		(odd as f32).to_bits()
	}
	fn div(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) / f32::from_bits(b)).to_bits()
	}
}
