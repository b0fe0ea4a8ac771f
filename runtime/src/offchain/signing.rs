//! Keys, and transactions signed with them.

use super::{
	tips::{Urgency, Waiting},
	Action, LOG,
};
use crate::{
	AccountId, Balance, Balances, BlockNumber, Nonce, Runtime, RuntimeCall, RuntimeOrigin,
	SignedPayload, System, TxExtension, UncheckedExtrinsic,
};
use alloc::vec::Vec;
use codec::Encode;
use polkadot_sdk::{
	frame_metadata_hash_extension::CheckMetadataHash,
	frame_support::{
		storage::{with_transaction, TransactionOutcome},
		traits::{
			fungible::Inspect,
			tokens::{Fortitude::Polite, Preservation::Preserve},
		},
	},
	frame_system,
	pallet_transaction_payment::ChargeTransactionPayment,
	sp_core::{crypto::KeyTypeId, hexdisplay::HexDisplay, sr25519},
	sp_io,
	sp_runtime::{generic::Era, traits::Dispatchable, DispatchError, MultiAddress, MultiSignature},
};

/// Keys of solvers: bids, heartbeats, claims, and the defence of claims.
pub const SOLVER_KEYS: KeyTypeId = KeyTypeId(*b"asol");
/// Keys of challengers: disputes about others' claims.
pub const CHALLENGER_KEYS: KeyTypeId = KeyTypeId(*b"achl");

/// Blocks for which a transaction may wait for inclusion. Whatever it answers is decided again each
/// block, so an old one is of no use.
pub const MORTALITY: u64 = 32;

/// Transactions of one key after one block, at most.
pub const MAX_SENT: usize = 16;

/// A kind of key.
pub trait KeyKind {
	/// How the keystore calls it.
	const ID: KeyTypeId;
	/// How the log calls it.
	const ROLE: &'static str;
}

/// The kind of [`SOLVER_KEYS`].
pub struct SolverKey;
impl KeyKind for SolverKey {
	const ID: KeyTypeId = SOLVER_KEYS;
	const ROLE: &'static str = "solver";
}

/// The kind of [`CHALLENGER_KEYS`].
pub struct ChallengerKey;
impl KeyKind for ChallengerKey {
	const ID: KeyTypeId = CHALLENGER_KEYS;
	const ROLE: &'static str = "challenger";
}

/// A key of this node with an account on chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
	/// The account that it signs for.
	pub account: AccountId,
	public: sr25519::Public,
	kind: KeyTypeId,
	role: &'static str,
}

impl Key {
	/// The node's keys of a kind whose accounts exist.
	pub fn all<K: KeyKind>() -> impl Iterator<Item = Self> {
		sp_io::crypto::sr25519_public_keys(K::ID)
			.into_iter()
			.map(|public| Self {
				account: AccountId::new(public.0),
				public,
				kind: K::ID,
				role: K::ROLE,
			})
			.filter(|key| System::account_exists(&key.account))
	}

	/// Sends the actions that are [`due`].
	pub(super) fn send(&self, actions: impl Iterator<Item = Action>) {
		let mut nonce = System::account_nonce(&self.account);
		let mut waiting = Waiting::of(&self.account, nonce);
		for action in due(&self.account, actions) {
			let tip = self.tip(&action, waiting.blocks(nonce));
			if self.submit(action, nonce, tip) {
				waiting.note(nonce);
				nonce = nonce.saturating_add(1);
			}
		}
		waiting.keep();
	}

	/// What is added to the fee of an action that has waited for so many blocks.
	fn tip(&self, action: &Action, waited: BlockNumber) -> Balance {
		let purse = || Balances::reducible_balance(&self.account, Preserve, Polite);
		let tip = |urgency: &Urgency| urgency.tip(System::block_number(), waited, purse());
		action.urgency.as_ref().map_or(0, tip)
	}

