//! Blobs on their way to and from one worker.

use std::{
	path::{Path, PathBuf},
	sync::{mpsc::SyncSender, Arc},
	thread,
};

use assay_blobs::{BlobKey, BlobStore, ListTag};
use assay_worker_protocol::{HostMessage, Outcome, PathText, Trained};

use crate::{
	process::Event,
	resolver::{BlobResolver, CancelToken},
};

/// Blobs that one worker may wait for at the same time.
const MAX_TRANSFERS: usize = 32;

/// The transfers of one attempt. Dropping it tells the resolver to stop.
pub(crate) struct Transfers {
	store: Arc<BlobStore>,
	resolver: Arc<dyn BlobResolver>,
	events: SyncSender<Event>,
	folder: PathBuf,
	cancel: CancelToken,
	running: usize,
	/// Those of them that bring blobs to the worker.
	needed: usize,
}

impl Transfers {
	/// For a worker that works in this folder, which must be canonical.
	pub(crate) fn new(
		store: Arc<BlobStore>,
		resolver: Arc<dyn BlobResolver>,
		events: SyncSender<Event>,
		folder: PathBuf,
	) -> Self {
		Self {
			store,
			resolver,
			events,
			folder,
			cancel: CancelToken::default(),
			running: 0,
			needed: 0,
		}
	}

	/// Looks for a blob; the answer comes as [`Event::Resolved`].
	pub(crate) fn need(&mut self, key: BlobKey) -> Result<(), String> {
		let (resolver, cancel) = (self.resolver.clone(), self.cancel.clone());
		self.run(move || Event::Resolved(key, resolver.resolve(&key, &cancel)))?;
		self.needed += 1;
		Ok(())
	}

	/// Whether the worker waits for a blob.
	pub(crate) fn are_awaited(&self) -> bool {
		self.needed > 0
	}

	/// Puts a blob into the store; the answer comes as [`Event::Published`].
	pub(crate) fn publish(&mut self, key: BlobKey, path: PathBuf) -> Result<(), String> {
		let (store, folder) = (self.store.clone(), self.folder.clone());
		self.run(move || {
			let stored = inside(&folder, &path)
				.and_then(|path| store.put_file_as(&key, &path).map_err(|error| error.to_string()));
			Event::Published(key, stored)
		})
	}

	fn run(&mut self, work: impl FnOnce() -> Event + Send + 'static) -> Result<(), String> {
		if self.running >= MAX_TRANSFERS {
			return Err("it waits for too many blobs at once".into());
		}
		let events = self.events.clone();
		let thread = thread::Builder::new().name("worker-blob".into());
		// Nobody listens when the attempt has ended.
		let spawned = thread.spawn(move || drop(events.send(work())));
		spawned.map_err(|error| format!("no thread for a blob: {error}"))?;
		self.running += 1;
		Ok(())
	}

	/// What to tell the worker about a blob that it needs.
	pub(crate) fn resolved(&mut self, key: BlobKey, path: Option<PathBuf>) -> HostMessage {
		self.running = self.running.saturating_sub(1);
		self.needed = self.needed.saturating_sub(1);
		match path.as_deref().and_then(PathText::new) {
			Some(path) => HostMessage::Have { key, path },
			None => HostMessage::Unavailable { key },
		}
	}

	/// What to tell the worker about a blob that it published.
	pub(crate) fn published(&mut self, key: BlobKey, stored: Result<(), String>) -> HostMessage {
		self.running = self.running.saturating_sub(1);
		match stored {
			Ok(()) => HostMessage::Stored { key },
			Err(reason) => HostMessage::Refused { key, reason: reason.into() },
		}
	}

	/// The first thing that a claim of this training commits to and the store lacks.
	pub(crate) fn missing(&self, trained: &Trained) -> Option<BlobKey> {
		let list = BlobKey::List { tag: ListTag::States, root: trained.claim_root };
		if !self.store.has(&list) {
			return Some(list);
		}
		match trained.outcome {
			Outcome::NonFinite { .. } => None,
			Outcome::Completed => {
				let (tag, root) = (ListTag::Slots, trained.artifact_root);
				let Ok(tensors) = self.store.read_list(tag, &root) else {
					return Some(BlobKey::List { tag, root });
				};
				let mut tensors = tensors.into_iter().map(BlobKey::Bytes);
				tensors.find(|tensor| !self.store.has(tensor))
			},
		}
	}
}

impl Drop for Transfers {
	fn drop(&mut self) {
		self.cancel.cancel();
	}
}

/// The file that a path names, if it lies in the folder once links are followed.
fn inside(folder: &Path, path: &Path) -> Result<PathBuf, String> {
	let path = folder.join(path).canonicalize().map_err(|error| error.to_string())?;
	match path.starts_with(folder) && path.is_file() {
		true => Ok(path),
		false => Err("it is no file in the task's folder".into()),
	}
}
