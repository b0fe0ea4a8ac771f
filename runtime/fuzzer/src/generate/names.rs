//! All calls that the runtime has.

use assay_runtime::RuntimeCall;
use polkadot_sdk::frame_support::traits::GetCallMetadata;

/// Pallet and name of every call, in the order of the runtime.
pub fn all_calls() -> Vec<(&'static str, &'static str)> {
	let pallets = RuntimeCall::get_module_names().iter();
	let calls = |pallet: &&'static str| {
		let pallet = *pallet;
		RuntimeCall::get_call_names(pallet).iter().map(move |call| (pallet, *call))
	};
	pallets.flat_map(calls).collect()
}
