//! What a game keeps when the runtime around it is replaced by another.

use super::*;
use crate::{DisputeOf, GameId, Tariff};
use assay_dispute_game::Game;
use codec::{Decode, Encode};

/// Where the version of the referee is in an encoded game: after two roots and five numbers.
const REFEREE: usize = 2 * 32 + 5 * 4;

/// As if the game had been opened under this version of the referee.
fn opened_under(game: GameId, referee: u16) -> DisputeOf<Test> {
	let dispute = stored(game);
	let mut bytes = dispute.game.encode();
	bytes[REFEREE..REFEREE + 2].copy_from_slice(&referee.to_le_bytes());
	let edited = Game::decode(&mut &bytes[..]).unwrap();
	assert_eq!(edited.params().referee, referee);
	DisputeOf::<Test> { game: edited, ..dispute }
}

#[test]
fn game_should_wait_when_its_referee_is_missing() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let (known, unknown) = (stored(game), opened_under(game, 7));
		assert_eq!(known.game.params().referee, 1);
		let play = table.next(game).unwrap();
		Disputes::<Test>::insert(game, unknown);
		assert!(Dispute::do_try_state().is_err());
		assert!(Dispute::game_brief(game, []).is_none());
		let (at, unknown) = (position(game), Error::<Test>::UnknownReferee);
		assert_noop!(send(SOLVER, game, at, play), unknown);
		assert_noop!(Dispute::expire(signed(STRANGER), game), Error::<Test>::DeadlineNotReached);
		// The solver cannot move, so its silence means nothing: its turn begins again, whoever looks at it.
		let left = known.game.deadline().unwrap() - known.game.clocks().turn;
		System::set_block_number(1_000);
		assert_ok!(Dispute::expire(signed(STRANGER), game));
		assert_eq!(stored(game).game.deadline(), Some(1_000 + left));
		take_events();
		run_to(u64::from(1_000 + left) + 1);
		assert_eq!(take_events(), []);
		assert_eq!(stored(game).game.deadline(), Some(1_000 + 2 * left));
		// It has all of that turn when a runtime knows the version again.
		let again = DisputeOf::<Test> { game: known.game.restarted(1_000 + left), ..stored(game) };
		Disputes::<Test>::insert(game, again);
		table.play(game);
		assert_eq!(Market::phase_of(0), None);
		let costs = take_events().into_iter().find_map(|event| match event {
			Event::GameResolved { challenger_cost, .. } => Some(challenger_cost),
			_ => None,
		});
		burned_stake(costs.unwrap())
	});
}

#[test]
fn moves_should_be_worth_what_they_were_at_the_opening() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let tariff = DisputeTariff::get();
		DisputeTariff::set(Tariff { per_move: 999, per_byte: 99, per_gigaflop: 9, ..tariff });
		makes(&table, game, MoveKind::PostTrace, Side::Challenger);
		assert_eq!(stored(game).tariff, tariff);
		let posted = table.solver.trace(2).root();
		assert_eq!(stored(game).solver_cost, worth(&Move::PostTrace { root: posted }));
		ends(&table, game, MoveKind::PickTile, CHALLENGER, Outcome::Acquitted)
	});
}
