//! A solver's duties: defend, train and claim, end what the chain forgot, bid; in this order of urgency.

use super::{
	consult,
	lateness::Lateness,
	pace::{Exposure, Pace},
	player::{self, Plays, Table},
	tips::Urgency,
	Action, LOG,
};
use crate::{AccountId, Balance, BlockNumber, Runtime, System, TaskMarket};
use alloc::{format, vec::Vec};
use assay_dispute_game::Side;
use assay_host_functions::{
	self as executor, Fault, Job, JobResult, JobStatus, Progress, Siblings, TaskContext, Trained,
	Work,
};
use assay_primitives::{Claim, ClaimEnds, Heartbeat, Path, Root, TaskId};
use pallet_compute_staking::Solvers;
use pallet_dispute::{Disputes, GameId};
use pallet_task_market::{Bid, Bids, Call, Heartbeats, Stage, TaskOf, Tasks};
use polkadot_sdk::{
	frame_support::traits::Get,
	sp_runtime::{Perbill, Percent},
};

/// What a solver bids, as a share of the reward: a little below all that can be had. An operator with
/// another policy bids by hand; the worker does not bid where a bid of the account stands.
pub const BID: Percent = Percent::from_percent(90);

/// Blocks before the end of the time for bids in which the worker bids. What it bids for binds its stake and counts as work
/// that it has taken on, so it does not wait for days for the end of an auction that may be a sham.
pub const BIDDING: BlockNumber = 300;

/// Blocks in which a bidder leaves a task that the chain's agenda had no room for to the bidder that leads.
pub const PATIENCE: BlockNumber = 10;

/// Most tasks that a solver can have stake behind.
type MaxLocks = <Runtime as pallet_compute_staking::Config>::MaxLocks;

/// Something that the state asks of a solver now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
	/// Move in a game against one of its claims.
	Defend(GameId),
	/// Train, show progress, claim.
	Train(TaskId),
	/// Have the chain look at a task whose time is over, and which it has no reminder of.
	Settle(TaskId),
	/// Offer to train at this price.
	Bid(TaskId, Balance),
}

impl Duty {
	/// First block in which it is too late; none where nothing is lost then.
	pub(super) fn until(&self) -> Option<BlockNumber> {
		match self {
			Self::Defend(game) => Disputes::<Runtime>::get(game)?.game.deadline(),
			Self::Train(task) => Some(Tasks::<Runtime>::get(task)?.deadline().saturating_add(1)),
			Self::Settle(..) | Self::Bid(..) => None,
		}
	}
}

/// What an account has taken on.
#[derive(Clone, Copy, Default)]
struct Load {
	/// Blocks of training.
	busy: BlockNumber,
	/// Disputes that may come.
	exposure: Exposure,
	/// Stake that goes behind bids that are about to be sent.
	offered: Balance,
	/// How many these are.
	offers: u32,
}

impl Load {
	fn and_claim(self, pace: Pace, task: &TaskOf<Runtime>, stake: Balance) -> Self {
		Self { exposure: self.exposure.and(pace, task, stake), ..self }
	}

	fn and_training(self, pace: Pace, task: &TaskOf<Runtime>, stake: Balance) -> Self {
		let busy = self.busy.saturating_add(pace.training(task));
		Self { busy, ..self.and_claim(pace, task, stake) }
	}
}

/// The duties of an account, most urgent first.
pub fn duties(who: &AccountId) -> Vec<Duty> {
	let mut defend: Vec<_> = Disputes::<Runtime>::iter()
		.filter(|(_, dispute)| dispute.solver == *who)
		.filter(|(_, dispute)| player::is_to_move(dispute, Side::Defender))
		.map(|(game, dispute)| (dispute.game.deadline(), game))
		.collect();
	defend.sort_unstable();
	let (mut train, mut settle, mut open) = (Vec::new(), Vec::new(), Vec::new());
	let (pace, mut load) = (Pace::known(), Load::default());
	for (id, task) in Tasks::<Runtime>::iter() {
		match &task.stage {
			Stage::Running { job, .. } if job.solver == *who => {
				load = load.and_training(pace, &task, job.stake);
				train.push((task.deadline(), id));
			},
			Stage::Claimed { job, games, .. } if job.solver == *who => {
				load = load.and_claim(pace, &task, job.stake);
				// What is disputed has no place in the agenda.
				settle.extend((*games == 0 && is_forgotten(&task, 0)).then_some(id));
			},
			Stage::Open { .. } => match bid_of(who, id) {
				Some(Bid { price, .. }) => {
					let leads = leads(id, price);
					if leads {
						let stake = TaskMarket::stake_for(price, task.spec.terms.reward);
						load = load.and_training(pace, &task, stake);
					}
					// Its stake is free only then, whoever wins.
					let patience = if leads { 0 } else { PATIENCE };
					settle.extend(is_forgotten(&task, patience).then_some(id));
				},
				None => open.push((task.deadline(), id, task)),
			},
			Stage::Running { .. } | Stage::Claimed { .. } => {},
		}
	}
	open.sort_unstable_by_key(|(until, id, _)| (*until, *id));
	let mut bid = Vec::new();
	for (until, id, task) in open {
		let Some((price, more)) = price(who, id, &task, (pace, load)) else { continue };
		// A task whose data nobody has does not keep the solver from others, nor does one whose end is far.
		if is_prepared(id, &task) && is_reached(until.saturating_sub(BIDDING)) {
			load = more;
			bid.push((id, price));
		}
	}
	train.sort_unstable();
	let defend = defend.into_iter().map(|(_, game)| Duty::Defend(game));
	let train = train.into_iter().map(|(_, task)| Duty::Train(task));
	let settle = settle.into_iter().map(Duty::Settle);
	let bid = bid.into_iter().map(|(id, price)| Duty::Bid(id, price));
	defend.chain(train).chain(settle).chain(bid).collect()
}

