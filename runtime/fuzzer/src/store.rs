//! A flat key-value store with an undo log, in the place of a node's trie and overlay.
//!
//! What the runtime does does not depend on how its storage is kept; a test holds this store against
//! `TestExternalities`. What is gained is speed (no trie) and two things that a trie does not give: the
//! exact keys that a call changed, and the parts of the storage that a check reads.

mod externalities;

use polkadot_sdk::sp_externalities::{set_and_run_with_externalities, Extensions};
use std::collections::{BTreeMap, BTreeSet};

/// The first 32 bytes of a key: pallet and storage item. Shorter keys are filled up with zeros.
pub type Part = [u8; 32];

/// The part of the storage that a key belongs to.
pub fn part(key: &[u8]) -> Part {
	let mut part = Part::default();
	let len = key.len().min(part.len());
	part[..len].copy_from_slice(&key[..len]);
	part
}

/// A key and what it had before.
type Undo = (Vec<u8>, Option<Vec<u8>>);

/// The storage of a chain.
#[derive(Default)]
pub struct Store {
	rows: BTreeMap<Vec<u8>, Vec<u8>>,
	undo: Vec<Undo>,
	layers: Vec<usize>,
	watched: Option<BTreeSet<Part>>,
	extensions: Extensions,
}

/// A change of one key.
#[derive(Debug)]
pub struct Change<'a> {
	/// The key.
	pub key: &'a [u8],
	/// Its value before.
	pub before: Option<&'a [u8]>,
	/// Its value now, another one.
	pub now: Option<&'a [u8]>,
}

impl Store {
	/// A store with these rows.
	pub fn new(rows: BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
		Self { rows, ..Self::default() }
	}

	/// All rows.
	pub fn rows(&self) -> &BTreeMap<Vec<u8>, Vec<u8>> {
		&self.rows
	}

	/// Runs `body` on this storage.
	pub fn with<R>(&mut self, body: impl FnOnce() -> R) -> R {
		set_and_run_with_externalities(self, body)
	}

	/// Runs `body` and says which parts of the storage it read.
	pub fn watch<R>(&mut self, body: impl FnOnce() -> R) -> (R, BTreeSet<Part>) {
		self.watched = Some(BTreeSet::new());
		let result = self.with(body);
		(result, self.watched.take().unwrap_or_default())
	}

	/// Begins a new period for [`Self::changes`].
	pub fn settle(&mut self) {
		self.undo.clear();
		self.layers.clear();
	}

	/// What has another value than at the last [`Self::settle`], each key once.
	pub fn changes(&self) -> Vec<Change<'_>> {
		let mut first = BTreeMap::new();
		for (key, before) in &self.undo {
			first.entry(key.as_slice()).or_insert(before.as_deref());
		}
		let now = |key: &[u8]| self.rows.get(key).map(Vec::as_slice);
		let change = |(key, before)| Change { key, before, now: now(key) };
		first.into_iter().map(change).filter(|change| change.before != change.now).collect()
	}

	fn read(&mut self, key: &[u8]) -> Option<&Vec<u8>> {
		if let Some(watched) = &mut self.watched {
			watched.insert(part(key));
		}
		self.rows.get(key)
	}

	fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
		let before = match value {
			Some(value) => self.rows.insert(key.clone(), value),
			None => self.rows.remove(&key),
		};
		self.undo.push((key, before));
	}

	fn roll_back(&mut self, to: usize) {
		while self.undo.len() > to {
			let Some((key, before)) = self.undo.pop() else { break };
			match before {
				Some(value) => self.rows.insert(key, value),
				None => self.rows.remove(&key),
			};
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use polkadot_sdk::sp_io::storage;

	fn changed(store: &Store) -> Vec<Vec<u8>> {
		store.changes().iter().map(|change| change.key.to_vec()).collect()
	}

	#[test]
	fn changes_should_be_those_that_last() {
		let mut store = Store::default();
		store.with(|| {
			storage::set(b"stays", b"1");
			storage::set(b"goes", b"1");
		});
		store.settle();
		store.with(|| {
			storage::start_transaction();
			storage::set(b"stays", b"2");
			storage::clear(b"goes");
			storage::append(b"list", b"x".to_vec());
			storage::rollback_transaction();
			storage::start_transaction();
			storage::set(b"new", b"1");
			storage::set(b"stays", b"3");
			storage::commit_transaction();
			storage::set(b"stays", b"1");
		});
		assert_eq!(changed(&store), [b"new".to_vec()]);
		assert_eq!(store.with(|| storage::get(b"goes")), Some(b"1".to_vec().into()));
	}

	#[test]
	fn watch_should_tell_the_parts_that_were_read() {
		let mut store = Store::default();
		let key = [7u8; 40];
		let (_, read) = store.watch(|| {
			storage::set(&[9; 32], b"written");
			storage::get(&key);
			storage::next_key(b"short")
		});
		let expected = [part(&key), part(b"short")];
		assert_eq!(read, expected.into_iter().collect());
	}
}
