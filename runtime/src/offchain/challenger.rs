//! A challenger's duties: go on with its games, and check every claim that can still be challenged.

use super::{
	consult,
	player::{self, Table},
	Action, LOG,
};
use crate::{AccountId, BlockNumber, Runtime, System};
use alloc::{collections::BTreeSet, vec::Vec};
use assay_dispute_game::Side;
use assay_host_functions::{Checked, ClaimRef, Job, JobResult, JobStatus, Work};
use assay_primitives::{Claim, Root, TaskId};
use codec::Encode;
use pallet_dispute::{Disputes, GameId};
use pallet_task_market::{Stage, Tasks};
use polkadot_sdk::sp_runtime::offchain::storage::StorageValueRef;

/// How often this node opens a game about one claim: a claim that still stands after this many games
/// is not worth another bond to it.
const MAX_OPENINGS: u32 = 3;
/// Blocks that an opening has to be included before another is sent.
const OPENING_PAUSE: BlockNumber = 8;

/// Something that the state asks of a challenger now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
	/// Move in one of its games.
	Continue(GameId),
	/// Check a claim, and dispute it if it is wrong.
	Check(TaskId),
}

/// The duties of an account, most urgent first.
pub fn duties(who: &AccountId) -> Vec<Duty> {
	let mine: Vec<_> =
		Disputes::<Runtime>::iter().filter(|(_, dispute)| dispute.challenger == *who).collect();
	let disputed: BTreeSet<_> = mine.iter().map(|(_, dispute)| dispute.task).collect();
	let mut moves: Vec<_> = mine
		.iter()
		.filter(|(_, dispute)| dispute.game.mover() == Some(Side::Challenger))
		.map(|(game, dispute)| (dispute.game.deadline(), *game))
		.collect();
	moves.sort_unstable();
	let now = System::block_number();
	let mut checks: Vec<_> = Tasks::<Runtime>::iter()
		.filter_map(|(id, task)| match task.stage {
			Stage::Claimed { job, until, .. } if job.solver != *who && now < until => {
				Some((until, id))
			},
			Stage::Open { .. } | Stage::Running { .. } | Stage::Claimed { .. } => None,
		})
		.filter(|(_, id)| !disputed.contains(id))
		.collect();
	checks.sort_unstable();
	let moves = moves.into_iter().map(|(_, game)| Duty::Continue(game));
	moves.chain(checks.into_iter().map(|(_, id)| Duty::Check(id))).collect()
}

/// Works on a duty; the action to take now, if there is one.
pub fn act(duty: Duty) -> Option<Action> {
	match duty {
		Duty::Continue(game) => go_on(game),
		Duty::Check(task) => check(task),
	}
}

fn go_on(game: GameId) -> Option<Action> {
	let dispute = Disputes::<Runtime>::get(game)?;
	let task = dispute.task;
	let context = player::context(task, &Tasks::<Runtime>::get(task)?)?;
	player::play(Table::Open { task, game, position: dispute.game.position() }, context)
}

fn check(id: TaskId) -> Option<Action> {
	let task = Tasks::<Runtime>::get(id)?;
	let claim = *task.claim()?;
	let opening = Opening { task: id, claim: claim.root };
	if !opening.is_allowed() {
		return None;
	}
	let context = player::context(id, &task)?;
	let job = Job { context, work: Work::Check(claim_ref(&claim)) };
	let JobStatus::Done(JobResult::Checked(found)) = consult(&job)? else { return None };
	match found {
		Checked::Agrees => return None,
		Checked::Unavailable { what } => {
			log::warn!(target: LOG, "task {id}: the claim cannot be checked, {what} is missing");
			return None;
		},
		Checked::Differs { first_state } => {
			log::warn!(target: LOG, "task {id}: the claim is wrong at state {first_state}");
		},
		Checked::ListWithheld => {
			log::warn!(target: LOG, "task {id}: the claim is wrong, its list of states is withheld");
		},
	}
	let action = player::play(Table::New(id), job.context)?;
	Some(Action { opens: Some(opening), ..action })
}

fn claim_ref(claim: &Claim) -> ClaimRef {
	ClaimRef {
		claim_root: claim.root,
		states: claim.states,
		final_state: claim.final_state,
		artifact_root: claim.artifact_root,
	}
}

/// A game about one claim. The node remembers how many it opened: ended games leave no trace on chain,
/// and a challenger must not lose one bond after another to the same claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct Opening {
	task: TaskId,
	claim: Root,
}

impl Opening {
	fn key(&self) -> Vec<u8> {
		(b"assay/opened/", self).encode()
	}

	/// Games opened, and the block of the latest.
	fn memory(&self) -> Option<(u32, BlockNumber)> {
		StorageValueRef::persistent(&self.key()).get().ok().flatten()
	}

	fn is_allowed(&self) -> bool {
		let now = System::block_number();
		self.memory().is_none_or(|(opened, at)| {
			opened < MAX_OPENINGS && now >= at.saturating_add(OPENING_PAUSE)
		})
	}

	/// Notes that a game was opened.
	pub(super) fn remember(&self) {
		let opened = self.memory().map_or(0, |(opened, _)| opened).saturating_add(1);
		StorageValueRef::persistent(&self.key()).set(&(opened, System::block_number()));
	}
}
