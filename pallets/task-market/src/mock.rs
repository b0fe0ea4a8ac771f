//! A runtime of system, balances, staking and this pallet, and disputes that a test plays by hand.

use assay_primitives::{Costs, Games, TaskId};
use frame_support::{
	derive_impl, parameter_types,
	traits::{ConstU32, ConstU64, Hooks},
	weights::Weight,
};
use pallet_compute_staking as staking;
use polkadot_sdk::{pallet_balances, sp_io};
use sp_runtime::{BuildStorage, DispatchError, FixedU128, Permill};

use crate::{
	self as pallet_task_market, frame_support, frame_system, sp_runtime, Limits, Penalties, Prices,
};

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system = 0,
		Balances: pallet_balances = 1,
		Staking: staking = 2,
		Market: pallet_task_market = 3,
	}
);

#[derive_impl(frame_system::config_preludes::TestDefaultConfig)]
impl frame_system::Config for Test {
	type Block = frame_system::mocking::MockBlock<Test>;
	type AccountData = pallet_balances::AccountData<u64>;
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
	type UnbondingPeriod = ConstU64<200>;
	type LongestExposure = ConstU64<199>;
	type MaxLocks = ConstU32<40>;
	type WeightInfo = ();
}

parameter_types! {
	pub const MarketLimits: Limits<u64> = Limits {
		program_len: 2_000,
		stride_effort: 101_000,
		step_words: 1_000,
		states: 100,
		window_min: 2,
		challenge_min: 3,
		window_max: 100,
		training_max: 1_000,
		attempts: 2,
	};
	pub const MarketPrices: Prices<u64> = Prices {
		per_gigaflop: 1_000_000_000,
		per_gigabyte: 0,
		row_deposit: 100,
		byte_deposit: 1,
		fee: Permill::from_percent(1),
		stake_factor: FixedU128::from_u32(2),
		minimum_stake: 300,
	};
	pub static MarketPenalties: Penalties = Penalties {
		requester_share: Permill::from_percent(25),
		challenger_share: Permill::from_percent(10),
		cost_cap: Permill::from_percent(5),
		auditor_share: Permill::from_percent(10),
		missed_deadline: Permill::from_percent(5),
		withdrawal: Permill::from_percent(5),
		disputed_withdrawal: Permill::from_percent(25),
		cost_multiple: 10,
	};
	pub static TickWeight: Weight = Weight::MAX;
	/// Tasks with a trace on chain.
	pub static Traced: Vec<TaskId> = vec![];
	/// The latest block in which no game could be opened.
	pub static Full: Option<u32> = None;
	/// What the challengers of the open games spent.
	pub static Spent: Vec<(u64, u64)> = vec![];
}

/// Disputes as the test says.
pub struct HandPlayed;

impl Games<u64, u64> for HandPlayed {
	fn trace_posted(task: TaskId) -> bool {
		Traced::get().contains(&task)
	}
	fn withdraw(_: TaskId) -> Result<Costs<u64, u64>, DispatchError> {
		Ok(Costs::truncate_from(Spent::get()))
	}
	fn last_full() -> Option<u32> {
		Full::get()
	}
	fn last_full_weight() -> Weight {
		Weight::zero()
	}
	fn withdraw_weight(_: u32) -> Weight {
		Weight::zero()
	}
}

impl pallet_task_market::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type Stakes = Staking;
	type Games = HandPlayed;
	type Limits = MarketLimits;
	type Prices = MarketPrices;
	type Penalties = MarketPenalties;
	type AgendaSize = ConstU32<2>;
	type AgendaSearch = ConstU32<3>;
	type TickWeight = TickWeight;
	type WeightInfo = ();
}

pub(crate) const REQUESTER: u64 = 1;
pub(crate) const SOLVER: u64 = 2;
pub(crate) const RIVAL: u64 = 3;
pub(crate) const CHALLENGER: u64 = 4;
pub(crate) const NOBODY: u64 = 99;

/// Balance of each of the four accounts at genesis.
pub(crate) const PURSE: u64 = 1_000_000;

/// Runs a test at block 1 and checks all invariants and the issuance after it. The test returns what
/// it expects to have burned.
pub(crate) fn new_test_ext(test: impl FnOnce() -> u64) {
	let mut storage = frame_system::GenesisConfig::<Test>::default().build_storage().unwrap();
	let balances = [REQUESTER, SOLVER, RIVAL, CHALLENGER].map(|who| (who, PURSE)).to_vec();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		let burned = test();
		Market::do_try_state().unwrap();
		Staking::do_try_state().unwrap();
		assert_eq!(Balances::total_issuance(), 4 * PURSE - burned);
		let sum: u64 = frame_system::Account::<Test>::iter()
			.map(|(_, account)| account.data.free + account.data.reserved)
			.sum();
		assert_eq!(sum, Balances::total_issuance());
	});
}

/// Begins each block up to and including `block`.
pub(crate) fn run_to(block: u64) {
	while System::block_number() < block {
		let next = System::block_number() + 1;
		System::set_block_number(next);
		Market::on_initialize(next);
	}
}

/// Goes to `block` while the chain does nothing by itself.
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
			RuntimeEvent::Market(event) => Some(event),
			_ => None,
		})
		.collect()
}

/// Empty externalities for the tests of the benchmarks.
#[cfg(feature = "runtime-benchmarks")]
pub(crate) fn bench_ext() -> sp_io::TestExternalities {
	let mut ext = sp_io::TestExternalities::new(Default::default());
	ext.execute_with(|| System::set_block_number(1));
	ext
}
