//! BLAKE3's own tree, at the granularity of tiles or of chunks.

use blake3::{
	hazmat::{merge_subtrees_non_root, merge_subtrees_root, HasherExt, Mode},
	Hasher,
};

use crate::{shape::TreeHash, Root};

/// Hashes nodes as BLAKE3 does in its plain mode. The value of a leaf is the [`group_hash`] of its
/// bytes.
#[derive(Clone, Copy, Debug)]
pub struct Blake3Tree;

impl TreeHash for Blake3Tree {
	fn leaf(&self, value: &Root) -> Root {
		*value
	}

	fn node(&self, left: &Root, right: &Root, whole: bool) -> Root {
		if whole {
			merge_subtrees_root(left, right, Mode::Hash).into()
		} else {
			merge_subtrees_non_root(left, right, Mode::Hash)
		}
	}
}

/// Value of the group of bytes that starts at `offset` in a string: its chaining value, or, when it is
/// the `whole` string, the BLAKE3 hash.
///
/// Groups have a power-of-two size of at least 1 KiB, of which `offset` is a multiple; only the last
/// may be shorter. `None` when `bytes` is empty or `offset` is no multiple of 1 KiB.
pub fn group_hash(bytes: &[u8], offset: u64, whole: bool) -> Option<Root> {
	if bytes.is_empty() || offset.checked_rem(blake3::CHUNK_LEN as u64) != Some(0) {
		return None;
	}
	if whole {
		return Some(blake3::hash(bytes).into());
	}
	// `update` panics on more bytes than a subtree at this offset can hold.
	let most = blake3::hazmat::max_subtree_len(offset);
	if most.is_some_and(|most| bytes.len() as u64 > most) {
		return None;
	}
	Some(Hasher::new().set_input_offset(offset).update(bytes).finalize_non_root())
}
