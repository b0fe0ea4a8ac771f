//! Puts a blob together from the answers of peers that may lie.

use std::{path::PathBuf, sync::Arc};

use crate::{
	chunk::{chunks_of, range_of},
	partial::{self, Partial},
	store::lock,
	BlobKey, BlobStore, ChunkIndex, ChunkResponse, StoreError,
};

/// Why a chunk was not taken. What was received before stands.
#[derive(Debug, thiserror::Error)]
pub enum ChunkError {
	/// The peer lies about the blob's length, or the blob is larger than one may be here.
	#[error("bad length: {0}")]
	Length(StoreError),
	/// The peer's answer contradicts the length that is known.
	#[error("{said} bytes said, {known} known")]
	OtherLength {
		/// By the peer.
		said: u64,
		/// From the last chunk.
		known: u64,
	},
	/// The chunk does not belong to the blob, there.
	#[error("the chunk does not verify")]
	Unproven,
	/// Another chunk was asked for before the last one proved the length.
	#[error("the last chunk has to come first")]
	LengthUnknown,
	/// This disk, not the peer.
	#[error(transparent)]
	Store(#[from] StoreError),
}

impl ChunkError {
	/// Whether an honest peer could not have sent this.
	pub fn is_peers_fault(&self) -> bool {
		match self {
			Self::OtherLength { .. }
			| Self::Unproven
			| Self::Length(StoreError::NotAList { .. } | StoreError::Empty) => true,
			Self::Length(_) | Self::LengthUnknown | Self::Store(_) => false,
		}
	}
}

/// Receives one blob.
///
/// Ask peers for the chunks that are [`wanted`](Self::wanted), [`accept`](Self::accept) their answers in
/// any order and from any peer, and [`finish`](Self::finish) when nothing is missing. What was received
/// of a `Bytes` blob stays on disk when the assembler is dropped, and the next one goes on from there.
///
/// The last chunk comes first, since its proof is what fixes the length of a `Bytes` blob. The chunks of
/// a `List` have no proofs: ask one peer for all of them, and distrust it if `finish` fails.
#[derive(Debug)]
pub struct ChunkAssembler {
	store: Arc<BlobStore>,
	key: BlobKey,
	partial: Option<Partial>,
	reserved: u64,
}

impl ChunkAssembler {
	/// Starts to receive a blob, or goes on where an earlier attempt ended.
	///
	/// Fails when the blob is being received already or no longer fits into the store.
	pub fn begin(store: &Arc<BlobStore>, key: BlobKey) -> Result<Self, StoreError> {
		if !lock(&store.receiving).insert(key) {
			return Err(StoreError::Busy(key));
		}
		let mut assembler = Self { store: store.clone(), key, partial: None, reserved: 0 };
		if let BlobKey::Bytes(_) = key {
			if let Some(partial) = Partial::resume(store, &key) {
				assembler.reserve(partial.len)?;
				assembler.partial = Some(partial);
			}
		}
		Ok(assembler)
	}

	fn reserve(&mut self, len: u64) -> Result<(), StoreError> {
		self.store.reserve(len)?.keep();
		self.reserved = len;
		Ok(())
	}

	/// The blob.
	pub fn key(&self) -> &BlobKey {
		&self.key
	}

	/// At most `most` chunks that are missing; first of all the last one alone. Empty when complete.
	pub fn wanted(&self, most: usize) -> Vec<ChunkIndex> {
		match &self.partial {
			None => vec![ChunkIndex::Last],
			Some(partial) => partial.wanted(most).map(ChunkIndex::At).collect(),
		}
	}

	/// Chunks received, and chunks in all once that is known.
	pub fn progress(&self) -> (u32, Option<u32>) {
		match &self.partial {
			None => (0, None),
			Some(partial) => (partial.chunks() - partial.missing(), Some(partial.chunks())),
		}
	}

	/// Whether nothing is missing.
	pub fn is_complete(&self) -> bool {
		self.partial.as_ref().is_some_and(|partial| partial.missing() == 0)
	}

	/// Takes the answer to a request for `asked`, if it verifies. Says whether it was new.
	pub fn accept(&mut self, asked: ChunkIndex, chunk: &ChunkResponse) -> Result<bool, ChunkError> {
		let len = chunk.total_len;
		self.store.check_len(&self.key, len).map_err(ChunkError::Length)?;
		let last = chunks_of(len).map_or(0, |chunks| chunks.saturating_sub(1));
		let index = match (asked, &self.partial) {
			(ChunkIndex::Last, _) => last,
			(ChunkIndex::At(_), None) => return Err(ChunkError::LengthUnknown),
			(ChunkIndex::At(index), Some(_)) => index,
		};
		if let Some(known) = self.partial.as_ref().map(|partial| partial.len) {
			if known != len {
				return Err(ChunkError::OtherLength { said: len, known });
			}
		}
		if !self.verifies(index, chunk) {
			return Err(ChunkError::Unproven);
		}
		let partial = match &mut self.partial {
			Some(partial) => partial,
			None => {
				self.reserve(len)?;
				self.partial.insert(Partial::create(&self.store, &self.key, len)?)
			},
		};
		Ok(partial.write(index, &chunk.bytes)?)
	}

	fn verifies(&self, index: u32, chunk: &ChunkResponse) -> bool {
		match &self.key {
			BlobKey::Bytes(root) => chunk.proves(root, index),
			BlobKey::List { .. } | BlobKey::Tiles { .. } => {
				let size = range_of(index, chunk.total_len).map(|(_, size)| size);
				size == Some(chunk.bytes.len()) && chunk.siblings.is_empty()
			},
		}
	}

	/// Checks the whole blob once more and moves it into the store; returns where it lies.
	///
	/// Fails with [`StoreError::WrongContent`] when a list is not what its key says or the disk changed
	/// what was written; then everything received is thrown away. Fails with [`StoreError::Missing`] when
	/// chunks are missing; then nothing is.
	pub fn finish(mut self) -> Result<PathBuf, StoreError> {
		if !self.is_complete() {
			return Err(StoreError::Missing(self.key));
		}
		let partial = self.partial.take().ok_or(StoreError::Missing(self.key))?;
		let already = self.store.has(&self.key);
		if already {
			partial::discard(&self.store, &self.key)?;
		} else if let Err(error) = partial.finish(&self.store, &self.key) {
			if let StoreError::WrongContent { .. } = error {
				partial::discard(&self.store, &self.key)?;
			}
			return Err(error);
		} else {
			// The room is the blob's now.
			self.reserved = 0;
		}
		Ok(self.store.place(&self.key))
	}
}

impl Drop for ChunkAssembler {
	fn drop(&mut self) {
		self.store.release(self.reserved);
		lock(&self.store.receiving).remove(&self.key);
	}
}
