//! Choices made of bytes.

use arbitrary::Unstructured;

/// A string of bytes from which choices are taken, front to back. Once it is used up every choice is
/// the first one, so every string means something.
pub struct Source<'a>(Unstructured<'a>);

impl<'a> Source<'a> {
	/// Choices made of these bytes.
	pub fn new(bytes: &'a [u8]) -> Self {
		Self(Unstructured::new(bytes))
	}

	/// Whether nothing is left to choose from.
	pub fn is_empty(&self) -> bool {
		self.0.is_empty()
	}

	/// A number below `n`; 0 if `n` is 0.
	pub fn below(&mut self, n: u32) -> u32 {
		self.0.int_in_range(0..=n.saturating_sub(1)).unwrap_or_default()
	}

	/// A number from `low` to `high`.
	pub fn within(&mut self, low: u32, high: u32) -> u32 {
		low + self.below(high - low + 1)
	}

	/// True in half of all cases.
	pub fn flag(&mut self) -> bool {
		self.below(2) == 1
	}

	/// Any word.
	pub fn word(&mut self) -> u32 {
		self.0.arbitrary().unwrap_or_default()
	}

	/// One of these.
	pub fn choose<T: Copy>(&mut self, of: &[T]) -> T {
		of[self.below(of.len() as u32) as usize]
	}

	/// As many bytes, fewer if there are not so many.
	pub fn bytes(&mut self, most: usize) -> &'a [u8] {
		let most = most.min(self.0.len());
		self.0.bytes(most).unwrap_or_default()
	}

	/// Everything that is left.
	pub fn rest(&mut self) -> &'a [u8] {
		self.bytes(usize::MAX)
	}

	/// A size: small, around a multiple of 32, or anything from 1 to `most`.
	pub fn size(&mut self, most: u32) -> u32 {
		let whole = most / 32;
		let size = match self.below(4) {
			0 => 1 + self.below(8),
			1 => 32 * (1 + self.below(whole)),
			2 => 32 * (1 + self.below(whole)) - 1 + self.below(3),
			_ => 1 + self.below(most),
		};
		size.clamp(1, most.max(1))
	}

	/// The bytes after one to four edits: a bit, a byte, a piece cut out or put in, or one of the
	/// 32-byte strings in `pool` written over.
	pub fn edited(&mut self, mut bytes: Vec<u8>, pool: &[[u8; 32]]) -> Vec<u8> {
		for _ in 0..=self.below(4) {
			let at = self.below(bytes.len() as u32) as usize;
			match (self.below(6), pool.is_empty()) {
				(0, _) if !bytes.is_empty() => bytes[at] ^= 1 << self.below(8),
				(1, _) if !bytes.is_empty() => bytes[at] = self.below(256) as u8,
				(2, _) => {
					let end = bytes.len().min(at + 1 + self.below(40) as usize);
					bytes.drain(at..end);
				},
				(3, _) => {
					let count = 1 + self.below(40) as usize;
					let piece = self.bytes(count);
					bytes.splice(at..at, piece.iter().copied());
				},
				(_, false) => {
					let piece = self.choose(pool);
					let end = bytes.len().min(at + 32);
					bytes[at..end].copy_from_slice(&piece[..end - at]);
				},
				_ => {},
			}
		}
		bytes
	}
}

/// Words that look random but follow from `seed`; some of them zeros, infinities, NaNs and subnormals.
pub(crate) fn numbers(seed: u32, count: usize) -> Vec<u32> {
	const ODD: [u32; 8] =
		[0, 1 << 31, 1, 0x8000_0007, 0x7F80_0000, 0xFF80_0000, 0x7FC0_0000, 0xFFC0_1234];
	let mut state = u64::from(seed) << 1 | 1;
	let mut number = || {
		state =
			state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		let word = (state >> 32) as u32;
		match word % 257 {
			odd @ 0..8 => ODD[odd as usize],
			// Exponents from 2^-16 to 2^15, so that sums neither vanish nor overflow.
			_ => (word & 0x807F_FFFF) | ((111 + ((state >> 20) as u32 & 31)) << 23),
		}
	};
	(0..count).map(|_| number()).collect()
}
