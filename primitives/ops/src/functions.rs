//! `exp` and `log` as polynomials over add, sub, mul and fma.
//!
//! The formulas are written once, over [`Arith`]. The instance here is [`SoftArith`], the integer
//! arithmetic of [`soft`]; a kernel may instantiate the same formula over hardware floats and gets
//! the same bits, because every step is one correctly rounded operation or a bit operation. An
//! instance must keep subnormals and may return any NaN where IEEE 754 asks for one.
//!
//! There are no tables and no branches on the value: special cases are selected at the end.

use crate::soft::{self, canonical, is_nan, order_key, CANONICAL_NAN, INFINITY, MINUS_INFINITY};

/// Correctly rounded arithmetic on the bits of `f32`.
pub trait Arith {
	/// `a + b`.
	fn add(a: u32, b: u32) -> u32;
	/// `a − b`.
	fn sub(a: u32, b: u32) -> u32;
	/// `a · b`.
	fn mul(a: u32, b: u32) -> u32;
	/// `a · b + c` with one rounding.
	fn fma(a: u32, b: u32, c: u32) -> u32;
}

/// The integer-only arithmetic.
#[derive(Clone, Copy, Debug)]
pub struct SoftArith;

impl Arith for SoftArith {
	#[inline(always)]
	fn add(a: u32, b: u32) -> u32 {
		soft::add(a, b)
	}
	#[inline(always)]
	fn sub(a: u32, b: u32) -> u32 {
		soft::sub(a, b)
	}
	#[inline(always)]
	fn mul(a: u32, b: u32) -> u32 {
		soft::mul(a, b)
	}
	#[inline(always)]
	fn fma(a: u32, b: u32, c: u32) -> u32 {
		soft::fma(a, b, c)
	}
}

/// Natural exponential. `exp(−∞) = +0`, `exp(+∞) = +∞`, overflow gives `+∞`, underflow is gradual.
pub fn exp(x: u32) -> u32 {
	generic::exp::<SoftArith>(x)
}

/// Natural logarithm. `log(±0) = −∞`, `log(+∞) = +∞`, `log(x < 0)` is NaN; subnormals count fully.
pub fn log(x: u32) -> u32 {
	generic::log::<SoftArith>(x)
}

/// The formulas over any arithmetic.
pub mod generic {
	use super::{
		canonical, is_nan, order_key, soft, Arith, CANONICAL_NAN, INFINITY, MINUS_INFINITY,
	};

	/// log2(e).
	const LOG2_E: u32 = 0x3FB8_AA3B;
	/// ln(2) to 14 bits, so that its product with a small integer is exact, negated.
	const MINUS_LN2_HIGH: u32 = 0xBF31_7200;
	/// ln(2) minus the above, negated.
	const MINUS_LN2_LOW: u32 = 0xB5BF_BE8E;
	/// 1.5 · 2^23: adding it rounds to an integer, which is then in the low bits.
	const ROUNDER: u32 = 0x4B40_0000;
	/// (e^r − 1 − r) / r² for |r| ≤ ln(2)/2 within 2^−28 of e^r (minimax), highest power first.
	const EXP_POLYNOMIAL: [u32; 4] = [0x3C09_1EAF, 0x3D2A_AC2D, 0x3E2A_AA46, 0x3EFF_FFFE];
	const EXP_HIGHEST: u32 = 0x3AB5_5BD0;
	/// Above this, exp overflows: 89.
	const EXP_MAX: u32 = 0x42B2_0000;
	/// Below this, exp rounds to zero: −104.
	const EXP_MIN: u32 = 0xC2D0_0000;

	/// Natural exponential: `x = n · ln 2 + r`, `e^x = 2^n · (1 + r · (1 + r · p(r)))`.
	///
	/// The scaling is done in two exact powers of two, of which the second rounds once where the
	/// result is subnormal and overflows where it must.
	#[inline(always)]
	pub fn exp<A: Arith>(x: u32) -> u32 {
		let low = if order_key(x) < order_key(EXP_MIN) { EXP_MIN } else { x };
		let inside = if order_key(x) > order_key(EXP_MAX) { EXP_MAX } else { low };
		let shifted = A::fma(inside, LOG2_E, ROUNDER);
		let n = shifted.wrapping_sub(ROUNDER) as i32;
		let whole = A::sub(shifted, ROUNDER);
		let r = A::fma(whole, MINUS_LN2_HIGH, inside);
		let r = A::fma(whole, MINUS_LN2_LOW, r);
		let p = EXP_POLYNOMIAL.iter().fold(EXP_HIGHEST, |p, c| A::fma(p, r, *c));
		let y = A::fma(A::fma(p, r, soft::ONE), r, soft::ONE);
		let half = n >> 1;
		let scaled = A::mul(A::mul(y, power_of_two(half)), power_of_two(n.wrapping_sub(half)));
		if is_nan(x) {
			CANONICAL_NAN
		} else {
			canonical(scaled)
		}
	}

	/// Bits of `2^n` for `−126 ≤ n ≤ 127`.
	#[inline(always)]
	fn power_of_two(n: i32) -> u32 {
		(n.wrapping_add(127) as u32).wrapping_shl(23)
	}

	/// ln(2).
	const LN2: u32 = 0x3F31_7218;
	/// 2/3, the lower end of the significand's interval [2/3, 4/3).
	const TWO_THIRDS: u32 = 0x3F2A_AAAB;
	/// Smallest normal number.
	const SMALLEST_NORMAL: u32 = 0x0080_0000;
	/// 2^23, which makes any subnormal normal.
	const TWO_TO_23: u32 = 0x4B00_0000;
	/// (log(1 + f) − f) / f² for 1 + f in [2/3, 4/3] within 2^−27 of log(1 + f) (minimax, the constant
	/// fixed to −1/2), highest power first.
	const LOG_POLYNOMIAL: [u32; 8] = [
		0x3E0E_F978,
		0xBDF8_1E6B,
		0x3E0F_78D7,
		0xBE2A_DBF0,
		0x3E4C_E720,
		0xBE7F_FF2F,
		0x3EAA_AA86,
		0xBF00_0000,
	];
	const LOG_HIGHEST: u32 = 0xBE07_1499;

	/// Natural logarithm: `x = 2^e · (1 + f)`, `log x = e · ln 2 + f + f² · p(f)`.
	#[inline(always)]
	pub fn log<A: Arith>(x: u32) -> u32 {
		let subnormal = x < SMALLEST_NORMAL;
		let scaled = if subnormal { A::mul(x, TWO_TO_23) } else { x };
		let exponent = (scaled.wrapping_sub(TWO_THIRDS) as i32) >> 23;
		let significand = scaled.wrapping_sub((exponent as u32).wrapping_shl(23));
		let total = exponent.wrapping_sub(if subnormal { 23 } else { 0 });
		let e = A::sub(ROUNDER.wrapping_add(total as u32), ROUNDER);
		let f = A::sub(significand, soft::ONE);
		let p = LOG_POLYNOMIAL.iter().fold(LOG_HIGHEST, |p, c| A::fma(p, f, *c));
		let one_plus = A::fma(A::mul(f, f), p, f);
		let finite = A::fma(e, LN2, one_plus);
		if x.wrapping_shl(1) == 0 {
			MINUS_INFINITY
		} else if x == INFINITY {
			INFINITY
		} else if x > INFINITY {
			// NaN, or the sign bit is set.
			CANONICAL_NAN
		} else {
			finite
		}
	}
}
