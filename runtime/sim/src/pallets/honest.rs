//! The honest side: the duties of the runtime's off-chain worker, moves by the production strategy.

use super::{
	claim::Claim,
	lore::{player, Lore, Version},
	people::send,
};
use assay_dispute_game::Side;
use assay_runtime::{
	offchain::{
		challenger,
		player::{brief, call, Table},
		solver,
	},
	AccountId, Runtime, RuntimeCall, System,
};
use pallet_dispute::{Disputes, GameId};
use pallet_task_market::Tasks;

/// Games that it opens about one claim at most, and blocks between two, as in the runtime.
const MAX_OPENINGS: u32 = 3;
const OPENING_PAUSE: u32 = 8;

/// What the honest side of a claim does now, most urgent first.
pub(super) fn calls(claim: &mut Claim, lore: &mut Lore) -> Vec<(AccountId, RuntimeCall)> {
	if claim.right {
		return defend(claim, lore);
	}
	let mut calls = Vec::new();
	for duty in challenger::duties(&claim.challenger) {
		match duty {
			challenger::Duty::Continue(game) => calls.extend(answer(claim, lore, game)),
			challenger::Duty::Check(task) if task == claim.task => {
				calls.extend(accuse(claim, lore))
			},
			challenger::Duty::Check(_) => (),
		}
	}
	calls.into_iter().map(|call| (claim.challenger.clone(), call)).collect()
}

fn defend(claim: &Claim, lore: &mut Lore) -> Vec<(AccountId, RuntimeCall)> {
	let mut calls = Vec::new();
	for duty in solver::duties(&claim.solver) {
		if let solver::Duty::Defend(game) = duty {
			calls.extend(answer(claim, lore, game));
		}
	}
	calls.into_iter().map(|call| (claim.solver.clone(), call)).collect()
}

/// The next move in a game.
fn answer(claim: &Claim, lore: &mut Lore, game: GameId) -> Option<RuntimeCall> {
	let dispute = Disputes::<Runtime>::get(game)?;
	let table = Table::Open { task: dispute.task, game, position: dispute.game.position() };
	let brief = brief(table)?;
	let withheld = claim.strategy.withholds || claim.strategy.spoils;
	let claimed = (!withheld).then_some(claim.version);
	let player = player(claim.content, Version::Right, brief.side, claimed);
	call(table, lore.answer(player, &brief)?)
}

/// The first move of a game about a claim that is wrong.
fn accuse(claim: &mut Claim, lore: &mut Lore) -> Option<RuntimeCall> {
	let (opened, at) = claim.opened;
	let now = System::block_number();
	if opened >= MAX_OPENINGS || (opened > 0 && now < at + OPENING_PAUSE) {
		claim.wake = claim.wake.min(at + OPENING_PAUSE);
		return None;
	}
	let table = Table::New(claim.task);
	let brief = brief(table)?;
	let withheld = claim.strategy.withholds || claim.strategy.spoils;
	let claimed = (!withheld).then_some(claim.version);
	let player = player(claim.content, Version::Right, Side::Challenger, claimed);
	call(table, lore.opening(player, &brief)?)
}

/// Makes the first call that succeeds. Says which there were, if none did.
pub(super) fn act(claim: &mut Claim, calls: &[(AccountId, RuntimeCall)]) -> Result<(), String> {
	let mut refused = String::new();
	for (who, call) in calls {
		match send(who, call.clone()) {
			Ok(()) => {
				if is_opening(call) {
					claim.opened = (claim.opened.0 + 1, System::block_number());
				}
				return Ok(());
			},
			// Where there is no place for a game, the worker would not have sent it.
			Err(_) if is_opening(call) => (),
			Err(error) => refused = format!("{error:?}"),
		}
	}
	if refused.is_empty() {
		Ok(())
	} else {
		Err(refused)
	}
}

/// Whether a call opens a game.
pub(super) fn is_opening(call: &RuntimeCall) -> bool {
	use pallet_dispute::Call;
	matches!(
		call,
		RuntimeCall::Dispute(
			Call::open { .. } | Call::open_withheld { .. } | Call::prefix_fault { .. }
		)
	)
}

/// Whether the claim can still be disputed or defended.
pub(super) fn is_live(claim: &Claim) -> bool {
	Tasks::<Runtime>::get(claim.task).is_some_and(|task| task.claim().is_some())
}
