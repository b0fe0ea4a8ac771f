//! Several games at once: when the chain takes no more, and what tells them apart.

use super::*;
use crate::Tariff;

#[test]
fn window_should_start_again_when_the_chain_was_full() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		MaxGames::set(1);
		run_to(190);
		let game = table.opened(CHALLENGER);
		table.turn(game);
		assert_noop!(open(RIVAL, 0, table.opening()), Error::<Test>::TooManyGames);
		// The challenger falls silent after the end of the window, 205, in which nobody else could open.
		assert_eq!(deadline(game), 221);
		run_to(240);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Claimed));
		let again = table.opened(RIVAL);
		table.play(again);
		run_to(240 + 200);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Claimed));
		run_to(240 + 201);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Final));
		2 * (BOND - 50) + PRICE / 100
	});
}

#[test]
fn window_should_start_again_when_the_claim_took_no_more_games() {
	new_test_ext(|| {
		// Its stake covers one bond.
		let bond_base = STAKE;
		DisputeTariff::set(Tariff { bond_base, ..DisputeTariff::get() });
		let table = accused(1, lie(MLP.update));
		run_to(190);
		let game = table.opened(CHALLENGER);
		table.turn(game);
		assert_noop!(open(RIVAL, 0, table.opening()), Error::<Test>::TooManyGames);
		assert_eq!(deadline(game), 221);
		run_to(221);
		assert_eq!(open_games(0), Some(0));
		run_to(221 + 200);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Claimed));
		run_to(221 + 201);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Final));
		BOND - 1_000 + bond_base - 50 + PRICE / 100
	});
}

#[test]
fn position_should_be_another_when_the_game_is_another() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let (first, second) = (table.opened(CHALLENGER), table.opened(RIVAL));
		assert_ne!(stored(first).game.params().id, stored(second).game.params().id);
		// The same solver answers both with the same move, and still neither answer is good for the other.
		let play = table.next(first).unwrap();
		assert_eq!(table.next(second), Some(play.clone()));
		assert_noop!(
			send(SOLVER, second, position(first), play.clone()),
			Error::<Test>::StalePosition
		);
		assert_ok!(send(SOLVER, first, position(first), play.clone()));
		assert_ok!(send(SOLVER, second, position(second), play));
		0
	});
}
