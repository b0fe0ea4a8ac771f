//! Accounts of several signatories.

use crate::{constants::deposit, Balance, Balances, Runtime, RuntimeCall, RuntimeEvent, System};
use polkadot_sdk::{
	frame_support::{parameter_types, traits::ConstU32},
	pallet_multisig,
};

parameter_types! {
	/// One row: two accounts, a hash, a time point.
	pub const DepositBase: Balance = deposit(1, 88);
	/// An account for each approval.
	pub const DepositFactor: Balance = deposit(0, 32);
}

impl pallet_multisig::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type Currency = Balances;
	type DepositBase = DepositBase;
	type DepositFactor = DepositFactor;
	type MaxSignatories = ConstU32<100>;
	type WeightInfo = pallet_multisig::weights::SubstrateWeight<Runtime>;
	type BlockNumberProvider = System;
}
