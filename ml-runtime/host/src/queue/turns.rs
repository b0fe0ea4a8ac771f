//! Which job runs next, which makes room for it, and which is no longer wanted.

use std::collections::HashSet;

use assay_worker_protocol::JobId;

use super::{Entry, Lane, Phase, Queue, Run};
use crate::{
	jobs::{JobKind, Rank},
	resolver::CancelToken,
	HostConfig,
};

/// A job that runs, and its run.
type RunOf<'a> = (&'a Entry, &'a Run);

/// How many slots take a job by themselves.
struct Idle {
	general: usize,
	urgent: usize,
}

impl Idle {
	/// Those that have no run, or will have none once a worker has ended.
	fn of(runs: &[RunOf], config: &HostConfig) -> Self {
		let busy = |lane| {
			let busy =
				runs.iter().filter(|(_, run)| run.lane == lane && !run.cancel.is_cancelled());
			busy.count()
		};
		Self {
			general: config.general_slots.saturating_sub(busy(Lane::General)),
			urgent: config.urgent_slots.saturating_sub(busy(Lane::Urgent)),
		}
	}

	/// Gives a slot to a job of this rank; false where there is none.
	fn take(&mut self, rank: Rank) -> bool {
		let slots = match rank {
			Rank::Move if self.urgent > 0 => &mut self.urgent,
			Rank::Move | Rank::Training | Rank::Check | Rank::Preparation => &mut self.general,
		};
		let some = *slots > 0;
		*slots = slots.saturating_sub(1);
		some
	}
}

/// Whether a run leaves its slot to a job of this rank, be it that it takes long or waits for blobs.
///
/// One that waits for blobs leaves it to its like, and goes to the end: a peer that lets data drip holds
/// up nobody else. Little is lost by it, what came of a blob stays in the store. For the same reason
/// preparations leave it to anything more important at once.
///
/// Checks leave it to moves at once, to trainings after a turn, and go on from the last committed state
/// later: a turn is lost only where a stride takes longer. That happens at most once for each start of a
/// move or training, and nobody can make this node start them at will. A training takes a stake of this
/// node's, held from the bid until its claim can no longer be disputed, so what the node has to stake
/// bounds how many go before a check. A move takes a bond of either side and is one of a bounded number in
/// its game. A node that stakes for more than its slots can train, and checks claims too, needs more slots.
///
/// Trainings and moves keep it otherwise: a training has waited for its turn, and moves are short.
fn gives_way((entry, run): RunOf, to: Rank, config: &HostConfig) -> bool {
	let starves = || run.starves(config);
	match (entry.rank(), to) {
		(rank, to) if rank == to => starves(),
		(Rank::Preparation, _) | (Rank::Check, Rank::Move) => true,
		(Rank::Check, Rank::Training) => starves() || run.since.elapsed() >= config.turn,
		(Rank::Check, _) | (Rank::Training | Rank::Move, _) => false,
	}
}

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
		let run = Run::new(lane);
		let cancel = run.cancel.clone();
		self.entries.get_mut(&id)?.phase = Phase::Running(run);
		Some((id, cancel))
	}

	/// Has running jobs give way to those that wait and matter more. They wait again once their workers
	/// have ended. To be called whenever a job is submitted, hence in every block.
	pub(crate) fn make_room(&self, config: &HostConfig) {
		let runs: Vec<_> = self.runs().collect();
		let mut idle = Idle::of(&runs, config);
		let mut taken = HashSet::new();
		for (_, job) in self.by_rank() {
			// Of two jobs in one folder the second cannot run anyway.
			if job.kind != JobKind::Play && !taken.insert(&job.folder) {
				continue;
			}
			let gives_way = |(entry, run): &RunOf| {
				!run.cancel.is_cancelled() && gives_way((entry, run), job.rank(), config)
			};
			let giving_way = match rival(&runs, job) {
				Some(rival) => Some(rival).filter(gives_way),
				None if idle.take(job.rank()) => None,
				None => {
					let some = runs.iter().copied().filter(gives_way);
					some.min_by_key(|(entry, run)| (entry.rank(), run.since))
				},
			};
			if let Some((_, run)) = giving_way {
				run.cancel.cancel();
			}
		}
	}

	/// Ends a run that was cancelled. Where its job is still known, it gave way, and waits again: first
	/// among its like, unless it was to leave them their turn.
	pub(crate) fn put_back(&mut self, id: JobId, token: &CancelToken, config: &HostConfig) {
		let Some(starved) = self.run(id, token).map(|run| run.starves(config)) else { return };
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.phase = Phase::Queued;
		}
		match starved {
			true => self.waiting.push_back(id),
			false => self.waiting.push_front(id),
		}
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
