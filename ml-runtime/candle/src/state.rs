//! A state as blobs: the list of its tensors, and the tiles of each.

use assay_blobs::{bytes_key, BlobKey, StateManifest};
use assay_commitment::{tensor_root, tile_bytes, tile_count, Root, TILE_BYTES};
use assay_ops::{Slot, ValueType};

use crate::Error;

/// The byte string of a tensor: its tiles, one after the other. `None` when the words do not fit the
/// type.
pub fn tensor_bytes(ty: &ValueType, words: &[u32]) -> Option<Vec<u8>> {
	let mut bytes = Vec::new();
	for index in 0..tile_count(ty)? {
		bytes.extend_from_slice(&tile_bytes(ty, words, index)?[..]);
	}
	Some(bytes)
}

/// The words of a tensor, row-major, from its byte string. `None` when the size does not fit the type
/// or the padding is not zero.
pub fn tensor_words(ty: &ValueType, bytes: &[u8]) -> Option<Vec<u32>> {
	let (tiles, rest) = bytes.as_chunks::<TILE_BYTES>();
	if !rest.is_empty() || tile_count(ty)? as usize != tiles.len() {
		return None;
	}
	let mut words = vec![0; ty.words() as usize];
	for (index, tile) in (0..).zip(tiles) {
		for (place, row, col) in ty.tile_area(index)?.elements() {
			let word = tile.as_chunks().0.get(place)?;
			*words.get_mut(row as usize * ty.cols as usize + col as usize)? =
				u32::from_le_bytes(*word);
		}
	}
	(tensor_bytes(ty, &words)? == bytes).then_some(words)
}

/// Everything about a state that goes into a blob store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateBlobs<'a> {
	/// The list of the tensors.
	pub manifest: StateManifest,
	tensors: Vec<(ValueType, &'a [u32])>,
}

impl<'a> StateBlobs<'a> {
	/// The blobs of the state after `step` steps.
	pub fn new(
		step: u64,
		slots: &[Slot],
		contents: &'a [impl AsRef<[u32]>],
	) -> Result<Self, Error> {
		let (expected, got) = (slots.len(), contents.len());
		let count = Error::SlotCount { expected, got };
		if expected != got {
			return Err(count);
		}
		let contents = contents.iter().map(AsRef::as_ref);
		let tensors: Vec<_> = slots.iter().map(|slot| slot.ty).zip(contents).collect();
		let root = |(slot, (ty, words)): (usize, &(ValueType, &[u32]))| {
			let (expected, got) = (ty.words(), words.len() as u64);
			let wrong = Error::SlotSize { slot, unit: "words", expected, got };
			tensor_root(ty, words).ok_or(wrong)
		};
		let roots = tensors.iter().enumerate().map(root).collect::<Result<_, _>>()?;
		Ok(Self { manifest: StateManifest::new(step, roots).ok_or(count)?, tensors })
	}

	/// The blobs with their keys, the list of the tensors first. Each is made when it is its turn: all at once would be the
	/// state a second time.
	pub fn blobs(&self) -> impl Iterator<Item = (BlobKey, Vec<u8>)> + '_ {
		let manifest = (self.manifest.key(), self.manifest.to_bytes());
		// A tensor that has a root has bytes.
		let bytes = |(ty, words): &(ValueType, &[u32])| tensor_bytes(ty, words).unwrap_or_default();
		let tensors = self.manifest.tensors().zip(self.tensors.iter().map(bytes));
		std::iter::once(manifest).chain(tensors)
	}
}

/// The contents of all slots of a state, from blobs that `fetch` gives. Every tensor is checked
/// against the root that the manifest names.
pub fn read_slots<E: From<Error>>(
	slots: &[Slot],
	manifest: &StateManifest,
	mut fetch: impl FnMut(&Root) -> Result<Vec<u8>, E>,
) -> Result<Vec<Vec<u32>>, E> {
	let (expected, got) = (slots.len(), manifest.slots.len());
	if expected != got {
		return Err(Error::SlotCount { expected, got }.into());
	}
	let mut contents = Vec::with_capacity(expected);
	for (slot, (declared, root)) in slots.iter().zip(&manifest.slots).enumerate() {
		let bytes = fetch(root)?;
		let (expected, found) = (BlobKey::Bytes(*root), bytes_key(&bytes));
		if expected != found {
			return Err(Error::WrongContent { slot, expected, found }.into());
		}
		let (expected, got) = (declared.ty.tiles() * TILE_BYTES as u64, bytes.len() as u64);
		if expected != got {
			return Err(Error::SlotSize { slot, unit: "bytes", expected, got }.into());
		}
		contents.push(tensor_words(&declared.ty, &bytes).ok_or(Error::Padding { slot })?);
	}
	Ok(contents)
}
