//! The election of validators.
//!
//! It runs on chain, within the block that ends an era, over a bounded snapshot. The usual
//! alternative, solutions that validators compute off chain and submit as unsigned transactions, is
//! not used (ADR 0004): it would be an unsigned path into every block, and at this size it saves
//! nothing. The bounds below keep the whole election within a fraction of a block; a voter beyond them
//! is left out in the order of the voter list, smallest stake first.

use crate::{constants::MAX_VALIDATORS, AccountId, Runtime, Staking};
use polkadot_sdk::{
	frame_election_provider_support::{
		bounds::{ElectionBounds, ElectionBoundsBuilder},
		onchain,
		weights::SubstrateWeight,
		SequentialPhragmen,
	},
	frame_support::{
		parameter_types,
		traits::{ConstBool, ConstU32},
	},
	sp_runtime::Perbill,
};

/// Validators and nominators whose votes one election counts.
const MAX_VOTERS: u32 = 1_000;
/// Candidates of one election.
const MAX_TARGETS: u32 = 200;

parameter_types! {
	/// Limits of the snapshot.
	pub Bounds: ElectionBounds = ElectionBoundsBuilder::default()
		.voters_count(MAX_VOTERS.into())
		.targets_count(MAX_TARGETS.into())
		.build();
}

/// Backers of one validator: in the worst case, every voter.
pub(super) type MaxBackersPerWinner = ConstU32<MAX_VOTERS>;

/// Sequential Phragmén over [`Bounds`].
pub struct OnChainElection;

impl onchain::Config for OnChainElection {
	type Sort = ConstBool<true>;
	type System = Runtime;
	type Solver = SequentialPhragmen<AccountId, Perbill>;
	type DataProvider = Staking;
	type WeightInfo = SubstrateWeight<Runtime>;
	type MaxBackersPerWinner = MaxBackersPerWinner;
	type MaxWinnersPerPage = ConstU32<MAX_VALIDATORS>;
	type Bounds = Bounds;
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::{configs::BlockWeights, constants::MAX_VALIDATORS};
	use polkadot_sdk::frame_election_provider_support::WeightInfo;

	#[test]
	fn election_should_take_less_than_a_quarter_of_a_block_when_it_is_as_large_as_it_can_be() {
		let weight = SubstrateWeight::<Runtime>::phragmen(MAX_VOTERS, MAX_TARGETS, MAX_VALIDATORS);
		let quarter = BlockWeights::get().max_block / 4;
		assert!(weight.all_lte(quarter), "{weight} of {quarter}");
	}
}
