//! The list of tensors that make up a state.

use assay_commitment::{state_root, Root};
use assay_ops::MAX_SLOTS;
use bounded_collections::{BoundedVec, ConstU32};

use crate::{list_key, BlobKey, ListTag};

/// A state: its step and the roots of its tensors, in slot order. Each tensor is a blob of its own, and
/// so is the list of the roots, whose root a claim calls its artefact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateManifest {
	/// Steps done.
	pub step: u64,
	/// Tensor root of each slot.
	pub slots: BoundedVec<Root, ConstU32<MAX_SLOTS>>,
}

/// Bytes are no list of tensor roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of tensor roots: expected 32 bytes for each of 1 to {MAX_SLOTS} tensors")]
pub struct ManifestError;

impl StateManifest {
	/// Most bytes of a list of tensor roots.
	pub const MAX_BYTES: u64 = 32 * MAX_SLOTS as u64;

	/// A manifest; `None` for more tensors than a program may have slots.
	pub fn new(step: u64, slots: Vec<Root>) -> Option<Self> {
		Some(Self { step, slots: slots.try_into().ok()? })
	}

	/// Reads the list of tensor roots of the state after `step` steps, all of `bytes`.
	pub fn from_bytes(step: u64, bytes: &[u8]) -> Result<Self, ManifestError> {
		let (slots, rest) = bytes.as_chunks::<32>();
		if slots.is_empty() || !rest.is_empty() {
			return Err(ManifestError);
		}
		Self::new(step, slots.to_vec()).ok_or(ManifestError)
	}

	/// The list of tensor roots as it is stored.
	pub fn to_bytes(&self) -> Vec<u8> {
		self.slots.concat()
	}

	/// Root Σ of the state.
	pub fn state_root(&self) -> Root {
		state_root(self.step, &self.slots)
	}

	/// The key of the list of tensor roots.
	pub fn key(&self) -> BlobKey {
		list_key(ListTag::Slots, &self.slots)
	}

	/// The keys of the tensors.
	pub fn tensors(&self) -> impl Iterator<Item = BlobKey> + '_ {
		self.slots.iter().map(|root| BlobKey::Bytes(*root))
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use assay_commitment::state_of_slots;

	#[test]
	fn manifest_should_give_the_state_root_when_read_back() {
		let manifest = StateManifest::new(5, vec![[1; 32], [2; 32]]).unwrap();
		let read = StateManifest::from_bytes(5, &manifest.to_bytes()).unwrap();
		assert_eq!(read, manifest);
		assert_eq!(state_of_slots(5, read.key().root()), read.state_root());
		assert_eq!(read.state_root(), state_root(5, &[[1; 32], [2; 32]]));
		assert_eq!(read.tensors().last(), Some(BlobKey::Bytes([2; 32])));
	}

	#[test]
	fn manifest_should_be_refused_when_too_long_or_empty_or_trailing() {
		assert!(StateManifest::new(0, vec![[0; 32]; MAX_SLOTS as usize + 1]).is_none());
		for length in [0, 1, 31, 33, StateManifest::MAX_BYTES as usize + 32] {
			let read = StateManifest::from_bytes(0, &vec![0; length]);
			assert_eq!(read, Err(ManifestError), "{length} bytes");
		}
		let most = vec![0; StateManifest::MAX_BYTES as usize];
		assert!(StateManifest::from_bytes(0, &most).is_ok());
	}
}
