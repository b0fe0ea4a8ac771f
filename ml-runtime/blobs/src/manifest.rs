//! The list of tensors that make up a state.

use assay_commitment::{state_root, Root};
use assay_ops::MAX_SLOTS;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeAll, DecodeWithMemTracking, Encode, MaxEncodedLen};

use crate::{bytes_key, BlobKey};

/// A state: its step and the roots of its tensors, in slot order. Each tensor is a blob of its own.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct StateManifest {
	/// Steps done.
	pub step: u64,
	/// Tensor root of each slot.
	pub slots: BoundedVec<Root, ConstU32<MAX_SLOTS>>,
}

/// Bytes are no manifest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a state manifest")]
pub struct ManifestError;

impl StateManifest {
	/// A manifest; `None` for more tensors than a program may have slots.
	pub fn new(step: u64, slots: Vec<Root>) -> Option<Self> {
		Some(Self { step, slots: slots.try_into().ok()? })
	}

	/// Reads a manifest, all of `bytes`.
	pub fn from_bytes(bytes: &[u8]) -> Result<Self, ManifestError> {
		Self::decode_all(&mut &*bytes).map_err(|_| ManifestError)
	}

	/// Root Σ of the state.
	pub fn state_root(&self) -> Root {
		state_root(self.step, &self.slots)
	}

	/// The key under which the manifest is stored.
	pub fn key(&self) -> BlobKey {
		bytes_key(&self.encode())
	}

	/// The keys of the tensors.
	pub fn tensors(&self) -> impl Iterator<Item = BlobKey> + '_ {
		self.slots.iter().map(|root| BlobKey::Bytes(*root))
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn manifest_should_give_the_state_root_when_read_back() {
		let manifest = StateManifest::new(5, vec![[1; 32], [2; 32]]).unwrap();
		let read = StateManifest::from_bytes(&manifest.encode()).unwrap();
		assert_eq!(read, manifest);
		assert_eq!(read.state_root(), state_root(5, &[[1; 32], [2; 32]]));
		assert_eq!(read.tensors().last(), Some(BlobKey::Bytes([2; 32])));
	}

	#[test]
	fn manifest_should_be_refused_when_too_long_or_trailing() {
		assert!(StateManifest::new(0, vec![[0; 32]; MAX_SLOTS as usize + 1]).is_none());
		let mut bytes = StateManifest::new(0, vec![]).unwrap().encode();
		bytes.push(0);
		assert_eq!(StateManifest::from_bytes(&bytes), Err(ManifestError));
		let bomb = (0u64, codec::Compact(u32::MAX)).encode();
		assert_eq!(StateManifest::from_bytes(&bomb), Err(ManifestError));
	}
}