	/// Signs an action and hands it to the pool; whether its nonce is taken.
	fn submit(&self, action: Action, nonce: Nonce, tip: Balance) -> bool {
		let (role, why) = (self.role, action.why);
		let who = HexDisplay::from(&self.public.0);
		let Some(transaction) = self.sign(action.call, nonce, tip) else {
			log::error!(target: LOG, "{role} 0x{who}: {why}: cannot sign");
			return false;
		};
		if sp_io::offchain::submit_transaction(transaction.encode()).is_err() {
			// Most likely the same transaction, sent after an earlier block with the same tip, still waits.
			log::debug!(target: LOG, "{role} 0x{who}: {why}: the pool has no place for it");
			return true;
		}
		match tip {
			0 => log::info!(target: LOG, "{role} 0x{who}: {why} (nonce {nonce})"),
			_ => log::warn!(
				target: LOG,
				"{role} 0x{who}: {why} (nonce {nonce}): not included yet, now with a tip of {tip}"
			),
		}
		if let Some(opening) = action.opens {
			opening.remember();
		}
		true
	}

	/// A transaction of this key.
	fn sign(&self, call: RuntimeCall, nonce: Nonce, tip: Balance) -> Option<UncheckedExtrinsic> {
		let payload = SignedPayload::new(call, extension(nonce, tip)).ok()?;
		let signature = payload
			.using_encoded(|bytes| sp_io::crypto::sr25519_sign(self.kind, &self.public, bytes))?;
		let (call, extension, _) = payload.deconstruct();
		let address = MultiAddress::Id(self.account.clone());
		let signature = MultiSignature::Sr25519(signature);
		Some(UncheckedExtrinsic::new_signed(call, address, signature, extension))
	}
}

/// The actions of an account that would succeed now, each after those before it, at most [`MAX_SENT`]. All
/// of them are made, so that the executor hears of every duty in every block.
///
/// An accused solver must answer in many games at once: with one transaction a block its clocks would
/// run out.
pub fn due(who: &AccountId, actions: impl Iterator<Item = Action>) -> Vec<Action> {
	let mut due = Vec::new();
	// What the actions change is seen by those after them, and undone in the end.
	let undone = with_transaction(|| {
		for action in actions {
			if due.len() < MAX_SENT && succeeds(who, &action) {
				due.push(action);
			}
		}
		TransactionOutcome::Rollback(Ok::<_, DispatchError>(()))
	});
	if let Err(error) = undone {
		log::error!(target: LOG, "actions cannot be tried: {error:?}");
	}
	due
}

/// Makes the call; undoes it where it fails.
fn succeeds(who: &AccountId, action: &Action) -> bool {
	let call = action.call.clone();
	let origin = RuntimeOrigin::signed(who.clone());
	let tried = with_transaction(|| match call.dispatch(origin) {
		Ok(_) => TransactionOutcome::Commit(Ok(())),
		Err(failed) => TransactionOutcome::Rollback(Err(failed.error)),
	});
	let refused = |error: DispatchError| {
		log::debug!(target: LOG, "{}: not now: {error:?}", action.why);
	};
	tried.map_err(refused).is_ok()
}

/// What goes with a call, valid for some blocks from the parent of the present one.
fn extension(nonce: Nonce, tip: Balance) -> TxExtension {
	let parent = u64::from(System::block_number().saturating_sub(1));
	(
		frame_system::CheckNonZeroSender::<Runtime>::new(),
		frame_system::CheckSpecVersion::<Runtime>::new(),
		frame_system::CheckTxVersion::<Runtime>::new(),
		frame_system::CheckGenesis::<Runtime>::new(),
		frame_system::CheckMortality::<Runtime>::from(Era::mortal(MORTALITY, parent)),
		frame_system::CheckNonce::<Runtime>::from(nonce),
		frame_system::CheckWeight::<Runtime>::new(),
		ChargeTransactionPayment::<Runtime>::from(tip),
		CheckMetadataHash::<Runtime>::new(false),
		frame_system::WeightReclaim::<Runtime>::new(),
	)
}
