//! A validator that signs two blocks for one slot is reported, slashed and disabled: BABE, the
//! historical sessions, offences and staking are wired to each other.

mod common;

use assay_runtime::{
	constants::ASY, Babe, Balance, Hash, Header, Historical, Runtime, RuntimeOrigin, Session,
	Staking,
};
use polkadot_sdk::{
	frame_support::{
		assert_err, assert_ok, dispatch::DispatchResultWithPostInfo, traits::KeyOwnerProofSystem,
	},
	pallet_babe::Error,
	sp_consensus_babe::{
		digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
		AuthorityId, EquivocationProof, KEY_TYPE,
	},
	sp_keyring::Sr25519Keyring,
	sp_runtime::{traits::Header as _, Digest, DigestItem},
	sp_session::MembershipProof,
};

/// A header of slot 0 that Alice sealed.
fn sealed(state: u8) -> Header {
	let claim = SecondaryPlainPreDigest { authority_index: 0, slot: 0.into() };
	let logs = vec![DigestItem::babe_pre_digest(PreDigest::SecondaryPlain(claim))];
	let state = Hash::repeat_byte(state);
	let mut header = Header::new(1, Hash::zero(), state, Hash::zero(), Digest { logs });
	let seal = Sr25519Keyring::Alice.sign(header.hash().as_bytes());
	header.digest_mut().push(DigestItem::babe_seal(seal.into()));
	header
}

fn proof(first_header: Header, second_header: Header) -> Box<EquivocationProof<Header>> {
	let offender = Sr25519Keyring::Alice.public().into();
	Box::new(EquivocationProof { offender, slot: 0.into(), first_header, second_header })
}

fn report(proof: Box<EquivocationProof<Header>>) -> DispatchResultWithPostInfo {
	Babe::report_equivocation_unsigned(RuntimeOrigin::none(), proof, owner())
}

fn owner() -> MembershipProof {
	let key: AuthorityId = Sr25519Keyring::Alice.public().into();
	Historical::prove((KEY_TYPE, key)).expect("Alice is a validator")
}

fn stake() -> Balance {
	let stash = Sr25519Keyring::AliceStash.to_account_id();
	Staking::ledger(stash.into()).expect("Alice is bonded").active
}

#[test]
fn validator_should_be_slashed_and_disabled_when_it_seals_two_blocks_for_one_slot() {
	common::chain("local_testnet").execute_with(|| {
		assert_eq!(stake(), 1_000_000 * ASY);
		let proof = proof(sealed(1), sealed(2));
		assert_ok!(report(proof.clone()));
		// One offender of four: (3 · 1/4)² = 9/16 of its stake.
		assert_eq!(stake() / ASY, 437_500);
		assert_eq!(Session::disabled_validators().len(), 1);
		assert_err!(report(proof), Error::<Runtime>::DuplicateOffenceReport);
	});
}

#[test]
fn validator_should_keep_its_stake_when_both_blocks_are_the_same() {
	common::chain("local_testnet").execute_with(|| {
		let block = sealed(1);
		let proof = proof(block.clone(), block);
		assert_err!(report(proof), Error::<Runtime>::InvalidEquivocationProof);
		assert_eq!(stake(), 1_000_000 * ASY);
	});
}

#[test]
fn validator_should_keep_its_stake_when_a_seal_is_not_its_own() {
	common::chain("local_testnet").execute_with(|| {
		let mut proof = proof(sealed(1), sealed(2));
		proof.offender = Sr25519Keyring::Bob.public().into();
		assert_err!(report(proof), Error::<Runtime>::InvalidEquivocationProof);
		assert_eq!(stake(), 1_000_000 * ASY);
	});
}
