//! A chain whose blocks begin and end as the Executive does it.

use assay_runtime::{
	AccountId, Balance, Balances, BlockNumber, RuntimeCall, RuntimeEvent, RuntimeOrigin, System,
};
use assay_runtime_fuzzer::{block, genesis, store::Store};
use polkadot_sdk::{
	frame_support::traits::fungible::Mutate, sp_io::storage, sp_runtime::traits::Dispatchable,
};

/// The real runtime with the genesis of `local_testnet`.
pub struct Chain {
	store: Store,
	slot: u64,
}

impl Default for Chain {
	fn default() -> Self {
		Self::new()
	}
}

impl Chain {
	/// A chain in its first block.
	pub fn new() -> Self {
		let store = Store::new(genesis::rows().clone());
		let mut chain = Self { store, slot: block::FIRST_SLOT };
		chain.begin(1);
		chain
	}

	/// Its rows.
	pub fn store(&self) -> &Store {
		&self.store
	}

	/// The slot of the block at hand.
	pub fn slot(&self) -> u64 {
		self.slot
	}

	/// Runs `body` on its storage.
	pub fn with<R>(&mut self, body: impl FnOnce() -> R) -> R {
		self.store.with(body)
	}

	/// Runs `body` on its storage and undoes what it did.
	pub fn try_out<R>(&mut self, body: impl FnOnce() -> R) -> R {
		self.with(|| {
			storage::start_transaction();
			let result = body();
			storage::rollback_transaction();
			result
		})
	}

	/// The block at hand.
	pub fn now(&mut self) -> BlockNumber {
		self.with(System::block_number)
	}

	pub(crate) fn begin(&mut self, ahead: u32) -> Vec<RuntimeEvent> {
		self.slot += 1;
		let slot = self.slot;
		let begun = self.with(|| block::begin(ahead, slot));
		assert_eq!(begun, Ok(Ok(())), "the time of the block is accepted");
		self.events()
	}

	/// Ends the block and begins the next. Its number is higher by `ahead`; where that is more than one, the
	/// blocks between are pretended. Returns what the new block did by itself.
	pub fn next(&mut self, ahead: u32) -> Vec<RuntimeEvent> {
		self.with(block::end);
		self.begin(ahead)
	}

	/// Events since the last look.
	pub fn events(&mut self) -> Vec<RuntimeEvent> {
		let events = self.with(block::take_events);
		self.store.settle();
		events
	}

	/// A call that must succeed; what it says.
	pub fn call(&mut self, who: &AccountId, call: impl Into<RuntimeCall>) -> Vec<RuntimeEvent> {
		let call = call.into();
		let origin = RuntimeOrigin::signed(who.clone());
		let done = self.with(|| call.clone().dispatch(origin));
		assert!(done.is_ok(), "{done:?}: {call:?}");
		self.events()
	}

	/// Gives an account money that was not there before.
	pub fn fund(&mut self, who: &AccountId, amount: Balance) {
		self.with(|| Balances::mint_into(who, amount)).expect("no more than there can be");
	}

	/// All money of an account, on hold or not.
	pub fn money(&mut self, who: &AccountId) -> Balance {
		let data = self.with(|| System::account(who)).data;
		data.free + data.reserved
	}

	/// Money of an account on hold.
	pub fn held(&mut self, who: &AccountId) -> Balance {
		self.with(|| System::account(who)).data.reserved
	}
}
