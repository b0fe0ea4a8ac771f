//! What the words of operands look like.

use crate::Random;

/// A distribution of floats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
	/// Numbers in [−1, 1).
	Plain,
	/// Normal numbers over 80 powers of two, so that sums lose all or nothing of a term.
	Wide,
	/// Few significant bits near 1, so that results lie half way between two floats.
	Ties,
	/// Numbers in [−1, 1), but one word in sixteen is NaN, infinite, zero, subnormal or at an edge.
	Special,
	/// The same, but one word in a thousand.
	Rare,
	/// Special words only: many equal ones, zeros of both signs, NaN with payloads.
	Few,
	/// Any bits at all.
	Bits,
	/// Subnormal and barely normal numbers, so that every result is small.
	Tiny,
	/// Numbers whose sums and products overflow.
	Huge,
	/// Subnormal and barely normal numbers beside some near 1, so that sums underflow gradually.
	Gradual,
}

/// NaN, infinities, zeros, the smallest and largest numbers, 1 and its neighbours.
pub(crate) const SPECIAL: [u32; 20] = [
	0x0000_0000,
	0x8000_0000,
	0x7F80_0000,
	0xFF80_0000,
	0x7FC0_0000,
	0xFFC0_0001,
	0x7F80_0001,
	0xFFBF_FFFF,
	0x7FFF_FFFF,
	0x0000_0001,
	0x8000_0001,
	0x007F_FFFF,
	0x0080_0000,
	0x8080_0001,
	0x7F7F_FFFF,
	0xFF7F_FFFF,
	0x3F80_0000,
	0xBF80_0000,
	0x3F7F_FFFF,
	0x3F80_0001,
];

impl Flavour {
	/// All of them.
	pub const ALL: [Self; 10] = [
		Self::Plain,
		Self::Wide,
		Self::Ties,
		Self::Special,
		Self::Rare,
		Self::Few,
		Self::Bits,
		Self::Tiny,
		Self::Huge,
		Self::Gradual,
	];

	/// One word.
	pub fn word(self, random: &mut Random) -> u32 {
		match self {
			Self::Plain => plain(random),
			Self::Wide => with_exponent(random, 87, 80),
			Self::Ties => {
				let kept = !(0x007F_FFFF_u32 >> random.below(12)) | 0x8000_0000;
				with_exponent(random, 117, 20) & (kept | 0x7F80_0000)
			},
			Self::Special if random.below(16) == 0 => random.pick(SPECIAL),
			Self::Rare if random.below(1000) == 0 => random.pick(SPECIAL),
			Self::Special | Self::Rare => plain(random),
			Self::Few => random.pick(SPECIAL),
			Self::Bits => random.u32(),
			Self::Gradual if random.below(2) == 0 => with_exponent(random, 117, 10),
			Self::Tiny | Self::Gradual => random.u32() & 0x80FF_FFFF,
			Self::Huge => with_exponent(random, 245, 10),
		}
	}
}

fn plain(random: &mut Random) -> u32 {
	((random.u32() >> 8) as f32 / 8_388_608.0 - 1.0).to_bits()
}

/// A number of any sign and fraction with one of `count` exponents.
fn with_exponent(random: &mut Random, first: u32, count: u32) -> u32 {
	(random.u32() & 0x807F_FFFF) | ((first + random.below(count)) << 23)
}

/// A label below `bound`, but one in sixteen names nothing.
pub(crate) fn label(random: &mut Random, bound: u32) -> u32 {
	match random.below(48) {
		0 => bound,
		1 => u32::MAX,
		2 => random.u32(),
		_ => random.below(bound),
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// How many of ten thousand words of a flavour are like that.
	fn count(flavour: Flavour, is: impl Fn(f32) -> bool) -> usize {
		let mut random = Random::of_case(1, "words", 0);
		(0..10_000).filter(|_| is(f32::from_bits(flavour.word(&mut random)))).count()
	}

	#[test]
	fn flavour_should_hold_what_it_promises() {
		assert_eq!(count(Flavour::Plain, |x| (-1.0..1.0).contains(&x)), 10_000);
		assert_eq!(count(Flavour::Wide, |x| x.is_normal()), 10_000);
		assert!(count(Flavour::Special, f32::is_nan) > 50);
		assert!((1..50).contains(&count(Flavour::Rare, |x| !(-1.0..1.0).contains(&x))));
		assert!(count(Flavour::Few, |x| x == 0.0) > 500);
		assert!(count(Flavour::Tiny, f32::is_subnormal) > 2_000);
		assert!(count(Flavour::Gradual, f32::is_subnormal) > 1_000);
		assert!(count(Flavour::Gradual, |x| (0.0005..2.0).contains(&x.abs())) > 4_000);
		assert!(count(Flavour::Huge, |x| (x + x).is_infinite()) > 500);
		// The last twelve bits of the fraction are never used by some.
		assert!(count(Flavour::Ties, |x| x.to_bits() & 0xFFF == 0) > 9_900);
	}

	#[test]
	fn label_should_sometimes_name_nothing() {
		let mut random = Random::of_case(1, "labels", 0);
		let none = (0..4800).filter(|_| label(&mut random, 7) >= 7).count();
		assert!((150..600).contains(&none), "{none}");
	}
}
