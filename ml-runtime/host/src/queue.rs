//! Which jobs there are, and which are known to have ended.

mod turns;

use std::{
	collections::{HashMap, HashSet, VecDeque},
	sync::atomic::{AtomicBool, Ordering},
	time::{Duration, Instant},
};

use assay_worker_protocol::{Job, JobId, JobStatus, Progress};

use crate::{
	attention::Attention,
	folders::{self, FolderName},
	jobs::{JobInfo, JobKind, Rank},
	resolver::CancelToken,
	HostConfig,
};

/// What a slot may run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
	/// Anything, the most important first.
	General,
	/// What has a short clock only.
	Urgent,
}

/// Where a job stands.
#[derive(Debug)]
pub(crate) enum Phase {
	Queued,
	Running(Run),
	/// Ended, when it was that far; may be computed anew from then on.
	Finished {
		progress: Progress,
		again: Option<Instant>,
	},
}

/// A run of a job.
#[derive(Debug)]
pub(crate) struct Run {
	pub(crate) progress: Progress,
	cancel: CancelToken,
	lane: Lane,
	since: Instant,
	/// Time for which it, and runs of its job that others cut short, waited for blobs until it last waited
	/// for none.
	starved: Duration,
	/// Since when it waits for one.
	starves_since: Option<Instant>,
	/// Set when it has to go on without those that it waits for.
	does_without: AtomicBool,
}

impl Run {
	fn new(lane: Lane, starved: Duration) -> Self {
		Self {
			progress: Progress::default(),
			cancel: CancelToken::default(),
			lane,
			since: Instant::now(),
			starved,
			starves_since: None,
			does_without: AtomicBool::new(false),
		}
	}

	/// Takes note whether it waits for blobs.
	pub(crate) fn set_starving(&mut self, starves: bool) {
		match (self.starves_since, starves) {
			(None, true) => self.starves_since = Some(Instant::now()),
			(Some(since), false) => {
				self.starved += since.elapsed();
				self.starves_since = None;
				self.does_without.store(false, Ordering::Relaxed);
			},
			(None, false) | (Some(_), true) => {},
		}
	}

	/// Time for which it has waited for blobs.
	fn starved(&self) -> Duration {
		self.starved + self.starves_since.map_or(Duration::ZERO, |since| since.elapsed())
	}

	/// Whether it waits for a blob, and has waited for longer than it may keep its slot from its like.
	fn starves(&self, config: &HostConfig) -> bool {
		self.starves_since.is_some() && self.starved() >= config.patience
	}

	/// Whether it was told to leave its slot, or to do without blobs.
	fn is_giving_way(&self) -> bool {
		self.cancel.is_cancelled() || self.does_without.load(Ordering::Relaxed)
	}

	/// Whether it was told to go on without what it waits for; says so once.
	pub(crate) fn does_without(&mut self) -> bool {
		self.does_without.swap(false, Ordering::Relaxed)
	}
}

#[derive(Debug)]
struct Entry {
	phase: Phase,
	folder: FolderName,
	kind: JobKind,
	task: u32,
	attempt: u32,
	/// When it was last asked for.
	asked_for: Duration,
	/// Whether it was since the host started.
	is_asked_for: bool,
	/// Time for which runs that were cut short waited for blobs.
	starved: Duration,
}

impl Entry {
	fn rank(&self) -> Rank {
		self.kind.rank()
	}

	fn has_ended(&self) -> bool {
		matches!(self.phase, Phase::Finished { .. })
	}
}

/// All jobs that the host knows.
#[derive(Debug, Default)]
pub(crate) struct Queue {
	entries: HashMap<JobId, Entry>,
	waiting: VecDeque<JobId>,
	/// In order of ending.
	finished: VecDeque<JobId>,
	attention: Attention,
}

impl Queue {
	pub(crate) fn phase(&self, id: JobId) -> Option<&Phase> {
		self.entries.get(&id).map(|entry| &entry.phase)
	}

