//! What can go wrong in a store.

use std::{io, path::Path};

use crate::BlobKey;

/// Why the store did not do what it was asked. The store is as it was before, except that a damaged
/// blob is moved aside.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
	/// The disk.
	#[error("{path}: {source}")]
	Io {
		/// What was accessed.
		path: String,
		/// What happened.
		source: io::Error,
	},
	/// There is no such blob here.
	#[error("blob {0} is not in the store")]
	Missing(BlobKey),
	/// There is nothing in it.
	#[error("a blob cannot be empty")]
	Empty,
	/// The blob is larger than one may be.
	#[error("a blob of {len} bytes is larger than {max}")]
	TooLarge {
		/// Its size.
		len: u64,
		/// The largest possible.
		max: u64,
	},
	/// The store has no room for the blob.
	#[error("{len} bytes do not fit: {used} of {max} bytes of the store are used")]
	Full {
		/// Size of the blob.
		len: u64,
		/// Used, with what is being written.
		used: u64,
		/// Size of the store.
		max: u64,
	},
	/// The content is not what the key says.
	#[error("content is {found}, not {expected}")]
	WrongContent {
		/// The key that was given.
		expected: BlobKey,
		/// The key of the content.
		found: BlobKey,
	},
	/// A list's size is no multiple of 32, or that of another number of tiles than its key says.
	#[error("{len} bytes are no list of 32-byte leaves, or not of as many as the key says")]
	NotAList {
		/// Size of the content.
		len: u64,
	},
	/// A blob that was in the store is damaged; it is moved aside.
	#[error("blob {0} is damaged")]
	Damaged(BlobKey),
	/// Somebody else puts this blob together.
	#[error("blob {0} is being received already")]
	Busy(BlobKey),
}

/// Names the path in an error of the disk.
pub(crate) fn at(path: &Path) -> impl FnOnce(io::Error) -> StoreError + '_ {
	move |source| StoreError::Io { path: path.display().to_string(), source }
}
