//! A challenger's duties: go on with its games, and check every claim that can still be challenged.

use super::{
	consult,
	pace::{Exposure, Pace},
	player::{self, Plays, Table},
	Action, LOG,
};
use crate::{AccountId, BlockNumber, Runtime, System};
use alloc::{collections::BTreeSet, vec::Vec};
use assay_dispute_game::Side;
use assay_host_functions::{Checked, ClaimRef, Job, JobResult, JobStatus, Work};
use assay_primitives::{Attempt, Claim, Root, TaskId};
use codec::{Decode, Encode};
use pallet_dispute::{Disputes, GameId};
use pallet_task_market::{Stage, TaskOf, Tasks};
use polkadot_sdk::sp_runtime::offchain::storage::StorageValueRef;

/// How often this node opens a game about one claim: a claim that still stands after this many games
/// is not worth another bond to it.
pub const MAX_OPENINGS: u32 = 3;
/// Blocks that an opening has to be included before another is sent.
pub const OPENING_PAUSE: BlockNumber = 8;

/// Something that the state asks of a challenger now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
	/// Move in one of its games.
	Continue(GameId),
	/// Check a claim, and dispute it if it is wrong.
	Check(TaskId),
}

impl Duty {
	/// First block in which it is too late.
	pub(super) fn until(&self) -> Option<BlockNumber> {
		match self {
			Self::Continue(game) => Disputes::<Runtime>::get(game)?.game.deadline(),
			Self::Check(task) => Some(player::opening_until(&Tasks::<Runtime>::get(task)?)),
		}
	}
}

/// The duties of an account, most urgent first. It checks no claim that it could not dispute beside those of at least its
/// stake that it disputes already: false claims behind which there is little do not keep it from one that matters.
pub fn duties(who: &AccountId) -> Vec<Duty> {
	let mine: Vec<_> =
		Disputes::<Runtime>::iter().filter(|(_, dispute)| dispute.challenger == *who).collect();
	let disputed: BTreeSet<_> = mine.iter().map(|(_, dispute)| dispute.task).collect();
	let mut moves: Vec<_> = mine
		.iter()
		.filter(|(_, dispute)| player::is_to_move(dispute, Side::Challenger))
		.map(|(game, dispute)| (dispute.game.deadline(), *game))
		.collect();
	moves.sort_unstable();
	let pace = Pace::known();
	let games: Vec<_> = disputed.iter().filter_map(Tasks::<Runtime>::get).collect();
	let stake = |task: &TaskOf<Runtime>| task.job().map_or(0, |job| job.stake);
	let is_bearable = |claimed: &TaskOf<Runtime>| {
		let others = games.iter().filter(|task| stake(task) >= stake(claimed));
		let exposure = others.fold(Exposure::default(), |all, task| all.and_game(pace, task));
		exposure.and_game(pace, claimed).is_bearable()
	};
	let too_late = System::block_number().saturating_add(1);
	let mut checks: Vec<_> = Tasks::<Runtime>::iter()
		.filter_map(|(id, task)| {
			let (Stage::Claimed { job, .. }, until) = (&task.stage, player::opening_until(&task))
			else {
				return None;
			};
			(job.solver != *who && too_late < until && is_bearable(&task)).then_some((until, id))
		})
		.filter(|(_, id)| !disputed.contains(id))
		.collect();
	checks.sort_unstable();
	let moves = moves.into_iter().map(|(_, game)| Duty::Continue(game));
	moves.chain(checks.into_iter().map(|(_, id)| Duty::Check(id))).collect()
}

/// Works on a duty; the action to take now, if there is one.
pub fn act(duty: Duty, plays: &Plays) -> Option<Action> {
	match duty {
		Duty::Continue(game) => go_on(game, plays),
		Duty::Check(task) => check(task, plays),
	}
}

fn go_on(game: GameId, plays: &Plays) -> Option<Action> {
	let dispute = Disputes::<Runtime>::get(game)?;
	let task = dispute.task;
	let context = player::context(task, &Tasks::<Runtime>::get(task)?)?;
	let table = Table::Open { task, game, position: dispute.game.position() };
	player::play(table, context, plays)
}

fn check(id: TaskId, plays: &Plays) -> Option<Action> {
	let task = Tasks::<Runtime>::get(id)?;
	let claim = *task.claim()?;
	let opening = Opening { task: id, attempt: task.attempt, claim: claim.root };
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
	let action = player::play(Table::New(id), job.context, plays)?;
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

/// Takes note of the games that an account has, so that ended ones are not forgotten.
pub fn notice_games(who: &AccountId) {
	let mut mine: Vec<_> = Disputes::<Runtime>::iter()
		.filter(|(_, dispute)| dispute.challenger == *who)
		.map(|(id, dispute)| {
			let (task, attempt) = (dispute.task, dispute.attempt);
			(id, Opening { task, attempt, claim: dispute.game.params().claim })
		})
		.collect();
	mine.sort_unstable_by_key(|(id, _)| *id);
	for (id, opening) in mine {
		opening.notice(id);
	}
}

/// Games about one claim. The node remembers how many it had: ended games leave no trace on chain, and a
/// challenger must not lose one bond after another to the same claim. An opening that others kept from
/// being included is no game, and is tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct Opening {
	task: TaskId,
	attempt: Attempt,
	claim: Root,
}

/// What a node remembers about its games about one claim.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Memory {
	/// Games that were seen.
	games: u32,
	/// The latest of them.
	latest: Option<GameId>,
	/// Block after which an opening was last sent.
	sent: Option<BlockNumber>,
}

impl Opening {
	fn key(&self) -> Vec<u8> {
		(b"assay/opened/", self).encode()
	}

	fn memory(&self) -> Memory {
		StorageValueRef::persistent(&self.key()).get().ok().flatten().unwrap_or_default()
	}

	fn is_allowed(&self) -> bool {
		let Memory { games, sent, .. } = self.memory();
		let is_past =
			|sent: BlockNumber| System::block_number() >= sent.saturating_add(OPENING_PAUSE);
		games < MAX_OPENINGS && sent.is_none_or(is_past)
	}

	/// Notes that an opening was sent.
	pub fn remember(&self) {
		let memory = Memory { sent: Some(System::block_number()), ..self.memory() };
		StorageValueRef::persistent(&self.key()).set(&memory);
	}

	/// Counts a game, once. Numbers of games only rise.
	fn notice(&self, game: GameId) {
		let memory = self.memory();
		if memory.latest.is_none_or(|latest| latest < game) {
			let games = memory.games.saturating_add(1);
			let memory = Memory { games, latest: Some(game), ..memory };
			StorageValueRef::persistent(&self.key()).set(&memory);
		}
	}
}
