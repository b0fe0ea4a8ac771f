use super::*;

#[test]
fn conviction_should_close_the_other_games_and_return_their_bonds() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let (first, second, third) =
			(table.opened(CHALLENGER), table.opened(RIVAL), table.opened(CHALLENGER));
		table.turn(first);
		table.until(second, MoveKind::PickTile);
		take_events();
		let play = table.next(second).unwrap();
		let answered = position(second);
		assert_ok!(send(RIVAL, second, answered, play.clone()));
		let events = take_events();
		let outcome = Outcome::Convicted(Fault::Tile);
		let moved = moved(&table, second, answered, &play, RIVAL, Effect::Ended(outcome));
		let cost = worth(&play) + worth(&table.opening());
		let resolved = Event::GameResolved {
			game: second,
			task: 0,
			attempt: 0,
			winner: Side::Challenger,
			outcome,
			moves: 3,
			challenger_cost: cost,
			solver_cost: 50,
		};
		let returned = |game, challenger| Event::BondReturned { game, challenger, amount: BOND };
		assert_eq!(
			events,
			[
				moved,
				resolved,
				returned(second, RIVAL),
				Event::GameClosed { game: first, task: 0 },
				returned(first, CHALLENGER),
				Event::GameClosed { game: third, task: 0 },
				returned(third, CHALLENGER),
			]
		);
		assert_eq!((bond_of(CHALLENGER), bond_of(RIVAL)), (0, 0));
		assert_eq!(Balances::free_balance(CHALLENGER), PURSE);
		assert_eq!((Disputes::<Test>::count(), Agenda::<Test>::iter().count()), (0, 0));
		burned_stake(cost)
	});
}

#[test]
fn conviction_should_leave_no_trace_when_games_share_a_bucket() {
	new_test_ext(|| {
		same_clocks();
		let table = claimed(1, lie(MLP.update));
		table.opened(CHALLENGER);
		table.opened(RIVAL);
		assert_eq!(Agenda::<Test>::get(36).len(), 2);
		let cost = stored(0).challenger_cost;
		take_events();
		run_to(36);
		let events = take_events();
		assert_eq!(events.len(), 4, "{events:?}");
		assert!(!events.iter().any(|event| matches!(event, Event::AutomaticStepFailed { .. })));
		burned_stake(cost)
	});
}

#[test]
fn clock_should_have_time_for_the_replays_of_the_games_that_are_open() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let games = [table.opened(CHALLENGER), table.opened(RIVAL), table.opened(CHALLENGER)];
		assert_eq!(games.map(|game| stored(game).game.params().clock), [41, 42, 43]);
		table.play(games[0]);
		let next = table.opened(CHALLENGER);
		assert_eq!(stored(next).game.params().clock, 43, "two are open");
		BOND - 50
	});
}

#[test]
fn acquittal_should_leave_the_other_games_alone() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let (first, second) = (table.opened(CHALLENGER), table.opened(RIVAL));
		table.play(first);
		assert_eq!((open_games(0), bond_of(CHALLENGER), bond_of(RIVAL)), (Some(1), 0, BOND));
		table.play(second);
		assert_eq!(open_games(0), Some(0));
		2 * (BOND - 50)
	});
}

#[test]
fn claim_should_not_become_final_while_a_game_is_open() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		run_to(200);
		let game = table.opened(CHALLENGER);
		run_to(220);
		assert_noop!(
			Market::finalise(signed(SOLVER), 0),
			pallet_task_market::Error::<Test>::GamesOpen
		);
		table.turn(game);
		run_to(250);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Disputed));
		run_to(252);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Final));
		// The challenger fell silent; the fee on the price burns as well.
		BOND - 50 + PRICE / 100
	});
}
