//! What is added to a fee so that a transaction is included in time.
//!
//! Authors take what pays most for the room that it needs, and anybody may fill blocks with calls as cheap as a refused
//! opening. Whoever would keep a move out must outbid its tip with every call of a full block; so a tip that grows
//! while a transaction waits, and as its time runs out, costs an attacker many times what it costs the sender, and nothing
//! is paid where nobody attacks and there is time. See ADR 0026.

use crate::{constants::MILLI, AccountId, Balance, BlockNumber, Nonce, System};
use alloc::vec::Vec;
use codec::{Decode, Encode};
use polkadot_sdk::sp_runtime::offchain::storage::StorageValueRef;

/// Blocks that a transaction waits without a tip.
const PATIENCE: BlockNumber = 3;
/// Blocks in which the tip of a waiting transaction doubles, from [`FIRST`].
const DOUBLING: BlockNumber = 2;
/// Blocks before the deadline in which the tip doubles, up to the most.
const HASTE: BlockNumber = 3;
/// Blocks before the deadline in which there is a tip at once: what is not in the next block or the one after it is too late.
/// Few: what is due every few blocks is not late because of that.
const LATE: BlockNumber = 3;
/// The least tip.
const FIRST: Balance = MILLI;
/// Of a game's bond, the tip of a move is this part at most: so all tips that somebody drives a side to are a small part
/// of what it costs to open a game.
const BOND_PART: Balance = 256;
/// The same of the stake that the game is about, where that is more.
const STAKE_PART: Balance = 16_384;
/// The same of a training's price, for what is due in it.
const PRICE_PART: Balance = 64;
/// Of what the account can spend, a tip is this part at most: it may have to send more than one.
const PURSE_PART: Balance = 4;

/// Blocks after which a transaction that was not sent again is another matter: openings pause for as long.
const SAME: BlockNumber = super::challenger::OPENING_PAUSE;

/// By when something must be included, and what that may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Urgency {
	/// First block in which it is too late.
	pub until: BlockNumber,
	/// The highest tip.
	pub most: Balance,
}

impl Urgency {
	/// Of a move in a game with this bond about a claim with this stake.
	pub fn of_move(until: BlockNumber, bond: Balance, stake: Balance) -> Self {
		Self { until, most: (bond / BOND_PART).max(stake / STAKE_PART) }
	}

	/// Of something without which so much of a training's price is lost.
	pub fn of_work(until: BlockNumber, price: Balance) -> Self {
		Self { until, most: price / PRICE_PART }
	}

	/// The tip at block `now` of a transaction that has waited for so many blocks, of an account that can spend `purse`.
	pub fn tip(&self, now: BlockNumber, waited: BlockNumber, purse: Balance) -> Balance {
		let most = self.most.min(purse / PURSE_PART);
		let doublings = waited.checked_sub(PATIENCE).map(|late| late / DOUBLING);
		let by_wait = doublings.map_or(0, |n| FIRST.saturating_mul(2u128.saturating_pow(n)));
		let left = self.until.saturating_sub(now);
		// What has just been sent is mostly included in the next block.
		let by_clock = match waited > 0 || left < LATE {
			true => most.checked_shr(left / HASTE).filter(|tip| *tip >= FIRST).unwrap_or(0),
			false => 0,
		};
		by_wait.max(by_clock).min(most)
	}
}

/// Since when transactions of an account wait: a number that is not used up is that of a transaction which no block took.
#[derive(Debug)]
pub(super) struct Waiting {
	key: Vec<u8>,
	sent: Vec<Sent>,
}

#[derive(Clone, Copy, Debug, Encode, Decode)]
struct Sent {
	nonce: Nonce,
	first: BlockNumber,
	last: BlockNumber,
}

impl Waiting {
	/// What is known of an account that has used the numbers below `next`.
	pub(super) fn of(account: &AccountId, next: Nonce) -> Self {
		let key = (b"assay/waiting/", account).encode();
		let stored = StorageValueRef::persistent(&key).get::<Vec<Sent>>().ok().flatten();
		let now = System::block_number();
		let lasts = |sent: &Sent| sent.nonce >= next && now <= sent.last.saturating_add(SAME);
		Self { key, sent: stored.unwrap_or_default().into_iter().filter(lasts).collect() }
	}

	/// For how many blocks the transaction of this number has waited.
	pub(super) fn blocks(&self, nonce: Nonce) -> BlockNumber {
		let sent = self.sent.iter().find(|sent| sent.nonce == nonce);
		sent.map_or(0, |sent| System::block_number().saturating_sub(sent.first))
	}

	/// Notes that a transaction is sent, for the first time or again.
	pub(super) fn note(&mut self, nonce: Nonce) {
		let now = System::block_number();
		match self.sent.iter_mut().find(|sent| sent.nonce == nonce) {
			Some(sent) => sent.last = now,
			None => self.sent.push(Sent { nonce, first: now, last: now }),
		}
	}

	/// Keeps it for the next block.
	pub(super) fn keep(self) {
		let mut place = StorageValueRef::persistent(&self.key);
		match self.sent.is_empty() {
			true => place.clear(),
			false => place.set(&self.sent),
		}
	}
}
