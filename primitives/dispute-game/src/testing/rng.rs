//! A small deterministic random generator, and the toy's hash.

use crate::Root;

/// SplitMix64.
#[derive(Clone, Debug)]
pub struct Rng(pub u64);

impl Rng {
	/// Next word.
	pub fn word(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		mix(self.0)
	}

	/// A number below `n` (0 if `n` is 0).
	pub fn below(&mut self, n: u32) -> u32 {
		(self.word() >> 32) as u32 % n.max(1)
	}

	/// True once in `n` times.
	pub fn one_in(&mut self, n: u32) -> bool {
		self.below(n) == 0
	}
}

/// A bijection of words that scatters well.
pub(super) fn mix(word: u64) -> u64 {
	let word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
	let word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
	word ^ (word >> 31)
}

/// 32 bytes that depend on all of `bytes`; no cryptographic hash.
pub(super) fn toy_hash(bytes: &[u8]) -> Root {
	let mut lanes = [1u64, 2, 3, bytes.len() as u64];
	for chunk in bytes.chunks(8) {
		let mut word = [0; 8];
		word[..chunk.len()].copy_from_slice(chunk);
		let word = u64::from_le_bytes(word);
		let carry = mix(lanes[3] ^ word);
		lanes = [carry, lanes[0] ^ carry, lanes[1].wrapping_add(carry), mix(lanes[2]) ^ word];
	}
	let mut root = Root::default();
	for round in 0..8u64 {
		let carry = mix(lanes[3] ^ round);
		lanes = [carry, lanes[0] ^ carry, lanes[1].wrapping_add(carry), mix(lanes[2])];
	}
	for (bytes, lane) in root.chunks_mut(8).zip(lanes) {
		bytes.copy_from_slice(&lane.to_le_bytes());
	}
	root
}
