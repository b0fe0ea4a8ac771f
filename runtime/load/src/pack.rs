//! Blocks that are packed with one call until the next is refused.

use crate::{chain::Chain, people::Person, pool};
use assay_runtime::{
	AccountId, Header, Nonce, RuntimeCall, RuntimeEvent, System, UncheckedExtrinsic,
};
use assay_runtime_fuzzer::block;
use codec::Encode;
use polkadot_sdk::{
	frame_support::{
		dispatch::{DispatchClass, GetDispatchInfo, PerDispatchClass},
		weights::Weight,
	},
	frame_system,
};
use std::collections::{BTreeMap, HashMap};

/// A chain and calls that each succeed in its next block, in this order.
pub struct Prepared {
	/// The chain.
	pub chain: Chain,
	/// Who makes which call.
	pub calls: Vec<(Person, RuntimeCall)>,
}

/// A packed block.
pub struct Packed {
	/// The rows before it.
	pub rows: BTreeMap<Vec<u8>, Vec<u8>>,
	/// The header with which it begins.
	pub header: Header,
	/// Its slot.
	pub slot: u64,
	/// Its transactions, without that of the time.
	pub transactions: Vec<UncheckedExtrinsic>,
	/// Bytes of these.
	pub bytes: usize,
	/// Class of the call.
	pub class: DispatchClass,
	/// Weight that it was charged with, by class.
	pub weight: PerDispatchClass<Weight>,
	/// Whether there was a call that it did not take.
	pub is_full: bool,
}

/// Packs the block after the one at hand.
pub fn pack(prepared: Prepared) -> Packed {
	let Prepared { mut chain, calls } = prepared;
	let class =
		calls.first().map_or(DispatchClass::Mandatory, |(_, call)| call.get_dispatch_info().class);
	chain.with(block::end);
	let rows = chain.store().rows().clone();
	let slot = chain.slot() + 1;
	let header = chain.with(|| block::header(slot));
	chain.begin(1);
	let (mut nonces, mut is_full) = (HashMap::<AccountId, Nonce>::new(), false);
	let (mut transactions, mut bytes) = (Vec::new(), 0);
	for (who, call) in calls {
		let account = who.account();
		let nonce = nonces
			.entry(account.clone())
			.or_insert_with(|| chain.with(|| System::account_nonce(&account)));
		let transaction = chain.with(|| who.sign(call, *nonce, 0));
		match pool::apply(&mut chain, transaction.clone()) {
			Ok(Ok(())) => {
				*nonce += 1;
				bytes += transaction.encoded_size();
				transactions.push(transaction);
			},
			Err(error) if error.exhausted_resources() => {
				is_full = true;
				break;
			},
			other => panic!("call {}: {other:?}", transactions.len()),
		}
	}
	for event in chain.events() {
		if let RuntimeEvent::System(frame_system::Event::ExtrinsicFailed { .. }) = event {
			panic!("{event:?}");
		}
	}
	let weight = chain.with(System::block_weight);
	Packed { rows, header, slot, transactions, bytes, class, weight, is_full }
}
