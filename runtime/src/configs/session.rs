//! Sessions: which validators work with which keys, and what is remembered of the past.

use crate::{
	constants::deposit, AccountId, Babe, Balance, Balances, Runtime, RuntimeEvent, SessionKeys,
	Staking,
};
use polkadot_sdk::{
	frame_support::parameter_types,
	pallet_session::{
		self, disabling::UpToLimitWithReEnablingDisablingStrategy, historical::NoteHistoricalRoot,
	},
	pallet_staking,
	sp_runtime::traits::{ConvertInto, OpaqueKeys},
};

parameter_types! {
	/// Deposit for a validator's keys: two rows with two keys of 32 bytes and an account.
	pub const KeyDeposit: Balance = deposit(2, 128);
}

impl pallet_session::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type ValidatorId = AccountId;
	type ValidatorIdOf = ConvertInto;
	type ShouldEndSession = Babe;
	type NextSessionRotation = Babe;
	type SessionManager = NoteHistoricalRoot<Self, Staking>;
	type SessionHandler = <SessionKeys as OpaqueKeys>::KeyTypeIdProviders;
	type Keys = SessionKeys;
	type DisablingStrategy = UpToLimitWithReEnablingDisablingStrategy;
	type WeightInfo = pallet_session::weights::SubstrateWeight<Runtime>;
	type Currency = Balances;
	type KeyDeposit = KeyDeposit;
}

impl pallet_session::historical::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type FullIdentification = ();
	type FullIdentificationOf = pallet_staking::UnitIdentificationOf<Self>;
}
