//! Between `f32` and integers that have a power of two as their unit.

use super::{
	round::{pack, unpack},
	SIGN,
};

/// `⌊log₂ |x|⌋` of a finite number that is not zero: −149 to 127.
pub fn floor_log2(x: u32) -> i32 {
	unpack(x & !SIGN).0.saturating_sub(127)
}

/// `x / 2^exponent` of a finite number, rounded to the nearest integer, ties to even. What does not fit
/// 31 bits becomes `±i32::MAX`.
pub fn round_scaled(x: u32, exponent: i32) -> i32 {
	if x & !SIGN == 0 {
		return 0;
	}
	let (biased, significand) = unpack(x & !SIGN);
	// x = significand · 2^(biased − 150).
	let shift = exponent.saturating_add(150).saturating_sub(biased);
	let magnitude = match u32::try_from(shift) {
		Ok(shift) => round_shifted(significand, shift),
		Err(_) => significand.checked_shl(shift.unsigned_abs()).filter(|_| shift > -8),
	};
	let magnitude = magnitude.and_then(|m| i32::try_from(m).ok()).unwrap_or(i32::MAX);
	if x & SIGN == 0 {
		magnitude
	} else {
		magnitude.saturating_neg()
	}
}

/// `significand >> shift`, rounded to nearest even. The significand has at most 24 bits.
fn round_shifted(significand: u64, shift: u32) -> Option<u64> {
	if shift > 25 {
		return Some(0);
	}
	let quotient = significand.checked_shr(shift)?;
	let rest = significand.saturating_sub(quotient << shift);
	let (rest, unit) = (rest << 1, 1u64 << shift);
	let up = rest > unit || (rest == unit && quotient & 1 == 1);
	Some(quotient.saturating_add(up.into()))
}

/// `sum · 2^exponent` rounded to the nearest `f32`, ties to even; `+0` for 0. The magnitude of the sum is
/// below 2⁶², that of the exponent below 2¹¹.
pub fn scaled(sum: i64, exponent: i32) -> u32 {
	if sum == 0 {
		return 0;
	}
	let sign = if sum < 0 { SIGN } else { 0 };
	pack(sign, sum.unsigned_abs(), exponent)
}
