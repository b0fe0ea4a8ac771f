//! The host: what a node holds.

use std::{
	fs, io,
	sync::{
		atomic::{AtomicBool, AtomicU64, Ordering},
		Arc, Condvar, Mutex, MutexGuard, PoisonError,
	},
	thread::{self, JoinHandle},
	time::Instant,
};

use assay_blobs::{list_key, BlobStore, ListTag, Root};
use assay_host_functions::{Executor, SubmitError};
use assay_worker_protocol::{Hello, JobId, JobStatus, Progress};

use crate::{
	error::at,
	folders::{FolderName, Folders},
	jobs::JobInfo,
	journal::Journal,
	logbook::Logbook,
	process::Worker,
	queue::{Lane, Phase, Queue, Run},
	resolver::{BlobResolver, CancelToken},
	slot, HostConfig, HostError,
};

/// How busy a host is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostStats {
	/// Jobs that wait.
	pub queued: usize,
	/// Jobs that run.
	pub running: usize,
	/// Jobs that have ended and are remembered.
	pub finished: usize,
	/// Attempts that failed since the host started.
	pub failed_attempts: u64,
}

/// Supervises workers. Clones are the same host; it ends, and its workers with it, when the last is
/// dropped.
#[derive(Clone)]
pub struct Host {
	inner: Arc<Inner>,
	_threads: Arc<Threads>,
}

/// What host and slots share.
pub(crate) struct Inner {
	pub(crate) config: HostConfig,
	pub(crate) journal: Journal,
	pub(crate) folders: Folders,
	pub(crate) store: Arc<BlobStore>,
	pub(crate) resolver: Arc<dyn BlobResolver>,
	pub(crate) log: Arc<Logbook>,
	queue: Mutex<Queue>,
	changed: Condvar,
	stopping: AtomicBool,
	failed_attempts: AtomicU64,
}

/// The slots; dropping it stops them.
struct Threads {
	inner: Arc<Inner>,
	slots: Vec<JoinHandle<()>>,
}

impl Drop for Threads {
	fn drop(&mut self) {
		self.inner.stop();
		for slot in self.slots.drain(..) {
			let _ = slot.join();
		}
	}
}

impl Host {
	/// Starts a host, and with it the jobs that its journal says have not ended.
	pub fn start(
		mut config: HostConfig,
		store: Arc<BlobStore>,
		resolver: impl BlobResolver,
	) -> Result<Self, HostError> {
		locate(&mut config)?;
		let folders = Folders::open(config.base.join("tasks"))?;
		let (journal, found) = Journal::open(config.base.join("jobs"))?;
		let mut queue = Queue::default();
		for found in found {
			match found.status {
				None => queue.push_found(found.id, &found.job),
				Some(status) => {
					let again = status.may_change().then(Instant::now);
					queue.push_finished(found.id, &found.job, again);
				},
			}
		}
		let inner = Arc::new(Inner {
			log: Arc::new(Logbook::new(config.log_lines)),
			config,
			journal,
			folders,
			store,
			resolver: Arc::new(resolver),
			queue: Mutex::new(queue),
			changed: Condvar::new(),
			stopping: AtomicBool::new(false),
			failed_attempts: AtomicU64::new(0),
		});
		inner.forget_old(&mut inner.queue());
		// Whatever was started is stopped if a later thread cannot be.
		let mut threads = Threads { inner: inner.clone(), slots: Vec::new() };
		let general = std::iter::repeat_n(Lane::General, inner.config.general_slots);
		let urgent = std::iter::repeat_n(Lane::Urgent, inner.config.urgent_slots);
		for lane in general.chain(urgent) {
			let inner = inner.clone();
			let thread = thread::Builder::new().name("executor-slot".into());
			let slot = thread.spawn(move || slot::run(&inner, lane));
			threads.slots.push(slot.map_err(at("executor-slot".as_ref()))?);
		}
		Ok(Self { inner, _threads: Arc::new(threads) })
	}

	/// Starts a worker, looks who it is, and ends it: a node that begins with this fails early and says
	/// why.
	pub fn probe(config: &HostConfig) -> Result<Hello, HostError> {
		let mut config = config.clone();
		locate(&mut config)?;
		fs::create_dir_all(&config.base).map_err(at(&config.base))?;
		let log = Arc::new(Logbook::new(1));
		let worker = Worker::spawn(&config, &config.base, [log.clone(), log])?;
		worker.greet(config.hello_timeout, &CancelToken::default())
	}

	/// How busy the host is.
	pub fn stats(&self) -> HostStats {
		let queue = self.inner.queue();
		HostStats {
			queued: queue.waiting(),
			running: queue.running(),
			finished: queue.finished(),
			failed_attempts: self.inner.failed_attempts.load(Ordering::Relaxed),
		}
	}

	/// Where a job stands, for who only looks on: unlike [`poll`](Executor::poll), it does not ask for it.
	pub fn status(&self, id: JobId) -> JobStatus {
		self.inner.status(id)
	}

