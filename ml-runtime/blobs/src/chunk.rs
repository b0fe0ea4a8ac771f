//! Chunks of blobs and their proofs.

use assay_commitment::{
	group_hash,
	shape::{fold, MAX_DEPTH},
	Blake3Tree, Root,
};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

/// Bytes of a chunk; only the last of a blob may be shorter. A subtree of BLAKE3's tree.
pub const CHUNK_BYTES: u32 = 256 * 1024;

/// Most siblings in the proof of a chunk.
pub const MAX_SIBLINGS: u32 = MAX_DEPTH;

/// Which chunk of a blob.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Hash, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub enum ChunkIndex {
	/// The last one: its proof is the proof of the blob's length.
	#[codec(index = 0)]
	Last,
	/// The one at this position.
	#[codec(index = 1)]
	At(u32),
}

/// A chunk, and how it belongs to the blob.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct ChunkResponse {
	/// Bytes of the whole blob.
	pub total_len: u64,
	/// Content of the chunk.
	pub bytes: BoundedVec<u8, ConstU32<CHUNK_BYTES>>,
	/// Hashes of the subtrees beside its way to the root, in order of position. None for lists.
	pub siblings: BoundedVec<Root, ConstU32<MAX_SIBLINGS>>,
}

/// Number of chunks of a blob of `len` bytes; `None` when it is empty or has 2³² or more.
pub(crate) fn chunks_of(len: u64) -> Option<u32> {
	u32::try_from(len.div_ceil(CHUNK_BYTES.into())).ok().filter(|chunks| *chunks > 0)
}

/// Offset and size of chunk `index` of a blob of `len` bytes; `None` when there is no such chunk.
pub(crate) fn range_of(index: u32, len: u64) -> Option<(u64, usize)> {
	let offset = u64::from(index) * u64::from(CHUNK_BYTES);
	let rest = len.checked_sub(offset).filter(|rest| *rest > 0)?;
	Some((offset, rest.min(CHUNK_BYTES.into()) as usize))
}

impl ChunkResponse {
	/// Whether the string with this BLAKE3 hash and length [`total_len`](Self::total_len) has this chunk
	/// at `index`. For the last chunk this proves the length as well, since an inner node of the tree
	/// cannot pass for a chunk.
	pub(crate) fn proves(&self, root: &Root, index: u32) -> bool {
		let Some(chunks) = chunks_of(self.total_len) else { return false };
		let Some((offset, size)) = range_of(index, self.total_len) else { return false };
		if self.bytes.len() != size {
			return false;
		}
		group_hash(&self.bytes, offset, chunks == 1)
			.and_then(|hash| fold(&Blake3Tree, chunks, &[(index, hash)], &self.siblings))
			.is_some_and(|top| top == *root)
	}
}
