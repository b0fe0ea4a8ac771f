//! How blocks begin and end, as the Executive does it for a block author.

use assay_runtime::{
	Babe, Executive, Hash, Header, RuntimeEvent, Session, System, UncheckedExtrinsic,
};
use polkadot_sdk::{
	frame_support::storage::{storage_prefix, unhashed},
	pallet_timestamp,
	sp_consensus_babe::digests::{CompatibleDigestItem, PreDigest, SecondaryPlainPreDigest},
	sp_runtime::{traits::Header as _, ApplyExtrinsicResult, Digest, DigestItem},
};

/// Length of a slot in the preset.
const SLOT_MS: u64 = 3_000;
/// Slot of the genesis.
pub const FIRST_SLOT: u64 = 1_000;

/// Begins a block in this slot, with the time in it. Its number is the last one's plus `ahead`.
pub fn begin(ahead: u32, slot: u64) -> ApplyExtrinsicResult {
	// A block's number must follow its parent's: the blocks between are pretended.
	System::set_block_number(System::block_number().saturating_add(ahead.max(1) - 1));
	Executive::initialize_block(&header(slot));
	let now = pallet_timestamp::Call::set { now: slot * SLOT_MS };
	Executive::apply_extrinsic(UncheckedExtrinsic::new_bare(now.into()))
}

/// Ends the block. One that disables its own author cannot be that author's, as BABE says with a panic,
/// so the authority after it is taken to have made it.
pub fn end() {
	let slot = *Babe::current_slot();
	if Session::disabled_validators().contains(&turn(slot)) {
		let key = storage_prefix(b"Babe", b"Initialized");
		unhashed::put(&key, &Some(claim(slot)));
	}
	let _ = Executive::finalize_block();
}

/// Takes the events out of the storage, so that they are read once.
pub fn take_events() -> Vec<RuntimeEvent> {
	let events = System::read_events_no_consensus().map(|record| record.event).collect();
	System::reset_events();
	events
}

/// The authorities make the blocks in turn.
fn turn(slot: u64) -> u32 {
	let count = Babe::authorities().len().max(1) as u64;
	(slot % count) as u32
}

/// The claim of the authority whose turn it is. One that is disabled is passed over.
fn claim(slot: u64) -> PreDigest {
	let disabled = Session::disabled_validators();
	let slots = slot..slot + Babe::authorities().len() as u64;
	let author = slots.map(turn).find(|author| !disabled.contains(author));
	let authority_index = author.unwrap_or_default();
	PreDigest::SecondaryPlain(SecondaryPlainPreDigest { authority_index, slot: slot.into() })
}

/// The header with which the next block begins, in this slot.
pub fn header(slot: u64) -> Header {
	let number = System::block_number().saturating_add(1);
	let logs = vec![DigestItem::babe_pre_digest(claim(slot))];
	let (none, parent) = (Hash::zero(), Hash::from_low_u64_be(number.into()));
	Header::new(number, none, none, parent, Digest { logs })
}
