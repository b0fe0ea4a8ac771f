//! Named genesis configurations, compiled into the wasm: `development`, `local_testnet`, `mainnet`.
//!
//! The first two use the well-known keys and exist to be thrown away. `mainnet` holds the constants of
//! production and *no* account, key or validator at all: whoever launches a network supplies them as a
//! JSON file, which the node merges over this preset (`--chain mainnet:FILE`, documented at the node's
//! `chain_spec`). Built as it is, it makes a valid genesis that nobody can write blocks for.

use crate::{
	configs::TreasuryAccount,
	constants::{ASY, EXISTENTIAL_DEPOSIT, MAX_VALIDATORS},
	timing::{self, Rhythm},
	AccountId, BabeConfig, Balance, BalancesConfig, RuntimeGenesisConfig, SessionConfig,
	SessionKeys, StakingConfig, SudoConfig, BABE_GENESIS_EPOCH_CONFIG,
};
use alloc::{vec, vec::Vec};
use polkadot_sdk::{
	frame_support::{build_struct_json_patch, traits::TypedGet},
	pallet_staking::StakerStatus,
	sp_genesis_builder::{PresetId, DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET},
	sp_keyring::{Ed25519Keyring, Sr25519Keyring},
	sp_runtime::Perbill,
};
use serde_json::Value;

/// Name of the preset for production.
pub const MAINNET_PRESET: &str = "mainnet";

/// Tokens of each well-known account.
const ENDOWMENT: Balance = 10_000_000 * ASY;
/// Stake of each well-known validator.
const STAKE: Balance = 1_000_000 * ASY;

/// One validator of a test network: its stash owns the stake, the session keys come from the name.
struct DevValidator {
	stash: Sr25519Keyring,
	babe: Sr25519Keyring,
	grandpa: Ed25519Keyring,
}

const DEV_VALIDATORS: [DevValidator; 4] = [
	DevValidator {
		stash: Sr25519Keyring::AliceStash,
		babe: Sr25519Keyring::Alice,
		grandpa: Ed25519Keyring::Alice,
	},
	DevValidator {
		stash: Sr25519Keyring::BobStash,
		babe: Sr25519Keyring::Bob,
		grandpa: Ed25519Keyring::Bob,
	},
	DevValidator {
		stash: Sr25519Keyring::CharlieStash,
		babe: Sr25519Keyring::Charlie,
		grandpa: Ed25519Keyring::Charlie,
	},
	DevValidator {
		stash: Sr25519Keyring::DaveStash,
		babe: Sr25519Keyring::Dave,
		grandpa: Ed25519Keyring::Dave,
	},
];

impl DevValidator {
	fn session(&self) -> (AccountId, AccountId, SessionKeys) {
		let stash = self.stash.to_account_id();
		let keys =
			SessionKeys { babe: self.babe.public().into(), grandpa: self.grandpa.public().into() };
		(stash.clone(), stash, keys)
	}

	fn staker(&self) -> (AccountId, AccountId, Balance, StakerStatus<AccountId>) {
		let stash = self.stash.to_account_id();
		(stash.clone(), stash, STAKE, StakerStatus::Validator)
	}
}

/// The treasury starts alive: a first fee below the existential deposit would otherwise be lost.
fn treasury() -> (AccountId, Balance) {
	(TreasuryAccount::get(), EXISTENTIAL_DEPOSIT)
}

fn test_network(validators: &[DevValidator], rhythm: Rhythm) -> Value {
	let balances = Sr25519Keyring::iter()
		.filter(|key| !matches!(key, Sr25519Keyring::One | Sr25519Keyring::Two))
		.map(|key| (key.to_account_id(), ENDOWMENT))
		.chain([treasury()])
		.collect::<Vec<_>>();
	build_struct_json_patch!(RuntimeGenesisConfig {
		timing: timing::GenesisConfig::from(rhythm),
		balances: BalancesConfig { balances },
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		staking: StakingConfig {
			validator_count: validators.len() as u32,
			minimum_validator_count: 1,
			slash_reward_fraction: Perbill::from_percent(10),
			min_nominator_bond: ASY,
			min_validator_bond: 10 * ASY,
			stakers: validators.iter().map(DevValidator::staker).collect(),
		},
		session: SessionConfig { keys: validators.iter().map(DevValidator::session).collect() },
		sudo: SudoConfig { key: Some(Sr25519Keyring::Alice.to_account_id()) },
	})
}

/// One validator (Alice), slots of two seconds, an era each minute.
fn development() -> Value {
	let rhythm =
		Rhythm { slot_duration_ms: 2_000, epoch_slots: 10, sessions_per_era: 3, bonding_eras: 2 };
	test_network(&DEV_VALIDATORS[..1], rhythm)
}

/// Four validators (Alice to Dave), slots of three seconds, an era each minute and a half.
fn local_testnet() -> Value {
	let rhythm =
		Rhythm { slot_duration_ms: 3_000, epoch_slots: 10, sessions_per_era: 3, bonding_eras: 2 };
	test_network(&DEV_VALIDATORS, rhythm)
}

/// The constants of production, without people: see the module's documentation.
fn mainnet() -> Value {
	build_struct_json_patch!(RuntimeGenesisConfig {
		timing: timing::GenesisConfig::from(Rhythm::default()),
		balances: BalancesConfig { balances: vec![treasury()] },
		babe: BabeConfig { epoch_config: BABE_GENESIS_EPOCH_CONFIG },
		staking: StakingConfig {
			validator_count: MAX_VALIDATORS,
			minimum_validator_count: 4,
			slash_reward_fraction: Perbill::from_percent(10),
			min_nominator_bond: 10 * ASY,
			min_validator_bond: 1_000 * ASY,
		},
	})
}

/// The JSON patch of the preset with this name.
pub fn get_preset(id: &PresetId) -> Option<Vec<u8>> {
	let name: &str = id.as_ref();
	let patch = match name {
		DEV_RUNTIME_PRESET => development(),
		LOCAL_TESTNET_RUNTIME_PRESET => local_testnet(),
		MAINNET_PRESET => mainnet(),
		_ => return None,
	};
	serde_json::to_vec(&patch).ok()
}

/// The names that [`get_preset`] knows.
pub fn preset_names() -> Vec<PresetId> {
	[DEV_RUNTIME_PRESET, LOCAL_TESTNET_RUNTIME_PRESET, MAINNET_PRESET]
		.into_iter()
		.map(PresetId::from)
		.collect()
}