	pub(crate) fn waiting(&self) -> usize {
		self.waiting.len()
	}

	/// Whether so many jobs of this rank wait already.
	pub(crate) fn is_full(&self, rank: Rank, most: usize) -> bool {
		let of_rank = |id: &&JobId| self.entries.get(*id).is_some_and(|entry| entry.rank() == rank);
		self.waiting.iter().filter(of_rank).count() >= most
	}

	pub(crate) fn running(&self) -> usize {
		self.entries.len() - self.waiting.len() - self.finished.len()
	}

	pub(crate) fn finished(&self) -> usize {
		self.finished.len()
	}

	fn insert(&mut self, id: JobId, job: &Job, phase: Phase) {
		let context = &job.context;
		let (folder, kind) = (folders::name_of(context), JobKind::from(&job.work));
		let (task, attempt) = (context.task, context.attempt);
		let (asked_for, is_asked_for) = (self.attention.elapsed(), false);
		let starved = Duration::ZERO;
		let entry = Entry { phase, folder, kind, task, attempt, asked_for, is_asked_for, starved };
		self.entries.insert(id, entry);
	}

	/// All jobs by task, attempt and kind. How they ended is not known here: for those that have, the
	/// status is [`JobStatus::Unknown`].
	pub(crate) fn jobs(&self) -> Vec<JobInfo> {
		let info = |(id, entry): (&JobId, &Entry)| {
			let (status, progress) = match &entry.phase {
				Phase::Queued => (JobStatus::Queued, Progress::default()),
				Phase::Running(run) => (JobStatus::Running(run.progress), run.progress),
				Phase::Finished { progress, .. } => (JobStatus::Unknown, *progress),
			};
			let Entry { kind, task, attempt, .. } = *entry;
			JobInfo { id: *id, kind, task, attempt, status, progress }
		};
		let mut jobs: Vec<_> = self.entries.iter().map(info).collect();
		jobs.sort_by_key(|job| (job.task, job.attempt, job.kind, job.id));
		jobs
	}

	/// The folder of a job.
	pub(crate) fn folder(&self, id: JobId) -> Option<&FolderName> {
		self.entries.get(&id).map(|entry| &entry.folder)
	}

