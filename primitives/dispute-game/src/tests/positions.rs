//! Compare-and-set: moves name the position they answer.

use super::{honest, liar, meet, toy};
use crate::{
	successor,
	testing::{Lie, Record, Toy},
	Effect, Game, GameError, Move, Params, Side,
};

fn game() -> (Game, alloc::vec::Vec<Record>, Toy) {
	let toy = toy();
	let mut liar = liar(&toy, &[Lie::Tile { step: 5, node: 4, tile: 0, block: 0 }]);
	liar.habit.silent_after = Some(2);
	let mut honest = honest(&toy);
	honest.habit.picks_blindly = true;
	let (_, records) = meet(honest, liar).unwrap();
	let params = toy.params(
		super::liar(&toy, &[Lie::Tile { step: 5, node: 4, tile: 0, block: 0 }])
			.execution
			.claim_root(),
	);
	let mut game = Game::open(params, &records[0].play, 1000, &toy).unwrap().game;
	for record in &records[1..4] {
		game =
			game.apply(record.side, record.position, &record.play, record.at, &toy).unwrap().game;
	}
	(game, records, toy)
}

#[test]
fn position_should_follow_from_the_moves_alone() {
	let (game, records, toy) = game();
	let mut position = Game::first_position(game.params(), &toy);
	for record in &records[..4] {
		assert_eq!(record.position, position);
		position = successor(&position, &record.play, &toy);
	}
	assert_eq!(game.position(), position);
	let params = *game.params();
	let later = Game::open(params, &records[0].play, 2000, &toy).unwrap().game;
	assert_eq!(later.position(), records[1].position, "the block does not matter");
}

#[test]
fn first_position_should_be_another_when_a_parameter_is() {
	let toy = toy();
	let params = toy.params([7; 32]);
	let first = Game::first_position(&params, &toy);
	let others = [
		Params { id: [9; 32], ..params },
		Params { claim: [9; 32], ..params },
		Params { first_step: params.first_step + 1, ..params },
		Params { steps: params.steps + 1, ..params },
		Params { referee: params.referee + 1, ..params },
		Params { clock: params.clock + 1, ..params },
	];
	for other in others {
		assert_ne!(Game::first_position(&other, &toy), first, "{other:?}");
	}
}

#[test]
fn move_should_succeed_and_change_nothing_when_it_already_stands() {
	let (game, records, toy) = game();
	let last = &records[3];
	for now in [last.at, last.at + 1, u32::MAX, 0] {
		let again = game.clone().apply(last.side, last.position, &last.play, now, &toy).unwrap();
		assert_eq!((again.game, again.effect), (game.clone(), Effect::AlreadyStands));
	}
}

#[test]
fn last_move_should_still_stand_when_the_game_is_over() {
	let (game, _, toy) = game();
	let over = game.apply(Side::Challenger, [0; 32], &Move::Ask, 0, &toy);
	assert_eq!(over, Err(GameError::StalePosition));
	let lie = Lie::Tile { step: 5, node: 4, tile: 0, block: 0 };
	let (game, records) = meet(honest(&toy), liar(&toy, &[lie])).unwrap();
	let last = records.last().unwrap();
	let again = game.clone().apply(last.side, last.position, &last.play, 0, &toy).unwrap();
	assert_eq!(again.effect, Effect::AlreadyStands);
	let other = game.clone().apply(last.side, game.position(), &last.play, last.at, &toy);
	assert_eq!(other, Err(GameError::GameOver));
}

#[test]
fn move_should_be_stale_when_it_answers_another_position() {
	let (game, records, toy) = game();
	for record in &records[..3] {
		let old = game.clone().apply(record.side, record.position, &record.play, 1000, &toy);
		assert_eq!(old, Err(GameError::StalePosition));
	}
	let other = Move::PostTrace { root: [9; 32] };
	let raced = game.clone().apply(Side::Defender, records[3].position, &other, 1000, &toy);
	assert_eq!(raced, Err(GameError::StalePosition), "another move has answered that position");
}

#[test]
fn move_should_be_refused_when_it_is_another_sides() {
	let (game, records, toy) = game();
	let position = game.position();
	let pick = &records[4].play;
	let refused = game.clone().apply(Side::Defender, position, pick, 1000, &toy);
	assert_eq!(refused, Err(GameError::NotYourTurn));
	let theirs = game.clone().apply(Side::Defender, position, &Move::Concede, 1000, &toy);
	assert_eq!(theirs, Err(GameError::NotYourTurn), "it is the challenger's turn");
	let concede = game.apply(Side::Challenger, position, &Move::Concede, 1000, &toy);
	assert_eq!(concede, Err(GameError::NotYourTurn));
}
