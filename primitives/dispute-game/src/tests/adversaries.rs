//! The right side wins, whatever the other does.

use alloc::{vec, vec::Vec};

use super::{honest, liar, meet, toy};
use crate::{
	testing::{play, Execution, Habit, Lie, Match, Player, Rng, Toy},
	Fault, MoveKind, Outcome, Side,
};

/// Matches for each adversary.
const SEEDS: u64 = 400;

fn random_toy(rng: &mut Rng) -> Toy {
	let slots = 1 + rng.below(3);
	Toy {
		seed: rng.word(),
		steps: 1 + rng.below(40),
		stride: 1 + rng.below(20),
		nodes: slots + 1 + rng.below(20),
		slots,
		tiles: 1 + rng.below(20),
		blocks: 1 + rng.below(4),
		heartbeats: Vec::new(),
	}
}

/// A lie that makes the claim wrong.
fn root_lie(toy: &Toy, rng: &mut Rng) -> Lie {
	let step = rng.below(toy.steps);
	let node = toy.slots + rng.below(toy.nodes - toy.slots);
	let block = rng.below(toy.blocks_of(node));
	match rng.below(4) {
		0 => Lie::Slot { step, slot: rng.below(toy.slots) },
		1 => {
			let end = (step / toy.stride + 1) * toy.stride;
			Lie::State { step: end.min(toy.steps) }
		},
		_ => Lie::Tile { step, node, tile: rng.below(toy.tiles), block },
	}
}

/// Lies at lower levels to cover up the first.
fn cover_up(toy: &Toy, rng: &mut Rng) -> Lie {
	let node = rng.below(toy.nodes);
	match rng.below(5) {
		0 => Lie::Output { node },
		1 => Lie::Letter { node, tile: rng.below(toy.tiles) },
		2 => Lie::Partial { block: rng.below(toy.blocks) },
		3 => Lie::Input { step: rng.below(toy.steps), slot: rng.below(toy.slots) },
		_ => Lie::State { step: 1 + rng.below(toy.steps) },
	}
}

/// Plays an honest challenger against claims that are wrong. Returns the outcomes.
fn defend_lies(habit: impl Fn(&mut Rng) -> Habit, cover_ups: u32) -> Vec<Outcome> {
	let outcomes = (0..SEEDS).filter_map(|seed| {
		let mut rng = Rng(seed);
		let toy = random_toy(&mut rng);
		let mut lies = vec![root_lie(&toy, &mut rng)];
		lies.extend((0..cover_ups).map(|_| cover_up(&toy, &mut rng)));
		let mut challenger = honest(&toy);
		challenger.habit.dawdles = rng.one_in(2);
		let defender =
			Player { execution: Execution::new(&toy, lies.clone()), habit: habit(&mut rng) };
		// Slots that are not used again can hide a lie in the middle of the last stride.
		if defender.execution.claim == challenger.execution.claim {
			return None;
		}
		let set = Match { challenger, defender, opened: rng.below(1 << 30), seed };
		let (game, records) = play(&set)?;
		let outcome = game.outcome().unwrap();
		assert!(outcome.claim_falls(), "seed {seed} {lies:?} {outcome:?} {records:?}");
		Some(outcome)
	});
	let outcomes: Vec<Outcome> = outcomes.collect();
	assert!(outcomes.len() as u64 > SEEDS * 9 / 10, "only {} games", outcomes.len());
	outcomes
}

/// Plays challengers whose own execution is wrong against a right claim. Returns the outcomes.
fn accuse_the_honest(habit: impl Fn(&mut Rng) -> Habit) -> Vec<Outcome> {
	let outcomes = (0..SEEDS).filter_map(|seed| {
		let mut rng = Rng(seed);
		let toy = random_toy(&mut rng);
		let lies = vec![root_lie(&toy, &mut rng), cover_up(&toy, &mut rng)];
		let challenger =
			Player { execution: Execution::new(&toy, lies.clone()), habit: habit(&mut rng) };
		let mut defender = honest(&toy);
		defender.habit.dawdles = rng.one_in(2);
		defender.habit.withholds = rng.one_in(4);
		let (game, records) =
			play(&Match { challenger, defender, opened: rng.below(1 << 30), seed })?;
		let outcome = game.outcome().unwrap();
		assert!(!outcome.claim_falls(), "seed {seed} {lies:?} {outcome:?} {records:?}");
		Some(outcome)
	});
	let outcomes: Vec<Outcome> = outcomes.collect();
	assert!(outcomes.len() as u64 > SEEDS * 8 / 10, "only {} games", outcomes.len());
	outcomes
}

#[test]
fn claim_should_fall_when_liar_plays_by_the_rules() {
	let outcomes = defend_lies(|_| Habit::default(), 0);
	for fault in [Fault::Tile, Fault::Join] {
		assert!(outcomes.contains(&Outcome::Convicted(fault)), "{fault:?}");
	}
}

