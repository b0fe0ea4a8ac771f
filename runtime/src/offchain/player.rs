//! Playing disputes: what the executor is told about a game, and the call that each move is.

use super::{consult, tips::Urgency, Action, LOG};
use crate::{Dispute, Runtime, RuntimeCall, System};
use alloc::{boxed::Box, format, vec::Vec};
use assay_case::{Brief, CaseMove};
use assay_dispute_game::{Move, Root, Side};
use assay_host_functions::{
	self as executor, Job, JobResult, JobStatus, ProgramBytes, PublicBytes, TaskContext, Work,
};
use assay_primitives::{program_key, TaskId};
use codec::{DecodeAll, Encode};
use core::cell::Cell;
use pallet_dispute::{Call as DisputeCall, Disputes, GameId};
use pallet_task_market::{Call as MarketCall, Heartbeats, TaskOf, Tasks};
use polkadot_sdk::{sp_core::offchain::StorageKind, sp_io};

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
/// busy until the next block: then whatever is most urgent by then comes next.
#[derive(Debug, Default)]
pub struct Plays(Cell<u32>);

impl Plays {
	/// The most: one runs in each of the executor's slots, and one waits.
	const MOST: u32 = 3;

	fn are_enough(&self) -> bool {
		self.0.get() >= Self::MOST
	}

	fn note(&self) {
		self.0.set(self.0.get().saturating_add(1));
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
	if plays.are_enough() {
		return None;
	}
	let brief = brief(table)?;
	let side = brief.side;
	let asked = match side {
		Side::Challenger => executor::Side::Challenger,
		Side::Defender => executor::Side::Defender,
	};
	let Ok(game) = brief.encode().try_into() else {
		log::error!(target: LOG, "{}: too large for the executor", name(table));
		return None;
	};
	let work = Work::Play { game, side: asked, public: PublicBytes::default() };
	match consult(&Job { context, work })? {
		JobStatus::Done(JobResult::Move(bytes)) => act(table, side, &bytes),
		JobStatus::Done(JobResult::Wait { reason }) => {
			log::debug!(target: LOG, "{}: nothing to play now: {reason}", name(table));
			None
		},
		JobStatus::Queued | JobStatus::Running(_) => {
			plays.note();
			None
		},
		JobStatus::Unknown | JobStatus::Done(_) | JobStatus::Failed(_) => None,
	}
}

/// By when a side must move, or open, and what it loses otherwise.
fn urgency(table: Table, side: Side) -> Option<Urgency> {
	match table {
		Table::New(task) => {
			let until = Tasks::<Runtime>::get(task)?.deadline();
			Some(Urgency { until, worth: Dispute::bond_for(task)? })
		},
		Table::Open { task, game, .. } => {
			let dispute = Disputes::<Runtime>::get(game)?;
			let worth = match side {
				Side::Challenger => dispute.bond,
				Side::Defender => Tasks::<Runtime>::get(task)?.job()?.stake,
			};
			Some(Urgency { until: dispute.game.deadline()?, worth })
		},
	}
}

fn act(table: Table, side: Side, bytes: &[u8]) -> Option<Action> {
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
	let urgency = urgency(table, side);
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
