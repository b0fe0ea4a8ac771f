//! Fused multiply-add of factors that are taken apart once for many products.
//!
//! In a product of matrices every word is a factor of 32 sums or more. Taken apart beforehand, a subnormal one costs no
//! more than any other, so that nobody can choose numbers that make a tile much dearer to judge.

use super::{
	arith::{fma_special, is_zero, plain, plain_any},
	round::{exponent, is_normal, pack, sum, unpack, Term},
	SIGN,
};

/// Exponent of a zero, which keeps that of its product with any number far below all others.
const ZERO: i32 = -1 << 10;

/// Exponent of an infinity or NaN, which keeps that of its product with any number above all others.
const NOT_FINITE: i32 = 1 << 12;

/// A product with an exponent below this is less than half of the least subnormal number, 2⁻¹⁴⁹.
const NEGLIGIBLE: i32 = -24;

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

/// `a · b + c` with one rounding, as [`fma`](super::fma) of the same words.
#[inline(always)]
pub fn fma_of(a: &Factor, b: &Factor, c: u32) -> u32 {
	match product(a, b) {
		// A product that is zero leaves `c` as it is, as its significand is zero however it is aligned.
		Some(product) if is_normal(c) => sum(product, plain(c)),
		_ => fma_rare(a, b, c),
	}
}

#[inline(never)]
#[allow(clippy::arithmetic_side_effects, reason = "exponents within ±2^10")]
fn fma_rare(a: &Factor, b: &Factor, c: u32) -> u32 {
	let Some(product) = product(a, b).filter(|_| exponent(c) < 255) else {
		return fma_special(a.word, b.word, c);
	};
	match (is_zero(c), product.sig == 0) {
		// Half way to a neighbour of `c` is 2⁻¹⁵⁰ or more.
		(false, _) if product.exp < NEGLIGIBLE => c,
		(true, true) => product.sign & c,
		(true, false) if product.exp < NEGLIGIBLE => product.sign,
		(true, false) => pack(product.sign, product.sig, product.exp - 187),
		(false, _) => sum(product, plain_any(c)),
	}
}
