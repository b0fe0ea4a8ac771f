//! The adversary on the real chain.

use crate::{
	claim::{Claim, Plan},
	content::Version,
	honest::is_opening,
	lore::{blinded, player, Lore},
	people::send,
};
use assay_dispute_game::{
	testing::{
		sim::{Leaves, Lists, Pace},
		Rng,
	},
	Game, Move, Side,
};
use assay_primitives::TaskId;
use assay_runtime::{
	offchain::{
		player::{brief, call, Table},
		Action,
	},
	AccountId, BlockNumber, ComputeStaking, Runtime, RuntimeCall, System,
};
use pallet_compute_staking::Call as Stake;
use pallet_dispute::{Call as Dispute, Disputes, GameId, GamesOf};
use pallet_task_market::Call as Market;

/// Calls that it remembers of a claim, to make them again.
const MEMORY: usize = 16;

/// What the adversary does about a claim in this block, while it sees what the honest side will do.
/// Calls that are refused cost their fee, and must change nothing.
pub(crate) fn act(claim: &mut Claim, lore: &mut Lore, pool: &[(AccountId, Action)]) {
	let strategy = claim.strategy;
	if strategy.copies {
		pool.iter().for_each(|(_, action)| copy(claim, &action.call));
	}
	if strategy.noise > 0 || strategy.replays {
		again(claim, pool);
	}
	for (game, side) in games(claim) {
		move_in(claim, lore, game, side);
	}
	accuse(claim, lore);
	if strategy.early {
		early(claim);
	}
	if strategy.unbonds && !claim.right {
		unbond(claim);
	}
	if strategy.noise > 0 || strategy.early || strategy.unbonds {
		claim.wake = claim.wake.min(System::block_number() + 1 + claim.rng.below(20));
	}
}

/// The games in which its move is awaited.
fn games(claim: &Claim) -> Vec<(GameId, Side)> {
	let mut games = Vec::new();
	for game in GamesOf::<Runtime>::get(claim.task) {
		let Some(dispute) = Disputes::<Runtime>::get(game) else { continue };
		let Some(side) = dispute.game.mover() else { continue };
		let honest = if claim.right { &claim.solver } else { &claim.challenger };
		if dispute.account(side) != honest {
			games.push((game, side));
		}
	}
	games
}

fn made(game: &Game, side: Side) -> u32 {
	match side {
		Side::Challenger => game.moves().div_ceil(2),
		Side::Defender => game.moves() / 2,
	}
}

/// When it moves in a game; never, if it has fallen silent there.
fn plan(claim: &mut Claim, id: GameId, game: &Game, side: Side) -> BlockNumber {
	let position = game.position();
	if let Some(plan) = claim.plans.get(&id).filter(|plan| plan.position == position) {
		return plan.at;
	}
	let (now, made) = (System::block_number(), made(game, side));
	let last = game.deadline().map_or(now, |deadline| deadline.saturating_sub(1)).max(now);
	let holds = claim.strategy.shuts && side == Side::Challenger && is_holding(claim, id);
	let falls_silent =
		claim.strategy.silent.is_some_and(|most| made > claim.rng.below(u32::from(most) + 1));
	let absent = claim.strategy.absent && side == Side::Defender;
	let silent = holds || absent || falls_silent;
	let at = match claim.strategy.pace {
		_ if silent => BlockNumber::MAX,
		Pace::Prompt => now,
		Pace::Last => last,
		Pace::Any => now + claim.rng.below(last - now + 1),
		Pace::Alternate if made.is_multiple_of(2) => now,
		Pace::Alternate => last,
	};
	claim.plans.insert(id, Plan { position, at });
	at
}

/// Whether a game is only there to take a place: those of the first accusers are.
fn is_holding(claim: &Claim, id: GameId) -> bool {
	let who = Disputes::<Runtime>::get(id).map(|dispute| dispute.challenger);
	let mut holders = claim.accusers.iter().take(claim.places as usize - 1);
	who.is_some_and(|who| holders.any(|holder| *holder == who))
}

fn version(claim: &Claim, game: u32, side: Side, made: u32) -> Version {
	let own = match (claim.right, side) {
		(true, _) if claim.strategy.doubles => Version::Wrong(claim.liar),
		(true, _) => Version::Wrong(claim.liar + game as usize),
		// Whoever accuses beside what is wrong knows what is.
		(false, Side::Challenger) if claim.strategy.knows() => Version::Right,
		(false, _) => claim.version,
	};
	match claim.strategy.lists[(made % 2) as usize] {
		Lists::Right => Version::Right,
		Lists::Mirror(moves) if made < u32::from(moves) => Version::Right,
		Lists::Own | Lists::Garbage | Lists::Mirror(_) => own,
	}
}

