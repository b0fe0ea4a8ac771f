//! Each preset builds, through the real wasm, into the network that it promises.

mod common;

use assay_runtime::{
	constants::*, timing::Lengths, timing::Rhythm, AccountId, Babe, Balances, Grandpa, Runtime,
	Session, Staking,
};
use common::{chain, storage, wasm};
use polkadot_sdk::{
	pallet_staking, pallet_sudo,
	sc_chain_spec::GenesisConfigBuilderRuntimeCaller,
	sp_keyring::{Ed25519Keyring, Sr25519Keyring},
};

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
	haystack.windows(needle.len()).any(|window| window == needle)
}

/// Public keys that anyone can sign for.
fn well_known_keys() -> Vec<[u8; 32]> {
	Sr25519Keyring::iter()
		.map(|key| key.public().0)
		.chain(Ed25519Keyring::iter().map(|key| key.public().0))
		.collect()
}

fn holds_well_known_key(preset: &str) -> bool {
	let storage = storage(preset);
	let keys = well_known_keys();
	storage.top.iter().any(|(k, v)| keys.iter().any(|key| contains(k, key) || contains(v, key)))
}

#[test]
fn wasm_should_name_its_presets() {
	let names = GenesisConfigBuilderRuntimeCaller::<()>::new(wasm()).preset_names();
	let names: Vec<_> =
		names.expect("the call is served").iter().map(|id| id.to_string()).collect();
	assert_eq!(names, ["development", "local_testnet", "mainnet"]);
}

#[test]
fn development_should_have_one_validator_and_sudo() {
	chain("development").execute_with(|| {
		assert_eq!(Session::validators(), [Sr25519Keyring::AliceStash.to_account_id()]);
		assert_eq!(sudo(), Some(Sr25519Keyring::Alice.to_account_id()));
		assert_eq!(Lengths::<Runtime>::get().slot_duration_ms, 2_000);
	});
}

#[test]
fn local_testnet_should_have_four_staked_validators_with_fast_eras() {
	chain("local_testnet").execute_with(|| {
		assert_eq!(Session::validators().len(), 4);
		assert_eq!(Babe::authorities().len(), 4);
		assert_eq!(Grandpa::grandpa_authorities().len(), 4);
		assert_eq!(
			Lengths::<Runtime>::get(),
			Rhythm {
				slot_duration_ms: 3_000,
				epoch_slots: 10,
				sessions_per_era: 3,
				bonding_eras: 2
			}
		);
		for stash in Session::validators() {
			let ledger = Staking::ledger(stash.into()).expect("a validator is bonded");
			assert_eq!(ledger.active, 1_000_000 * ASY);
		}
		assert_eq!(pallet_staking::ValidatorCount::<Runtime>::get(), 4);
	});
}

#[test]
fn mainnet_should_have_production_constants_and_nobody_in_power() {
	chain("mainnet").execute_with(|| {
		assert_eq!(Lengths::<Runtime>::get(), Rhythm::default());
		assert_eq!(Rhythm::default().slot_duration_ms, 6_000);
		assert_eq!(Rhythm::default().epoch_slots * 6, 24 * 600);
		assert_eq!(Rhythm::default().bonding_eras, 28);
		assert_eq!(sudo(), None);
		assert_eq!(Session::validators(), Vec::<AccountId>::new());
		assert_eq!(pallet_staking::Invulnerables::<Runtime>::get(), Vec::<AccountId>::new());
		assert_eq!(Balances::total_issuance(), EXISTENTIAL_DEPOSIT);
	});
}

#[test]
fn mainnet_should_hold_no_well_known_key() {
	assert!(!holds_well_known_key("mainnet"));
}

/// The search above would find one: it does where there is one.
#[test]
fn search_for_well_known_keys_should_find_them_when_they_are_there() {
	assert!(holds_well_known_key("development"));
}

fn sudo() -> Option<AccountId> {
	pallet_sudo::Key::<Runtime>::get()
}
