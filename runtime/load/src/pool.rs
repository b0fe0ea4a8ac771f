//! Transactions that wait, and an author who fills blocks with them.

use crate::{chain::Chain, people::Person};
use assay_runtime::{AccountId, BlockNumber, Executive, Hash, RuntimeCall, UncheckedExtrinsic};
use codec::Encode;
use polkadot_sdk::{
	sp_io::storage,
	sp_runtime::{
		transaction_validity::{
			TransactionPriority, TransactionSource, TransactionValidity, ValidTransaction,
		},
		ApplyExtrinsicResult,
	},
};
use std::{cmp::Reverse, collections::BTreeMap};

/// Whether `transaction` is valid in the next block, as the runtime says.
pub fn validate(chain: &mut Chain, transaction: UncheckedExtrinsic) -> ValidTransaction {
	let parent = Hash::repeat_byte(7);
	let said: TransactionValidity = chain.try_out(|| {
		Executive::validate_transaction(TransactionSource::External, transaction, parent)
	});
	said.expect("what is sent is valid")
}

/// Includes a transaction in the block at hand. One that is not taken changes nothing.
pub fn apply(chain: &mut Chain, transaction: UncheckedExtrinsic) -> ApplyExtrinsicResult {
	chain.with(|| {
		storage::start_transaction();
		let result = Executive::apply_extrinsic(transaction);
		match result {
			Ok(_) => storage::commit_transaction(),
			Err(_) => storage::rollback_transaction(),
		}
		result
	})
}

/// A transaction that waits. An account has at most one here.
struct Waiting {
	transaction: UncheckedExtrinsic,
	since: BlockNumber,
	bytes: usize,
	disputes: bool,
}

/// A transaction that was included.
#[derive(Clone, Copy, Debug)]
pub struct Included {
	/// Blocks after the first in which it could have been.
	pub waited: BlockNumber,
	/// Its bytes.
	pub bytes: usize,
	/// Whether it is a call of the dispute pallet.
	pub disputes: bool,
	/// Whether the call succeeded.
	pub succeeded: bool,
}

/// Transactions in the order in which an author takes them: by priority, then by age.
#[derive(Default)]
pub struct Pool {
	waiting: BTreeMap<(Reverse<TransactionPriority>, u64), Waiting>,
	arrived: u64,
}

impl Pool {
	/// Takes a transaction in; returns its priority.
	pub fn send(
		&mut self,
		chain: &mut Chain,
		who: &Person,
		call: RuntimeCall,
		tip: u128,
	) -> TransactionPriority {
		let account: AccountId = who.account();
		let nonce = chain.with(|| assay_runtime::System::account_nonce(&account));
		let disputes = matches!(call, RuntimeCall::Dispute(_));
		let transaction = chain.with(|| who.sign(call, nonce, tip));
		let priority = validate(chain, transaction.clone()).priority;
		let (since, bytes) = (chain.now() + 1, transaction.encoded_size());
		self.arrived += 1;
		let place = (Reverse(priority), self.arrived);
		self.waiting.insert(place, Waiting { transaction, since, bytes, disputes });
		priority
	}

	/// How many wait.
	pub fn len(&self) -> usize {
		self.waiting.len()
	}

	/// Whether none waits.
	pub fn is_empty(&self) -> bool {
		self.waiting.is_empty()
	}

	/// Fills the block at hand, as the stock author does: in order; one that does not fit is passed over,
	/// and after more than `patience` of them the author stops.
	pub fn fill(&mut self, chain: &mut Chain, patience: usize) -> Vec<Included> {
		let now = chain.now();
		let (mut passed, mut included) = (0, Vec::new());
		let places: Vec<_> = self.waiting.keys().copied().collect();
		for place in places {
			let Some(waiting) = self.waiting.get(&place) else { continue };
			match apply(chain, waiting.transaction.clone()) {
				Ok(done) => {
					let Waiting { since, bytes, disputes, .. } = *waiting;
					let succeeded = done.is_ok();
					included.push(Included { waited: now - since, bytes, disputes, succeeded });
					self.waiting.remove(&place);
					// The list of events is copied whenever it grows.
					chain.events();
				},
				Err(error) if error.exhausted_resources() => {
					passed += 1;
					if passed > patience {
						break;
					}
				},
				Err(error) => panic!("a transaction became invalid: {error:?}"),
			}
		}
		included
	}
}
