//! What one node asks another, and the answer.

use std::{
	fs::{self, File},
	io::{Read, Seek, SeekFrom},
	sync::Arc,
};

use assay_commitment::{Blake3Tree, Root};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

use crate::{
	chunk::{chunks_of, range_of},
	error::at,
	hashing::ChunkTree,
	store::lock,
	BlobKey, BlobStore, ChunkIndex, ChunkResponse, StoreError,
};

/// How many trees of large blobs stay in memory.
const CACHED_TREES: usize = 8;

/// Asks for one chunk of a blob.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct BlobRequest {
	/// The blob.
	pub key: BlobKey,
	/// The chunk.
	pub chunk: ChunkIndex,
}

/// Answers a [`BlobRequest`]. At most [`max_encoded_len`](MaxEncodedLen::max_encoded_len) bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum BlobResponse {
	/// The chunk.
	#[codec(index = 0)]
	Chunk(ChunkResponse),
	/// The blob is not here.
	#[codec(index = 1)]
	NotFound,
	/// The blob has no such chunk.
	#[codec(index = 2)]
	OutOfRange,
	/// The blob could not be read.
	#[codec(index = 3)]
	Failed,
}

/// Answers a request from a store. Costs one read of a chunk, and, the first time for a large blob that
/// lacks its tree, hashing the blob.
pub fn serve(store: &BlobStore, request: &BlobRequest) -> BlobResponse {
	match store.read_chunk(&request.key, request.chunk) {
		Ok(Some(chunk)) => BlobResponse::Chunk(chunk),
		Ok(None) => BlobResponse::OutOfRange,
		Err(StoreError::Missing(_) | StoreError::Damaged(_)) => BlobResponse::NotFound,
		Err(error) => {
			log::warn!("cannot serve blob {}: {error}", request.key);
			BlobResponse::Failed
		},
	}
}

impl BlobStore {
	/// A chunk of a blob with its proof; `None` when the blob has no such chunk.
	pub fn read_chunk(
		&self,
		key: &BlobKey,
		index: ChunkIndex,
	) -> Result<Option<ChunkResponse>, StoreError> {
		let (mut file, total_len) = self.open_blob(key)?;
		let Some(last) = chunks_of(total_len).and_then(|chunks| chunks.checked_sub(1)) else {
			return Err(self.quarantine(key));
		};
		let index = match index {
			ChunkIndex::Last => last,
			ChunkIndex::At(index) => index,
		};
		let Some((offset, size)) = range_of(index, total_len) else { return Ok(None) };
		let mut bytes = vec![0; size];
		file.seek(SeekFrom::Start(offset))
			.and_then(|_| file.read_exact(&mut bytes))
			.map_err(at(&self.place(key)))?;
		let siblings = match key {
			BlobKey::Bytes(root) if last > 0 => {
				let tree = self.tree(root, &mut file, total_len)?;
				tree.siblings(&[index]).unwrap_or_default()
			},
			BlobKey::Bytes(_) | BlobKey::List { .. } | BlobKey::Tiles { .. } => Vec::new(),
		};
		let chunk = ChunkResponse {
			total_len,
			bytes: bytes.try_into().unwrap_or_default(),
			siblings: siblings.try_into().unwrap_or_default(),
		};
		match key {
			BlobKey::Bytes(root) if !chunk.proves(root, index) => Err(self.quarantine(key)),
			_ => Ok(Some(chunk)),
		}
	}

	/// The tree of a large blob: from memory, from its file, or made anew.
	fn tree(&self, root: &Root, file: &mut File, len: u64) -> Result<Arc<ChunkTree>, StoreError> {
		if let Some(tree) = lock(&self.trees).get(root) {
			return Ok(tree.clone());
		}
		let key = BlobKey::Bytes(*root);
		let tree = match self.stored_tree(root, len) {
			Some(tree) => tree,
			None => {
				file.rewind().map_err(at(&self.place(&key)))?;
				let checked = self.check_content(&key, file, len, |_| Ok(()));
				let tree = self.quarantine_if_damaged(&key, checked)?;
				let tree = tree.ok_or(StoreError::Missing(key))?;
				self.keep_tree(&key, Some(tree.clone()))?;
				tree
			},
		};
		let tree = Arc::new(tree);
		let mut trees = lock(&self.trees);
		if trees.len() >= CACHED_TREES {
			trees.clear();
		}
		trees.insert(*root, tree.clone());
		Ok(tree)
	}

	fn stored_tree(&self, root: &Root, len: u64) -> Option<ChunkTree> {
		let bytes = fs::read(self.tree_place(root)).ok()?;
		let hashes = Vec::<Root>::decode(&mut &bytes[..]).ok()?;
		let tree = ChunkTree::new(Blake3Tree, hashes)?;
		(tree.top() == Some(*root) && Some(tree.len()) == chunks_of(len)).then_some(tree)
	}
}
