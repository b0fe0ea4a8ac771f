//! Downloads that run by themselves, and where they stand.

use super::fetch::{Fetcher, Peers, Watcher};
use assay_blobs::BlobKey;
use std::{
	collections::HashMap,
	sync::{
		atomic::{AtomicBool, Ordering},
		Arc, Mutex, MutexGuard, PoisonError,
	},
	thread,
};

/// Downloads that may run at the same time.
const MAX_RUNNING: usize = 8;
/// Failed downloads that nobody asked about yet.
const MAX_FAILED: usize = 64;

/// Where a download stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Download {
	/// The blob is here, so many bytes.
	Here(u64),
	/// Chunks that came, and chunks in all once that is known.
	Running(u32, Option<u32>),
	/// It was given up; the next call starts anew.
	Failed(String),
}

/// The download was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotStarted {
	/// Enough others run.
	#[error("{MAX_RUNNING} downloads run already")]
	TooMany,
	/// The system has no thread for it.
	#[error("no thread for a download: {0}")]
	NoThread(String),
}

type States = Mutex<HashMap<BlobKey, Download>>;

fn lock(states: &States) -> MutexGuard<'_, HashMap<BlobKey, Download>> {
	states.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Downloads on threads of their own. Dropping it stops them.
pub(crate) struct Downloads<P: Peers> {
	fetcher: Arc<Fetcher<P>>,
	states: Arc<States>,
	stopped: Arc<AtomicBool>,
}

impl<P: Peers> Downloads<P> {
	/// None yet.
	pub(crate) fn new(fetcher: Arc<Fetcher<P>>) -> Self {
		Self { fetcher, states: Arc::default(), stopped: Arc::default() }
	}

	/// What downloads use.
	pub(crate) fn fetcher(&self) -> &Arc<Fetcher<P>> {
		&self.fetcher
	}

	/// Starts the download of a blob that is not here and not under way; says where it stands. That one
	/// failed is said once.
	pub(crate) fn fetch(&self, key: BlobKey) -> Result<Download, NotStarted> {
		if let Some(size) = self.fetcher.store().size(&key) {
			lock(&self.states).remove(&key);
			return Ok(Download::Here(size));
		}
		let mut states = lock(&self.states);
		match states.get(&key) {
			Some(running @ Download::Running(..)) => return Ok(running.clone()),
			Some(Download::Failed(_)) => {
				return Ok(states.remove(&key).unwrap_or(Download::Failed(String::new())));
			},
			Some(Download::Here(_)) | None => {},
		}
		let running = states.values().filter(|s| matches!(s, Download::Running(..))).count();
		if running >= MAX_RUNNING {
			return Err(NotStarted::TooMany);
		}
		if states.len() >= MAX_RUNNING + MAX_FAILED {
			states.retain(|_, state| matches!(state, Download::Running(..)));
		}
		let watcher = Watch { key, states: self.states.clone(), stopped: self.stopped.clone() };
		let fetcher = self.fetcher.clone();
		// It takes note of progress only after this call has let go of the states.
		thread::Builder::new()
			.name("blob-download".into())
			.spawn(move || watcher.run(&fetcher))
			.map_err(|error| NotStarted::NoThread(error.to_string()))?;
		states.insert(key, Download::Running(0, None));
		Ok(Download::Running(0, None))
	}
}

impl<P: Peers> Drop for Downloads<P> {
	fn drop(&mut self) {
		self.stopped.store(true, Ordering::Release);
	}
}

/// Takes note of a download's progress.
struct Watch {
	key: BlobKey,
	states: Arc<States>,
	stopped: Arc<AtomicBool>,
}

impl Watch {
	fn run<P: Peers>(&self, fetcher: &Fetcher<P>) {
		let result = fetcher.fetch(&self.key, self);
		let mut states = lock(&self.states);
		match result {
			Ok(_) => drop(states.remove(&self.key)),
			Err(error) => drop(states.insert(self.key, Download::Failed(error.to_string()))),
		}
	}
}

impl Watcher for Watch {
	fn is_gone(&self) -> bool {
		self.stopped.load(Ordering::Acquire)
	}

	fn progress(&self, have: u32, total: Option<u32>) {
		lock(&self.states).insert(self.key, Download::Running(have, total));
	}
}
