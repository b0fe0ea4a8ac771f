//! The stake behind solvers.

use crate::{
	configs::{dispute::LONGEST_DISPUTE, task_market::LONGEST_WINDOW},
	constants::{deposit, ASY, DAYS},
	Balance, Balances, BlockNumber, Runtime, RuntimeHoldReason,
};
use polkadot_sdk::frame_support::{parameter_types, traits::ConstU32};

parameter_types! {
	/// A solver's row, about 400 bytes, and the rows of a few locks.
	pub const RegistrationDeposit: Balance = deposit(3, 400);
	/// Worth running a machine for, and enough for ten of the cheapest tasks at once.
	pub const MinimumBond: Balance = 100 * ASY;
	/// Four days of production blocks: more than the longest window and the longest game behind it.
	pub const UnbondingPeriod: BlockNumber = 4 * DAYS;
	/// A claim, the longest challenge window, and a game that is opened in its last block.
	pub const LongestExposure: BlockNumber = LONGEST_WINDOW + LONGEST_DISPUTE;
}

impl pallet_compute_staking::Config for Runtime {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RegistrationDeposit = RegistrationDeposit;
	type MinimumBond = MinimumBond;
	type UnbondingPeriod = UnbondingPeriod;
	type LongestExposure = LongestExposure;
	// One machine trains a few tasks at a time; the rest is room for claims in their challenge window.
	type MaxLocks = ConstU32<64>;
	type WeightInfo = pallet_compute_staking::weights::SubstrateWeight<Runtime>;
}
