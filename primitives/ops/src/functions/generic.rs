//! The formulas over any arithmetic. Those of several steps may return any NaN where they return one.

use super::Arith;
use crate::soft::{
	self, canonical, is_nan, order_key, CANONICAL_NAN, INFINITY, MINUS_INFINITY, SIGN,
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

/// A polynomial of x, highest power first: one fused step for each coefficient after the first.
///
/// A loop and no closure: a closure that is not inlined has none of the instructions of the function around it.
#[inline(always)]
fn horner<A: Arith>(highest: u32, coefficients: &[u32], x: u32) -> u32 {
	let mut p = highest;
	for coefficient in coefficients {
		p = A::fma(p, x, *coefficient);
	}
	p
}

/// Natural exponential: `x = n · ln 2 + r`, `e^x = 2^n · e^r`.
///
/// The scaling is done in two exact powers of two, of which the second rounds once where the
/// result is subnormal and overflows where it must.
#[inline(always)]
pub fn exp<A: Arith>(x: u32) -> u32 {
	let low = if order_key(x) < order_key(EXP_MIN) { EXP_MIN } else { x };
	let inside = if order_key(x) > order_key(EXP_MAX) { EXP_MAX } else { low };
	let (n, y) = reduced_exp::<A>(inside);
	let half = n >> 1;
	let scaled = A::mul(A::mul(y, power_of_two(half)), power_of_two(n.wrapping_sub(half)));
	if is_nan(x) {
		CANONICAL_NAN
	} else {
		canonical(scaled)
	}
}

/// `n` and `e^r` of `x = n · ln 2 + r` with |r| at most about ln(2)/2: `e^r = 1 + r · (1 + r · p(r))`.
#[inline(always)]
fn reduced_exp<A: Arith>(x: u32) -> (i32, u32) {
	let shifted = A::fma(x, LOG2_E, ROUNDER);
	let n = shifted.wrapping_sub(ROUNDER) as i32;
	let whole = A::sub(shifted, ROUNDER);
	let r = A::fma(whole, MINUS_LN2_HIGH, x);
	let r = A::fma(whole, MINUS_LN2_LOW, r);
	let p = horner::<A>(EXP_HIGHEST, &EXP_POLYNOMIAL, r);
	(n, A::fma(A::fma(p, r, soft::ONE), r, soft::ONE))
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
	let p = horner::<A>(LOG_HIGHEST, &LOG_POLYNOMIAL, f);
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

/// 2.
const TWO: u32 = 0x4000_0000;
/// 13/16: below it, tanh is a polynomial.
const TANH_SPLIT: u32 = 0x3F50_0000;
/// 10: from 9.01 on, tanh rounds to 1.
const TANH_MAX: u32 = 0x4120_0000;
/// (tanh(x) − x) / x³ in powers of x² for x up to 13/16, within 2^−27.6 of tanh(x) (minimax), highest
/// power first.
const TANH_POLYNOMIAL: [u32; 5] = [0xBBF0_37FD, 0x3CAE_17F2, 0xBD5C_8476, 0x3E08_851E, 0xBEAA_AA9C];
const TANH_HIGHEST: u32 = 0x3AC9_E272;

/// Hyperbolic tangent, of |x|, and then the sign of x: `x + x³ · p(x²)` where x is small, else
/// `1 − 2 / (e^(2x) + 1)`, of which one rounding serves for both the power of two and the sum.
#[inline(always)]
pub fn tanh<A: Arith>(x: u32) -> u32 {
	let size = at_most(x & !SIGN, TANH_MAX);
	let square = A::mul(size, size);
	let p = horner::<A>(TANH_HIGHEST, &TANH_POLYNOMIAL, square);
	let small = A::fma(p, A::mul(size, square), size);
	let (n, y) = reduced_exp::<A>(A::add(size, size));
	let below_one = A::div(TWO, A::fma(y, power_of_two(n), soft::ONE));
	let large = A::sub(soft::ONE, below_one);
	odd(x, if size < TANH_SPLIT { small } else { large })
}

/// 35/32: below it, erf is `x + x · p`.
const ERF_SPLIT: u32 = 0x3F8C_0000;
/// 63/16: from 3.91 on, the formula gives 1.
const ERF_MAX: u32 = 0x407C_0000;
/// erf(x) / x − 1 in powers of x² − 1/2 for x up to 35/32, within 2^−27.7 of erf(x) / x (minimax),
/// highest power first. Around 1/2 the last steps lose less than around 0.
const ERF_POLYNOMIAL: [u32; 6] =
	[0xBA14_2B8F, 0x3B64_3CCF, 0xBC95_C6FC, 0x3DA2_A195, 0xBE8F_E8B2, 0xBD0D_70A6];
const ERF_HIGHEST: u32 = 0x3898_35F4;
/// √(1 − erf(x)) in powers of x − 35/32 for x from there to 63/16, its square within 2^−26.9 of
/// 1 − erf(x) (minimax), highest power first. The root needs fewer powers than erf itself.
const ERFC_ROOT_POLYNOMIAL: [u32; 10] = [
	0x3818_9EE8,
	0x39CB_188E,
	0xBB69_F236,
	0x3C20_6086,
	0xB9C5_FEA4,
	0xBD3E_DCBC,
	0x3D2D_E076,
	0x3E45_38E9,
	0xBEFA_1C07,
	0x3EB2_C50C,
];
const ERFC_ROOT_HIGHEST: u32 = 0xB709_8491;

/// Error function, of |x|, and then the sign of x: `x + x · p(x² − ½)` where x is small, else
/// `1 − q(x)²`.
#[inline(always)]
pub fn erf<A: Arith>(x: u32) -> u32 {
	let size = at_most(x & !SIGN, ERF_MAX);
	let u = A::fma(size, size, MINUS_HALF);
	let p = horner::<A>(ERF_HIGHEST, &ERF_POLYNOMIAL, u);
	let small = A::fma(p, size, size);
	let v = A::sub(size, ERF_SPLIT);
	let q = horner::<A>(ERFC_ROOT_HIGHEST, &ERFC_ROOT_POLYNOMIAL, v);
	let large = A::fma(q ^ SIGN, q, soft::ONE);
	odd(x, if size < ERF_SPLIT { small } else { large })
}

/// The lesser of two sizes, as integers; NaN counts as greater than all numbers.
#[inline(always)]
fn at_most(size: u32, limit: u32) -> u32 {
	if size > limit {
		limit
	} else {
		size
	}
}

/// The result of an odd function at x, given the one at |x|.
#[inline(always)]
fn odd(x: u32, at_size: u32) -> u32 {
	if is_nan(x) {
		CANONICAL_NAN
	} else {
		at_size | (x & SIGN)
	}
}

/// 1/2 and −1/2.
const HALF: u32 = 0x3F00_0000;
const MINUS_HALF: u32 = 0xBF00_0000;
/// √½.
const SQRT_HALF: u32 = 0x3F35_04F3;
/// 1/√(2π), the density of the normal distribution at 0.
const NORMAL_PEAK: u32 = 0x3ECC_422A;

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
