//! What is done to single words.

use assay_ops::{soft, CANONICAL_NAN};

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

/// The greater of two words in the total order of the op spec; the first where they are the same.
#[inline(always)]
pub(crate) fn greater(a: u32, b: u32) -> u32 {
	if soft::order_key(b) > soft::order_key(a) {
		b
	} else {
		a
	}
}

/// Adds `x` to the word.
#[inline(always)]
pub(crate) fn add_to(word: &mut u32, x: u32) {
	*word = (f32::from_bits(*word) + f32::from_bits(x)).to_bits();
}
