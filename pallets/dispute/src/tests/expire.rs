use super::*;

#[test]
fn expire_should_convict_when_solver_is_silent() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let cost = stored(game).challenger_cost;
		jump_to(35);
		assert_noop!(Dispute::expire(signed(STRANGER), game), Error::<Test>::DeadlineNotReached);
		jump_to(36);
		assert_noop!(Dispute::expire(signed(STRANGER), 7), Error::<Test>::UnknownGame);
		assert_noop!(
			Dispute::expire(RuntimeOrigin::none(), game),
			polkadot_sdk::sp_runtime::DispatchError::BadOrigin
		);
		take_events();
		assert_ok!(Dispute::expire(signed(STRANGER), game));
		let mut events = Vec::new();
		let outcome = Outcome::Convicted(Fault::Silence);
		let burned = finish(&mut events, game, outcome, 1, (cost, 0));
		assert_eq!(take_events(), events);
		assert_noop!(Dispute::expire(signed(STRANGER), game), Error::<Test>::UnknownGame);
		burned
	});
}

#[test]
fn expire_should_burn_bond_and_leave_the_leaf_open_when_challenger_is_silent() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		run_to(10);
		assert_eq!(table.turn(game), MoveKind::PostTrace);
		let (mine, theirs) = (stored(game).challenger_cost, stored(game).solver_cost);
		jump_to(41);
		take_events();
		assert_ok!(Dispute::expire(signed(SOLVER), game));
		let mut events = Vec::new();
		let outcome = Outcome::ChallengerTimedOut;
		let burned = finish(&mut events, game, outcome, 2, (mine, theirs));
		assert_eq!(take_events(), events);
		assert_eq!((theirs, burned), (50, BOND - 50));
		// Somebody else opens the same stride and wins.
		let again = table.opened(RIVAL);
		table.play(again);
		assert_eq!(Market::phase_of(0), None);
		let (_, costs) = take_events().iter().rev().fold((0, 0), |sum, event| match event {
			Event::GameResolved { moves, challenger_cost, .. } => (*moves, *challenger_cost),
			_ => sum,
		});
		burned + burned_stake(costs)
	});
}
