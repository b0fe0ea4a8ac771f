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

/// Takes words in and gives a [`Root`] that depends on all of them. Fast, and no cryptographic hash:
/// games are simulated by the million, and nobody attacks the toy's hash.
pub(super) struct Sponge([u64; 4]);

impl Sponge {
	/// One for each kind of content.
	pub(super) fn new(tag: u64) -> Self {
		Self([tag ^ 0xA076_1D64_78BD_642F, 0xE703_7ED1_A0B4_28DB, 0x8EBC_6AF0_9C88_C6E3, tag])
	}

	/// Takes a word in.
	#[inline]
	pub(super) fn word(&mut self, word: u64) {
		let [a, b, c, d] = self.0;
		let folded = fold(a ^ word, b ^ 0x5899_65CC_7537_4CC3);
		self.0 = [b.wrapping_add(folded), c ^ word, d.rotate_left(23) ^ folded, a];
	}

	/// Takes a root in.
	#[inline]
	pub(super) fn root(&mut self, root: &Root) {
		for bytes in root.chunks_exact(8) {
			self.word(u64::from_le_bytes(bytes.try_into().unwrap()));
		}
	}

	/// What all of it comes to.
	#[inline]
	pub(super) fn squeeze(mut self) -> Root {
		let mut root = Root::default();
		self.word(0x1D8E_4E27_C47D_124F);
		for bytes in root.chunks_exact_mut(8) {
			self.word(0xEB44_ACCA_B455_D165);
			bytes.copy_from_slice(&mix(self.0[0]).to_le_bytes());
		}
		root
	}
}

#[inline]
fn fold(a: u64, b: u64) -> u64 {
	let product = u128::from(a) * u128::from(b);
	(product as u64) ^ ((product >> 64) as u64)
}

/// 32 bytes that depend on all of `bytes`; no cryptographic hash.
pub(super) fn toy_hash(bytes: &[u8]) -> Root {
	let mut sponge = Sponge::new(bytes.len() as u64);
	let mut words = bytes.chunks_exact(8);
	for word in &mut words {
		sponge.word(u64::from_le_bytes(word.try_into().unwrap()));
	}
	let rest = words.remainder();
	if !rest.is_empty() {
		let mut word = [0; 8];
		word[..rest.len()].copy_from_slice(rest);
		sponge.word(u64::from_le_bytes(word));
	}
	sponge.squeeze()
}