	/// All jobs that the host knows, by task, attempt and kind. Reads from disk how they ended.
	pub fn jobs(&self) -> Vec<JobInfo> {
		let mut jobs = self.inner.queue().jobs();
		for job in jobs.iter_mut().filter(|job| job.status == JobStatus::Unknown) {
			job.status = self.inner.status(job.id);
		}
		// Some may have been forgotten meanwhile.
		jobs.retain(|job| job.status != JobStatus::Unknown);
		jobs
	}

	/// The last lines that workers wrote to their error output, oldest first.
	pub fn log(&self, most: usize) -> Vec<String> {
		self.inner.log.last(most)
	}

	/// The store that workers publish to.
	pub fn store(&self) -> &Arc<BlobStore> {
		&self.inner.store
	}
}

/// Makes the worker's path absolute, since workers start in folders of their own.
fn locate(config: &mut HostConfig) -> Result<(), HostError> {
	let path = config.worker.display().to_string();
	let failed = |source| HostError::Spawn { path: path.clone(), source };
	let worker = config.worker.canonicalize().map_err(failed)?;
	if !worker.is_file() {
		return Err(failed(io::ErrorKind::NotFound.into()));
	}
	config.worker = worker;
	Ok(())
}

impl Executor for Host {
	fn submit(&self, job: &[u8]) -> Result<u64, SubmitError> {
		self.inner.submit(job)
	}

	fn poll(&self, id: u64) -> JobStatus {
		self.inner.ask_for(id);
		self.inner.status(id)
	}

	fn cancel(&self, id: u64) -> bool {
		// Under the lock, so that a job which is submitted again keeps its file.
		self.inner.cancel(&mut self.inner.queue(), id)
	}

	fn prefix(&self, list: &Root, states: u32) -> Option<Root> {
		let list = self.inner.store.read_list(ListTag::States, list).ok()?;
		Some(*list_key(ListTag::States, list.get(..states as usize)?).root())
	}
}

impl Inner {
	pub(crate) fn queue(&self) -> MutexGuard<'_, Queue> {
		self.queue.lock().unwrap_or_else(PoisonError::into_inner)
	}

	fn status(&self, id: JobId) -> JobStatus {
		match self.queue().phase(id) {
			None => JobStatus::Unknown,
			Some(Phase::Queued) => JobStatus::Queued,
			Some(Phase::Running(run)) => JobStatus::Running(run.progress),
			Some(Phase::Finished { .. }) => self.journal.status(id).unwrap_or(JobStatus::Unknown),
		}
	}

	/// Waits for a job; `None` when the host stops.
	pub(crate) fn next(&self, lane: Lane) -> Option<(JobId, CancelToken)> {
		let mut queue = self.queue();
		loop {
			if self.is_stopping() {
				return None;
			}
			if let Some(next) = queue.next(lane) {
				return Some(next);
			}
			queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
		}
	}

	/// Takes note of a run's progress.
	pub(crate) fn progress(&self, id: JobId, token: &CancelToken, progress: Progress) {
		if let Some(run) = self.queue().run(id, token) {
			run.progress = progress;
		}
	}

	/// Takes note whether a run waits for blobs.
	pub(crate) fn set_starving(&self, id: JobId, token: &CancelToken, starves: bool) {
		if let Some(run) = self.queue().run(id, token) {
			run.set_starving(starves);
		}
	}

	/// Whether a run that waits for blobs has to go on without them from now on.
	pub(crate) fn does_without(&self, id: JobId, token: &CancelToken) -> bool {
		self.queue().run(id, token).is_some_and(Run::does_without)
	}

	/// Takes note of a run's end.
	pub(crate) fn finish(&self, id: JobId, token: &CancelToken, status: &JobStatus) {
		let mut queue = self.queue();
		let again = status.may_change().then(|| Instant::now() + self.config.retry_after);
		if !queue.finish(id, token, again) {
			return;
		}
		if let Err(error) = self.journal.put_status(id, status) {
			// The result is lost; forgetting the job lets it be submitted again.
			log::error!("cannot write the end of job {id:016x} to the journal: {error}");
			queue.drop_finished(id);
			self.journal.remove(id);
		}
		self.forget_old(&mut queue);
	}

	/// Takes note that a run ended without an end of its job: it was cancelled, or gave way.
	pub(crate) fn put_back(&self, id: JobId, token: &CancelToken) {
		self.queue().put_back(id, token, &self.config);
	}

	fn forget_old(&self, queue: &mut Queue) {
		while let Some(id) = queue.forget(self.config.max_finished) {
			self.journal.remove(id);
		}
	}

	/// Lets slots look for jobs that are new, or had to wait for another.
	pub(crate) fn wake(&self) {
		self.changed.notify_all();
	}

	/// Folders that must not be removed.
	pub(crate) fn folders_in_use(&self) -> std::collections::HashSet<FolderName> {
		self.queue().folders()
	}

	pub(crate) fn count_restart(&self) {
		self.failed_attempts.fetch_add(1, Ordering::Relaxed);
	}

	pub(crate) fn is_stopping(&self) -> bool {
		self.stopping.load(Ordering::Acquire)
	}

	fn stop(&self) {
		let queue = self.queue();
		self.stopping.store(true, Ordering::Release);
		queue.stop_all();
		self.changed.notify_all();
	}
}
