//! Transactions of the honest side that wait for inclusion, and what they tip.

use alloc::vec::Vec;

use super::{
	chain::{Account, Call, Tx},
	tips::tip,
};

/// Blocks for which a transaction may wait for inclusion.
pub const MORTALITY: u32 = 32;
/// Blocks after which a transaction that was not sent again is another matter.
const SAME: u32 = 8;

/// By when something must be included, and the bond of its game.
#[derive(Clone, Copy, Debug)]
pub(super) struct Urgency {
	pub(super) until: u32,
	pub(super) bond: i64,
}

/// A transaction in the pool.
#[derive(Clone, Debug)]
struct Sent {
	nonce: u32,
	tx: Tx,
	at: u32,
}

/// Since when the transaction of a nonce waits, and when it was last sent.
#[derive(Clone, Copy, Debug)]
struct Waiting {
	nonce: u32,
	first: u32,
	last: u32,
}

/// The pool, as far as it is the honest side's, and what its worker remembers of it.
#[derive(Clone, Debug)]
pub(super) struct Pool {
	account: Account,
	/// In the order of their nonces.
	sent: Vec<Sent>,
	waiting: Vec<Waiting>,
}

impl Pool {
	pub(super) fn new(account: Account) -> Self {
		Self { account, sent: Vec::new(), waiting: Vec::new() }
	}

	/// Those that the next block may include, in order.
	pub(super) fn pending(&self, nonce: u32, now: u32) -> impl Iterator<Item = &Tx> + '_ {
		let mut nonce = nonce;
		self.sent.iter().filter_map(move |sent| {
			let next = sent.nonce == nonce && now <= sent.at + MORTALITY;
			nonce += u32::from(next);
			next.then_some(&sent.tx)
		})
	}

	/// Forgets what was included, unless a re-org may bring it back, and what nobody waits for any more.
	pub(super) fn forget(&mut self, nonce: u32, now: u32) {
		self.sent.retain(|sent| sent.nonce >= nonce || now < sent.at + 2 * MORTALITY);
		self.waiting.retain(|waiting| waiting.nonce >= nonce && now <= waiting.last + SAME);
	}

	/// First block in which one that waits is no longer valid.
	pub(super) fn expiry(&self, nonce: u32, now: u32) -> Option<u32> {
		let waiting = self.sent.iter().filter(|sent| sent.nonce >= nonce);
		waiting.map(|sent| sent.at + MORTALITY + 1).filter(|at| *at > now).min()
	}

	/// Takes a transaction, with the tip that its waiting calls for, unless there is a valid one with this nonce that
	/// tips as much. Says whether it did.
	pub(super) fn send(&mut self, nonce: u32, call: Call, urgency: &Urgency, now: u32) -> bool {
		let waited = self.note(nonce, now);
		let tip = tip(now, waited, urgency.until, urgency.bond);
		let place = self.sent.iter().position(|sent| sent.nonce >= nonce);
		let tx = Tx { from: self.account, call, tip };
		let sent = Sent { nonce, tx, at: now };
		match place {
			Some(place) if self.sent[place].nonce == nonce => {
				let there = &mut self.sent[place];
				if now <= there.at + MORTALITY && there.tx.tip >= tip {
					return false;
				}
				*there = sent;
			},
			Some(place) => self.sent.insert(place, sent),
			None => self.sent.push(sent),
		}
		true
	}

	/// For how many blocks the transaction of a nonce has waited.
	fn note(&mut self, nonce: u32, now: u32) -> u32 {
		match self.waiting.iter_mut().find(|waiting| waiting.nonce == nonce) {
			Some(waiting) => {
				waiting.last = now;
				now - waiting.first
			},
			None => {
				self.waiting.push(Waiting { nonce, first: now, last: now });
				0
			},
		}
	}
}
