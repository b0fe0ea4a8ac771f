//! `exp`, `log`, `tanh` and `erf` as polynomials over the arithmetic, and what is composed of them.
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
	/// `a / b`.
	fn div(a: u32, b: u32) -> u32;
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
	#[inline(always)]
	fn div(a: u32, b: u32) -> u32 {
		soft::div(a, b)
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

/// Hyperbolic tangent.
pub fn tanh(x: u32) -> u32 {
	generic::tanh::<SoftArith>(x)
}

/// Error function.
pub fn erf(x: u32) -> u32 {
	generic::erf::<SoftArith>(x)
}

/// Logistic function `1 / (1 + exp(−x))`.
pub fn sigmoid(x: u32) -> u32 {
	canonical(generic::sigmoid::<SoftArith>(x))
}

/// `x / (1 + exp(−x))`.
pub fn silu(x: u32) -> u32 {
	canonical(generic::silu::<SoftArith>(x))
}

/// `(x · ½) · (1 + erf(x · √½))`.
pub fn gelu(x: u32) -> u32 {
	canonical(generic::gelu::<SoftArith>(x))
}

/// `gradient · (1 − y²)` with `y` a result of tanh.
pub fn tanh_grad(y: u32, gradient: u32) -> u32 {
	canonical(generic::tanh_grad::<SoftArith>(y, gradient))
}

/// `gradient · (y · (1 − y))` with `y` a result of the logistic function.
pub fn sigmoid_grad(y: u32, gradient: u32) -> u32 {
	canonical(generic::sigmoid_grad::<SoftArith>(y, gradient))
}

/// Gradient of [`silu`] at `x`: `gradient · (s · (1 + x · (1 − s)))` with `s` the logistic function of x.
pub fn silu_grad(x: u32, gradient: u32) -> u32 {
	canonical(generic::silu_grad::<SoftArith>(x, gradient))
}

/// Gradient of [`gelu`] at `x`: `gradient · (Φ + x · φ)` with the distribution function and the density of
/// the normal distribution.
pub fn gelu_grad(x: u32, gradient: u32) -> u32 {
	canonical(generic::gelu_grad::<SoftArith>(x, gradient))
}

/// The formulas over any arithmetic. Those of several steps may return any NaN where they return one.
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

	/// 1/2 and −1/2.
	const HALF: u32 = 0x3F00_0000;
	const MINUS_HALF: u32 = 0xBF00_0000;
	/// √½.
	const SQRT_HALF: u32 = 0x3F35_04F3;
	/// 1/√(2π), the density of the normal distribution at 0.
	const NORMAL_PEAK: u32 = 0x3ECC_422A;

	/// Hyperbolic tangent.
	#[inline(always)]
	pub fn tanh<A: Arith>(x: u32) -> u32 {
		// PLACEHOLDER
		let e = exp::<A>(A::add(x, x));
		canonical(A::sub(soft::ONE, A::div(0x4000_0000, A::add(e, soft::ONE))))
	}

	/// Error function.
	#[inline(always)]
	pub fn erf<A: Arith>(x: u32) -> u32 {
		// PLACEHOLDER
		tanh::<A>(A::mul(x, 0x3F90_6EBB))
	}

	/// Logistic function.
	#[inline(always)]
	pub fn sigmoid<A: Arith>(x: u32) -> u32 {
		A::div(soft::ONE, A::add(soft::ONE, exp::<A>(soft::neg(x))))
	}

	/// Sigmoid-weighted unit.
	#[inline(always)]
	pub fn silu<A: Arith>(x: u32) -> u32 {
		A::div(x, A::add(soft::ONE, exp::<A>(soft::neg(x))))
	}

	/// Twice the distribution function of the normal distribution.
	#[inline(always)]
	fn twice_normal<A: Arith>(x: u32) -> u32 {
		A::add(soft::ONE, erf::<A>(A::mul(x, SQRT_HALF)))
	}

	/// Gaussian error linear unit.
	#[inline(always)]
	pub fn gelu<A: Arith>(x: u32) -> u32 {
		A::mul(A::mul(x, HALF), twice_normal::<A>(x))
	}

	/// Gradient of tanh, given its result.
	#[inline(always)]
	pub fn tanh_grad<A: Arith>(y: u32, gradient: u32) -> u32 {
		A::mul(gradient, A::fma(soft::neg(y), y, soft::ONE))
	}

	/// Gradient of the logistic function, given its result.
	#[inline(always)]
	pub fn sigmoid_grad<A: Arith>(y: u32, gradient: u32) -> u32 {
		A::mul(gradient, A::mul(y, A::sub(soft::ONE, y)))
	}

	/// Gradient of [`silu`].
	#[inline(always)]
	pub fn silu_grad<A: Arith>(x: u32, gradient: u32) -> u32 {
		let s = sigmoid::<A>(x);
		let slope = A::mul(s, A::fma(x, A::sub(soft::ONE, s), soft::ONE));
		A::mul(gradient, slope)
	}

	/// Gradient of [`gelu`].
	#[inline(always)]
	pub fn gelu_grad<A: Arith>(x: u32, gradient: u32) -> u32 {
		let below = A::mul(HALF, twice_normal::<A>(x));
		let density = A::mul(NORMAL_PEAK, exp::<A>(A::mul(A::mul(x, x), MINUS_HALF)));
		A::mul(gradient, A::fma(x, density, below))
	}
}
