//! Clocks and their bound.

use proptest::prelude::*;

use super::{honest, liar, meet, toy};
use crate::{
	strategy::opening,
	testing::{Lie, Said, Toy, View},
	Effect, Fault, Game, GameError, Move, Outcome, Params, Phase, Side, Span, Spot, Transition,
};

fn small() -> Toy {
	Toy { stride: 1, ..toy() }
}

/// A game that waits for the trace of step 1, with these clocks.
fn opened(change: impl FnOnce(&mut Params), now: u32) -> Result<Transition, GameError> {
	let toy = small();
	let liar = liar(&toy, &[Lie::Tile { step: 1, node: 4, tile: 0, block: 0 }]).execution;
	let honest = honest(&toy).execution;
	let view = View { own: &honest, theirs: Some(&liar), said: &Said::default() };
	let mut params = toy.params(liar.claim_root());
	let first = opening(&params, &view, &toy).unwrap();
	change(&mut params);
	Game::open(params, &first, now, &toy)
}

fn post_trace(game: &Game, now: u32) -> Result<Transition, GameError> {
	let play = Move::PostTrace { root: [3; 32] };
	game.clone().apply(Side::Defender, game.position(), &play, now, &small())
}

#[test]
fn move_should_be_accepted_when_it_is_made_in_the_last_block_and_refused_after() {
	let Transition { game, effect } = opened(|_| (), 1000).unwrap();
	assert_eq!(effect, Effect::Turn { side: Side::Defender, deadline: 1060 });
	assert!(post_trace(&game, 1059).is_ok());
	assert_eq!(post_trace(&game, 1060), Err(GameError::DeadlinePassed));
	assert_eq!(post_trace(&game, u32::MAX), Err(GameError::DeadlinePassed));
	assert_eq!(post_trace(&game, 999), Err(GameError::TimeReversed));
	let early = game.clone().timeout(1059);
	assert_eq!(early, Err(GameError::DeadlineNotReached { deadline: 1060 }));
	let lost = game.timeout(1060).unwrap();
	assert_eq!(lost.effect, Effect::Ended(Outcome::Convicted(Fault::Silence)));
	assert_eq!(lost.game.timeout(2000), Err(GameError::GameOver));
}

#[test]
fn clock_should_run_for_the_mover_only() {
	let game = opened(|_| (), 1000).unwrap().game;
	let game = post_trace(&game, 1030).unwrap().game;
	assert_eq!((game.clocks().challenger.left, game.clocks().defender.left), (60, 30));
	assert_eq!(game.deadline(), Some(1090));
}

#[test]
fn clock_should_be_topped_up_from_the_reserve_when_little_is_left() {
	// The challenger's turn after a trace needs a replay: twice the extension.
	let change = |params: &mut Params| (params.reserve, params.extension) = (96, 10);
	let game = opened(change, 1000).unwrap().game;
	assert_eq!((game.clocks().defender.left, game.clocks().defender.reserve), (20, 80));
	let game = post_trace(&game, 1019).unwrap().game;
	assert_eq!((game.clocks().defender.left, game.clocks().defender.reserve), (1, 80));
	assert_eq!((game.clocks().challenger.left, game.clocks().challenger.reserve), (20, 80));
	let asked = Move::Ask;
	let challenger = Side::Challenger;
	let asked = game.clone().apply(challenger, game.position(), &asked, 1020, &small()).unwrap();
	let clock = asked.game.clocks().defender;
	assert_eq!((clock.left, clock.reserve), (10, 71), "no replay: the flat extension");
}

#[test]
fn extension_should_be_what_the_reserve_holds_when_it_runs_dry() {
	let change = |params: &mut Params| (params.clock, params.reserve, params.extension) = (4, 3, 1);
	let game = opened(change, 0).unwrap().game;
	assert_eq!((game.clocks().defender.left, game.clocks().defender.reserve), (2, 2));
	assert_eq!(game.bound(), 8);
}

