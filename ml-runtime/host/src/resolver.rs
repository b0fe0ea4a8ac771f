//! Where the blobs come from that workers need.

use std::{
	path::PathBuf,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc,
	},
};

use assay_blobs::{BlobKey, BlobStore};

/// Says that something is no longer wanted. Clones say the same.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
	/// Whether it is no longer wanted.
	pub fn is_cancelled(&self) -> bool {
		self.0.load(Ordering::Acquire)
	}

	/// Says so.
	pub fn cancel(&self) {
		self.0.store(true, Ordering::Release);
	}

	/// Whether the other is a clone of this.
	pub(crate) fn is(&self, other: &Self) -> bool {
		Arc::ptr_eq(&self.0, &other.0)
	}
}

/// Finds blobs.
pub trait BlobResolver: Send + Sync + 'static {
	/// The file that holds the blob, fetched from elsewhere if need be. `None` when it cannot be had now.
	///
	/// Called on a thread of its own, so it may block; it should return soon once `cancel` says so. The
	/// content of the file must have been checked, and must not change.
	fn resolve(&self, key: &BlobKey, cancel: &CancelToken) -> Option<PathBuf>;
}

/// Finds what is in the store, nothing else.
#[derive(Clone, Debug)]
pub struct StoreResolver(pub Arc<BlobStore>);

impl BlobResolver for StoreResolver {
	fn resolve(&self, key: &BlobKey, _cancel: &CancelToken) -> Option<PathBuf> {
		self.0.path(key)
	}
}
