//! A small deterministic generator of random numbers.

/// SplitMix64: good enough to choose by, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
	/// A generator whose numbers depend on `seed` and `stream` alone.
	pub fn new(seed: u64, stream: u64) -> Self {
		let mut dice = Self(seed);
		let mixed = dice.any() ^ stream.wrapping_mul(0x9E37_79B9_7F4A_7C15);
		Self(mixed)
	}

	/// Any number.
	pub fn any(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// A number below `sides`; 0 where there are none.
	pub fn below(&mut self, sides: u64) -> u64 {
		self.any().checked_rem(sides).unwrap_or(0)
	}

	/// As [`Self::below`], for small numbers.
	pub fn small(&mut self, sides: u32) -> u32 {
		self.below(sides.into()) as u32
	}

	/// True in `percent` of the throws.
	pub fn percent(&mut self, percent: u32) -> bool {
		self.small(100) < percent
	}

	/// One of several.
	pub fn pick<T: Copy>(&mut self, from: &[T]) -> Option<T> {
		from.get(self.below(from.len() as u64) as usize).copied()
	}

	/// One of a fixed few.
	pub fn one_of<T: Copy, const N: usize>(&mut self, from: [T; N]) -> T {
		from[self.below(N as u64) as usize]
	}

	/// 32 random bytes.
	pub fn root(&mut self) -> [u8; 32] {
		let mut root = [0; 32];
		root.chunks_mut(8).for_each(|chunk| chunk.copy_from_slice(&self.any().to_le_bytes()));
		root
	}
}
