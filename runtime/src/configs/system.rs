//! The system: block limits, database costs, how unsigned reports are made.

use crate::{
	constants::{BLOCK_SECONDS, MAX_BLOCK_BYTES, NORMAL_PERCENT, SS58_PREFIX},
	AccountId, Balance, Block, Hash, Migrations, Nonce, PalletInfo, Runtime, RuntimeCall,
	RuntimeEvent, RuntimeOrigin, RuntimeTask, UncheckedExtrinsic, VERSION,
};
use frame_support::{
	derive_impl,
	dispatch::DispatchClass,
	parameter_types,
	traits::ConstU16,
	weights::{
		constants::{ParityDbWeight, WEIGHT_REF_TIME_PER_SECOND},
		Weight,
	},
};
use frame_system::{limits, offchain};
use polkadot_sdk::{frame_support, frame_system, pallet_balances, sp_runtime, sp_version};
use sp_runtime::{traits::AccountIdLookup, Perbill};
use sp_version::RuntimeVersion;

const NORMAL_RATIO: Perbill = Perbill::from_percent(NORMAL_PERCENT);

parameter_types! {
	/// The version that the chain reports.
	pub const Version: RuntimeVersion = VERSION;
	/// Two seconds of execution, three quarters of it for ordinary transactions. The size of proofs
	/// has no limit: this chain has no one to prove to.
	pub BlockWeights: limits::BlockWeights = limits::BlockWeights::with_sensible_defaults(
		Weight::from_parts(WEIGHT_REF_TIME_PER_SECOND.saturating_mul(BLOCK_SECONDS), u64::MAX),
		NORMAL_RATIO,
	);
	/// Five MiB, three quarters of it for ordinary transactions.
	pub BlockLength: limits::BlockLength = limits::BlockLength::builder()
		.max_length(MAX_BLOCK_BYTES)
		.modify_max_length_for_class(DispatchClass::Normal, |max| *max = NORMAL_RATIO * *max)
		.build();
}

#[derive_impl(frame_system::config_preludes::SolochainDefaultConfig)]
impl frame_system::Config for Runtime {
	type Block = Block;
	type BlockWeights = BlockWeights;
	type BlockLength = BlockLength;
	type AccountId = AccountId;
	type Lookup = AccountIdLookup<AccountId, ()>;
	type Nonce = Nonce;
	type Hash = Hash;
	type AccountData = pallet_balances::AccountData<Balance>;
	type DbWeight = ParityDbWeight;
	type Version = Version;
	type SingleBlockMigrations = Migrations;
	type SS58Prefix = ConstU16<SS58_PREFIX>;
	type SystemWeightInfo = frame_system::weights::SubstrateWeight<Runtime>;
	type ExtensionsWeightInfo = frame_system::SubstrateExtensionsWeight<Runtime>;
}

impl<C> offchain::CreateTransactionBase<C> for Runtime
where
	RuntimeCall: From<C>,
{
	type Extrinsic = UncheckedExtrinsic;
	type RuntimeCall = RuntimeCall;
}

/// Only the reports of equivocations are made this way.
impl<C> offchain::CreateBare<C> for Runtime
where
	RuntimeCall: From<C>,
{
	fn create_bare(call: RuntimeCall) -> UncheckedExtrinsic {
		UncheckedExtrinsic::new_bare(call)
	}
}
