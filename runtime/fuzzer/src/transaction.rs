//! Calls as transactions: what the Executive does once a signature was checked.

use assay_runtime::{AccountId, Runtime, RuntimeCall, System, TxExtension};
use codec::Encode;
use polkadot_sdk::{
	frame_metadata_hash_extension::CheckMetadataHash,
	frame_support::{
		dispatch::{DispatchInfo, GetDispatchInfo, PostDispatchInfo},
		traits::GetCallMetadata,
		weights::Weight,
	},
	frame_system,
	pallet_transaction_payment::ChargeTransactionPayment,
	sp_io::storage,
	sp_runtime::{
		generic::{CheckedExtrinsic, Era, ExtrinsicFormat},
		traits::{Applyable, TransactionExtension},
		transaction_validity::TransactionValidityError,
		ApplyExtrinsicResultWithInfo,
	},
};

/// Bytes of a transaction around its call, about.
const ENVELOPE: usize = 140;

fn extension(nonce: u32) -> TxExtension {
	(
		frame_system::CheckNonZeroSender::new(),
		frame_system::CheckSpecVersion::new(),
		frame_system::CheckTxVersion::new(),
		frame_system::CheckGenesis::new(),
		frame_system::CheckMortality::from(Era::immortal()),
		frame_system::CheckNonce::from(nonce),
		frame_system::CheckWeight::new(),
		ChargeTransactionPayment::<Runtime>::from(0),
		CheckMetadataHash::new(false),
		frame_system::WeightReclaim::new(),
	)
}

fn info(call: &RuntimeCall) -> DispatchInfo {
	let extension_weight = extension(0).weight(call);
	DispatchInfo { extension_weight, ..call.get_dispatch_info() }
}

/// What a transaction with this call is said to weigh.
pub fn said(call: &RuntimeCall) -> Weight {
	info(call).total_weight()
}

/// Executes a call as a transaction of `who`. Changes nothing where it is invalid.
pub fn send(
	who: &AccountId,
	call: RuntimeCall,
) -> Result<
	polkadot_sdk::sp_runtime::DispatchResultWithInfo<PostDispatchInfo>,
	TransactionValidityError,
> {
	let info = info(&call);
	let len = call.encoded_size() + ENVELOPE;
	let extension = extension(System::account_nonce(who));
	let format = ExtrinsicFormat::Signed(who.clone(), extension);
	let checked =
		CheckedExtrinsic::<AccountId, RuntimeCall, TxExtension> { format, function: call };
	storage::start_transaction();
	let result: ApplyExtrinsicResultWithInfo<_> = checked.apply::<Runtime>(&info, len);
	match &result {
		Ok(answer) => {
			storage::commit_transaction();
			System::note_applied_extrinsic(answer, info);
		},
		Err(_) => storage::rollback_transaction(),
	}
	result
}

/// Pallet and name of a call.
pub fn names(call: &RuntimeCall) -> (&'static str, &'static str) {
	let names = call.get_call_metadata();
	(names.pallet_name, names.function_name)
}

/// Whether a call is one of our own pallets'.
pub fn is_ours(call: &RuntimeCall) -> bool {
	matches!(
		call,
		RuntimeCall::ComputeStaking(_) | RuntimeCall::TaskMarket(_) | RuntimeCall::Dispute(_)
	)
}
