//! A runtime of system, balances, staking, market and this pallet, wired as the real one is.

use assay_primitives::{Claims, TaskId};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Hooks},
	weights::Weight,
};
use frame_system::limits::BlockWeights;
use pallet_compute_staking as staking;
use pallet_task_market as market;
use polkadot_sdk::{pallet_balances, sp_io};
use sp_runtime::{BuildStorage, FixedU128, Permill};

use crate::{
	self as pallet_dispute, frame_support, frame_system, sp_runtime, ClockRules, Disputes, GameId,
	Tariff,
};

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
	type DbWeight = frame_support::weights::constants::RocksDbWeight;
	type BlockWeights = Blocks;
}

#[derive_impl(pallet_balances::config_preludes::TestDefaultConfig)]
impl pallet_balances::Config for Test {
	type AccountStore = System;
	type ExistentialDeposit = ConstU64<10>;
}

impl staking::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RegistrationDeposit = ConstU64<50>;
	type MinimumBond = ConstU64<100>;
	type UnbondingPeriod = ConstU64<2_000>;
	type LongestExposure = ConstU64<1_999>;
	type MaxLocks = ConstU32<40>;
	type WeightInfo = ();
}

/// Blocks all of whose weight is kept for disputes.
fn blocks() -> BlockWeights {
	let mut blocks = BlockWeights::simple_max(Weight::MAX);
	blocks.per_class.get_mut(frame_support::dispatch::DispatchClass::Operational).reserved = None;
	blocks
}

parameter_types! {
	pub static Blocks: BlockWeights = blocks();
	pub const MarketLimits: market::Limits<u64> = market::Limits {
		program_len: 20_000,
		stride_effort: 10_000_000_000,
		step_words: 1_000_000,
		states: 100,
		window_min: 2,
		challenge_min: 3,
		window_max: 500,
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
	pub const MarketPenalties: market::Penalties = market::Penalties {
		requester_share: Permill::from_percent(25),
		challenger_share: Permill::from_percent(10),
		cost_cap: Permill::from_percent(5),
		auditor_share: Permill::from_percent(10),
		missed_deadline: Permill::from_percent(5),
		withdrawal: Permill::from_percent(5),
		disputed_withdrawal: Permill::from_percent(25),
		cost_multiple: 10,
	};
	/// A clock of 41 blocks, of which 10 are reserve.
	pub static Clock: ClockRules =
		ClockRules { base: 40, effort_per_block: 1_000_000_000, replay_max: 10, extension: 5 };
	pub static DisputeTariff: Tariff<u64> =
		Tariff { per_move: 10, per_byte: 1, per_gigaflop: 7, bond_base: 1_000, bond_factor: 5 };
	pub static MaxGames: u32 = 40;
	pub static AgendaSize: u32 = 3;
	pub static TickWeight: Weight = Weight::MAX;
}

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
	type TickWeight = MarketTick;
	type WeightInfo = ();
}

parameter_types! {
	pub const MarketTick: Weight = Weight::MAX;
}

impl pallet_dispute::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Claims = Market;
	type Clock = Clock;
	type Tariff = DisputeTariff;
	type MaxGames = MaxGames;
	type AgendaSize = AgendaSize;
	type TickWeight = TickWeight;
	type WeightInfo = ();
}

pub(crate) const REQUESTER: u64 = 1;
pub(crate) const SOLVER: u64 = 2;
pub(crate) const CHALLENGER: u64 = 3;
pub(crate) const RIVAL: u64 = 4;
pub(crate) const STRANGER: u64 = 5;

/// Balance of each of the five accounts at genesis.
pub(crate) const PURSE: u64 = 10_000_000;

/// Runs a test at block 1 and checks all invariants and the issuance after it. The test returns what
/// it expects to have burned.
pub(crate) fn new_test_ext(test: impl FnOnce() -> u64) {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let accounts = [REQUESTER, SOLVER, CHALLENGER, RIVAL, STRANGER];
	let balances = accounts.map(|who| (who, PURSE)).to_vec();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		let burned = test();
		check_books();
		assert_eq!(Balances::total_issuance(), 5 * PURSE - burned);
	});
}

/// Gives every game the clock of a first one, so that deadlines fall into the same block.
pub(crate) fn same_clocks() {
	Clock::set(ClockRules { base: 41, replay_max: 0, ..Clock::get() });
}

/// Checks the invariants of all three pallets.
pub(crate) fn check_books() {
	Dispute::do_try_state().unwrap();
	Market::do_try_state().unwrap();
	Staking::do_try_state().unwrap();
	let sum: u64 = frame_system::Account::<Test>::iter()
		.map(|(_, account)| account.data.free + account.data.reserved)
		.sum();
	assert_eq!(sum, Balances::total_issuance());
}

/// Begins each block up to and including `block`.
pub(crate) fn run_to(block: u64) {
	while System::block_number() < block {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		Market::on_initialize(next);
		Dispute::on_initialize(next);
	}
}

/// Goes to `block` while this pallet does nothing by itself.
pub(crate) fn jump_to(block: u64) {
	let weight = TickWeight::get();
	TickWeight::set(Weight::zero());
	run_to(block);
	TickWeight::set(weight);
}

/// The events of this pallet so far, in order; forgets all events.
pub(crate) fn take_events() -> Vec<crate::Event<Test>> {
	let events = System::events();
	System::reset_events();
	events
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Dispute(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// Block of the deadline of a game.
pub(crate) fn deadline(game: GameId) -> u64 {
	Disputes::<Test>::get(game).and_then(|dispute| dispute.game.deadline()).unwrap().into()
}

/// Games that the market counts.
pub(crate) fn open_games(task: TaskId) -> Option<u32> {
	Market::claim(task).map(|claim| claim.open_games)
}

/// Empty externalities for the tests of the benchmarks.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn bench_ext() -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::new(Default::default());
	ext.execute_with(|| System::set_block_number(1));
	ext
}
