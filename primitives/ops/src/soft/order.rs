//! Comparison, sign, NaN and conversion: bit operations only.

use super::{round::pack, CANONICAL_NAN, INFINITY, SIGN};

/// Whether the bits are a NaN of any kind.
#[inline(always)]
pub fn is_nan(x: u32) -> bool {
	x & !SIGN > INFINITY
}

/// The same number, NaN made [`CANONICAL_NAN`].
#[inline(always)]
pub fn canonical(x: u32) -> u32 {
	if is_nan(x) {
		CANONICAL_NAN
	} else {
		x
	}
}

/// The number with its sign flipped; NaN gives [`CANONICAL_NAN`].
#[inline(always)]
pub fn neg(x: u32) -> u32 {
	canonical(x ^ SIGN)
}

/// Whether `a > b`; false when either is NaN, and `+0` is not above `−0`.
#[inline(always)]
pub fn gt(a: u32, b: u32) -> bool {
	let zeros = (a | b) & !SIGN == 0;
	!is_nan(a) && !is_nan(b) && !zeros && order_key(a) > order_key(b)
}

/// An integer whose unsigned order is a total order of numbers:
/// `−∞ < … < −0 < +0 < … < +∞ < NaN`, all NaNs alike. Distinct canonical numbers have distinct keys.
#[inline(always)]
pub fn order_key(x: u32) -> u32 {
	let x = canonical(x);
	if x & SIGN != 0 {
		!x
	} else {
		x | SIGN
	}
}

/// The `f32` nearest to an integer, ties to even.
pub fn from_u32(x: u32) -> u32 {
	if x == 0 {
		return 0;
	}
	pack(0, x as u64, 0)
}
