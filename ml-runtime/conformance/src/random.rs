//! Random numbers that depend on what they are for.

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
	/// The numbers of one case.
	pub fn of_case(seed: u64, operation: &str, number: u64) -> Self {
		let mut hasher = blake3::Hasher::new();
		hasher.update(&seed.to_le_bytes()).update(&number.to_le_bytes());
		let digest = hasher.update(operation.as_bytes()).finalize();
		let first = digest.as_bytes().first_chunk::<8>();
		Self(first.map_or(seed, |bytes| u64::from_le_bytes(*bytes)))
	}

	/// 64 random bits.
	pub fn u64(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// 32 random bits.
	pub fn u32(&mut self) -> u32 {
		(self.u64() >> 32) as u32
	}

	/// A number below `n`, or 0 if there is none.
	pub fn below(&mut self, n: u32) -> u32 {
		((u64::from(self.u32()) * u64::from(n)) >> 32) as u32
	}

	/// Yes or no.
	pub fn coin(&mut self) -> bool {
		self.u64() >> 63 == 1
	}

	/// One of the items.
	pub fn pick<T: Copy, const N: usize>(&mut self, items: [T; N]) -> T {
		const { assert!(N > 0) };
		items[self.below(N as u32) as usize]
	}
}
