//! A runtime of system, balances, staking, market and disputes, wired as the real one is, with windows of a
//! few blocks.

use assay_primitives::TaskId;
use pallet_compute_staking as staking;
use pallet_dispute::{ClockRules, Tariff};
use pallet_task_market as market;
use polkadot_sdk::{
	frame_support::{
		self, derive_impl, parameter_types,
		traits::{ConstU32, ConstU64, Hooks},
		weights::Weight,
	},
	frame_system::{self, limits::BlockWeights},
	pallet_balances,
	sp_runtime::{FixedU128, Permill},
};

use crate::penalties::PENALTIES;

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system = 0,
		Balances: pallet_balances = 1,
		Staking: staking = 2,
		Market: market = 3,
		Dispute: pallet_dispute = 4,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u64>;
	type BlockWeights = Blocks;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<10>;
}

/// Blocks from unbonding to withdrawal: more than a window of 4 and a game of 22.
pub(crate) const UNBONDING: u64 = 28;

impl staking::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RegistrationDeposit = ConstU64<50>;
	type MinimumBond = ConstU64<100>;
	type UnbondingPeriod = ConstU64<UNBONDING>;
	type LongestExposure = ConstU64<27>;
	type MaxLocks = ConstU32<2>;
	type WeightInfo = ();
}

/// Blocks all of whose weight is kept for disputes.
fn blocks() -> BlockWeights {
	let mut blocks = BlockWeights::simple_max(Weight::MAX);
	blocks.per_class.get_mut(frame_support::dispatch::DispatchClass::Operational).reserved = None;
	blocks
}

parameter_types! {
	pub Blocks: BlockWeights = blocks();
	pub const MarketLimits: market::Limits<u64> = market::Limits {
		program_len: 2_000,
		stride_effort: 1_000_000,
		step_words: 1_000,
		states: 100,
		window_min: 2,
		challenge_min: 3,
		window_max: 100,
		training_max: 1_000,
		attempts: 2,
	};
	pub const MarketPrices: market::Prices<u64> = market::Prices {
		per_gigaflop: 1,
		per_gigabyte: 0,
		row_deposit: 100,
		byte_deposit: 1,
		fee: Permill::from_percent(1),
		stake_factor: FixedU128::from_u32(2),
		minimum_stake: 300,
	};
	pub const MarketPenalties: market::Penalties = PENALTIES;
	/// Clocks of 9 blocks, of which 2 are reserve, and one block more for each game that is open already.
	pub const Clock: ClockRules =
		ClockRules { base: 8, effort_per_block: 1_000_000_000, replay_max: 1, extension: 1 };
	/// Bonds of 120; a stake of 300 takes three games.
	pub const DisputeTariff: Tariff<u64> =
		Tariff { per_move: 1, per_byte: 0, per_gigaflop: 0, bond_base: 100, bond_factor: 5 };
	pub const Plenty: Weight = Weight::MAX;
	/// What the chain may do by itself; nothing where blocks are full.
	pub static TickWeight: Weight = Weight::MAX;
}

/// Blocks in which a claim can be accused.
pub(crate) const WINDOW: u64 = 4;
/// Games that a stake of 300 takes at a time.
pub(crate) const PLACES: usize = 3;

impl market::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Stakes = Staking;
	type Games = Dispute;
	type Limits = MarketLimits;
	type Prices = MarketPrices;
	type Penalties = MarketPenalties;
	type AgendaSize = ConstU32<4>;
	type AgendaSearch = ConstU32<8>;
	type TickWeight = TickWeight;
	type WeightInfo = ();
}

impl pallet_dispute::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Claims = Market;
	type Clock = Clock;
	type Tariff = DisputeTariff;
	type MaxGames = ConstU32<40>;
	type AgendaSize = ConstU32<3>;
	type TickWeight = TickWeight;
	type WeightInfo = ();
}

pub(crate) const REQUESTER: u64 = 1;
pub(crate) const SOLVER: u64 = 2;
pub(crate) const CHALLENGER: u64 = 3;
pub(crate) const RIVAL: u64 = 4;
/// Has no account: what it is to be paid burns where it is less than the existential deposit.
pub(crate) const NOBODY: u64 = 99;

/// Balance of each of the four accounts at genesis.
pub(crate) const PURSE: u64 = 100_000;
/// Tasks: the first is claimed when the models begin, the second takes bids.
pub(crate) const TASKS: [TaskId; 2] = [0, 1];

/// Begins each block up to and including `block`.
pub(crate) fn run_to(block: u64) {
	while System::block_number() < block {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		Market::on_initialize(next);
		Dispute::on_initialize(next);
	}
}
