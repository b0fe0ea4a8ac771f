//! Nominated proof of stake, as polkadot.js knows it: the pallet is named `Staking`, its storage is
//! untouched.

use super::{election::OnChainElection, treasury::TreasuryAccount};
use crate::{
	constants::MAX_VALIDATORS, timing, AccountId, Balance, Balances, Runtime, RuntimeEvent,
	RuntimeHoldReason, Session, Timestamp, VoterList,
};
use polkadot_sdk::{
	frame_election_provider_support::onchain::OnChainExecution,
	frame_support::{
		parameter_types,
		traits::{tokens::imbalance::ResolveTo, ConstU32, Nothing},
	},
	frame_system::EnsureRoot,
	pallet_staking,
	sp_runtime::curve::PiecewiseLinear,
	sp_staking::currency_to_vote::U128CurrencyToVote,
};

polkadot_sdk::pallet_staking_reward_curve::build! {
	const REWARD_CURVE: PiecewiseLinear<'static> = curve!(
		min_inflation: 0_025_000,
		max_inflation: 0_100_000,
		ideal_stake: 0_500_000,
		falloff: 0_050_000,
		max_piece_count: 40,
		test_precision: 0_005_000,
	);
}

parameter_types! {
	/// Yearly inflation by the share of tokens at stake: 2.5 % at none, 10 % at one half.
	pub const RewardCurve: &'static PiecewiseLinear<'static> = &REWARD_CURVE;
}

/// Limits for the stock benchmarks.
pub struct BenchmarkLimits;
impl pallet_staking::BenchmarkingConfig for BenchmarkLimits {
	type MaxNominators = ConstU32<1_000>;
	type MaxValidators = ConstU32<100>;
}

impl pallet_staking::Config for Runtime {
	type OldCurrency = Balances;
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type CurrencyBalance = Balance;
	type UnixTime = Timestamp;
	type CurrencyToVote = U128CurrencyToVote;
	type ElectionProvider = OnChainExecution<OnChainElection>;
	type GenesisElectionProvider = OnChainExecution<OnChainElection>;
	type NominationsQuota = pallet_staking::FixedNominationsQuota<16>;
	type HistoryDepth = ConstU32<84>;
	// What is not paid to stakers, and what is slashed, goes to the treasury.
	type RewardRemainder = ResolveTo<TreasuryAccount, Balances>;
	type RuntimeEvent = RuntimeEvent;
	type Slash = ResolveTo<TreasuryAccount, Balances>;
	// Rewards are minted from nothing: they are the inflation.
	type Reward = ();
	type SessionsPerEra = timing::SessionsPerEra<Runtime>;
	type BondingDuration = timing::BondingEras<Runtime>;
	type SlashDeferDuration = timing::SlashDeferEras<Runtime>;
	type AdminOrigin = EnsureRoot<AccountId>;
	type SessionInterface = Self;
	type EraPayout = pallet_staking::ConvertCurve<RewardCurve>;
	type NextNewSession = Session;
	type MaxExposurePageSize = ConstU32<64>;
	type MaxValidatorSet = ConstU32<MAX_VALIDATORS>;
	type VoterList = VoterList;
	type TargetList = pallet_staking::UseValidatorsMap<Self>;
	type MaxUnlockingChunks = ConstU32<32>;
	// This chain never had controllers apart from stashes.
	type MaxControllersInDeprecationBatch = ConstU32<1>;
	type EventListeners = ();
	type Filter = Nothing;
	type BenchmarkingConfig = BenchmarkLimits;
	type WeightInfo = pallet_staking::weights::SubstrateWeight<Runtime>;
}
