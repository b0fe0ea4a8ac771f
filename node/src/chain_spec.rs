//! Which network: names and files to chain specifications.
//!
//! | `--chain` | network |
//! |---|---|
//! | `dev` (or `--dev`) | one validator, Alice |
//! | `local`, or nothing | four validators, Alice to Dave |
//! | `mainnet` | the production preset without people: to look at or to export, not to run |
//! | `mainnet:FILE` | the production preset with the launch file merged over it |
//! | `FILE` | an exported specification |
//!
//! # The launch file
//! ```json
//! {
//!   "name": "Assay", "id": "assay",
//!   "validators": [{ "stash": "5G…", "babe": "5F…", "grandpa": "5D…", "stake": 1000000000000000000 }],
//!   "balances": [["5G…", 2000000000000000000]],
//!   "bootNodes": ["/dns/…/tcp/30333/p2p/12D3…"]
//! }
//! ```
//! Amounts are in 10⁻¹² ASY and, being JSON numbers, at most 2⁶⁴ − 1 each (18 million ASY). A stash
//! needs a balance of at least its stake. Nothing in it is secret: session keys are public keys that
//! the validators made themselves.

use assay_runtime::{genesis_config_presets::MAINNET_PRESET, WASM_BINARY};
use polkadot_sdk::sc_chain_spec;
use polkadot_sdk::{
	sc_chain_spec::{ChainSpecExtension, ChainType, GenericChainSpec, Properties},
	sc_client_api::{BadBlocks, ForkBlocks},
	sc_sync_state_rpc::LightSyncStateExtension,
	sp_genesis_builder::{DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET},
};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use std::path::{Path, PathBuf};

/// Id of the specification that has no validators.
pub(crate) const TEMPLATE_ID: &str = "assay_mainnet_template";

/// What a specification carries beside genesis.
#[derive(ChainSpecExtension, Clone, Debug, Default, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Extensions {
	/// Blocks that must be on the chain.
	pub(crate) fork_blocks: ForkBlocks<crate::service::Block>,
	/// Blocks that must not be on the chain.
	pub(crate) bad_blocks: BadBlocks<crate::service::Block>,
	/// A finalised state for light clients, filled by `sync_state_genSyncSpec`.
	pub(crate) light_sync_state: LightSyncStateExtension,
}

/// A chain specification.
pub(crate) type ChainSpec = GenericChainSpec<Extensions>;

fn wasm() -> Result<&'static [u8], String> {
	WASM_BINARY.ok_or_else(|| {
		"this binary holds no runtime: it was built with SKIP_WASM_BUILD; build it again without"
			.to_owned()
	})
}

fn builder(
	name: &str,
	id: &str,
	kind: ChainType,
) -> Result<sc_chain_spec::ChainSpecBuilder<Extensions>, String> {
	let mut properties = Properties::new();
	properties.insert("tokenSymbol".into(), "ASY".into());
	properties.insert("tokenDecimals".into(), 12.into());
	properties.insert("ss58Format".into(), assay_runtime::constants::SS58_PREFIX.into());
	Ok(ChainSpec::builder(wasm()?, Extensions::default())
		.with_name(name)
		.with_id(id)
		.with_chain_type(kind)
		.with_protocol_id("asy")
		.with_properties(properties))
}

/// The network that `--chain` names: see the module's documentation.
pub(crate) fn load(id: &str) -> Result<ChainSpec, String> {
	match id {
		"dev" => Ok(builder("Assay Development", "assay_dev", ChainType::Development)?
			.with_genesis_config_preset_name(DEV_RUNTIME_PRESET)
			.build()),
		"" | "local" => Ok(builder("Assay Local Testnet", "assay_local", ChainType::Local)?
			.with_genesis_config_preset_name(LOCAL_TESTNET_RUNTIME_PRESET)
			.build()),
		"mainnet" => Ok(builder("Assay Mainnet Template", TEMPLATE_ID, ChainType::Live)?
			.with_genesis_config_preset_name(MAINNET_PRESET)
			.build()),
		other => match other.strip_prefix("mainnet:") {
			Some(file) => launch(Path::new(file)),
			None => ChainSpec::from_json_file(PathBuf::from(other)).map_err(|error| {
				format!(
					"{error}. A chain is dev, local, mainnet, mainnet:LAUNCH.json, or the file of a chain specification"
				)
			}),
		},
	}
}

/// The production preset with a launch file merged over it.
fn launch(file: &Path) -> Result<ChainSpec, String> {
	let in_file = |e: &dyn std::fmt::Display| format!("launch file {}: {e}", file.display());
	let text = std::fs::read_to_string(file).map_err(|e| in_file(&e))?;
	let launch: Launch = serde_json::from_str(&text).map_err(|e| in_file(&e))?;
	let boot_nodes = launch
		.boot_nodes
		.iter()
		.map(|address| address.parse().map_err(|e| in_file(&format!("{address}: {e}"))))
		.collect::<Result<Vec<_>, _>>()?;
	let preset = assay_runtime::genesis_config_presets::get_preset(&MAINNET_PRESET.into())
		.ok_or("the runtime has no production preset")?;
	let preset = serde_json::from_slice(&preset).map_err(|e| in_file(&e))?;
	let patch = launch.over(preset).map_err(|e| in_file(&e))?;
	Ok(builder(&launch.name, &launch.id, ChainType::Live)?
		.with_boot_nodes(boot_nodes)
		.with_genesis_config_patch(patch)
		.build())
}

/// Content of a launch file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Launch {
	name: String,
	id: String,
	validators: Vec<Validator>,
	balances: Vec<(String, u64)>,
	#[serde(default)]
	boot_nodes: Vec<String>,
}

/// One validator of the first session.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Validator {
	stash: String,
	babe: String,
	grandpa: String,
	stake: u64,
}

impl Launch {
	/// The genesis patch: the preset, its balances extended, its validators set.
	fn over(&self, mut preset: Value) -> Result<Value, String> {
		if self.validators.is_empty() {
			return Err("names no validators: nobody could make a block".into());
		}
		let keys = self
			.validators
			.iter()
			.map(|v| json!([v.stash, v.stash, { "babe": v.babe, "grandpa": v.grandpa }]));
		let stakers =
			self.validators.iter().map(|v| json!([v.stash, v.stash, v.stake, "Validator"]));
		preset["session"]["keys"] = keys.collect();
		preset["staking"]["stakers"] = stakers.collect();
		let balances = preset["balances"]["balances"]
			.as_array_mut()
			.ok_or("the production preset has no list of balances")?;
		balances.extend(self.balances.iter().map(|entry| json!(entry)));
		Ok(preset)
	}
}
