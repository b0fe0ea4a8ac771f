//! The store as the runtime sees it.

use super::{part, Store};
use codec::{Compact, Decode, Encode};
use polkadot_sdk::{
	sp_core::storage::{ChildInfo, StateVersion, TrackedStorageKey},
	sp_externalities::{Error, Extension, ExtensionStore, Externalities, MultiRemovalResults},
	sp_io::hashing::blake2_256,
};
use std::{
	any::{Any, TypeId},
	ops::Bound::{Excluded, Included, Unbounded},
};

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

	#[test]
	fn append_should_encode_a_list_when_it_grows_past_one_byte_of_length() {
		let mut list = Vec::new();
		for element in 0..100u32 {
			list = append(&list, &element.encode());
		}
		assert_eq!(list, (0..100u32).collect::<Vec<_>>().encode());
	}
}
