//! Constants that the compiler computes, as bits and by the integer-only arithmetic of the op set, so
//! that no float unit of the compiling machine is involved.

use assay_ops::soft::{self, ONE};

/// `1 − x`, rounded once.
pub(crate) fn one_minus(bits: u32) -> u32 {
	soft::sub(ONE, bits)
}

/// `1 / n`, rounded once where `n ≤ 2²⁴`.
pub(crate) fn reciprocal(n: u32) -> u32 {
	soft::div(ONE, soft::from_u32(n))
}

/// `1 / (1 − p)`, difference and quotient rounded once each.
pub(crate) fn inverse_of_rest(p: u32) -> u32 {
	soft::div(ONE, one_minus(p))
}

/// `⌊p · 2³²⌋` for `0 ≤ p < 1`.
pub(crate) fn threshold(p: u32) -> u32 {
	let exponent = p >> 23;
	let mantissa = u64::from(p & 0x7F_FFFF) | if exponent == 0 { 0 } else { 1 << 23 };
	// p = mantissa · 2^(exponent − 150); numbers below 2^−32 give 0.
	let shift = 150 - 32 - exponent.max(1) as i32;
	match shift {
		..=0 => (mantissa << -shift) as u32,
		1..=63 => (mantissa >> shift) as u32,
		_ => 0,
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn threshold_should_be_the_floor_of_p_times_2_to_the_32() {
		for p in [0.0f32, 0.1, 0.25, 0.5, 0.999_999_94, 1e-9, 1e-40, 3e-10] {
			let exact = (f64::from(p) * 4_294_967_296.0).floor() as u32;
			assert_eq!(threshold(p.to_bits()), exact, "{p}");
		}
	}
}
