//! The common purse: fees, slashes and unpaid rewards come in; root pays out.

use crate::{constants::DAYS, AccountId, Balance, Balances, Runtime, RuntimeEvent, System};
use polkadot_sdk::{
	frame_support::{
		parameter_types,
		traits::{
			tokens::{PayFromAccount, UnityAssetBalanceConversion},
			ConstU32,
		},
		PalletId,
	},
	frame_system::{EnsureRoot, EnsureRootWithSuccess},
	pallet_treasury,
	sp_runtime::{traits::IdentityLookup, Permill},
};

parameter_types! {
	/// How often approved spends are paid.
	pub const SpendPeriod: u32 = DAYS;
	/// Nothing of what is left over is burned.
	pub const Burn: Permill = Permill::zero();
	/// Tools derive the purse's address from this.
	pub const TreasuryPalletId: PalletId = PalletId(*b"py/trsry");
	/// How long an approved spend can be claimed.
	pub const PayoutPeriod: u32 = 30 * DAYS;
	/// Root may spend any amount.
	pub const MaxBalance: Balance = Balance::MAX;
}

/// The purse.
pub type TreasuryAccount = pallet_treasury::TreasuryAccountId<Runtime>;

impl pallet_treasury::Config for Runtime {
	type Currency = Balances;
	type RejectOrigin = EnsureRoot<AccountId>;
	type RuntimeEvent = RuntimeEvent;
	type SpendPeriod = SpendPeriod;
	type Burn = Burn;
	type PalletId = TreasuryPalletId;
	type BurnDestination = ();
	type WeightInfo = pallet_treasury::weights::SubstrateWeight<Runtime>;
	type SpendFunds = ();
	type MaxApprovals = ConstU32<100>;
	type SpendOrigin = EnsureRootWithSuccess<AccountId, MaxBalance>;
	type AssetKind = ();
	type Beneficiary = AccountId;
	type BeneficiaryLookup = IdentityLookup<AccountId>;
	type Paymaster = PayFromAccount<Balances, TreasuryAccount>;
	type BalanceConverter = UnityAssetBalanceConversion;
	type PayoutPeriod = PayoutPeriod;
	type BlockNumberProvider = System;
	#[cfg(feature = "runtime-benchmarks")]
	type BenchmarkHelper = ();
}
