//! Which record a training step reads: a pseudo-random permutation of the data set per epoch, of
//! which every single position can be computed alone.
//!
//! A balanced Feistel network of [`ROUNDS`] rounds permutes `[0, 4^w)`, the smallest such domain that
//! holds all records, and *cycle walking* restricts it to `[0, records)`: apply the network again
//! until the result is a record. The domain is less than four times the number of records, so a walk
//! of [`MAX_WALKS`] has a chance below 2^−424; then, by definition, the position itself is the result.

use crate::philox::{philox, stream_key, Domain};

/// Rounds of the Feistel network.
pub const ROUNDS: u32 = 8;

/// Applications of the network before the position itself is taken.
pub const MAX_WALKS: u32 = 1024;

/// The record at a position of the endless sequence of epochs: epoch `position / records`, place
/// `position mod records` in it. 0 if there are no records.
pub fn record_at(seed: &[u8; 32], position: u64, records: u64) -> u64 {
	let (Some(epoch), Some(place)) = (position.checked_div(records), position.checked_rem(records))
	else {
		return 0;
	};
	if records == 1 {
		return 0;
	}
	let network =
		Feistel { key: stream_key(seed, Domain::Shuffle, 0), epoch, half_bits: half_bits(records) };
	let mut value = place;
	for _ in 0..MAX_WALKS {
		value = network.permute(value);
		if value < records {
			return value;
		}
	}
	place
}

/// Half of the bits that the indices below `records` need, rounded up; `records` is at least 2.
fn half_bits(records: u64) -> u32 {
	let bits = 64u32.saturating_sub(records.saturating_sub(1).leading_zeros());
	bits.div_ceil(2)
}

struct Feistel {
	key: [u32; 2],
	epoch: u64,
	/// 1 to 32.
	half_bits: u32,
}

impl Feistel {
	#[allow(
		clippy::arithmetic_side_effects,
		clippy::cast_possible_truncation,
		reason = "half_bits is 1 to 32, and both halves are masked to it"
	)]
	fn permute(&self, value: u64) -> u64 {
		let mask = (1u64 << self.half_bits) - 1;
		let (mut left, mut right) = ((value >> self.half_bits) & mask, value & mask);
		for round in 0..ROUNDS {
			let counter = [right as u32, round, self.epoch as u32, (self.epoch >> 32) as u32];
			let [word, ..] = philox(counter, self.key);
			(left, right) = (right, left ^ (u64::from(word) & mask));
		}
		(left << self.half_bits) | right
	}
}
