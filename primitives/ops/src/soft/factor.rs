//! Fused multiply-add of factors that are taken apart once for many products.
//!
//! In a product of matrices every word is a factor of 32 sums or more. Taken apart beforehand, a subnormal one costs no
//! more than any other, so that nobody can choose numbers that make a tile much dearer to judge.

use super::{
	arith::{fma_special, is_zero},
	round::{exponent, sum, unpack, Term},
	FRACTION, HIDDEN, SIGN,
};

/// Exponent of a zero, which keeps that of its product with any number far below all others.
const ZERO: i32 = -1 << 10;

/// Exponent of an infinity or NaN, which keeps that of its product with any number above all others.
const NOT_FINITE: i32 = 1 << 12;

/// A float that is taken apart.
#[derive(Clone, Copy)]
pub struct Factor {
	word: u32,
	/// With the hidden bit of a normal number; of a subnormal one shifted there.
	significand: u32,
	/// Biased; [`ZERO`] or [`NOT_FINITE`] of those.
	exp: i32,
}

impl From<u32> for Factor {
	/// The float of these bits.
	#[allow(clippy::cast_possible_truncation, reason = "a significand has 24 bits")]
	fn from(word: u32) -> Self {
		if exponent(word) == 255 {
			return Self { word, significand: 0, exp: NOT_FINITE };
		}
		if is_zero(word) {
			return Self { word, significand: 0, exp: ZERO };
		}
		let (exp, significand) = unpack(word);
		Self { word, significand: significand as u32, exp }
	}
}

/// The product of two factors that are finite, else `None`.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects, reason = "24-bit factors, |exponents| ≤ 2^12")]
fn product(a: &Factor, b: &Factor) -> Option<Term> {
	let exp = a.exp + b.exp - 127;
	let sig = (u64::from(a.significand) * u64::from(b.significand)) << 14;
	(exp < NOT_FINITE / 2).then_some(Term { sign: (a.word ^ b.word) & SIGN, exp, sig })
}

/// A finite number as a term. A subnormal one, and zero, keeps its leading zeros: its exponent is that of the least normal
/// numbers, whose last place is that of every result down there, so that no bit is lost that decides a rounding.
#[inline(always)]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::cast_possible_wrap,
	reason = "an 8-bit exponent, and a bit that is 0 or 1"
)]
fn summand(x: u32) -> Term {
	let exp = exponent(x);
	let subnormal = u32::from(exp == 0);
	let significand = x & FRACTION | HIDDEN & subnormal.wrapping_sub(1);
	Term { sign: x & SIGN, exp: (exp + subnormal) as i32, sig: u64::from(significand) << 37 }
}

/// `a · b + c` with one rounding, as [`fma`](super::fma) of the same words.
#[inline(always)]
pub fn fma_of(a: &Factor, b: &Factor, c: u32) -> u32 {
	match product(a, b) {
		// A product that is zero leaves `c` as it is, as its significand is zero however it is aligned.
		Some(product) if exponent(c) < 255 && c != SIGN => sum(product, summand(c)),
		_ => fma_rare(a, b, c),
	}
}

/// The same where something is not finite, and where `c` is −0: the only finite summand that its sum with zero does not
/// leave as [`sum`] does.
#[cold]
#[inline(never)]
fn fma_rare(a: &Factor, b: &Factor, c: u32) -> u32 {
	match product(a, b).filter(|_| exponent(c) < 255) {
		None => fma_special(a.word, b.word, c),
		Some(product) if product.sig == 0 => product.sign & c,
		Some(product) => sum(product, summand(0)),
	}
}
