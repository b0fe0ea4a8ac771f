//! Openings of data sets.
//!
//! A data set is a plain string of records of one size; its root is plain BLAKE3 of the string. Pieces
//! are shown as the 1 KiB chunks of BLAKE3's tree that they lie in.

use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	b3tree::{group_hash, Blake3Tree},
	opening::{check_order, OpeningError},
	shape::{fold, Tree},
	Root,
};

/// Bytes in a chunk; the last of a string may be shorter.
pub const CHUNK_BYTES: u32 = 1024;

/// Most chunks in one opening: one tile's part of 32 records, each across a chunk border.
pub const MAX_CHUNKS: u32 = 64;

/// Most siblings in an opening of chunks: 64 leaves anywhere in a tree of depth 32 have at most
/// 64 · (32 − 6), so whatever a tile needs can be shown.
pub const MAX_CHUNK_SIBLINGS: u32 = 2048;

/// One chunk and its place.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Chunk {
	/// Position in the string, in chunks.
	pub index: u32,
	/// Content.
	pub bytes: BoundedVec<u8, ConstU32<CHUNK_BYTES>>,
}

/// Proof of the content of some chunks of a string.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct ChunksOpening {
	/// The chunks, indices strictly ascending.
	pub chunks: BoundedVec<Chunk, ConstU32<MAX_CHUNKS>>,
	/// Hashes of the largest subtrees that hold none of the chunks, in order of position.
	pub siblings: BoundedVec<Root, ConstU32<MAX_CHUNK_SIBLINGS>>,
}

/// Number of chunks of a string of `len` bytes; `None` when it is empty or has 2³² chunks or more.
pub fn data_chunks(len: u64) -> Option<u32> {
	u32::try_from(len.div_ceil(CHUNK_BYTES.into())).ok().filter(|chunks| *chunks > 0)
}

/// Offset and length of a chunk in a string of `len` bytes.
fn chunk_range(index: u32, len: u64) -> Option<(u64, u64)> {
	let offset = u64::from(index).checked_mul(CHUNK_BYTES.into())?;
	Some((offset, len.checked_sub(offset)?.min(CHUNK_BYTES.into())))
}

impl ChunksOpening {
	/// Checks that the string with this root and length has these chunks.
	pub fn verify(&self, root: &Root, len: u64) -> Result<OpenedChunks<'_>, OpeningError> {
		let count = data_chunks(len).ok_or(OpeningError::OutOfRange)?;
		check_order(self.chunks.iter().map(|chunk| chunk.index), count)?;
		let mut leaves = Vec::with_capacity(self.chunks.len());
		for chunk in &self.chunks {
			let range = chunk_range(chunk.index, len);
			let (offset, size) = range.ok_or(OpeningError::OutOfRange)?;
			if chunk.bytes.len() as u64 != size {
				return Err(OpeningError::BadLength);
			}
			let hash = group_hash(&chunk.bytes, offset, count == 1);
			leaves.push((chunk.index, hash.ok_or(OpeningError::BadLength)?));
		}
		let folded = fold(&Blake3Tree, count, &leaves, &self.siblings);
		if folded.as_ref() != Some(root) {
			return Err(OpeningError::NotInRoot);
		}
		Ok(OpenedChunks { chunks: &self.chunks })
	}
}

/// Chunks that are proven to be in a string.
#[derive(Clone, Copy, Debug)]
pub struct OpenedChunks<'a> {
	chunks: &'a [Chunk],
}

impl<'a> OpenedChunks<'a> {
	/// The chunks, in order of index.
	pub fn chunks(&self) -> &'a [Chunk] {
		self.chunks
	}

	/// The byte at `offset`; `None` when beyond the end or not opened.
	pub fn byte(&self, offset: u64) -> Option<u8> {
		self.find_byte(offset).map(|(_, byte)| byte)
	}

	/// [`OpenedChunks::byte`] with the position in [`OpenedChunks::chunks`] of the chunk that holds it.
	pub fn find_byte(&self, offset: u64) -> Option<(usize, u8)> {
		let index = u32::try_from(offset.checked_div(CHUNK_BYTES.into())?).ok()?;
		let position = self.chunks.binary_search_by_key(&index, |chunk| chunk.index).ok()?;
		let within = usize::try_from(offset.checked_rem(CHUNK_BYTES.into())?).ok()?;
		let byte = self.chunks.get(position)?.bytes.get(within)?;
		Some((position, *byte))
	}

	/// Fills `out` with the bytes from `offset`; `None` when one is missing.
	pub fn read(&self, offset: u64, out: &mut [u8]) -> Option<()> {
		for (offset, out) in (offset..).zip(out) {
			*out = self.byte(offset)?;
		}
		Some(())
	}
}

/// The tree of a string with all its nodes in memory.
#[derive(Clone, Debug)]
pub struct DataTree {
	len: u64,
	tree: Tree<Blake3Tree>,
}

impl DataTree {
	/// Tree of a string. `None` when it is empty or has 2³² chunks or more.
	pub fn new(data: &[u8]) -> Option<Self> {
		let len = data.len() as u64;
		let whole = data_chunks(len)? == 1;
		let offsets = (0u64..).step_by(CHUNK_BYTES as usize);
		let chunks = data.chunks(CHUNK_BYTES as usize);
		let hashes = chunks.zip(offsets).map(|(chunk, offset)| group_hash(chunk, offset, whole));
		Some(Self { len, tree: Tree::new(Blake3Tree, hashes.collect::<Option<_>>()?)? })
	}

	/// Root of the string.
	pub fn root(&self) -> Root {
		self.tree.top().unwrap_or_default() // A string that has a tree has at least one chunk.
	}

	/// Proof of some chunks, read from `data`, the string that the tree was made from. `None` unless
	/// the indices are strictly ascending, in range, and between 1 and [`MAX_CHUNKS`].
	pub fn open(&self, indices: &[u32], data: &[u8]) -> Option<ChunksOpening> {
		let siblings = self.tree.siblings(indices)?.try_into().ok()?;
		let chunk = |index: &u32| {
			let (offset, len) = chunk_range(*index, self.len)?;
			let rest = data.get(usize::try_from(offset).ok()?..)?;
			let bytes = rest.get(..usize::try_from(len).ok()?)?.to_vec();
			Some(Chunk { index: *index, bytes: bytes.try_into().ok()? })
		};
		let chunks: Vec<Chunk> = indices.iter().map(chunk).collect::<Option<_>>()?;
		Some(ChunksOpening { chunks: chunks.try_into().ok()?, siblings })
	}
}
