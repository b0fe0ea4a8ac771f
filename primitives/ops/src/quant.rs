//! Numbers as small integers: what a quantised product is.
//!
//! The terms of a row of `A` in one block of K (a [`Run`]) become integers times one power of two, and so
//! do those of a column of `B`. The products are summed exactly, in any order, and the sum is rounded once.
//! A block of the result depends on the same words of the operands as a block of the plain product, so it
//! has the same footprint and the same partial tiles.
//!
//! - *Scale.* `2^e` with `e = ⌊log₂ max⌋ − 6` for [`QuantFormat::I8`] and `⌊log₂ max⌋ − 13` for
//!   [`QuantFormat::Q15`], where `max` is the greatest magnitude of the run; one more where that would be
//!   rounded to an integer beyond the format's limit. A run of zeros has `e = 0`.
//! - *Integers.* `q = x / 2^e`, rounded to nearest, ties to even.
//! - *Products.* `qa · qb`; for [`QuantFormat::Q15`], where `q = 128 · hi + lo` with `lo` in `[−64, 63]`,
//!   `2¹⁴ · hi · hi + 2⁷ · (hi · lo + lo · hi)`: the product of the low digits is left out.
//! - *Result.* The exact sum times both scales, rounded to nearest even once; `+0` for a sum of 0. Where one
//!   of the runs has an infinity or a NaN, it is NaN.

use alloc::vec::Vec;

use crate::{
	op::QuantFormat,
	soft::{self, CANONICAL_NAN, INFINITY, SIGN},
};

/// Terms of a row or a column in one block of K, as integers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
	/// Exponent of the scale; `None` where a term is infinite or NaN.
	pub exponent: Option<i32>,
	/// The integers, in order; empty where a term is infinite or NaN.
	pub integers: Vec<i16>,
}

impl QuantFormat {
	/// Greatest magnitude of an integer.
	pub const fn limit(self) -> i16 {
		match self {
			Self::I8 => 127,
			Self::Q15 => 16_319,
		}
	}

	/// Exponent of the greatest power of two within the limit.
	pub const fn top(self) -> i32 {
		match self {
			Self::I8 => 6,
			Self::Q15 => 13,
		}
	}

	/// Exponent of the scale of a run whose greatest magnitude (bits without the sign) is this; `None` if
	/// that is not finite.
	pub fn exponent(self, greatest: u32) -> Option<i32> {
		if greatest >= INFINITY {
			return None;
		}
		if greatest == 0 {
			return Some(0);
		}
		let exponent = soft::floor_log2(greatest).saturating_sub(self.top());
		let fits = soft::round_scaled(greatest, exponent) <= i32::from(self.limit());
		Some(if fits { exponent } else { exponent.saturating_add(1) })
	}

	/// The two digits of an integer: `q = 128 · hi + lo`, `lo` in `[−64, 63]`.
	pub const fn digits(q: i16) -> (i16, i16) {
		let high = q.saturating_add(64) >> 7;
		(high, q.saturating_sub(high << 7))
	}

	/// What two integers within the limit contribute to a sum; below 2²⁸ in magnitude.
	pub fn product(self, a: i16, b: i16) -> i64 {
		let times = |a: i16, b: i16| i64::from(a).saturating_mul(b.into());
		match self {
			Self::I8 => times(a, b),
			Self::Q15 => {
				let ((ah, al), (bh, bl)) = (Self::digits(a), Self::digits(b));
				let crossed = times(ah, bl).saturating_add(times(al, bh));
				(times(ah, bh) << 14).saturating_add(crossed << 7)
			},
		}
	}
}

impl Run {
	/// Quantises the bits of `f32` terms.
	pub fn new(format: QuantFormat, terms: impl Iterator<Item = u32> + Clone) -> Self {
		let greatest = terms.clone().map(|word| word & !SIGN).max().unwrap_or(0);
		let exponent = format.exponent(greatest);
		let integer = |word, exponent| i16::try_from(soft::round_scaled(word, exponent));
		let integers = match exponent {
			// Within the format's limit, because the greatest is.
			Some(exponent) => terms.map(|word| integer(word, exponent).unwrap_or(0)).collect(),
			None => Vec::new(),
		};
		Self { exponent, integers }
	}
}

/// The product of a row and a column of a block, rounded once.
pub fn dot(format: QuantFormat, a: &Run, b: &Run) -> u32 {
	let (Some(left), Some(right)) = (a.exponent, b.exponent) else { return CANONICAL_NAN };
	let pairs = a.integers.iter().zip(&b.integers);
	// At most 512 terms below 2^28.
	let add = |sum: i64, (a, b): (&i16, &i16)| sum.saturating_add(format.product(*a, *b));
	soft::scaled(pairs.fold(0, add), left.saturating_add(right))
}
