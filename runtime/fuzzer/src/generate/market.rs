//! Calls about tasks.

use super::{Scene, Sent};
use crate::{
	library::{library, Kind, KIND_COUNT},
	model::{Stage, Task},
	people::{account, Person, REQUESTERS, SOLVERS},
};
use assay_commitment::{list, state_of_slots, ListTag};
use assay_primitives::{Assurance, Claim, ClaimEnds, TaskId, Terms, Work};
use assay_runtime::{constants::ASY, AccountId, Balance, BlockNumber, Runtime};
use pallet_task_market::{Allowed, Call, Tasks};

/// Live tasks that are enough: more would only make the checks slower.
const ENOUGH: usize = 6;
/// Open games that are enough.
const GAMES: usize = 4;
/// States of the longest claim that is made up.
const LONGEST: u32 = 64;

impl Scene<'_> {
	/// What moves some task or game on.
	pub(super) fn market(&mut self) -> Sent {
		let games = self.model.games.len();
		if games > 0 && (games >= GAMES || self.dice.percent(45)) {
			return self.play();
		}
		if self.model.receipts.len() > 3 || self.dice.percent(2) {
			return self.remove_receipt();
		}
		let live: Vec<TaskId> = self.model.tasks.keys().copied().collect();
		let few = live.len() < ENOUGH;
		let id = self.dice.pick(&live);
		let Some(id) = id.filter(|_| !few || self.dice.percent(85)) else { return self.post() };
		let Some(task) = self.model.tasks.get(&id).cloned() else { return self.post() };
		match task.stage {
			Stage::Open { until, bids } => self.open(id, &task, until, bids),
			Stage::Running { solver, until, states } => {
				self.running(id, &task, solver, until, states)
			},
			Stage::Claimed { until, solver, .. } => self.claimed(id, &task, solver, until),
		}
	}

	/// A task of the library, with terms that are mostly short.
	pub(super) fn post(&mut self) -> Sent {
		let kind = self.dice.below(KIND_COUNT.into()) as u8;
		let (terms, allowed) = (self.terms(), self.allowed());
		let who = self.requester();
		(who, post_call(kind, terms, allowed).into())
	}

	fn requester(&mut self) -> Person {
		if self.dice.percent(90) {
			return self.dice.one_of(REQUESTERS);
		}
		self.anyone()
	}

	pub(super) fn terms(&mut self) -> Terms<Balance, BlockNumber> {
		let heartbeat = 5 + self.dice.small(15);
		Terms {
			reward: Balance::from(1 + self.dice.small(500)) * ASY,
			bidding: 5 + self.dice.small(4),
			training: heartbeat + self.dice.small(40),
			heartbeat,
			challenge: 20 + self.dice.small(10),
			assurance: Assurance::Challenge,
			hardware: self.dice.percent(10).then(|| self.hardware()),
		}
	}

	fn allowed(&mut self) -> Allowed<AccountId> {
		let count = if self.dice.percent(90) { 0 } else { 1 + self.dice.small(3) as usize };
		Allowed::truncate_from(SOLVERS.iter().take(count).map(|who| account(*who)).collect())
	}

	fn remove_receipt(&mut self) -> Sent {
		let receipts = self.model.receipts.clone();
		let Some((task, owner)) = self.dice.pick(&receipts) else { return self.post() };
		let who = if self.dice.percent(90) { owner } else { self.anyone() };
		(who, Call::remove_receipt { task }.into())
	}

	fn open(&mut self, task: TaskId, note: &Task, until: BlockNumber, bids: u32) -> Sent {
		let solver = self.dice.one_of(SOLVERS);
		match self.dice.small(20) {
			0 => (note.requester, Call::cancel_task { task }.into()),
			1..=2 => (solver, Call::withdraw_bid { task }.into()),
			_ if self.now > until => (self.anyone(), Call::assign { task }.into()),
			3 => (self.anyone(), Call::assign { task }.into()),
			_ if bids > 3 => self.stake(),
			_ => (solver, Call::place_bid { task, price: self.price(task) }.into()),
		}
	}

	fn price(&mut self, task: TaskId) -> Balance {
		let reward = Tasks::<Runtime>::get(task).map_or(ASY, |task| task.spec.terms.reward);
		if self.dice.percent(5) {
			return self.amount();
		}
		(reward / 100 * Balance::from(self.dice.small(101))).max(1)
	}

	fn running(
		&mut self,
		task: TaskId,
		note: &Task,
		solver: Person,
		until: BlockNumber,
		states: u32,
	) -> Sent {
		let late = self.now > until;
		match self.dice.small(20) {
			0 => (self.anyone(), Call::report_missed_deadline { task }.into()),
			_ if late => (self.anyone(), Call::report_missed_deadline { task }.into()),
			1..=6 => self.heartbeat(task, note, solver, states),
			_ => self.submit(task, note, solver),
		}
	}

	fn heartbeat(&mut self, task: TaskId, note: &Task, solver: Person, states: u32) -> Sent {
		let states = states + self.dice.small(3);
		let variant = if self.dice.percent(60) { 0 } else { self.dice.small(8) as usize };
		let root = note.kind.and_then(|kind| {
			let segment = library().segment(kind, note.work.first_step, note.work.steps);
			segment.variants.get(variant).map(|variant| variant.prefix(states))
		});
		self.model.beating = variant;
		let root = root.unwrap_or_else(|| self.dice.root());
		(solver, Call::heartbeat { task, states, root }.into())
	}

	fn submit(&mut self, task: TaskId, note: &Task, solver: Person) -> Sent {
		let work = note.work;
		let strides = work.steps.div_ceil(work.stride.max(1));
		let part = self.dice.percent(25).then(|| self.dice.small(strides) * work.stride);
		let steps = part.filter(|steps| *steps > 0).unwrap_or(work.steps);
		let known = note.kind.map(|kind| library().segment(kind, work.first_step, steps));
		let (claim, ends) = match known {
			Some(segment) => {
				let lie = self.dice.small(segment.variants.len() as u32) as usize;
				let variant = &segment.variants[if self.dice.percent(35) { 0 } else { lie }];
				(variant.claim, variant.ends.clone())
			},
			None => made_up(&work, steps),
		};
		(solver, Call::submit_claim { task, claim, ends }.into())
	}

	fn claimed(&mut self, task: TaskId, note: &Task, solver: Person, until: BlockNumber) -> Sent {
		let over = self.now > until;
		match self.dice.small(20) {
			0 => (solver, Call::withdraw_claim { task }.into()),
			_ if over => (self.anyone(), Call::finalise { task }.into()),
			1 => (self.anyone(), Call::finalise { task }.into()),
			_ if self.model.games.len() >= GAMES => self.play(),
			_ => self.dispute(task, note),
		}
	}
}