	/// Takes note that a job is asked for now, one that is known or not.
	pub(crate) fn ask_for(&mut self, id: JobId, config: &HostConfig) {
		// Never so far at once that a job which was asked for in the last block is stale before its turn
		// comes in the present one.
		self.attention.tick(Instant::now(), config.stale_after / 4);
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.asked_for = self.attention.elapsed();
			entry.is_asked_for = true;
		}
	}

	/// Puts a new job at the end.
	pub(crate) fn push(&mut self, id: JobId, job: &Job) {
		self.push_found(id, job);
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.is_asked_for = true;
		}
	}

	/// The same for one that was queued before the host started.
	pub(crate) fn push_found(&mut self, id: JobId, job: &Job) {
		self.insert(id, job, Phase::Queued);
		self.waiting.push_back(id);
	}

	/// Takes note of a job that ended earlier.
	pub(crate) fn push_finished(&mut self, id: JobId, job: &Job, again: Option<Instant>) {
		self.insert(id, job, Phase::Finished { progress: Progress::default(), again });
		self.finished.push_back(id);
	}

	/// Puts a finished job at the end once more.
	pub(crate) fn requeue(&mut self, id: JobId) {
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.phase = Phase::Queued;
			self.finished.retain(|other| *other != id);
			self.waiting.push_back(id);
		}
	}

	/// The run of a job, if it is the one with this token.
	pub(crate) fn run(&mut self, id: JobId, token: &CancelToken) -> Option<&mut Run> {
		match &mut self.entries.get_mut(&id)?.phase {
			Phase::Running(run) if run.cancel.is(token) => Some(run),
			Phase::Queued | Phase::Running(_) | Phase::Finished { .. } => None,
		}
	}

	/// Ends the run with this token. False when it is no longer wanted.
	pub(crate) fn finish(
		&mut self,
		id: JobId,
		token: &CancelToken,
		again: Option<Instant>,
	) -> bool {
		let Some(progress) = self.run(id, token).map(|run| run.progress) else { return false };
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.phase = Phase::Finished { progress, again };
			entry.starved = Duration::ZERO;
			self.finished.push_back(id);
		}
		true
	}

	/// Forgets the oldest finished job when there are more than `most`.
	pub(crate) fn forget(&mut self, most: usize) -> Option<JobId> {
		if self.finished.len() <= most {
			return None;
		}
		let id = self.finished.pop_front()?;
		self.entries.remove(&id);
		Some(id)
	}

	/// Forgets a finished job.
	pub(crate) fn drop_finished(&mut self, id: JobId) {
		self.finished.retain(|other| *other != id);
		self.entries.remove(&id);
	}

	/// Forgets a job that has not ended, and stops it. False when there is none.
	pub(crate) fn cancel(&mut self, id: JobId) -> bool {
		match self.phase(id) {
			None | Some(Phase::Finished { .. }) => return false,
			Some(Phase::Queued) => self.waiting.retain(|other| *other != id),
			Some(Phase::Running(run)) => run.cancel.cancel(),
		}
		self.entries.remove(&id);
		true
	}

	/// The trainings of this job's task that have not ended.
	pub(crate) fn trainings_of(&self, job: &Job) -> Vec<JobId> {
		let folder = folders::name_of(&job.context);
		let trains = |entry: &Entry| {
			entry.kind == JobKind::Train && entry.folder == folder && !entry.has_ended()
		};
		self.entries.iter().filter(|(_, entry)| trains(entry)).map(|(id, _)| *id).collect()
	}

	/// Stops all runs, forgetting nothing.
	pub(crate) fn stop_all(&self) {
		self.runs().for_each(|(_, run)| run.cancel.cancel());
	}

	/// The folders that jobs which have not ended need.
	pub(crate) fn folders(&self) -> HashSet<FolderName> {
		let open = |entry: &&Entry| !matches!(entry.phase, Phase::Finished { .. });
		self.entries.values().filter(open).map(|entry| entry.folder.clone()).collect()
	}
}

#[cfg(test)]
mod tests {
	use assay_worker_protocol::{TaskContext, Work};

	use super::*;

	fn prepare() -> Job {
		let context = TaskContext {
			genesis: [1; 32],
			task: 1,
			attempt: 0,
			program: Default::default(),
			seed: [2; 32],
			first_step: 0,
			steps: 10,
			stride: 5,
			records: 100,
			record_size: 65,
			data_root: [3; 32],
			init_root: [4; 32],
			init_slots: [5; 32],
		};
		Job { context, work: Work::Prepare }
	}

	#[test]
	fn waiting_for_blobs_should_be_counted_on_when_the_run_was_cut_short() {
		let mut config = HostConfig::new("worker", "base");
		let mut queue = Queue::default();
		queue.push(1, &prepare());
		let (id, token) = queue.next(Lane::General).unwrap();
		let run = queue.run(id, &token).unwrap();
		run.set_starving(true);
		std::thread::sleep(Duration::from_millis(20));
		let waited = run.starved();
		queue.put_back(id, &token, &config);
		let (id, token) = queue.next(Lane::General).unwrap();
		assert!(queue.run(id, &token).unwrap().starved() >= waited);
		config.patience = Duration::ZERO;
		queue.run(id, &token).unwrap().set_starving(true);
		queue.put_back(id, &token, &config);
		let (id, token) = queue.next(Lane::General).unwrap();
		assert_eq!(queue.run(id, &token).unwrap().starved(), Duration::ZERO, "it had its time");
	}
}
