//! The integer arithmetic against the processor's, on every bit.
#![allow(
	unsafe_code,
	reason = "the fused multiply-add instruction is reached through a target feature"
)]

mod common;

use assay_ops::soft;
use common::{canonical, cases, Random};

/// The hardware's fused multiply-add, or `None` where the processor has none (no libm here: software
/// `fmaf` is exactly what has been wrong elsewhere).
fn hardware_fma() -> Option<fn(u32, u32, u32) -> u32> {
	#[cfg(target_arch = "x86_64")]
	{
		#[target_feature(enable = "fma")]
		fn instruction(a: f32, b: f32, c: f32) -> f32 {
			a.mul_add(b, c)
		}
		fn call(a: u32, b: u32, c: u32) -> u32 {
			// SAFETY: only handed out where the processor has the instruction.
			canonical(unsafe {
				instruction(f32::from_bits(a), f32::from_bits(b), f32::from_bits(c))
			})
		}
		is_x86_feature_detected!("fma").then_some(call as fn(u32, u32, u32) -> u32)
	}
	#[cfg(target_arch = "aarch64")]
	{
		fn call(a: u32, b: u32, c: u32) -> u32 {
			canonical(f32::from_bits(a).mul_add(f32::from_bits(b), f32::from_bits(c)))
		}
		Some(call as fn(u32, u32, u32) -> u32)
	}
	#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
	None
}

fn compare_two(name: &str, soft: fn(u32, u32) -> u32, hard: fn(f32, f32) -> f32) {
	let mut random = Random(7);
	for _ in 0..cases(2_000_000) {
		let a = random.float();
		let b = match random.below(8) {
			0 => random.near(a),
			1 => random.near(a ^ 0x8000_0000),
			_ => random.float(),
		};
		let expected = canonical(hard(f32::from_bits(a), f32::from_bits(b)));
		assert_eq!(soft(a, b), expected, "{name} {a:#010x} {b:#010x}");
	}
}

#[test]
fn add_should_equal_hardware() {
	compare_two("add", soft::add, |a, b| a + b);
}

#[test]
fn sub_should_equal_hardware() {
	compare_two("sub", soft::sub, |a, b| a - b);
}

#[test]
fn mul_should_equal_hardware() {
	compare_two("mul", soft::mul, |a, b| a * b);
}

#[test]
fn div_should_equal_hardware() {
	compare_two("div", soft::div, |a, b| a / b);
}

#[test]
fn sqrt_should_equal_hardware() {
	let mut random = Random(8);
	for _ in 0..cases(2_000_000) {
		let a = if random.below(2) == 0 { random.float() } else { random.float() & 0x7FFF_FFFF };
		assert_eq!(soft::sqrt(a), canonical(f32::from_bits(a).sqrt()), "sqrt {a:#010x}");
	}
}

#[test]
fn fma_should_equal_hardware() {
	let Some(hard) = hardware_fma() else {
		eprintln!("no fused multiply-add here: only the second oracle speaks");
		return;
	};
	let mut random = Random(9);
	for _ in 0..cases(2_000_000) {
		let (a, b, c) = triple(&mut random);
		assert_eq!(soft::fma(a, b, c), hard(a, b, c), "fma {a:#010x} {b:#010x} {c:#010x}");
	}
}

/// Factors and a summand, often near the product or its negative, or far from it.
fn triple(random: &mut Random) -> (u32, u32, u32) {
	let (a, b) = (random.float(), random.float());
	let product = (f32::from_bits(a) * f32::from_bits(b)).to_bits();
	let c = match random.below(6) {
		0 => random.near(product ^ 0x8000_0000),
		1 => random.near(product),
		// Far below or above the product: sticky bits decide ties.
		2 => (product ^ (random.u32() & 0x8000_0000))
			.wrapping_sub((random.below(64) << 23).wrapping_sub(20 << 23)),
		_ => random.float(),
	};
	(a, b, c)
}

#[test]
fn fma_of_factors_should_equal_fma() {
	let mut random = Random(12);
	for round in 0..cases(4_000_000) {
		let (mut a, mut b, mut c) = triple(&mut random);
		if round % 2 == 0 {
			// Products around 2⁻¹⁵⁰, half of the least subnormal number.
			let exponent = random.below(127);
			a = (a & 0x807F_FFFF) | (exponent << 23);
			b = (b & 0x807F_FFFF) | ((100 + random.below(8) - exponent.min(100)) << 23);
			c = [c, random.u32() & 0x8000_0001, random.u32() & 0x80FF_FFFF, 0x8000_0000]
				[random.below(4) as usize];
		}
		let factors = (soft::Factor::from(a), soft::Factor::from(b));
		let found = soft::fma_of(&factors.0, &factors.1, c);
		assert_eq!(found, soft::fma(a, b, c), "fma_of {a:#010x} {b:#010x} {c:#010x}");
	}
}

#[test]
fn order_should_equal_hardware() {
	let mut random = Random(10);
	for _ in 0..cases(2_000_000) {
		let a = random.float();
		let b = if random.below(2) == 0 { random.near(a) } else { random.float() };
		let (x, y) = (f32::from_bits(a), f32::from_bits(b));
		assert_eq!(soft::gt(a, b), x > y, "gt {a:#010x} {b:#010x}");
		assert_eq!(soft::neg(a), canonical(-x));
		assert_eq!(soft::canonical(a), canonical(x));
		if !x.is_nan() && !y.is_nan() {
			assert_eq!(soft::order_key(a).cmp(&soft::order_key(b)), x.total_cmp(&y));
		}
	}
}

#[test]
fn from_u32_should_equal_hardware() {
	let mut random = Random(11);
	for _ in 0..cases(2_000_000) {
		let n = random.u32() >> random.below(32);
		assert_eq!(soft::from_u32(n), (n as f32).to_bits(), "from_u32 {n}");
	}
}
