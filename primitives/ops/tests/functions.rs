//! Accuracy and special cases of `exp` and `log`.

mod common;

use assay_ops::{functions, CANONICAL_NAN};
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

#[test]
fn formula_should_give_the_same_bits_when_instantiated_over_hardware_floats() {
	let mut random = Random(33);
	for _ in 0..cases(1_000_000) {
		let x = random.float();
		assert_eq!(functions::exp(x), functions::generic::exp::<Hardware>(x), "exp {x:#010x}");
		assert_eq!(functions::log(x), functions::generic::log::<Hardware>(x), "log {x:#010x}");
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
}
