//! The storage that the local test network begins with, made by the native runtime.

use crate::store::Store;
use assay_runtime::{genesis_config_presets::get_preset, RuntimeGenesisConfig};
use polkadot_sdk::{
	frame_support::genesis_builder_helper::build_state,
	sp_genesis_builder::{PresetId, LOCAL_TESTNET_RUNTIME_PRESET},
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::OnceLock};

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

fn build() -> BTreeMap<Vec<u8>, Vec<u8>> {
	let mut config = serde_json::to_value(RuntimeGenesisConfig::default()).expect("serialises");
	let preset = get_preset(&PresetId::from(LOCAL_TESTNET_RUNTIME_PRESET)).expect("there is one");
	merge(&mut config, serde_json::from_slice(&preset).expect("presets are JSON"));
	let json = serde_json::to_vec(&config).expect("serialises");
	let mut store = Store::default();
	store.with(|| build_state::<RuntimeGenesisConfig>(json)).expect("the preset is valid");
	store.rows().clone()
}

/// The rows of the genesis of `local_testnet`.
pub fn rows() -> &'static BTreeMap<Vec<u8>, Vec<u8>> {
	static ROWS: OnceLock<BTreeMap<Vec<u8>, Vec<u8>>> = OnceLock::new();
	ROWS.get_or_init(build)
}
