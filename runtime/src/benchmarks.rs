//! The pallets whose calls can be measured on this runtime.

use crate::{AllPalletsWithSystem, Runtime};
use alloc::{string::String, vec::Vec};
use polkadot_sdk::{
	frame_benchmarking::{
		baseline, define_benchmarks, BenchmarkBatch, BenchmarkConfig, BenchmarkList,
	},
	frame_support::traits::{StorageInfo, StorageInfoTrait, WhitelistedStorageKeys},
	frame_system_benchmarking,
};

define_benchmarks!(
	[frame_system, frame_system_benchmarking::Pallet::<Runtime>]
	[pallet_balances, crate::Balances]
	[pallet_multisig, crate::Multisig]
	[pallet_proxy, crate::Proxy]
	[pallet_compute_staking, crate::ComputeStaking]
	[pallet_dispute, crate::Dispute]
	[pallet_task_market, crate::TaskMarket]
	[pallet_timestamp, crate::Timestamp]
	[pallet_utility, crate::Utility]
);

/// Names what can be measured, and the storage that it may touch.
pub(crate) fn list(extra: bool) -> (Vec<BenchmarkList>, Vec<StorageInfo>) {
	let mut list = Vec::new();
	list_benchmarks!(list, extra);
	(list, AllPalletsWithSystem::storage_info())
}

/// Runs one benchmark.
pub(crate) fn dispatch(config: BenchmarkConfig) -> Result<Vec<BenchmarkBatch>, String> {
	let whitelist = AllPalletsWithSystem::whitelisted_storage_keys();
	let mut batches = Vec::new();
	let params = (&config, &whitelist);
	add_benchmarks!(params, batches);
	Ok(batches)
}

impl frame_system_benchmarking::Config for Runtime {}
impl baseline::Config for Runtime {}
