//! Well-known accounts, what they call, the passing of blocks, and the books.

use assay_runtime::{
	constants::ASY, AllPalletsWithSystem, Babe, Balance, Balances, BlockNumber, ComputeStaking,
	Dispute, Hash, Runtime, RuntimeCall, RuntimeEvent, RuntimeOrigin, System, TaskMarket,
};
use pallet_compute_staking as staking;
use polkadot_sdk::{
	frame_support::{
		assert_ok,
		traits::{OnFinalize, OnInitialize},
	},
	frame_system, pallet_balances,
	sp_core::storage::Storage,
	sp_io::TestExternalities,
	sp_keyring::Sr25519Keyring,
	sp_runtime::{traits::Dispatchable, DispatchResult},
};
use std::sync::OnceLock;

pub(crate) const REQUESTER: Sr25519Keyring = Sr25519Keyring::Bob;
pub(crate) const SOLVER: Sr25519Keyring = Sr25519Keyring::Charlie;
pub(crate) const CHALLENGER: Sr25519Keyring = Sr25519Keyring::Dave;
pub(crate) const RIVAL: Sr25519Keyring = Sr25519Keyring::Eve;
pub(crate) const STRANGER: Sr25519Keyring = Sr25519Keyring::Ferdie;

/// What a solver bonds in these tests.
pub(crate) const BONDED: Balance = 1_000 * ASY;

/// The local test network in its first block.
pub(crate) fn started() -> TestExternalities {
	static GENESIS: OnceLock<Storage> = OnceLock::new();
	let storage = GENESIS.get_or_init(|| super::storage("local_testnet")).clone();
	let mut chain = TestExternalities::new(storage);
	chain.execute_with(|| run_to(1));
	chain
}

/// Makes a call.
pub(crate) fn send(who: Sr25519Keyring, call: impl Into<RuntimeCall>) -> DispatchResult {
	let origin = RuntimeOrigin::signed(who.to_account_id());
	call.into().dispatch(origin).map(drop).map_err(|refused| refused.error)
}

/// Makes a call that must succeed and leave all invariants intact.
pub(crate) fn ok(who: Sr25519Keyring, call: impl Into<RuntimeCall>) {
	assert_ok!(send(who, call));
	check_books();
}

/// Begins each block up to and including `block`, with the hooks of all pallets. The blocks have no
/// author and no slot, so sessions and eras do not change.
pub(crate) fn run_to(block: BlockNumber) {
	while System::block_number() < block {
		let next = System::block_number() + 1;
		System::initialize(&next, &Hash::repeat_byte(7), &Default::default());
		AllPalletsWithSystem::on_initialize(next);
		// Of what ends a block, only this matters here: the next one may be the wasm's and have a slot.
		Babe::on_finalize(next);
	}
}

/// All money of an account, on hold or not.
pub(crate) fn money(who: Sr25519Keyring) -> Balance {
	let data = System::account(who.to_account_id()).data;
	data.free + data.reserved
}

/// Money of an account on hold.
pub(crate) fn held(who: Sr25519Keyring) -> Balance {
	System::account(who.to_account_id()).data.reserved
}

/// Checks every invariant of our pallets, and that balances and issuance agree.
pub(crate) fn check_books() {
	assert_ok!(ComputeStaking::do_try_state());
	assert_ok!(TaskMarket::do_try_state());
	assert_ok!(Dispute::do_try_state());
	let accounts = frame_system::Account::<Runtime>::iter_values();
	let sum: Balance = accounts.map(|account| account.data.free + account.data.reserved).sum();
	assert_eq!(sum, Balances::total_issuance());
	for (who, holds) in pallet_balances::Holds::<Runtime>::iter() {
		let sum: Balance = holds.iter().map(|hold| hold.amount).sum();
		assert_eq!(sum, System::account(who).data.reserved);
	}
}

/// Events so far, in order; forgets them.
pub(crate) fn take_events() -> Vec<RuntimeEvent> {
	let events = System::events().into_iter().map(|record| record.event).collect();
	System::reset_events();
	events
}

/// A solver takes all its stake out and leaves.
pub(crate) fn leave(who: Sr25519Keyring) {
	let solver = ComputeStaking::solver(who.to_account_id()).expect("it is registered");
	assert_eq!(solver.locked, 0, "nothing is behind a task");
	ok(who, staking::Call::unbond { amount: solver.bonded });
	// As in the pallet's configuration; the blocks between are of no interest.
	let due = System::block_number() + <Runtime as staking::Config>::UnbondingPeriod::get();
	System::set_block_number(due);
	ok(who, staking::Call::withdraw_unbonded {});
	ok(who, staking::Call::deregister {});
}
