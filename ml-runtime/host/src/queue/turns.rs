//! Which job runs next, and which is no longer wanted.

use assay_worker_protocol::JobId;

use super::{Entry, Lane, Phase, Queue, Run};
use crate::{
	jobs::{JobKind, Rank},
	resolver::CancelToken,
	HostConfig,
};

/// A job that runs, and its run.
type RunOf<'a> = (&'a Entry, &'a Run);

impl Entry {
	/// Whether the other cannot run while this one does.
	///
	/// Two jobs other than moves never run in one task's folder at the same time: the second would repeat
	/// the first's work, later it finds it done.
	fn excludes(&self, other: &Self) -> bool {
		let shares = |entry: &Self| entry.kind == JobKind::Play;
		self.folder == other.folder && !shares(self) && !shares(other)
	}
}

/// The run that keeps a job from running in its folder.
fn rival<'a>(runs: &[RunOf<'a>], job: &Entry) -> Option<RunOf<'a>> {
	runs.iter().copied().find(|(other, _)| other.excludes(job))
}

impl Queue {
	pub(super) fn runs(&self) -> impl Iterator<Item = RunOf<'_>> {
		self.entries.values().filter_map(|entry| match &entry.phase {
			Phase::Running(run) => Some((entry, run)),
			Phase::Queued | Phase::Finished { .. } => None,
		})
	}

	/// Those that wait, the most important first, and of those the ones that waited longest.
	fn by_rank(&self) -> impl Iterator<Item = (JobId, &Entry)> {
		Rank::ALL.into_iter().flat_map(|rank| {
			let waiting = self.waiting.iter().filter_map(|id| Some((*id, self.entries.get(id)?)));
			waiting.filter(move |(_, entry)| entry.rank() == rank)
		})
	}

	/// The next job for a slot, which runs from now on.
	pub(crate) fn next(&mut self, lane: Lane) -> Option<(JobId, CancelToken)> {
		let runs: Vec<_> = self.runs().collect();
		let (id, _) = self
			.by_rank()
			.filter(|(_, entry)| lane == Lane::General || entry.rank() == Rank::Move)
			.find(|(_, entry)| rival(&runs, entry).is_none())?;
		self.waiting.retain(|other| *other != id);
		let run = Run::new();
		let cancel = run.cancel.clone();
		self.entries.get_mut(&id)?.phase = Phase::Running(run);
		Some((id, cancel))
	}

	/// Jobs that have not ended and nobody has asked for lately.
	pub(crate) fn stale(&self, config: &HostConfig) -> Vec<JobId> {
		let now = self.attention.elapsed();
		let is_stale = |entry: &Entry| {
			let unasked = now.saturating_sub(entry.asked_for);
			match (&entry.phase, entry.rank()) {
				(Phase::Finished { .. }, _) => false,
				(Phase::Queued, _) | (Phase::Running(_), Rank::Preparation | Rank::Check) => {
					unasked > config.stale_after
				},
				(Phase::Running(_), Rank::Training | Rank::Move) => unasked > config.abandon_after,
			}
		};
		self.entries.iter().filter(|(_, entry)| is_stale(entry)).map(|(id, _)| *id).collect()
	}
}