fn move_in(claim: &mut Claim, lore: &mut Lore, id: GameId, side: Side) {
	let Some(dispute) = Disputes::<Runtime>::get(id) else { return };
	let at = plan(claim, id, &dispute.game, side);
	if at > System::block_number() {
		claim.wake = claim.wake.min(at);
		return;
	}
	let position = dispute.game.position();
	let table = Table::Open { task: claim.task, game: id, position };
	let Some(brief) = brief(table) else { return };
	let made = made(&dispute.game, side);
	let own = version(claim, id, side, made);
	let published = (!claim.strategy.asks).then_some(claim.version);
	let sensible = lore.answer(player(claim.content, own, side, published), &brief);
	let leaves = claim.strategy.leaves[(made % 2) as usize];
	let play = match (side, leaves) {
		(Side::Challenger, Leaves::Believed) if sensible.is_some() => sensible,
		(Side::Challenger, leaves) => {
			let seen = player(claim.content, own, side, Some(claim.version));
			let mut rng = Rng(claim.rng.word());
			let choose = |len, believed| leaves.choose(len, believed, id, &mut rng);
			lore.elsewhere(seen, &brief, sensible.as_ref(), choose).or(sensible)
		},
		(Side::Defender, _) if claim.strategy.concedes && claim.rng.one_in(2) => {
			Some(Move::Concede)
		},
		(Side::Defender, _) => match (claim.strategy.lists[(made % 2) as usize], sensible) {
			(Lists::Garbage, Some(Move::PostTrace { .. })) => {
				Some(Move::PostTrace { root: [claim.rng.below(4) as u8; 32] })
			},
			(_, sensible) => sensible,
		},
	};
	let play = if claim.strategy.blind { play.map(blinded) } else { play };
	let Some(call) = play.and_then(|play| call(table, play)) else { return };
	let who = dispute.account(side).clone();
	note(claim, &who, &call);
	if send(&who, call).is_err() {
		// It has nothing better to say here.
		claim.plans.insert(id, Plan { position, at: BlockNumber::MAX });
	}
}

/// Opens games from the accounts that have not accused yet, as long as the chain takes them.
fn accuse(claim: &mut Claim, lore: &mut Lore) {
	while claim.used < claim.accusers.len() {
		let taken = GamesOf::<Runtime>::get(claim.task).len() as u32;
		if claim.strategy.shuts && taken + 1 >= claim.places {
			return;
		}
		let who = claim.accusers[claim.used].clone();
		let Some(call) = opening(claim, lore) else {
			claim.used += 1;
			continue;
		};
		note(claim, &who, &call);
		if send(&who, call).is_err() {
			return;
		}
		claim.used += 1;
		if claim.strategy.doubles {
			// The same once more from the same account.
			if let Some(again) = opening(claim, lore) {
				let _ = send(&who, again);
			}
		}
	}
}

fn opening(claim: &mut Claim, lore: &mut Lore) -> Option<RuntimeCall> {
	let table = Table::New(claim.task);
	if claim.strategy.asks && !claim.rng.one_in(4) {
		return call(table, Move::Ask);
	}
	let own = version(claim, claim.used as u32, Side::Challenger, 0);
	let seen = player(claim.content, own, Side::Challenger, Some(claim.version));
	let sensible = lore.opening(seen, &brief(table)?);
	let strides =
		lore.contents[claim.content].task.steps.div_ceil(lore.contents[claim.content].task.stride);
	let play = match claim.strategy.leaves[0] {
		Leaves::Believed if sensible.is_some() => sensible,
		leaves => {
			let believed = match sensible {
				Some(Move::Open { stride, .. }) => Some(stride),
				_ => None,
			};
			let number = claim.used as u32;
			let stride = leaves.choose(strides, believed, number, &mut claim.rng);
			lore.open_stride(seen, stride)
		},
	};
	call(table, play?)
}

/// The honest side's call under another name, before it.
fn copy(claim: &mut Claim, call: &RuntimeCall) {
	let opens = is_opening(call);
	let who = match claim.accusers.get(claim.used) {
		Some(accuser) => accuser.clone(),
		None => claim.stranger.clone(),
	};
	let accepted = send(&who, call.clone()).is_ok();
	claim.used += usize::from(opens && accepted);
}

/// Calls that were made before, and the pool's, from whoever.
fn again(claim: &mut Claim, pool: &[(AccountId, Action)]) {
	for (_, action) in pool.iter().take(2) {
		let who = claim.stranger.clone();
		note(claim, &who, &action.call);
	}
	for _ in 0..=claim.strategy.noise {
		let index = claim.rng.below(claim.past.len() as u32) as usize;
		let Some((who, call)) = claim.past.get(index).cloned() else { return };
		// Each opening is a bond that it will lose: it cannot go on for long.
		if is_opening(&call) && !claim.rng.one_in(8) {
			continue;
		}
		let who = if claim.rng.one_in(4) { claim.stranger.clone() } else { who };
		let _ = send(&who, call);
	}
}

fn note(claim: &mut Claim, who: &AccountId, call: &RuntimeCall) {
	if claim.past.len() < MEMORY {
		claim.past.push((who.clone(), call.clone()));
	} else {
		let index = claim.rng.below(MEMORY as u32) as usize;
		claim.past[index] = (who.clone(), call.clone());
	}
}

/// Ends games, and the task, before their time.
fn early(claim: &Claim) {
	let (stranger, task) = (claim.stranger.clone(), claim.task);
	for game in GamesOf::<Runtime>::get(task) {
		let _ = send(&stranger, Dispute::<Runtime>::expire { game });
	}
	let calls: [fn(TaskId) -> Market<Runtime>; 3] = [
		|task| Market::finalise { task },
		|task| Market::assign { task },
		|task| Market::report_missed_deadline { task },
	];
	for call in calls {
		let _ = send(&stranger, call(task));
	}
}

/// Takes the stake out before it can be taken.
fn unbond(claim: &Claim) {
	let Some(solver) = ComputeStaking::solver(claim.solver.clone()) else { return };
	for amount in [solver.bonded, solver.locked, 1] {
		let _ = send(&claim.solver, Stake::<Runtime>::unbond { amount });
	}
	let _ = send(&claim.solver, Stake::<Runtime>::withdraw_unbonded {});
	let _ = send(&claim.solver, Stake::<Runtime>::deregister {});
}
