//! Session keys are accepted only with a proof that their owner holds them.

mod common;

use assay_runtime::{AccountId, Runtime, RuntimeOrigin, Session, SessionKeys};
use codec::Encode;
use polkadot_sdk::{
	frame_support::{assert_noop, assert_ok},
	pallet_session::{Error, NextKeys},
	sp_io::TestExternalities,
	sp_keyring::Sr25519Keyring,
	sp_keystore::{testing::MemoryKeystore, KeystoreExt},
};

fn chain() -> TestExternalities {
	let mut chain = common::chain("local_testnet");
	chain.register_extension(KeystoreExt::new(MemoryKeystore::new()));
	chain
}

fn eve() -> AccountId {
	Sr25519Keyring::Eve.to_account_id()
}

#[test]
fn set_keys_should_succeed_when_the_proof_is_by_the_keys_for_the_sender() {
	chain().execute_with(|| {
		let made = SessionKeys::generate(&eve().encode(), None);
		let origin = RuntimeOrigin::signed(eve());
		assert_ok!(Session::set_keys(origin, made.keys.clone(), made.proof.encode()));
		assert_eq!(NextKeys::<Runtime>::get(eve()), Some(made.keys));
	});
}

#[test]
fn set_keys_should_be_refused_when_the_proof_is_empty() {
	chain().execute_with(|| {
		let made = SessionKeys::generate(&eve().encode(), None);
		assert_noop!(
			Session::set_keys(RuntimeOrigin::signed(eve()), made.keys, Vec::new()),
			Error::<Runtime>::InvalidProof
		);
	});
}

#[test]
fn set_keys_should_be_refused_when_the_proof_is_for_another_account() {
	chain().execute_with(|| {
		let made = SessionKeys::generate(&Sr25519Keyring::Ferdie.to_account_id().encode(), None);
		assert_noop!(
			Session::set_keys(RuntimeOrigin::signed(eve()), made.keys, made.proof.encode()),
			Error::<Runtime>::InvalidProof
		);
	});
}
