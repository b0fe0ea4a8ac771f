//! A runtime of system, balances and this pallet.

use frame_support::{
	derive_impl, parameter_types,
	traits::{fungible::InspectHold, ConstU64},
};
use polkadot_sdk::{pallet_balances, sp_io};
use sp_runtime::BuildStorage;

use crate::{self as pallet_compute_staking, frame_support, frame_system, sp_runtime, HoldReason};

frame_support::construct_runtime!(
	pub enum Test {
		System: frame_system = 0,
		Balances: pallet_balances = 1,
		Staking: pallet_compute_staking = 2,
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

parameter_types! {
	pub static RegistrationDeposit: u64 = 50;
	pub static MinimumBond: u64 = 100;
	pub static UnbondingPeriod: u64 = 20;
	pub static LongestExposure: u64 = 19;
	pub static MaxLocks: u32 = 3;
}

impl pallet_compute_staking::Config for Test {
	type Currency = Balances;
	type RuntimeHoldReason = RuntimeHoldReason;
	type RegistrationDeposit = RegistrationDeposit;
	type MinimumBond = MinimumBond;
	type UnbondingPeriod = UnbondingPeriod;
	type LongestExposure = LongestExposure;
	type MaxLocks = MaxLocks;
	type WeightInfo = ();
}

pub(crate) const SOLVER: u64 = 1;
pub(crate) const OTHER: u64 = 2;
pub(crate) const REQUESTER: u64 = 3;
pub(crate) const NOBODY: u64 = 99;

/// Issuance at genesis: three accounts of 10,000.
pub(crate) const ISSUANCE: u64 = 30_000;

/// Runs a test at block 1 and checks the invariants and the issuance after it. The test returns what
/// it expects to have burned.
pub(crate) fn new_test_ext(test: impl FnOnce() -> u64) {
	let mut storage = match frame_system::GenesisConfig::<Test>::default().build_storage() {
		Ok(storage) => storage,
		Err(error) => panic!("genesis: {error}"),
	};
	let balances = [SOLVER, OTHER, REQUESTER].map(|who| (who, 10_000)).to_vec();
	pallet_balances::GenesisConfig::<Test> { balances, ..Default::default() }
		.assimilate_storage(&mut storage)
		.unwrap();
	sp_io::TestExternalities::new(storage).execute_with(|| {
		System::set_block_number(1);
		let burned = test();
		Staking::do_try_state().unwrap();
		assert_eq!(Balances::total_issuance(), ISSUANCE - burned);
		let sum: u64 = frame_system::Account::<Test>::iter()
			.map(|(_, account)| account.data.free + account.data.reserved)
			.sum();
		assert_eq!(sum, Balances::total_issuance());
	});
}

/// Stake of `who` on hold.
pub(crate) fn stake(who: u64) -> u64 {
	Balances::balance_on_hold(&HoldReason::Stake.into(), &who)
}

/// The events of this pallet so far, in order.
pub(crate) fn events() -> Vec<crate::Event<Test>> {
	System::events()
		.into_iter()
		.filter_map(|record| match record.event {
			RuntimeEvent::Staking(event) => Some(event),
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