/// The call that posts a task of a kind.
pub fn post_call(
	kind: Kind,
	terms: Terms<Balance, BlockNumber>,
	allowed: Allowed<AccountId>,
) -> Call<Runtime> {
	let task = &library().whole(kind).task;
	let work = Work {
		data_root: task.data_root(),
		records: task.records(),
		record_size: task.record_size,
		first_step: task.first_step,
		init_root: task.init_root(),
		init_slots: task.init_slots(),
		seed: task.seed,
		steps: task.steps,
		stride: task.stride,
	};
	Call::post_task { program: Box::new(task.posted.clone()), work, terms, allowed }
}

/// A claim that begins and ends where it must, with nothing between that anybody computed.
fn made_up(work: &Work, steps: u32) -> (Claim, ClaimEnds) {
	let artifact_root = [9; 32];
	let end = u64::from(work.first_step) + u64::from(steps);
	let count = work.part(steps).and_then(|part| part.states()).unwrap_or(2).clamp(2, LONGEST);
	let mut states = vec![[7; 32]; count as usize];
	let final_state = state_of_slots(end, &artifact_root);
	states[0] = work.init_root;
	states[count as usize - 1] = final_state;
	let root = list::root(ListTag::States, &states);
	let path = |index| list::prove(ListTag::States, &states, index).unwrap_or_default();
	let ends = ClaimEnds { first: path(0), last: path(count - 1) };
	(Claim { root, states: count, final_state, artifact_root, steps }, ends)
}
