//! The real runtime at the genesis of its preset `development`, and the passing of blocks.

use crate::honest::Node;
use assay_host_functions::ExecutorExt;
use assay_runtime::{
	genesis_config_presets::get_preset, AllPalletsWithSystem, Babe, BlockNumber, Hash, Runtime,
	RuntimeEvent, RuntimeGenesisConfig, System,
};
use polkadot_sdk::{
	frame_support::{
		genesis_builder_helper::build_state,
		traits::{OnFinalize, OnInitialize},
	},
	frame_system,
	sp_core::offchain::{testing::TestOffchainExt, OffchainDbExt, OffchainWorkerExt},
	sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET},
	sp_io::TestExternalities,
};
use serde_json::Value;

/// Blocks whose hashes the system keeps.
const KEPT_HASHES: BlockNumber = 300;

/// Lays `patch` over `base`, as the node does with presets.
fn merge(base: &mut Value, patch: Value) {
	match (base, patch) {
		(Value::Object(base), Value::Object(patch)) => {
			for (key, value) in patch {
				merge(base.entry(key).or_insert(Value::Null), value);
			}
		},
		(base, patch) => *base = patch,
	}
}

/// A chain in its first block.
pub(crate) fn chain(node: &Node) -> TestExternalities {
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("serialises");
	let preset = get_preset(&PresetId::from(DEV_RUNTIME_PRESET)).expect("there is one");
	merge(&mut config, serde_json::from_slice(&preset).expect("presets are JSON"));
	let json = serde_json::to_vec(&config).expect("serialises");
	let mut chain = TestExternalities::new_empty();
	let (offchain, _) = TestOffchainExt::with_offchain_db(chain.offchain_db());
	chain.register_extension(OffchainDbExt::new(offchain.clone()));
	chain.register_extension(OffchainWorkerExt::new(offchain));
	chain.register_extension(ExecutorExt::new(node.clone()));
	chain.execute_with(|| {
		build_state::<RuntimeGenesisConfig>(json).expect("the preset is valid");
		next_block();
	});
	chain
}

/// Begins the next block, with the hooks of all pallets. Blocks have no author and no slot, so sessions
/// and eras do not change, and nothing is minted.
pub(crate) fn next_block() {
	let next = System::block_number() + 1;
	System::initialize(&next, &Hash::repeat_byte(7), &Default::default());
	AllPalletsWithSystem::on_initialize(next);
	Babe::on_finalize(next);
	// What ending a block would do, without the storage root.
	if let Some(old) = next.checked_sub(KEPT_HASHES).filter(|old| *old > 0) {
		frame_system::BlockHash::<Runtime>::remove(old);
	}
}

/// Events since the last call, in order.
pub(crate) fn take_events() -> Vec<RuntimeEvent> {
	let events = System::read_events_no_consensus().map(|record| record.event).collect();
	System::reset_events();
	events
}
