//! Playing disputes: what the executor is told about a game, and the call that each move is.

use super::{submit, tips::Urgency, Action, LOG};
use crate::{BlockNumber, Dispute, Runtime, RuntimeCall, System, TaskMarket};
use alloc::{boxed::Box, format, vec::Vec};
use assay_case::{Brief, CaseMove};
use assay_dispute_game::{Move, Root, Side};
use assay_host_functions::{
	self as executor, Job, JobResult, JobStatus, ProgramBytes, PublicBytes, TaskContext, Work,
};
use assay_primitives::{program_key, TaskId};
use codec::{Decode, DecodeAll, Encode};
use core::cell::{Cell, RefCell};
use pallet_dispute::{Call as DisputeCall, DisputeOf, Disputes, GameId};
use pallet_task_market::{Call as MarketCall, Heartbeats, TaskOf, Tasks};
use polkadot_sdk::{
	sp_core::offchain::StorageKind, sp_io, sp_runtime::offchain::storage::StorageValueRef,
};

/// Where a move is made: against a claim, or in a game that stands at a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
	/// Opens a game.
	New(TaskId),
	/// Continues one.
	Open {
		/// The task whose claim it is about.
		task: TaskId,
		/// The game.
		game: GameId,
		/// What the move answers.
		position: Root,
	},
}

/// Moves that the executor works on. It takes one after the other as they come, so it is not given more than keep it
/// busy until the next block: then whatever is most urgent by then comes next. What it was given once is asked for by
/// its number until there is a move, whatever else there is to do.
#[derive(Debug, Default)]
pub struct Plays {
	replays: Cell<u32>,
	others: Cell<u32>,
	/// Jobs that were submitted after earlier blocks.
	before: Vec<Known>,
	/// Those that are still of use.
	now: RefCell<Vec<Known>>,
}

/// A job that the executor was given for a move, by the game's position.
#[derive(Clone, Copy, Debug, Encode, Decode)]
struct Known {
	game: GameId,
	position: Root,
	job: u64,
}

impl Plays {
	/// Where the jobs are remembered.
	const KEY: &'static [u8] = b"assay/moves";
	/// The most that replay something: one in each of the executor's slots, or one that waits where there is but one
	/// slot. Whatever is most urgent then waits for no more than these.
	pub const REPLAYS: u32 = 2;
	/// The most others: each takes a fraction of a second.
	pub const OTHERS: u32 = 16;

	/// What was given to the executor after earlier blocks.
	pub(super) fn remembered() -> Self {
		let before = StorageValueRef::persistent(Self::KEY).get().ok().flatten();
		Self { before: before.unwrap_or_default(), ..Self::default() }
	}

	/// Keeps what is of use after the next block.
	pub(super) fn remember(self) {
		StorageValueRef::persistent(Self::KEY).set(&self.now.into_inner());
	}

	fn in_work(&self, replays: bool) -> (&Cell<u32>, u32) {
		match replays {
			true => (&self.replays, Self::REPLAYS),
			false => (&self.others, Self::OTHERS),
		}
	}

	fn are_enough(&self, replays: bool) -> bool {
		let (in_work, most) = self.in_work(replays);
		in_work.get() >= most
	}

	/// Takes note of a move that the executor works on.
	fn count(&self, replays: bool) {
		let (in_work, _) = self.in_work(replays);
		in_work.set(in_work.get().saturating_add(1));
	}

	/// Where a job stands that was submitted before, as long as it may end in a move.
	fn status(&self, table: Table) -> Option<JobStatus> {
		let Table::Open { game, position, .. } = table else { return None };
		let is_it = |known: &&Known| known.game == game && known.position == position;
		let known = self.before.iter().find(is_it)?;
		let status = executor::poll_status(known.job)?;
		let lasts = match &status {
			JobStatus::Queued | JobStatus::Running(_) => true,
			JobStatus::Done(result) => matches!(result, JobResult::Move(_)),
			JobStatus::Unknown | JobStatus::Failed(_) => false,
		};
		lasts.then(|| {
			self.now.borrow_mut().push(*known);
			status
		})
	}

	/// Submits a job, and remembers it.
	fn submit(&self, table: Table, job: &Job) -> Option<JobStatus> {
		let (job, status) = submit(job)?;
		if let Table::Open { game, position, .. } = table {
			self.now.borrow_mut().push(Known { game, position, job });
		}
		Some(status)
	}
}

