//! Philox4x32-10, the counter-based random number generator of Salmon, Moraes, Dror and Shaw
//! ("Parallel random numbers: as easy as 1, 2, 3", SC 2011), and what is drawn with it.
//!
//! Any word can be computed alone from (seed, domain, stream, step, element), so one tile of a mask
//! can be checked without the rest. The generator is statistical, not cryptographic; the seed is
//! public and fixed before anybody bids.

use crate::soft;

/// What a stream of random numbers is for; part of the key, so that uses never share numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Domain {
	/// [`crate::Op::Mask`]; the stream is the one that the operation names.
	Mask,
	/// Initial values of parameters; the stream is the slot index.
	Init,
	/// Order of the records; the stream is 0.
	Shuffle,
}

impl Domain {
	/// The number that enters the key.
	pub fn tag(self) -> u32 {
		match self {
			Domain::Mask => 1,
			Domain::Init => 2,
			Domain::Shuffle => 3,
		}
	}
}

/// One block of four random words.
pub fn philox(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
	let ([mut c0, mut c1, mut c2, mut c3], [mut k0, mut k1]) = (counter, key);
	for _ in 0..10 {
		let (high0, low0) = wide_mul(0xD251_1F53, c0);
		let (high1, low1) = wide_mul(0xCD9E_8D57, c2);
		(c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0);
		k0 = k0.wrapping_add(0x9E37_79B9);
		k1 = k1.wrapping_add(0xBB67_AE85);
	}
	[c0, c1, c2, c3]
}

/// High and low word of a product.
#[inline(always)]
#[allow(
	clippy::arithmetic_side_effects,
	clippy::cast_possible_truncation,
	reason = "a product of two 32-bit words fits 64 bits; splitting it is the point"
)]
fn wide_mul(a: u32, b: u32) -> (u32, u32) {
	let product = a as u64 * b as u64;
	((product >> 32) as u32, product as u32)
}

/// The key of a stream: both halves of the seed pass through the generator, under a key made of
/// domain and stream. Seed bytes are read as little-endian words.
pub fn stream_key(seed: &[u8; 32], domain: Domain, stream: u32) -> [u32; 2] {
	let key = [domain.tag(), stream];
	let mut state = [0; 4];
	for half in seed.chunks_exact(16) {
		for (word, bytes) in state.iter_mut().zip(half.chunks_exact(4)) {
			*word ^= bytes.iter().rev().fold(0u32, |word, byte| (word << 8) | u32::from(*byte));
		}
		state = philox(state, key);
	}
	let [k0, k1, _, _] = state;
	[k0, k1]
}

/// Random word number `element` of a stream in a step: word `element mod 4` of the block with counter
/// `(element / 4, 0, step mod 2^32, step / 2^32)`.
#[allow(clippy::cast_possible_truncation, reason = "the counter holds the step as two words")]
pub fn word(key: [u32; 2], step: u64, element: u32) -> u32 {
	let [w0, w1, w2, w3] = philox([element >> 2, 0, step as u32, (step >> 32) as u32], key);
	match element & 3 {
		0 => w0,
		1 => w1,
		2 => w2,
		_ => w3,
	}
}

/// Element `element` of a parameter that starts uniform in `[−bound, bound)`.
///
/// The upper 24 bits `u` of the random word (step 0) give `u · 2^−23 − 1`, which is exact; one
/// multiplication with `bound` rounds. `bound` is the bits of a normal positive number.
pub fn uniform(key: [u32; 2], element: u32, bound: u32) -> u32 {
	const TWO_TO_MINUS_23: u32 = 0x3400_0000;
	let integer = soft::from_u32(word(key, 0, element) >> 8);
	soft::mul(soft::fma(integer, TWO_TO_MINUS_23, soft::MINUS_ONE), bound)
}
