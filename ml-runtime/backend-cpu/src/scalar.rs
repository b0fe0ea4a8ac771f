//! What is done to single words.

use assay_ops::CANONICAL_NAN;

/// The bits that are stored for `x`.
#[inline(always)]
pub(crate) fn canonical(x: f32) -> u32 {
	if x.is_nan() {
		CANONICAL_NAN
	} else {
		x.to_bits()
	}
}

/// The bits that are stored for a copied `word`.
#[inline(always)]
pub(crate) fn canonical_word(word: u32) -> u32 {
	if word & 0x7FFF_FFFF > 0x7F80_0000 {
		CANONICAL_NAN
	} else {
		word
	}
}

/// A signed integer whose order is the total order of the op spec, all NaNs alike: vector units
/// compare signed integers. [`of_key`] leads back, to the canonical word.
#[inline(always)]
pub(crate) fn key(word: u32) -> i32 {
	flip(canonical_word(word) as i32)
}

/// The word of a [`key`].
#[inline(always)]
pub(crate) fn of_key(key: i32) -> u32 {
	flip(key) as u32
}

/// Turns the order of negative numbers around; twice is nothing.
#[inline(always)]
fn flip(x: i32) -> i32 {
	x ^ ((x >> 31) as u32 >> 1) as i32
}

/// The greater of two words in the total order of the op spec, canonical.
#[inline(always)]
pub(crate) fn greater(a: u32, b: u32) -> u32 {
	of_key(key(a).max(key(b)))
}

/// The lesser of two words in the total order of the op spec, canonical; NaN where either is.
#[inline(always)]
pub(crate) fn lesser(a: u32, b: u32) -> u32 {
	let nan = key(CANONICAL_NAN);
	let (a, b) = (key(a), key(b));
	of_key(if a.max(b) == nan { nan } else { a.min(b) })
}

/// Adds `x` to the word.
#[inline(always)]
pub(crate) fn add_to(word: &mut u32, x: u32) {
	*word = (f32::from_bits(*word) + f32::from_bits(x)).to_bits();
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_ops::soft;

	const WORDS: [u32; 14] = [
		0xFF80_0000,
		0xFF7F_FFFF,
		0xBF80_0000,
		0x8080_0000,
		0x8000_0001,
		0x8000_0000,
		0,
		1,
		0x0080_0000,
		0x3F80_0000,
		0x7F7F_FFFF,
		0x7F80_0000,
		0x7F80_0001,
		0xFFC0_1234,
	];

	#[test]
	fn key_should_order_as_the_spec_when_words_are_special() {
		for a in WORDS {
			for b in WORDS {
				let specified = soft::order_key(a).cmp(&soft::order_key(b));
				assert_eq!(key(a).cmp(&key(b)), specified, "{a:#x} {b:#x}");
			}
			assert_eq!(of_key(key(a)), canonical_word(a));
		}
	}
}
