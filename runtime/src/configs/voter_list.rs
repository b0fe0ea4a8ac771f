//! The list of voters, kept roughly in order of stake by sorting them into bags.

use crate::{Runtime, RuntimeEvent, Staking};
use polkadot_sdk::{
	frame_election_provider_support::VoteWeight,
	frame_support::{parameter_types, traits::ConstU32},
	pallet_bags_list,
};

/// Bags: two for each doubling of vote weight, from 2²⁷ (about a hundredth of an ASY while the
/// issuance is a billion) up to the largest weight.
const BAGS: usize = 2 * (63 - FIRST_BIT) as usize + 3;
const FIRST_BIT: u32 = 27;

static THRESHOLDS: [VoteWeight; BAGS] = thresholds();

const fn thresholds() -> [VoteWeight; BAGS] {
	let mut out = [VoteWeight::MAX; BAGS];
	let mut bit = FIRST_BIT;
	let mut i = 0;
	while bit < 64 {
		let low = 1u64 << bit;
		out[i] = low;
		out[i + 1] = low + low / 2;
		i += 2;
		bit += 1;
	}
	out
}

parameter_types! {
	/// Upper ends of the bags.
	pub const BagThresholds: &'static [VoteWeight] = &THRESHOLDS;
}

impl pallet_bags_list::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type WeightInfo = pallet_bags_list::weights::SubstrateWeight<Runtime>;
	type ScoreProvider = Staking;
	type BagThresholds = BagThresholds;
	// Anyone can rebag an account by a call; nothing does it in every block.
	type MaxAutoRebagPerBlock = ConstU32<0>;
	type Score = VoteWeight;
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn thresholds_should_rise_and_end_with_the_largest_weight() {
		assert!(THRESHOLDS.windows(2).all(|w| w[0] < w[1]));
		assert_eq!(THRESHOLDS.last(), Some(&VoteWeight::MAX));
	}
}