/// The bytes of a program, if this node kept them when the task was posted.
pub fn program(root: &Root) -> Option<ProgramBytes> {
	let key = program_key(root);
	let bytes = sp_io::offchain::local_storage_get(StorageKind::PERSISTENT, &key)?;
	ProgramBytes::try_from(bytes).ok()
}

/// What the executor needs to know about the present attempt at a task, or about its claim; `None`, with
/// a line in the log, where this node lacks the program.
pub fn context(task: TaskId, row: &TaskOf<Runtime>) -> Option<TaskContext> {
	let Some(program) = program(&row.spec.program.root) else {
		log::warn!(
			target: LOG,
			"task {task}: this node lacks the program; it must have executed the block that posted it, \
			 with --enable-offchain-indexing true"
		);
		return None;
	};
	let work = row.work();
	Some(TaskContext {
		genesis: System::block_hash(0).0,
		task,
		attempt: row.attempt.into(),
		program,
		seed: work.seed,
		first_step: work.first_step,
		steps: work.steps,
		stride: work.stride,
		records: work.records.into(),
		record_size: work.record_size,
		data_root: work.data_root,
		init_root: work.init_root,
		init_slots: work.init_slots,
	})
}

/// Lengths of the heartbeats of the running attempt.
fn prefixes(task: TaskId) -> Vec<u32> {
	Heartbeats::<Runtime>::get(task).into_iter().map(|beat| beat.states).collect()
}

/// What a player needs to know about a game that stands, or would be opened.
pub fn brief(table: Table) -> Option<Brief> {
	match table {
		Table::New(task) => Dispute::opening_brief(task, prefixes(task)),
		Table::Open { task, game, .. } => Dispute::game_brief(game, prefixes(task)),
	}
}

/// Asks the executor for the next move, unless it has enough to do.
pub fn play(table: Table, context: TaskContext, plays: &Plays) -> Option<Action> {
	let replays = takes_replay(table)?;
	let status = match plays.status(table) {
		Some(status) => status,
		None if plays.are_enough(replays) => return None,
		None => plays.submit(table, &job(table, context)?)?,
	};
	match status {
		JobStatus::Done(JobResult::Move(bytes)) => act(table, &bytes),
		JobStatus::Done(JobResult::Wait { reason }) => {
			log::debug!(target: LOG, "{}: nothing to play now: {reason}", name(table));
			None
		},
		JobStatus::Queued | JobStatus::Running(_) => {
			plays.count(replays);
			None
		},
		JobStatus::Unknown | JobStatus::Done(_) | JobStatus::Failed(_) => None,
	}
}

/// Whether the move takes a replay; `None` where there is no such game.
fn takes_replay(table: Table) -> Option<bool> {
	match table {
		Table::New(_) => Some(false),
		Table::Open { game, .. } => {
			Some(Disputes::<Runtime>::get(game)?.game.phase().kind().needs_replay())
		},
	}
}

/// What the executor is asked to do.
fn job(table: Table, context: TaskContext) -> Option<Job> {
	let brief = brief(table)?;
	let side = match brief.side {
		Side::Challenger => executor::Side::Challenger,
		Side::Defender => executor::Side::Defender,
	};
	let Ok(game) = brief.encode().try_into() else {
		log::error!(target: LOG, "{}: too large for the executor", name(table));
		return None;
	};
	Some(Job { context, work: Work::Play { game, side, public: PublicBytes::default() } })
}

/// Whether a side has to move, and still can: after the next block it would be too late.
pub(super) fn is_to_move(dispute: &DisputeOf<Runtime>, side: Side) -> bool {
	let too_late = System::block_number().saturating_add(1);
	dispute.game.mover() == Some(side)
		&& dispute.game.deadline().is_some_and(|until| too_late < until)
}

/// First block in which it is too late for opening a game about a claim.
pub(super) fn opening_until(task: &TaskOf<Runtime>) -> BlockNumber {
	TaskMarket::challenge_end(task, task.deadline()).saturating_add(1)
}

/// By when a side must move, or open, and the tip that this is worth.
fn urgency(table: Table) -> Option<Urgency> {
	match table {
		Table::New(id) => {
			let task = Tasks::<Runtime>::get(id)?;
			let stake = task.job()?.stake;
			Some(Urgency::of_move(opening_until(&task), Dispute::bond_for(id)?, stake))
		},
		Table::Open { task, game, .. } => {
			let dispute = Disputes::<Runtime>::get(game)?;
			let stake = Tasks::<Runtime>::get(task)?.job()?.stake;
			Some(Urgency::of_move(dispute.game.deadline()?, dispute.bond, stake))
		},
	}
}

