//! Names for accounts, judged by registrars.

use super::treasury::TreasuryAccount;
use crate::{
	constants::{deposit, DAYS},
	AccountId, Balance, Balances, BlockNumber, Runtime, RuntimeEvent, Signature,
};
use polkadot_sdk::{
	frame_support::{
		parameter_types,
		traits::{ConstU32, Currency, OnUnbalanced, TypedGet},
	},
	frame_system::EnsureRoot,
	pallet_balances,
	pallet_identity::{self, legacy::IdentityInfo},
	sp_runtime::traits::Verify,
};

parameter_types! {
	/// One row with the fields' frame.
	pub const BasicDeposit: Balance = deposit(1, 258);
	/// Each byte of the fields.
	pub const ByteDeposit: Balance = deposit(0, 1);
	/// A user name: one row.
	pub const UsernameDeposit: Balance = deposit(1, 32);
	/// A sub-account: one row.
	pub const SubAccountDeposit: Balance = deposit(1, 53);
	/// How long an offered user name can be accepted.
	pub const PendingUsernameExpiration: BlockNumber = 7 * DAYS;
	/// How long a user name outlives its authority's removal.
	pub const UsernameGracePeriod: BlockNumber = 30 * DAYS;
}

/// Deposits of judged-false identities go to the treasury.
pub struct SlashedToTreasury;
impl OnUnbalanced<pallet_balances::NegativeImbalance<Runtime>> for SlashedToTreasury {
	fn on_nonzero_unbalanced(amount: pallet_balances::NegativeImbalance<Runtime>) {
		<Balances as Currency<AccountId>>::resolve_creating(&TreasuryAccount::get(), amount);
	}
}

impl pallet_identity::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type Currency = Balances;
	type BasicDeposit = BasicDeposit;
	type ByteDeposit = ByteDeposit;
	type UsernameDeposit = UsernameDeposit;
	type SubAccountDeposit = SubAccountDeposit;
	type MaxSubAccounts = ConstU32<100>;
	type IdentityInformation = IdentityInfo<ConstU32<100>>;
	type MaxRegistrars = ConstU32<20>;
	type Slashed = SlashedToTreasury;
	type ForceOrigin = EnsureRoot<AccountId>;
	type RegistrarOrigin = EnsureRoot<AccountId>;
	type OffchainSignature = Signature;
	type SigningPublicKey = <Signature as Verify>::Signer;
	type UsernameAuthorityOrigin = EnsureRoot<AccountId>;
	type PendingUsernameExpiration = PendingUsernameExpiration;
	type UsernameGracePeriod = UsernameGracePeriod;
	type MaxSuffixLength = ConstU32<7>;
	type MaxUsernameLength = ConstU32<32>;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
	type WeightInfo = pallet_identity::weights::SubstrateWeight<Runtime>;
}
