//! Blobs on their way to and from one worker.

use std::{
	collections::{BTreeMap, BTreeSet},
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
	running: usize,
	/// Those of them that bring blobs which the worker is owed an answer about.
	sought: BTreeMap<BlobKey, CancelToken>,
	/// Those of these that it waits for.
	awaited: BTreeSet<BlobKey>,
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
			running: 0,
			sought: BTreeMap::new(),
			awaited: BTreeSet::new(),
		}
	}

	/// Looks for a blob, unless that is done already; the answer comes as [`Event::Resolved`].
	pub(crate) fn need(&mut self, key: BlobKey) -> Result<(), String> {
		if !self.sought.contains_key(&key) {
			let (resolver, token) = (self.resolver.clone(), CancelToken::default());
			self.sought.insert(key, token.clone());
			self.run(move || {
				let path = resolver.resolve(&key, &token);
				Event::Resolved(key, token, path)
			})?;
		}
		self.awaited.insert(key);
		Ok(())
	}

	/// The worker goes on without a blob. It is looked for all the same.
	pub(crate) fn forgo(&mut self, key: &BlobKey) {
		self.awaited.remove(key);
	}

	/// Whether the worker waits for a blob.
	pub(crate) fn are_awaited(&self) -> bool {
		!self.awaited.is_empty()
	}

	/// Stops looking for what the worker waits for; what to tell it.
	pub(crate) fn give_up(&mut self) -> Vec<HostMessage> {
		let awaited = std::mem::take(&mut self.awaited);
		let give_up = |key| {
			if let Some(token) = self.sought.remove(&key) {
				token.cancel();
			}
			HostMessage::Unavailable { key }
		};
		awaited.into_iter().map(give_up).collect()
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

	/// What to tell the worker about a blob that it needs; nothing where it was told already.
	pub(crate) fn resolved(
		&mut self,
		key: BlobKey,
		token: &CancelToken,
		path: Option<PathBuf>,
	) -> Option<HostMessage> {
		self.running = self.running.saturating_sub(1);
		if !self.sought.get(&key).is_some_and(|sought| sought.is(token)) {
			return None;
		}
		self.sought.remove(&key);
		self.awaited.remove(&key);
		Some(match path.as_deref().and_then(PathText::new) {
			Some(path) => HostMessage::Have { key, path },
			None => HostMessage::Unavailable { key },
		})
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
		self.sought.values().for_each(CancelToken::cancel);
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

#[cfg(test)]
mod tests {
	use std::{
		sync::mpsc::{sync_channel, Receiver},
		time::Duration,
	};

	use assay_blobs::Limits;
	use tempfile::TempDir;

	use super::*;

	/// Looks until it is told to stop.
	struct Seeking;

	impl BlobResolver for Seeking {
		fn resolve(&self, _key: &BlobKey, cancel: &CancelToken) -> Option<PathBuf> {
			while !cancel.is_cancelled() {
				thread::sleep(Duration::from_millis(1));
			}
			Some(PathBuf::from("late"))
		}
	}

	const KEY: BlobKey = BlobKey::Bytes([1; 32]);

	fn transfers() -> (TempDir, Transfers, Receiver<Event>) {
		let folder = TempDir::new().unwrap();
		let store = Arc::new(BlobStore::open(folder.path(), Limits::default()).unwrap());
		let (sender, events) = sync_channel(8);
		let transfers = Transfers::new(store, Arc::new(Seeking), sender, folder.path().into());
		(folder, transfers, events)
	}

	#[test]
	fn blob_should_be_answered_once_when_it_was_given_up_and_asked_for_again() {
		let (_folder, mut transfers, events) = transfers();
		transfers.need(KEY).unwrap();
		assert_eq!(transfers.give_up(), [HostMessage::Unavailable { key: KEY }]);
		assert!(!transfers.are_awaited());
		transfers.need(KEY).unwrap();
		let Ok(Event::Resolved(key, token, path)) = events.recv() else { panic!("it ends") };
		assert_eq!(transfers.resolved(key, &token, path), None);
		assert!(transfers.are_awaited(), "the second time has no answer yet");
		assert_eq!(transfers.running, 1);
	}

	#[test]
	fn blob_should_be_sought_once_when_it_was_forgone_and_asked_for_again() {
		let (_folder, mut transfers, events) = transfers();
		transfers.need(KEY).unwrap();
		transfers.forgo(&KEY);
		assert!(!transfers.are_awaited());
		assert_eq!(transfers.give_up(), [], "nothing is waited for");
		transfers.need(KEY).unwrap();
		assert!(transfers.are_awaited());
		assert_eq!(transfers.running, 1);
		transfers.sought.values().for_each(CancelToken::cancel);
		let Ok(Event::Resolved(key, token, path)) = events.recv() else { panic!("it ends") };
		let path_text = PathText::new(Path::new("late")).unwrap();
		let have = HostMessage::Have { key: KEY, path: path_text };
		assert_eq!(transfers.resolved(key, &token, path), Some(have));
		assert!(!transfers.are_awaited());
	}
}
