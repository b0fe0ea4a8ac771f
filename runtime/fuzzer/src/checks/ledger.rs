//! Sums over all accounts, kept along the way.

use super::parts;
use crate::store::{Change, Store};
use assay_runtime::{Balance, Nonce, RuntimeHoldReason};
use codec::{Decode, Encode};
use polkadot_sdk::{
	frame_support::traits::tokens::IdAmount, frame_system::AccountInfo,
	pallet_balances::AccountData,
};
use std::collections::BTreeMap;

/// What all accounts have and hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
	/// All balances, free and reserved. Sums wrap, so that a wrong one is seen, not hidden.
	pub total: Balance,
	/// All that is reserved.
	pub reserved: Balance,
	/// What is held for each reason, by the reason's encoding.
	pub held: BTreeMap<Vec<u8>, Balance>,
}

fn data(row: &[u8]) -> AccountData<Balance> {
	type Row = AccountInfo<Nonce, AccountData<Balance>>;
	Row::decode(&mut &row[..]).map(|row| row.data).unwrap_or_default()
}

impl Ledger {
	/// Counts all accounts of a store.
	pub fn count(store: &Store) -> Self {
		let mut ledger = Self::default();
		for (key, value) in store.rows() {
			ledger.note(&Change { key, before: None, now: Some(value) });
		}
		ledger
	}

	/// Takes note of a change.
	pub fn note(&mut self, change: &Change<'_>) {
		if change.key.starts_with(&parts().accounts) {
			self.account(change.before, Balance::wrapping_sub);
			self.account(change.now, Balance::wrapping_add);
		} else if change.key.starts_with(&parts().holds) {
			self.holds(change.before, Balance::wrapping_sub);
			self.holds(change.now, Balance::wrapping_add);
		}
	}

	fn account(&mut self, row: Option<&[u8]>, op: fn(Balance, Balance) -> Balance) {
		let data = row.map(data).unwrap_or_default();
		self.total = op(op(self.total, data.free), data.reserved);
		self.reserved = op(self.reserved, data.reserved);
	}

	fn holds(&mut self, row: Option<&[u8]>, op: fn(Balance, Balance) -> Balance) {
		type Row = Vec<IdAmount<RuntimeHoldReason, Balance>>;
		let row = row.and_then(|mut row| Row::decode(&mut row).ok()).unwrap_or_default();
		for hold in row {
			let reason = hold.id.encode();
			let sum = op(self.of(&reason), hold.amount);
			match sum {
				0 => self.held.remove(&reason),
				_ => self.held.insert(reason, sum),
			};
		}
	}

	/// What is held for a reason.
	pub fn of(&self, reason: &[u8]) -> Balance {
		self.held.get(reason).copied().unwrap_or(0)
	}
}
