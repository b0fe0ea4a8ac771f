//! Addition, multiplication, fused multiply-add, division and square root.

use super::{
	order::{canonical, is_nan},
	round::{exponent, is_normal, pack, significand, sum, unpack, Term},
	CANONICAL_NAN, INFINITY, SIGN,
};

/// `a · b + c` with one rounding.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects, reason = "24-bit factors, 8-bit exponents")]
pub fn fma(a: u32, b: u32, c: u32) -> u32 {
	if is_normal(a) && is_normal(b) && is_normal(c) {
		let product = Term {
			sign: (a ^ b) & SIGN,
			exp: exponent(a) as i32 + exponent(b) as i32 - 127,
			sig: (significand(a) * significand(b)) << 14,
		};
		return sum(product, plain(c));
	}
	fma_special(a, b, c)
}

/// A normal number as a term.
#[inline(always)]
pub(super) fn plain(x: u32) -> Term {
	Term { sign: x & SIGN, exp: exponent(x) as i32, sig: significand(x) << 37 }
}

/// A finite non-zero number as a term.
pub(super) fn plain_any(x: u32) -> Term {
	let (exp, sig) = unpack(x);
	Term { sign: x & SIGN, exp, sig: sig << 37 }
}

pub(super) fn is_zero(x: u32) -> bool {
	x & !SIGN == 0
}

fn is_infinite(x: u32) -> bool {
	x & !SIGN == INFINITY
}

/// Sum of two zeros, or of anything that is exactly zero: `+0` unless both are `−0`.
fn zero_sum(sign_a: u32, sign_b: u32) -> u32 {
	sign_a & sign_b & SIGN
}

#[cold]
#[inline(never)]
#[allow(clippy::arithmetic_side_effects, reason = "24-bit factors, exponents within ±255")]
pub(super) fn fma_special(a: u32, b: u32, c: u32) -> u32 {
	let sign = (a ^ b) & SIGN;
	if is_nan(a) || is_nan(b) || is_nan(c) {
		return CANONICAL_NAN;
	}
	if is_infinite(a) || is_infinite(b) {
		let opposite = is_infinite(c) && (c & SIGN) != sign;
		let invalid = is_zero(a) || is_zero(b) || opposite;
		return if invalid { CANONICAL_NAN } else { sign | INFINITY };
	}
	if is_infinite(c) {
		return c;
	}
	if is_zero(a) || is_zero(b) {
		return if is_zero(c) { zero_sum(sign, c) } else { c };
	}
	let ((exp_a, sig_a), (exp_b, sig_b)) = (unpack(a), unpack(b));
	let product = Term { sign, exp: exp_a + exp_b - 127, sig: (sig_a * sig_b) << 14 };
	if is_zero(c) {
		return pack(sign, product.sig, product.exp - 187);
	}
	sum(product, plain_any(c))
}

/// `a + b`.
#[inline(always)]
pub fn add(a: u32, b: u32) -> u32 {
	if is_normal(a) && is_normal(b) {
		return sum(plain(a), plain(b));
	}
	add_special(a, b)
}

#[cold]
#[inline(never)]
fn add_special(a: u32, b: u32) -> u32 {
	if is_nan(a) || is_nan(b) {
		return CANONICAL_NAN;
	}
	match (is_infinite(a), is_infinite(b)) {
		(true, true) if a != b => CANONICAL_NAN,
		(true, _) => a,
		(false, true) => b,
		(false, false) => match (is_zero(a), is_zero(b)) {
			(true, true) => zero_sum(a, b),
			(true, false) => b,
			(false, true) => a,
			(false, false) => sum(plain_any(a), plain_any(b)),
		},
	}
}

/// `a − b`.
#[inline(always)]
pub fn sub(a: u32, b: u32) -> u32 {
	add(a, b ^ SIGN)
}

/// `a · b`.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects, reason = "24-bit factors, 8-bit exponents")]
pub fn mul(a: u32, b: u32) -> u32 {
	if is_normal(a) && is_normal(b) {
		let e2 = exponent(a) as i32 + exponent(b) as i32 - 300;
		return pack((a ^ b) & SIGN, significand(a) * significand(b), e2);
	}
	mul_special(a, b)
}

#[cold]
#[inline(never)]
#[allow(clippy::arithmetic_side_effects, reason = "24-bit factors, exponents within ±255")]
fn mul_special(a: u32, b: u32) -> u32 {
	let sign = (a ^ b) & SIGN;
	if is_nan(a) || is_nan(b) {
		return CANONICAL_NAN;
	}
	if is_infinite(a) || is_infinite(b) {
		return if is_zero(a) || is_zero(b) { CANONICAL_NAN } else { sign | INFINITY };
	}
	if is_zero(a) || is_zero(b) {
		return sign;
	}
	let ((exp_a, sig_a), (exp_b, sig_b)) = (unpack(a), unpack(b));
	pack(sign, sig_a * sig_b, exp_a + exp_b - 300)
}

/// `a / b`.
#[allow(clippy::arithmetic_side_effects, reason = "the divisor is in [2^23, 2^24)")]
pub fn div(a: u32, b: u32) -> u32 {
	let sign = (a ^ b) & SIGN;
	if is_nan(a) || is_nan(b) || (is_infinite(a) && is_infinite(b)) || (is_zero(a) && is_zero(b)) {
		return CANONICAL_NAN;
	}
	if is_infinite(a) || is_zero(b) {
		return sign | INFINITY;
	}
	if is_infinite(b) || is_zero(a) {
		return sign;
	}
	let ((exp_a, sig_a), (exp_b, sig_b)) = (unpack(a), unpack(b));
	// 36 or 37 bits of quotient, and the remainder as a sticky bit.
	let dividend = sig_a << 36;
	let quotient = dividend / sig_b;
	let sticky = (quotient * sig_b != dividend) as u64;
	pack(sign, (quotient << 1) | sticky, exp_a - exp_b - 37)
}

/// Square root. `−0` gives `−0`, other negative numbers NaN.
#[allow(clippy::arithmetic_side_effects, reason = "the radicand is below 2^55")]
pub fn sqrt(a: u32) -> u32 {
	if is_nan(a) || is_zero(a) || a == INFINITY {
		return canonical(a);
	}
	if a & SIGN != 0 {
		return CANONICAL_NAN;
	}
	let (exp, sig) = unpack(a);
	// a = sig · 2^e2; the exponent is made even, and 15 more bits of root are asked for.
	let e2 = exp - 150;
	let odd = e2 & 1;
	let radicand = sig << (30 + odd);
	let root = radicand.isqrt();
	let sticky = (root * root != radicand) as u64;
	pack(0, (root << 1) | sticky, ((e2 - odd) >> 1) - 16)
}