#[test]
fn claim_should_fall_when_liar_covers_up_at_every_level() {
	defend_lies(|_| Habit::default(), 3);
}

#[test]
fn claim_should_fall_when_liar_withholds_its_lists() {
	defend_lies(|_| Habit { withholds: true, ..Habit::default() }, 0);
	defend_lies(|_| Habit { withholds: true, ..Habit::default() }, 3);
}

#[test]
fn claim_should_fall_when_liar_goes_silent() {
	for moves in 0..4 {
		let habit = Habit { silent_after: Some(moves), ..Habit::default() };
		let outcomes = defend_lies(|_| habit.clone(), 0);
		assert!(outcomes.contains(&Outcome::Convicted(Fault::Silence)), "{moves}");
	}
}

#[test]
fn claim_should_fall_when_liar_stalls_the_bisection() {
	let stall = |rng: &mut Rng| Habit {
		withholds: true,
		lingers: true,
		silent_after: Some(rng.below(6)),
		..Habit::default()
	};
	defend_lies(stall, 1);
}

#[test]
fn claim_should_fall_when_liar_moves_in_the_last_block() {
	defend_lies(|_| Habit { lingers: true, ..Habit::default() }, 1);
}

#[test]
fn claim_should_fall_when_liar_replays_garbles_and_invents_moves() {
	let habit = |rng: &mut Rng| Habit {
		noise: 1 + rng.below(8),
		withholds: rng.one_in(2),
		dawdles: true,
		..Habit::default()
	};
	defend_lies(habit, 2);
}

#[test]
fn claim_should_fall_when_liar_concedes() {
	let outcomes = defend_lies(|_| Habit { concedes: true, ..Habit::default() }, 0);
	assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Conceded));
}

#[test]
fn claim_should_stand_when_challenger_believes_a_lie() {
	let outcomes = accuse_the_honest(|_| Habit::default());
	assert!(outcomes.contains(&Outcome::Acquitted));
}

#[test]
fn claim_should_stand_when_challenger_asks_for_everything() {
	accuse_the_honest(|_| Habit { asks: true, picks_blindly: true, ..Habit::default() });
}

#[test]
fn claim_should_stand_when_challenger_picks_blindly() {
	let habit = Habit { picks_blindly: true, ..Habit::default() };
	let outcomes = accuse_the_honest(|_| habit.clone());
	assert!(outcomes.contains(&Outcome::Acquitted));
}

#[test]
fn claim_should_stand_when_challenger_replays_garbles_and_invents_moves() {
	let habit = |rng: &mut Rng| Habit {
		noise: 1 + rng.below(8),
		asks: rng.one_in(2),
		picks_blindly: rng.one_in(2),
		lingers: rng.one_in(2),
		..Habit::default()
	};
	accuse_the_honest(habit);
}

#[test]
fn nothing_should_be_settled_when_challenger_lapses() {
	let habit = Habit { silent_after: Some(1), lingers: true, ..Habit::default() };
	let outcomes = accuse_the_honest(|_| habit.clone());
	assert!(outcomes.iter().all(|outcome| *outcome == Outcome::ChallengerTimedOut));
}

#[test]
fn claim_should_fall_when_a_sham_challenge_came_first() {
	let toy = toy();
	let lie = Lie::Tile { step: 5, node: 4, tile: 0, block: 0 };
	let mut sham = honest(&toy);
	sham.habit.silent_after = Some(1);
	let (game, _) = meet(sham, liar(&toy, &[lie])).unwrap();
	assert_eq!(game.outcome(), Some(Outcome::ChallengerTimedOut));
	let (game, _) = meet(honest(&toy), liar(&toy, &[lie])).unwrap();
	assert_eq!(game.outcome(), Some(Outcome::Convicted(Fault::Tile)));
}

#[test]
fn honest_player_should_find_nothing_to_accuse_when_claim_is_right() {
	assert!(meet(honest(&toy()), honest(&toy())).is_none());
}

#[test]
fn no_side_should_move_twice_in_a_row_unless_a_move_leads_to_itself() {
	let toy = toy();
	let lie = Lie::Tile { step: 5, node: 3, tile: 2, block: 1 };
	let mut withholder = liar(&toy, &[lie]);
	withholder.habit.withholds = true;
	let (game, records) = meet(honest(&toy), withholder).unwrap();
	assert_eq!(game.outcome(), Some(Outcome::Convicted(Fault::Tile)));
	for pair in records.windows(2) {
		let found = matches!(pair[0].play.kind(), MoveKind::Pick);
		assert!(pair[0].side != pair[1].side || (found && pair[1].side == Side::Challenger));
	}
}
