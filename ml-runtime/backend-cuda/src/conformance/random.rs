//! Random operands.

/// A small random number generator (SplitMix64).
pub struct Random(pub u64);

impl Random {
	/// The next 64 random bits.
	pub fn bits(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// A number below `bound`, which is at least 1.
	pub fn below(&mut self, bound: u32) -> u32 {
		(self.bits() % u64::from(bound.max(1))) as u32
	}
}

/// What the words of operands look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
	/// Numbers in [−1, 1).
	Plain,
	/// One word in sixteen is NaN, infinite, zero, subnormal or at the edge of overflow.
	Special,
	/// Any bits at all.
	Bits,
	/// Subnormal and barely normal numbers, so that every result is small.
	Tiny,
}

const SPECIAL: [u32; 14] = [
	0x7FC0_0000,
	0xFFC0_0001,
	0x7F80_0001,
	0x7F80_0000,
	0xFF80_0000,
	0,
	0x8000_0000,
	1,
	0x8000_0001,
	0x007F_FFFF,
	0x0080_0000,
	0x7F7F_FFFF,
	0xFF7F_FFFF,
	0x3F80_0000,
];

impl Flavour {
	/// All of them.
	pub const ALL: [Self; 4] = [Self::Plain, Self::Special, Self::Bits, Self::Tiny];

	/// A word.
	pub fn word(self, random: &mut Random) -> u32 {
		let bits = random.bits() as u32;
		let plain = ((bits >> 8) as f32 / 8_388_608.0 - 1.0).to_bits();
		match self {
			Self::Special if random.below(16) == 0 => SPECIAL[random.below(14) as usize],
			Self::Plain | Self::Special => plain,
			Self::Bits => bits,
			Self::Tiny => bits & 0x80FF_FFFF,
		}
	}
}