/// Whether a task waits for one of the calls that anybody may make: its time is over, for more than so many blocks, and
/// the chain's agenda had no room for it.
fn is_forgotten(task: &TaskOf<Runtime>, blocks: BlockNumber) -> bool {
	task.agenda.is_none() && System::block_number() > task.deadline().saturating_add(blocks)
}

/// What the account bids for a task, and what it has taken on then; `None` where it cannot serve it. It works at this
/// pace, and has taken on so much already.
fn price(
	who: &AccountId,
	id: TaskId,
	task: &TaskOf<Runtime>,
	(pace, load): (Pace, Load),
) -> Option<(Balance, Load)> {
	let terms = &task.spec.terms;
	let solver = Solvers::<Runtime>::get(who)?;
	let price = BID.mul_floor(terms.reward);
	let stake = TaskMarket::stake_for(price, terms.reward);
	let mut more = load.and_training(pace, task, stake);
	more.offered = load.offered.saturating_add(stake);
	more.offers = load.offers.saturating_add(1);
	let admitted = task.requester != *who
		&& (task.allowed.is_empty() || task.allowed.contains(who))
		&& terms.hardware.is_none_or(|class| class == solver.hardware)
		&& solver.free() >= more.offered
		&& solver.locks.saturating_add(more.offers) <= MaxLocks::get()
		&& price > 0
		&& leads(id, price)
		&& has_place(id, price)
		&& pace.can_do(task, load.busy)
		&& more.exposure.is_bearable();
	let has_program = || player::program(&task.spec.program.root).is_some();
	(admitted && System::block_number() < task.deadline() && has_program()).then_some((price, more))
}

fn bid_of(who: &AccountId, id: TaskId) -> Option<Bid<AccountId, Balance>> {
	Bids::<Runtime>::get(id).into_iter().find(|bid| bid.solver == *who)
}

/// Whether nobody bids less: a bid that others undercut does not keep its solver from work, and is not made.
fn leads(id: TaskId, price: Balance) -> bool {
	Bids::<Runtime>::get(id).iter().all(|bid| bid.price >= price)
}

/// Whether the task's list takes a bid at this price.
fn has_place(id: TaskId, price: Balance) -> bool {
	let bids = Bids::<Runtime>::get(id);
	!bids.is_full() || bids.iter().any(|bid| bid.price > price)
}

/// Works on a duty; the action to take now, if there is one.
pub fn act(duty: Duty, plays: &Plays) -> Option<Action> {
	match duty {
		Duty::Defend(game) => defend(game, plays),
		Duty::Train(task) => train(task),
		Duty::Settle(task) => settle(task),
		Duty::Bid(task, price) => Some(bid(task, price)),
	}
}

/// Whether the executor has everything that a task needs: a solver that lacks its data, or the state that it begins in,
/// could only be late.
fn is_prepared(id: TaskId, task: &TaskOf<Runtime>) -> bool {
	let Some(context) = player::context(id, task) else { return false };
	match consult(&Job { context, work: Work::Prepare }) {
		Some(JobStatus::Done(JobResult::Ready)) => true,
		Some(JobStatus::Done(JobResult::Wait { reason })) => {
			log::info!(target: LOG, "task {id}: no bid: {reason}");
			false
		},
		None
		| Some(
			JobStatus::Unknown
			| JobStatus::Queued
			| JobStatus::Running(_)
			| JobStatus::Done(_)
			| JobStatus::Failed(_),
		) => false,
	}
}

fn bid(id: TaskId, price: Balance) -> Action {
	let why = format!("task {id}: bid {price}");
	let call = Call::place_bid { task: id, price }.into();
	Action { call, why, opens: None, urgency: None }
}

fn settle(id: TaskId) -> Option<Action> {
	let (call, what) = match Tasks::<Runtime>::get(id)?.stage {
		Stage::Open { .. } => (Call::assign { task: id }, "assign"),
		Stage::Claimed { .. } => (Call::finalise { task: id }, "finalise"),
		Stage::Running { .. } => return None,
	};
	let why = format!("task {id}: {what}, as the chain had no room to");
	Some(Action { call: call.into(), why, opens: None, urgency: None })
}

