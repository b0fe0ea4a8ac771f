//! What must hold of every game, whatever happens around it.

use assay_dispute_game::{Effect, Game, GameError, Outcome, Side, Transition, MAX_MOVES};
use codec::{Decode, Encode, MaxEncodedLen};

use crate::board::{Board, Rules};

/// Blocks that each side was awaited for, counted by the model and not by the game.
pub(crate) type Waited = [u32; 2];

/// Index of a side.
pub(crate) fn at(side: Side) -> usize {
	match side {
		Side::Challenger => 0,
		Side::Defender => 1,
	}
}

const SIDES: [Side; 2] = [Side::Challenger, Side::Defender];

/// The game as it is read back from its bytes.
pub(crate) fn restored(game: &Game) -> Game {
	Game::decode(&mut &game.encode()[..]).expect("a game is read back")
}

/// What a side has used of its clock in the turns that are over.
fn used(game: &Game, side: Side) -> u32 {
	let clock = game.clocks().of(side);
	game.params().clock - clock.left - clock.reserve
}

/// What must hold after every accepted move: as in the arena.
pub(crate) fn check(before: &Game, Transition { game, effect }: &Transition) {
	assert!(game.moves_left() < before.moves_left(), "no progress: {before:?} {game:?}");
	assert!(game.moves() == before.moves() + 1 && game.moves() <= MAX_MOVES, "moves miscounted");
	assert_ne!(game.position(), before.position(), "a move left the position as it was");
	assert!(game.encoded_size() <= Game::max_encoded_len(), "a game outgrew its row");
	let age = game.clocks().turn - game.clocks().opened;
	assert_eq!(used(game, SIDES[0]) + used(game, SIDES[1]), age, "blocks were lost or doubled");
	match effect {
		Effect::Turn { side, deadline } => {
			assert_eq!((game.mover(), game.deadline()), (Some(*side), Some(*deadline)));
			assert!(*deadline <= game.bound(), "a deadline beyond the bound");
			assert!(*deadline > game.clocks().turn, "a turn of no block");
		},
		Effect::Ended(outcome) => {
			assert_eq!((game.mover(), game.outcome()), (None, Some(*outcome)));
		},
		Effect::AlreadyStands => panic!("an accepted move changed nothing"),
	}
}

/// What must hold of an open game in block `now`.
pub(crate) fn live(rules: &Rules, board: &Board, game: &Game, waited: Waited, now: u32) {
	let (mover, deadline) = (game.mover().expect("it is live"), game.deadline());
	let deadline = deadline.expect("someone is awaited");
	assert!(deadline <= game.bound(), "a deadline beyond the bound");
	let turn = now - game.clocks().turn;
	for side in SIDES {
		let running = if side == mover { turn } else { 0 };
		assert_eq!(used(game, side) + running, waited[at(side)], "the clock of {side:?} is wrong");
	}
	if now < deadline {
		let early = game.clone().timeout(now);
		assert_eq!(early, Err(GameError::DeadlineNotReached { deadline }), "ended too early");
	}
	stale(rules, board, game, now);
	let own =
		if mover == rules.set.honest { vec![rules.honest(board)] } else { rules.adversary(board) };
	for mut sent in own {
		if now >= deadline {
			let late = rules.apply(board, &sent, now).map(|_| ());
			assert!(late.is_err(), "a move at the deadline was accepted");
		}
		sent.side = mover.other();
		let stolen = rules.apply(board, &sent, now).map(|_| ());
		assert_eq!(stolen, Err(GameError::NotYourTurn), "a move for the other side");
	}
}

/// Whatever was said before, said again by anyone: it already stands or is void.
fn stale(rules: &Rules, board: &Board, game: &Game, now: u32) {
	for record in board.records.iter() {
		for side in SIDES {
			let again =
				game.clone().apply(side, record.position, &record.play, now, rules.set.toy());
			match again {
				Err(error) => assert_eq!(error, GameError::StalePosition, "an old move"),
				Ok(next) => {
					assert_eq!(next.effect, Effect::AlreadyStands, "an old move was made again");
					assert_eq!(next.game, *game, "an old move changed the game");
				},
			}
		}
	}
}

/// What must hold of a game that has ended.
pub(crate) fn over(rules: &Rules, board: &Board, game: &Game, now: u32) {
	let outcome = game.outcome().expect("it is over");
	let honest = rules.set.honest;
	assert_eq!(outcome.winner(), honest, "the truth lost: {outcome:?}");
	let silent = match outcome {
		Outcome::ChallengerTimedOut => Some(Side::Challenger),
		Outcome::Convicted(assay_dispute_game::Fault::Silence) => Some(Side::Defender),
		Outcome::Convicted(_) | Outcome::Acquitted | Outcome::Conceded => None,
	};
	assert_ne!(silent, Some(honest), "the honest side ran out of time");
	assert!(now <= game.bound() + 1, "a game ended beyond its bound");
	assert_eq!(game.moves_left(), 0, "a game that has ended goes on");
	assert_eq!(game.clone().timeout(now), Err(GameError::GameOver), "ended twice");
	stale_after_end(rules, board, game, now);
}

fn stale_after_end(rules: &Rules, board: &Board, game: &Game, now: u32) {
	for record in board.records.iter() {
		let again =
			game.clone().apply(record.side, record.position, &record.play, now, rules.set.toy());
		let changed = again.is_ok_and(|next| next.effect != Effect::AlreadyStands);
		assert!(!changed, "a move after the end");
	}
}
