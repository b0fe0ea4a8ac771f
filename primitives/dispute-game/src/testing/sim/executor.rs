//! The honest side's executor: what it works on, and when a move is ready.

use alloc::vec::Vec;

use super::scenario::Scenario;
use crate::Root;

/// A move that it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Job {
	/// In a game, in answer to a position.
	Move { game: u32, position: Root },
	/// An opening of a game about a claim.
	Open { claim: u32 },
}

/// What is replayed for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Replay {
	pub(super) claim: u32,
	pub(super) part: Part,
}

/// A part of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
	/// All of it, because the files about it were damaged.
	Whole,
	/// The stride that begins with this step.
	Stride(u32),
	/// This step.
	Step(u32),
}

/// What was asked, and when it is or was ready.
#[derive(Clone, Debug)]
pub(super) struct Executor {
	slots: bool,
	jobs: Vec<(Job, u32)>,
	/// What was replayed once is kept until the process ends.
	replays: Vec<(Replay, u32)>,
	/// First blocks in which the slots are free. Without slots the first is for replays only.
	free: [u32; 2],
	/// The files about all claims were damaged, and nothing is read from them.
	rotten: bool,
}

impl Executor {
	/// One that starts in this block.
	pub(super) fn new(scenario: &Scenario<'_>, now: u32) -> Self {
		let (jobs, replays) = (Vec::new(), Vec::new());
		Self { slots: scenario.slots, jobs, replays, free: [now; 2], rotten: false }
	}

	/// The same, started anew: what is on the disk stays as it is.
	pub(super) fn again(&self, scenario: &Scenario<'_>, now: u32) -> Self {
		Self { rotten: self.rotten, ..Self::new(scenario, now) }
	}

	/// Everything that is stored is damaged: checkpoints, lists, traces. That is seen by the hashes, so whatever is asked next
	/// about a claim waits until all of it was executed again.
	pub(super) fn rot(&mut self) {
		self.jobs.clear();
		self.replays.clear();
		self.rotten = true;
	}

	/// Whether files were damaged.
	pub(super) fn is_rotten(&self) -> bool {
		self.rotten
	}

	/// When the move is ready, if it was asked for.
	pub(super) fn ready(&self, job: &Job) -> Option<u32> {
		self.jobs.iter().find(|(known, _)| known == job).map(|(_, ready)| *ready)
	}

	/// Forgets what is no longer asked for.
	pub(super) fn keep(&mut self, asked: &[Job]) {
		if self.jobs.len() > asked.len() {
			self.jobs.retain(|(job, _)| asked.contains(job));
		}
	}

	/// Takes a job about a claim that takes `whole` blocks from its first step to the last; says in which block it is ready, at
	/// the earliest the next one.
	pub(super) fn submit(
		&mut self,
		job: Job,
		(claim, whole): (u32, u32),
		replay: Option<(Replay, u32)>,
		now: u32,
	) -> u32 {
		let mend = Some((Replay { claim, part: Part::Whole }, whole)).filter(|_| self.rotten);
		let mended = self.work(mend, now);
		let ready = self.work(replay, now).max(mended).max(now + 1);
		self.jobs.push((job, ready));
		ready
	}

	/// Finds a slot for a replay, or for what needs none; says when it is done.
	fn work(&mut self, replay: Option<(Replay, u32)>, now: u32) -> u32 {
		let replay = replay.filter(|(_, length)| *length > 0);
		match (self.slots, replay) {
			(false, None) => now,
			(false, Some((replay, length))) => self.replay(replay, length, 0, now),
			(true, replay) => {
				let slot = usize::from(self.free[1] < self.free[0]);
				match replay {
					None => self.free[slot].max(now),
					Some((replay, length)) => self.replay(replay, length, slot, now),
				}
			},
		}
	}

	/// Replays something in a slot, unless that was done or is being done; says when it is done.
	fn replay(&mut self, replay: Replay, length: u32, slot: usize, now: u32) -> u32 {
		if let Some((_, done)) = self.replays.iter().find(|(known, _)| *known == replay) {
			return (*done).max(now);
		}
		let done = self.free[slot].max(now) + length;
		self.free[slot] = done;
		self.replays.push((replay, done));
		done
	}
}