fn defend(game: GameId, plays: &Plays) -> Option<Action> {
	let dispute = Disputes::<Runtime>::get(game)?;
	let task = dispute.task;
	let context = player::context(task, &Tasks::<Runtime>::get(task)?)?;
	let table = Table::Open { task, game, position: dispute.game.position() };
	player::play(table, context, plays)
}

fn train(id: TaskId) -> Option<Action> {
	let task = Tasks::<Runtime>::get(id)?;
	let context = player::context(id, &task)?;
	let lateness = Lateness::of(id, &task)?;
	if lateness.is_known() {
		return hand_in(id, context, &lateness);
	}
	match consult(&Job { context: context.clone(), work: Work::Train })? {
		JobStatus::Running(progress) if lateness.look(&progress) => {
			log::warn!(target: LOG, "task {id}: will not be done in time, handing in what is");
			lateness.remember();
			// The sign of life that may be due goes first.
			heartbeat(id, &task, &progress).or_else(|| hand_in(id, context, &lateness))
		},
		JobStatus::Running(progress) => heartbeat(id, &task, &progress),
		JobStatus::Failed(Fault::Machine(_)) if lateness.is_near() => {
			hand_in(id, context, &lateness)
		},
		JobStatus::Done(JobResult::Trained(trained)) => claim(id, trained),
		JobStatus::Done(_) => {
			log::error!(target: LOG, "task {id}: the executor answered another question");
			None
		},
		JobStatus::Unknown | JobStatus::Queued | JobStatus::Failed(_) => None,
	}
}

/// A sign of life, where there is progress and it is time for one.
fn heartbeat(id: TaskId, task: &TaskOf<Runtime>, progress: &Progress) -> Option<Action> {
	Pace::notice(task, progress);
	let Stage::Running { states: sent, last_sign, .. } = task.stage else { return None };
	let (states, root) = (progress.states, progress.heartbeat_root);
	let due = last_sign.saturating_add(task.spec.terms.heartbeat / 2);
	if states <= sent || !(sent == 0 || is_reached(due)) {
		return None;
	}
	let (step, steps) = (progress.step, progress.steps);
	let why = format!("task {id}: heartbeat over {states} states (step {step} of {steps})");
	let call = Call::heartbeat { task: id, states, root }.into();
	// The tips of all heartbeats of a training together are to be as bounded as that of its claim.
	let (heartbeat, training) = (task.spec.terms.heartbeat, task.spec.terms.training);
	let share = Perbill::from_rational(heartbeat, training);
	let urgency = urgency(task).map(|all| Urgency { most: share.mul_floor(all.most), ..all });
	Some(Action { call, why, opens: None, urgency })
}

fn is_reached(block: BlockNumber) -> bool {
	System::block_number() >= block
}

/// A claim of what is done, where that is at least a stride. The executor ends the training for it.
fn hand_in(id: TaskId, context: TaskContext, lateness: &Lateness) -> Option<Action> {
	match consult(&Job { context, work: Work::HandIn })? {
		JobStatus::Done(JobResult::Trained(trained)) => claim(id, trained),
		JobStatus::Done(_) => {
			lateness.forget();
			None
		},
		JobStatus::Unknown | JobStatus::Queued | JobStatus::Running(_) | JobStatus::Failed(_) => {
			None
		},
	}
}

/// Whether a claim with this list would contradict a heartbeat of its attempt. That is fraud, whichever of the two is right:
/// once a device was found wrong, the states are others than those that it gave.
fn contradicts_heartbeat(id: TaskId, claim_root: &Root) -> bool {
	let beats = Heartbeats::<Runtime>::get(id);
	let differs = |beat: &&Heartbeat| {
		executor::prefix(claim_root, beat.states).is_some_and(|root| root != beat.root)
	};
	let Some(beat) = beats.iter().find(differs) else { return false };
	log::error!(
		target: LOG,
		"task {id}: no claim is made, since the heartbeat over {} states contradicts it. This machine computed a step in two \
		 ways; look into that before it works on. To be late with the task costs less than a claim that convicts itself",
		beat.states
	);
	true
}

fn claim(id: TaskId, trained: Trained) -> Option<Action> {
	if contradicts_heartbeat(id, &trained.claim_root) {
		return None;
	}
	let claim = Claim {
		root: trained.claim_root,
		states: trained.states,
		final_state: trained.final_state,
		artifact_root: trained.artifact_root,
		steps: trained.steps,
	};
	let path = |siblings: Siblings| Some(Path { siblings: siblings.into_inner().try_into().ok()? });
	let ends = ClaimEnds { first: path(trained.first)?, last: path(trained.last)? };
	let why = format!("task {id}: claim of {} steps over {} states", claim.steps, claim.states);
	let call = Call::submit_claim { task: id, claim, ends }.into();
	let task = Tasks::<Runtime>::get(id)?;
	Some(Action { call, why, opens: None, urgency: urgency(&task) })
}

/// By when the running attempt must show something, and what it is to bring.
fn urgency(task: &TaskOf<Runtime>) -> Option<Urgency> {
	let Stage::Running { job, .. } = &task.stage else { return None };
	Some(Urgency::of_work(task.deadline().saturating_add(1), job.price))
}
