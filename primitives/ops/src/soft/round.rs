//! Taking numbers apart, and rounding them when they are put together again.

use super::{FRACTION, HIDDEN, INFINITY, SIGN};

/// The biased exponent field.
#[inline(always)]
pub(super) fn exponent(x: u32) -> u32 {
	(x >> 23) & 0xFF
}

/// Whether the number is neither zero, subnormal, infinite nor NaN.
#[inline(always)]
pub(super) fn is_normal(x: u32) -> bool {
	exponent(x).wrapping_sub(1) < 254
}

/// Significand with the hidden bit, of a normal number.
#[inline(always)]
pub(super) fn significand(x: u32) -> u64 {
	((x & FRACTION) | HIDDEN) as u64
}

/// Biased exponent and significand in `[2^23, 2^24)` of a finite non-zero number. The exponent of a
/// subnormal goes below 1, down to −22.
#[allow(clippy::arithmetic_side_effects, reason = "shift ≤ 23, exponents within ±255")]
pub(super) fn unpack(x: u32) -> (i32, u64) {
	match exponent(x) {
		0 => {
			let fraction = x & FRACTION;
			let shift = fraction.leading_zeros().saturating_sub(8).min(23);
			(1 - shift as i32, (fraction << shift) as u64)
		},
		e => (e as i32, significand(x)),
	}
}

/// `sig >> shift`, with the lowest bit set when a set bit was shifted out.
#[inline(always)]
#[allow(clippy::arithmetic_side_effects, reason = "shift is at most 63")]
pub(super) fn shift_right_sticky(sig: u64, shift: u32) -> u64 {
	let shift = if shift > 63 { 63 } else { shift };
	let lost = sig & ((1u64 << shift) - 1);
	(sig >> shift) | (lost != 0) as u64
}

/// The `f32` nearest to `± sig · 2^e2`, ties to even, where `0 < sig < 2^63`. The lowest bit of `sig`
/// may be sticky if `sig` has more than 26 bits.
#[inline(always)]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::cast_possible_truncation,
	reason = "callers' |e2| < 2^12; after the shift sig < 2^63, so adding half cannot overflow"
)]
pub(super) fn pack(sign: u32, sig: u64, e2: i32) -> u32 {
	let zeros = sig.leading_zeros();
	// The leading one goes to bit 62, so that 24 bits are kept above 39 that round.
	let sig = sig << zeros.saturating_sub(1);
	let exp = e2 + 190 - zeros as i32;
	if (exp as u32).wrapping_sub(1) < 254 {
		// A carry out of the significand increments the exponent, and reaches infinity by itself.
		return sign | ((((exp - 1) as u32) << 23) + round_24(sig));
	}
	if exp > 0 {
		return sign | INFINITY;
	}
	sign | round_24(shift_right_sticky(sig, (1 - exp) as u32))
}

/// Drops the lowest 39 bits, rounding to nearest even.
#[inline(always)]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::cast_possible_truncation,
	reason = "sig < 2^63, so the sum stays below 2^64 and the quotient is at most 2^24"
)]
fn round_24(sig: u64) -> u32 {
	((sig + ((1 << 38) - 1) + ((sig >> 39) & 1)) >> 39) as u32
}

/// A finite number for [`sum`]: `± sig · 2^(exp − 187)` with `sig < 2^62`, that is, with
/// binary point after bit 60 and the exponent biased as in an `f32`.
#[derive(Clone, Copy)]
pub(super) struct Term {
	/// 0 or [`SIGN`].
	pub(super) sign: u32,
	/// Biased exponent.
	pub(super) exp: i32,
	/// Significand, at least 2^60; less only of zero, and with exponent 1 where bits below 2^37 are zero.
	pub(super) sig: u64,
}

/// The rounded sum of two numbers; an exact zero is `+0`.
///
/// The smaller term loses bits to the right only when it is shifted by more than its zero bits (37
/// for a plain number, 14 for a product); then at most one leading bit can cancel, and the sticky
/// bit stays far below the rounding position. Where the larger term has exponent 1, more may cancel, but no result is
/// rounded below bit 37. A zero with the smaller exponent leaves the other term as it is.
#[inline(always)]
#[allow(
	clippy::arithmetic_side_effects,
	reason = "|exp| < 2^10; both significands are below 2^62, so sum and difference fit i64"
)]
pub(super) fn sum(p: Term, q: Term) -> u32 {
	let swap = p.exp < q.exp;
	let (big, small) = if swap { (q, p) } else { (p, q) };
	let aligned = shift_right_sticky(small.sig, (big.exp - small.exp) as u32) as i64;
	// Negate the smaller one where the signs differ, without a branch.
	let differ = -(((big.sign ^ small.sign) >> 31) as i64);
	let total = big.sig as i64 + ((aligned ^ differ) - differ);
	if total == 0 {
		return 0;
	}
	let flip = ((total >> 63) as u32) & SIGN;
	pack(big.sign ^ flip, total.unsigned_abs(), big.exp - 187)
}
