//! A flat key-value store with an undo log, in the place of a node's trie and overlay.
//!
//! What the runtime does does not depend on how its storage is kept; a test holds this store against
//! `TestExternalities`. What is gained is speed (no trie) and two things that a trie does not give: the
//! exact keys that a call changed, and the parts of the storage that a check reads.

use codec::{Compact, Decode, Encode};
use polkadot_sdk::{
	sp_core::storage::{ChildInfo, StateVersion, TrackedStorageKey},
	sp_externalities::{
		set_and_run_with_externalities, Error, Extension, ExtensionStore, Extensions,
		Externalities, MultiRemovalResults,
	},
	sp_io::hashing::blake2_256,
};
use std::{
	any::{Any, TypeId},
	collections::{BTreeMap, BTreeSet},
	ops::Bound::{Excluded, Included, Unbounded},
};

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

/// Appends an encoded element to an encoded list.
fn append(list: &[u8], element: &[u8]) -> Vec<u8> {
	let mut rest = list;
	let len = Compact::<u32>::decode(&mut rest).map_or(0, |len| len.0);
	let mut out = Compact(len.saturating_add(1)).encode();
	out.reserve(rest.len() + element.len());
	out.extend_from_slice(rest);
	out.extend_from_slice(element);
	out
}

const NO_CHILD: &str = "the runtime has no child tries";

impl Externalities for Store {
	fn set_offchain_storage(&mut self, _: &[u8], _: Option<&[u8]>) {}

	fn storage(&mut self, key: &[u8]) -> Option<Vec<u8>> {
		self.read(key).cloned()
	}

	fn exists_storage(&mut self, key: &[u8]) -> bool {
		self.read(key).is_some()
	}

	fn storage_hash(&mut self, key: &[u8]) -> Option<Vec<u8>> {
		self.read(key).map(|value| blake2_256(value).encode())
	}

	fn child_storage_hash(&mut self, _: &ChildInfo, _: &[u8]) -> Option<Vec<u8>> {
		None
	}

	fn child_storage(&mut self, _: &ChildInfo, _: &[u8]) -> Option<Vec<u8>> {
		None
	}

	fn next_storage_key(&mut self, key: &[u8]) -> Option<Vec<u8>> {
		if let Some(watched) = &mut self.watched {
			watched.insert(part(key));
		}
		let next = self.rows.range::<[u8], _>((Excluded(key), Unbounded)).next();
		next.map(|(key, _)| key.clone())
	}

	fn next_child_storage_key(&mut self, _: &ChildInfo, _: &[u8]) -> Option<Vec<u8>> {
		None
	}

	fn kill_child_storage(
		&mut self,
		_: &ChildInfo,
		_: Option<u32>,
		_: Option<&[u8]>,
	) -> MultiRemovalResults {
		panic!("{NO_CHILD}")
	}

	fn clear_prefix(
		&mut self,
		prefix: &[u8],
		limit: Option<u32>,
		_: Option<&[u8]>,
	) -> MultiRemovalResults {
		let range = self.rows.range::<[u8], _>((Included(prefix), Unbounded));
		let keys = range.map(|(key, _)| key).take_while(|key| key.starts_with(prefix));
		let most = limit.map_or(usize::MAX, |limit| limit as usize);
		let mut keys: Vec<_> = keys.take(most.saturating_add(1)).cloned().collect();
		let maybe_cursor = (keys.len() > most).then(|| keys.pop()).flatten();
		let count = keys.len() as u32;
		keys.into_iter().for_each(|key| self.write(key, None));
		MultiRemovalResults { maybe_cursor, backend: count, unique: count, loops: count }
	}

	fn clear_child_prefix(
		&mut self,
		_: &ChildInfo,
		_: &[u8],
		_: Option<u32>,
		_: Option<&[u8]>,
	) -> MultiRemovalResults {
		panic!("{NO_CHILD}")
	}

	fn place_storage(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
		self.write(key, value);
	}

	fn place_child_storage(&mut self, _: &ChildInfo, _: Vec<u8>, _: Option<Vec<u8>>) {
		panic!("{NO_CHILD}")
	}

	/// Not the root: that would be the slowest part of every block, and the runtime does nothing with
	/// it but write it into the header.
	fn storage_root(&mut self, _: StateVersion) -> Vec<u8> {
		vec![0; 32]
	}

	fn child_storage_root(&mut self, _: &ChildInfo, _: StateVersion) -> Vec<u8> {
		panic!("{NO_CHILD}")
	}

	fn storage_append(&mut self, key: Vec<u8>, element: Vec<u8>) {
		let list = self.rows.get(&key).map_or(&[][..], Vec::as_slice);
		let list = append(list, &element);
		self.write(key, Some(list));
	}

	fn storage_start_transaction(&mut self) {
		self.layers.push(self.undo.len());
	}

	fn storage_rollback_transaction(&mut self) -> Result<(), ()> {
		let to = self.layers.pop().ok_or(())?;
		self.roll_back(to);
		Ok(())
	}

	fn storage_commit_transaction(&mut self) -> Result<(), ()> {
		self.layers.pop().map(drop).ok_or(())
	}

	fn wipe(&mut self) {}

	fn commit(&mut self) {}

	fn read_write_count(&self) -> (u32, u32, u32, u32) {
		(0, 0, 0, 0)
	}

	fn reset_read_write_count(&mut self) {}

	fn get_whitelist(&self) -> Vec<TrackedStorageKey> {
		Vec::new()
	}

	fn set_whitelist(&mut self, _: Vec<TrackedStorageKey>) {}

	fn get_read_and_written_keys(&self) -> Vec<(Vec<u8>, u32, u32, bool)> {
		Vec::new()
	}
}

impl ExtensionStore for Store {
	fn extension_by_type_id(&mut self, type_id: TypeId) -> Option<&mut dyn Any> {
		self.extensions.get_mut(type_id)
	}

	fn register_extension_with_type_id(
		&mut self,
		type_id: TypeId,
		extension: Box<dyn Extension>,
	) -> Result<(), Error> {
		self.extensions.register_with_type_id(type_id, extension)
	}

	fn deregister_extension_by_type_id(&mut self, type_id: TypeId) -> Result<(), Error> {
		if self.extensions.deregister(type_id) {
			Ok(())
		} else {
			Err(Error::ExtensionIsNotRegistered(type_id))
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
	fn append_should_encode_a_list_when_it_grows_past_one_byte_of_length() {
		let mut list = Vec::new();
		for element in 0..100u32 {
			list = append(&list, &element.encode());
		}
		assert_eq!(list, (0..100u32).collect::<Vec<_>>().encode());
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