fn act(table: Table, bytes: &[u8]) -> Option<Action> {
	let name = name(table);
	let Ok(play) = CaseMove::decode_all(&mut &*bytes) else {
		log::error!(target: LOG, "{name}: the executor's move is of another version");
		return None;
	};
	let kind = play.kind();
	let Some(call) = call(table, play) else {
		log::error!(target: LOG, "{name}: {kind:?} is no move here");
		return None;
	};
	let urgency = urgency(table);
	Some(Action { call, why: format!("{name}: {kind:?}"), opens: None, urgency })
}

fn name(table: Table) -> alloc::string::String {
	match table {
		Table::New(task) => format!("new game about task {task}"),
		Table::Open { task, game, .. } => format!("game {game} about task {task}"),
	}
}

/// The call by which a move is made; `None` where the table and the move do not fit.
pub fn call(table: Table, play: CaseMove) -> Option<RuntimeCall> {
	match table {
		Table::New(task) => opening(task, play),
		Table::Open { task, game, position } => answer(task, game, position, play),
	}
}

fn opening(task: TaskId, play: CaseMove) -> Option<RuntimeCall> {
	let call: DisputeCall<Runtime> = match play {
		Move::Open { stride, before, after } => DisputeCall::open { task, stride, before, after },
		Move::Ask => DisputeCall::open_withheld { task },
		Move::PrefixFault { heartbeat, leaf, in_heartbeat, in_claim } => {
			DisputeCall::prefix_fault { task, states: heartbeat, leaf, in_heartbeat, in_claim }
		},
		Move::Bisect { .. }
		| Move::Pick { .. }
		| Move::PostSteps { .. }
		| Move::PickStep { .. }
		| Move::PostTrace { .. }
		| Move::JoinFault { .. }
		| Move::AskTiles { .. }
		| Move::AskSlots
		| Move::PickTile { .. }
		| Move::PostPartials { .. }
		| Move::PickBlock { .. }
		| Move::OpenTile { .. }
		| Move::Concede => return None,
	};
	Some(call.into())
}

fn answer(task: TaskId, game: GameId, position: Root, play: CaseMove) -> Option<RuntimeCall> {
	let call: DisputeCall<Runtime> = match play {
		// After a search in a withheld claim.
		Move::Open { stride, before, after } => {
			DisputeCall::pick_stride { game, position, stride, before, after }
		},
		// Convicts in a game of its own, which closes this one.
		Move::PrefixFault { .. } => return opening(task, play),
		Move::Ask => DisputeCall::ask { game, position },
		Move::Bisect { children } => DisputeCall::bisect { game, position, children },
		Move::Pick { child } => DisputeCall::pick { game, position, child },
		Move::PostSteps { root, last } => DisputeCall::post_steps { game, position, root, last },
		Move::PickStep { step, before, after } => {
			DisputeCall::pick_step { game, position, step, before, after }
		},
		Move::PostTrace { root } => DisputeCall::post_trace { game, position, root },
		Move::JoinFault { join } => {
			DisputeCall::join_fault { game, position, join: Box::new(join) }
		},
		Move::AskSlots => DisputeCall::ask_slots { game, position },
		Move::AskTiles { node, spec, output } => {
			DisputeCall::ask_tiles { game, position, node, spec: Box::new(spec), output }
		},
		Move::PickTile { node, tile, spec, evidence } => {
			let (spec, evidence) = (Box::new(spec), evidence.map(Box::new));
			DisputeCall::pick_tile { game, position, node, tile, spec, evidence }
		},
		Move::PostPartials { partials } => {
			DisputeCall::post_partials { game, position, partials: Box::new(partials) }
		},
		Move::PickBlock { block, evidence } => {
			let evidence = evidence.map(Box::new);
			DisputeCall::pick_block { game, position, block, evidence }
		},
		Move::OpenTile { evidence } => {
			DisputeCall::open_tile { game, position, evidence: Box::new(evidence) }
		},
		// A claim is withdrawn at the market, which closes its games.
		Move::Concede => return Some(MarketCall::<Runtime>::withdraw_claim { task }.into()),
	};
	Some(call.into())
}