#[test]
fn game_should_be_refused_when_its_clocks_pass_the_last_block() {
	let last = u32::MAX - 200;
	let game = opened(|_| (), last).unwrap().game;
	assert_eq!(game.bound(), u32::MAX);
	assert!(post_trace(&game, last + 59).is_ok());
	assert_eq!(opened(|_| (), last + 1), Err(GameError::BadParams));
	let huge = |params: &mut Params| params.clock = u32::MAX / 2 + 1;
	assert_eq!(opened(huge, 0), Err(GameError::BadParams));
}

#[test]
fn turn_should_begin_again_when_the_game_is_restarted() {
	let game = opened(|_| (), 1000).unwrap().game;
	let left = game.deadline().unwrap() - 1000;
	assert!(post_trace(&game, 1000 + left).is_err());
	let again = game.clone().restarted(5000);
	assert_eq!((again.deadline(), again.bound()), (Some(5000 + left), game.bound() + 4000));
	assert_eq!(again.clocks().defender, game.clocks().defender);
	assert!(post_trace(&again, 5000 + left - 1).is_ok());
	assert_eq!(game.clone().restarted(999), game, "time does not run backwards");
	assert_eq!(game.restarted(u32::MAX).deadline(), Some(u32::MAX));
}

#[test]
fn game_should_end_at_its_bound_when_both_sides_linger_and_then_fall_silent() {
	let toy = toy();
	let mut liar = liar(&toy, &[Lie::Tile { step: 1, node: 4, tile: 0, block: 0 }]);
	let mut honest = honest(&toy);
	(liar.habit.lingers, liar.habit.withholds) = (true, true);
	(honest.habit.lingers, honest.habit.silent_after) = (true, Some(6));
	let (game, _) = meet(honest, liar).unwrap();
	assert_eq!(game.outcome(), Some(Outcome::ChallengerTimedOut));
	// The arena checks that the deadline lies within the bound; the clocks say how near.
	assert!(game.clocks().turn + game.clocks().challenger.left <= game.bound());
	assert!(game.clocks().turn - game.clocks().opened > game.params().clock);
}

proptest! {
	/// Whatever the clocks and whenever moves are made, each side uses at most its clock, so every
	/// deadline lies within `opened + 2 · clock`.
	#[test]
	fn deadline_should_lie_within_the_bound_when_moves_are_made_at_any_time(
		clock in 1u32..2000,
		reserve in 0u32..2000,
		extension in 0u32..1000,
		opened_at in prop_oneof![Just(0), 0u32..1000, u32::MAX - 4100..u32::MAX - 4000],
		delays in proptest::collection::vec(any::<u32>(), 60),
	) {
		let reserve = reserve % clock;
		let extension = extension.min(reserve / 2);
		let change = |params: &mut Params| {
			(params.clock, params.reserve, params.extension) = (clock, reserve, extension);
		};
		let game = opened(change, opened_at).unwrap().game;
		let (mut clocks, bound) = (*game.clocks(), game.bound());
		let phases = [
			phase(Side::Defender, true),
			phase(Side::Challenger, false),
			phase(Side::Defender, false),
			phase(Side::Challenger, true),
		];
		for (turn, delay) in delays.into_iter().enumerate() {
			let phase = &phases[turn % 4];
			let side = phase.turn().unwrap();
			clocks = clocks.start(phase, extension);
			let deadline = clocks.deadline(side);
			prop_assert!(deadline <= bound && deadline > clocks.turn);
			prop_assert!(clocks.stop(side, deadline).is_err());
			clocks = clocks.stop(side, clocks.turn + delay % (deadline - clocks.turn)).unwrap();
			for side in [Side::Challenger, Side::Defender] {
				let left = clocks.of(side);
				prop_assert!(left.left + left.reserve <= clock);
			}
		}
	}
}

fn phase(side: Side, replay: bool) -> Phase {
	let span = Span { start: 0, len: 1, before: [0; 32], after: [0; 32] };
	let spot = Spot { step: span, trace: [0; 32], node: 0, tile: 0, blocks: 2, spec: [0; 32] };
	match (side, replay) {
		(Side::Defender, true) => Phase::Trace { step: span },
		(Side::Defender, false) => Phase::Partials { spot },
		(Side::Challenger, true) => Phase::Step { span, root: [0; 32], leaf: None },
		(Side::Challenger, false) => Phase::Block { spot, partials: [0; 32] },
	}
}
