//! What the fuzzer remembers of the chain, learnt from events alone.

use crate::{
	library::{library, Kind, Script},
	people::{person, Person},
};
use assay_primitives::{TaskId, Work};
use assay_runtime::{BlockNumber, RuntimeEvent};
use pallet_dispute::{Event as Dispute, GameId};
use pallet_task_market::Event as Market;
use std::{collections::BTreeMap, sync::Arc};

/// Where a task stands.
#[derive(Clone, Debug)]
pub enum Stage {
	/// Takes bids.
	Open {
		/// Last block for bids.
		until: BlockNumber,
		/// Bids seen.
		bids: u32,
	},
	/// A solver trains.
	Running {
		/// Who.
		solver: Person,
		/// Last block for the claim.
		until: BlockNumber,
		/// States of the latest heartbeat.
		states: u32,
	},
	/// A claim stands.
	Claimed {
		/// By whom.
		solver: Person,
		/// Last block for a game.
		until: BlockNumber,
		/// Steps that it claims.
		steps: u32,
		/// The library's name for the claim.
		variant: Option<usize>,
	},
}

/// A live task.
#[derive(Clone, Debug)]
pub struct Task {
	/// Who posted it.
	pub requester: Person,
	/// The kind, where the library knows the task.
	pub kind: Option<Kind>,
	/// What is to be done.
	pub work: Work,
	/// Blocks between signs of life.
	pub heartbeat: BlockNumber,
	/// Where it stands.
	pub stage: Stage,
	/// Which variant the heartbeats of this attempt are of, with their numbers of states.
	pub beats: Vec<(u32, usize)>,
}

/// An open game.
#[derive(Clone)]
pub struct Game {
	/// About which task.
	pub task: TaskId,
	/// Who opened it.
	pub challenger: Person,
	/// Who made the claim.
	pub solver: Person,
	/// The script that it follows, and how many of its moves were made.
	pub script: Option<(Arc<Script>, usize)>,
}

/// What is remembered.
#[derive(Default)]
pub struct Model {
	/// Live tasks.
	pub tasks: BTreeMap<TaskId, Task>,
	/// Open games.
	pub games: BTreeMap<GameId, Game>,
	/// Receipts and who can remove them.
	pub receipts: Vec<(TaskId, Person)>,
	/// The script of the move that is being made.
	pub playing: Option<Arc<Script>>,
	/// The variant of the heartbeat that is being sent.
	pub beating: usize,
}

/// An account that is not ours is treated as the last one, who owns nothing.
fn who(account: &assay_runtime::AccountId) -> Person {
	person(account).unwrap_or(crate::people::COUNT - 1)
}

impl Model {
	/// Learns from the events of a command, in block `now`.
	pub fn learn(&mut self, events: &[RuntimeEvent], now: BlockNumber) {
		for event in events {
			match event {
				RuntimeEvent::TaskMarket(event) => self.market(event, now),
				RuntimeEvent::Dispute(event) => self.dispute(event),
				_ => (),
			}
		}
	}

	fn market(&mut self, event: &Market<assay_runtime::Runtime>, now: BlockNumber) {
		match event {
			Market::TaskPosted { task, requester, spec, .. } => {
				let until = now + spec.terms.bidding;
				let note = Task {
					requester: who(requester),
					kind: library().kind_of(&spec.work),
					work: spec.work,
					heartbeat: spec.terms.heartbeat,
					stage: Stage::Open { until, bids: 0 },
					beats: Vec::new(),
				};
				self.tasks.insert(*task, note);
			},
			Market::BidPlaced { task, .. } => {
				if let Some(Stage::Open { bids, .. }) = self.stage(task) {
					*bids += 1;
				}
			},
			Market::TaskAssigned { task, solver, until, .. } => {
				self.set(task, Stage::Running { solver: who(solver), until: *until, states: 0 });
			},
			Market::HeartbeatReceived { task, states: sent, .. } => {
				let variant = self.beating;
				if let Some(note) = self.tasks.get_mut(task) {
					note.beats.push((*sent, variant));
					if let Stage::Running { states, .. } = &mut note.stage {
						*states = *sent;
					}
				}
			},
			Market::ClaimSubmitted { task, solver, claim, until, .. } => {
				let variant = self.tasks.get(task).and_then(|note| {
					let first = note.work.first_step;
					let segment = library().segment(note.kind?, first, claim.steps);
					segment.variant_of(&claim.root)
				});
				let (solver, steps) = (who(solver), claim.steps);
				self.set(task, Stage::Claimed { solver, until: *until, steps, variant });
			},
			Market::GameClosed { task, until: later, .. } => {
				if let Some(Stage::Claimed { until, .. }) = self.stage(task) {
					*until = *later;
				}
			},
			Market::TaskReopened { task, until, .. } => {
				self.set(task, Stage::Open { until: *until, bids: 0 });
				if let Some(note) = self.tasks.get_mut(task) {
					note.beats.clear();
				}
			},
			Market::PartPaid { task, work, .. } => {
				if let Some(note) = self.tasks.get_mut(task) {
					note.work = *work;
					note.kind = library().kind_of(work);
				}
			},
			Market::TaskFinalised { task, requester, .. } => {
				self.tasks.remove(task);
				self.receipts.push((*task, who(requester)));
			},
			Market::ReceiptRemoved { task, .. } => self.receipts.retain(|(id, _)| id != task),
			Market::TaskCancelled { task, .. }
			| Market::TaskExpired { task, .. }
			| Market::TaskFailed { task, .. }
			| Market::ClaimConvicted { task, .. } => {
				self.tasks.remove(task);
			},
			_ => (),
		}
	}

	fn dispute(&mut self, event: &Dispute<assay_runtime::Runtime>) {
		match event {
			Dispute::GameOpened { game, task, challenger, solver, .. } => {
				let note = Game {
					task: *task,
					challenger: who(challenger),
					solver: who(solver),
					script: self.playing.clone().map(|script| (script, 0)),
				};
				self.games.insert(*game, note);
			},
			Dispute::Moved { game, .. } => {
				let playing = self.playing.take();
				let Some(note) = self.games.get_mut(game) else { return };
				// A move that the script does not have leads somewhere else.
				note.script = match (note.script.take(), playing) {
					(Some((script, made)), Some(playing)) if Arc::ptr_eq(&script, &playing) => {
						Some((script, made + 1))
					},
					_ => None,
				};
			},
			Dispute::GameResolved { game, .. } | Dispute::GameClosed { game, .. } => {
				self.games.remove(game);
			},
			_ => (),
		}
	}

	fn stage(&mut self, task: &TaskId) -> Option<&mut Stage> {
		Some(&mut self.tasks.get_mut(task)?.stage)
	}

	fn set(&mut self, task: &TaskId, stage: Stage) {
		if let Some(slot) = self.stage(task) {
			*slot = stage;
		}
	}
}
