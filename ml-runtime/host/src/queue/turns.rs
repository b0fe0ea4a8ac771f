//! Which job runs next, which makes room for it, and which is no longer wanted.

use std::{collections::HashSet, sync::atomic::Ordering, time::Duration};

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

/// What a run does for a job that waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
	/// Leaves its slot.
	Leaves,
	/// Goes on without the blobs that it waits for, and so ends.
	DoesWithout,
}

/// What a run does for a job that waits, be it that the run takes long or waits for blobs; `None` where it
/// keeps its slot. `clock` is the clock of attention.
///
/// One that waits for blobs does not keep it from its like: a peer that lets data drip holds up nobody
/// else. A training or preparation, which cannot do without its data, goes to the end. Little is lost by
/// it, what came of the data stays in the store. For the same reason preparations leave their slot to
/// anything more important at once. A check or a move ends, with what it can say without the blobs. If it
/// went to the end instead, as many withheld lists as there are slots, and one, would be waited for in
/// turns, each from the beginning, for ever.
///
/// Checks leave it to moves at once, to trainings after a turn, and go on from the last committed state
/// later: a turn is lost only where a stride takes longer. That happens at most once for each start of a
/// move or training, and nobody can make this node start them at will. A training takes a stake of this
/// node's, held from the bid until its claim can no longer be disputed, so what the node has to stake
/// bounds how many go before a check. A move takes a bond of either side and is one of a bounded number in
/// its game. A node that stakes for more than its slots can train, and checks claims too, needs more slots.
///
/// Trainings and moves keep it otherwise: a training has waited for its turn, and moves are short. A move
/// of a game that may be over leaves it to one that is wanted: after a restart, the journal's moves run
/// first, and some blocks later it is known which of them somebody asks for.
fn way((entry, run): RunOf, to: &Entry, clock: Duration, config: &HostConfig) -> Option<Way> {
	let starves = || run.starves(config);
	match (entry.rank(), to.rank()) {
		(Rank::Move, Rank::Move) if to.is_asked_for && entry.seems_over(clock, config) => {
			Some(Way::Leaves)
		},
		(rank, to) if rank == to => starves().then(|| entry.when_starving()),
		(Rank::Preparation, _) | (Rank::Check, Rank::Move) => Some(Way::Leaves),
		(Rank::Check, Rank::Training) if starves() => Some(entry.when_starving()),
		(Rank::Check, Rank::Training) => {
			(run.since.elapsed() >= config.turn).then_some(Way::Leaves)
		},
		(Rank::Check, _) | (Rank::Training | Rank::Move, _) => None,
	}
}

impl Entry {
	/// What a run of this job does that may no longer wait for blobs.
	fn when_starving(&self) -> Way {
		match self.kind {
			JobKind::Check | JobKind::Play => Way::DoesWithout,
			JobKind::Train | JobKind::HandIn | JobKind::Prepare => Way::Leaves,
		}
	}

	/// Whether nobody has asked for it since the host started, though others were asked for.
	fn seems_over(&self, clock: Duration, config: &HostConfig) -> bool {
		!self.is_asked_for && clock.saturating_sub(self.asked_for) >= config.stale_after / 8
	}

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

	/// Those that wait, the most important first, and of those the ones that waited longest. Of one rank
	/// those come last that were queued before the host started and that nobody has asked for since.
	fn by_rank(&self) -> impl Iterator<Item = (JobId, &Entry)> {
		let classes = Rank::ALL.into_iter().flat_map(|rank| [(rank, true), (rank, false)]);
		classes.flat_map(|class| {
			let waiting = self.waiting.iter().filter_map(|id| Some((*id, self.entries.get(id)?)));
			waiting.filter(move |(_, entry)| (entry.rank(), entry.is_asked_for) == class)
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
		let entry = self.entries.get_mut(&id)?;
		let run = Run::new(lane, entry.starved);
		let cancel = run.cancel.clone();
		entry.phase = Phase::Running(run);
		Some((id, cancel))
	}

	/// Has running jobs give way to those that wait and matter more. They wait again once their workers
	/// have ended. To be called whenever a job is asked for, hence in every block.
	pub(crate) fn make_room(&self, config: &HostConfig) {
		let clock = self.attention.elapsed();
		let runs: Vec<_> = self.runs().collect();
		let mut idle = Idle::of(&runs, config);
		let mut taken = HashSet::new();
		for (_, job) in self.by_rank() {
			// Of two jobs in one folder the second cannot run anyway.
			if job.kind != JobKind::Play && !taken.insert(&job.folder) {
				continue;
			}
			let way =
				|run: &RunOf| way(*run, job, clock, config).filter(|_| !run.1.is_giving_way());
			let giving_way = match rival(&runs, job) {
				Some(rival) => Some(rival).filter(|run| way(run).is_some()),
				None if idle.take(job.rank()) => None,
				None => {
					let some = runs.iter().copied().filter(|run| way(run).is_some());
					some.min_by_key(|(entry, run)| (entry.rank(), run.since))
				},
			};
			match giving_way.and_then(|giving| Some((giving.1, way(&giving)?))) {
				Some((run, Way::Leaves)) => run.cancel.cancel(),
				Some((run, Way::DoesWithout)) => run.does_without.store(true, Ordering::Relaxed),
				None => {},
			}
		}
	}

	/// Ends a run that was cancelled. Where its job is still known, it gave way, and waits again: first
	/// among its like, unless it was to leave them their turn.
	pub(crate) fn put_back(&mut self, id: JobId, token: &CancelToken, config: &HostConfig) {
		let Some(run) = self.run(id, token) else { return };
		let (starves, starved) = (run.starves(config), run.starved());
		if let Some(entry) = self.entries.get_mut(&id) {
			entry.phase = Phase::Queued;
			// Whoever had all its time has it again when its turn comes.
			entry.starved = if starves { Duration::ZERO } else { starved };
		}
		match starves {
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
				(Phase::Queued, _)
				| (Phase::Running(_), Rank::Preparation | Rank::Check | Rank::Move) => {
					unasked > config.stale_after
				},
				(Phase::Running(_), Rank::Training) => unasked > config.abandon_after,
			}
		};
		self.entries.iter().filter(|(_, entry)| is_stale(entry)).map(|(id, _)| *id).collect()
	}
}
