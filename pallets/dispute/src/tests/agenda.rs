use super::*;
use crate::{agenda::SEARCH, WeightInfo};
use polkadot_sdk::frame_support::{traits::Hooks, weights::Weight, BoundedVec};

#[test]
fn chain_should_convict_by_itself_when_solver_is_silent() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let cost = stored(game).challenger_cost;
		run_to(35);
		take_events();
		run_to(36);
		let mut events = Vec::new();
		let outcome = Outcome::Convicted(Fault::Silence);
		let burned = finish(&mut events, game, outcome, 1, (cost, 0));
		assert_eq!(take_events(), events);
		assert_eq!(AgendaCursor::<Test>::get(), 37);
		burned
	});
}

#[test]
fn chain_should_burn_bond_by_itself_when_challenger_is_silent() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		table.turn(game);
		let (mine, theirs) = (stored(game).challenger_cost, stored(game).solver_cost);
		take_events();
		run_to(36);
		let mut events = Vec::new();
		let burned = finish(&mut events, game, Outcome::ChallengerTimedOut, 2, (mine, theirs));
		assert_eq!(take_events(), events);
		burned
	});
}

#[test]
fn entry_should_move_with_the_deadline_when_a_move_is_made() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		run_to(20);
		table.turn(game);
		// The challenger has its 31 blocks from now on.
		assert_eq!((deadline(game), stored(game).agenda), (51, 51));
		assert_eq!(Agenda::<Test>::iter().collect::<Vec<_>>().len(), 1);
		run_to(50);
		assert_ok!(Dispute::do_try_state());
		table.play(game);
		let cost = STAKE / 20;
		burned_stake(cost)
	});
}

#[test]
fn games_should_end_one_after_another_when_weight_is_short() {
	new_test_ext(|| {
		same_clocks();
		let table = accused(1, lie(MLP.update));
		for _ in 0..4 {
			let game = table.opened(CHALLENGER);
			table.turn(game);
		}
		// Three in one bucket, the fourth in the next.
		assert_eq!((Agenda::<Test>::get(36).len(), stored(3).agenda), (3, 37));
		let one =
			<()>::tick_base() + <()>::tick_bucket() + crate::Pallet::<Test>::ending_weight(false);
		jump_to(35);
		TickWeight::set(one + <()>::tick_bucket().saturating_mul(40));
		run_to(36);
		let left = Disputes::<Test>::count();
		assert_eq!((left, Agenda::<Test>::get(36).len()), (3, 2));
		check_books();
		let spent = Dispute::on_initialize(36);
		assert!(spent.all_lte(TickWeight::get()));
		run_to(45);
		assert_eq!(Disputes::<Test>::count(), 0);
		4 * (BOND - 50)
	});
}

#[test]
fn nothing_should_happen_when_there_is_no_weight() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		table.opened(CHALLENGER);
		jump_to(60);
		assert_eq!((Disputes::<Test>::count(), AgendaCursor::<Test>::get()), (1, 6));
		check_books();
		// As soon as there is, all is made up for.
		run_to(61);
		assert_eq!((Disputes::<Test>::count(), AgendaCursor::<Test>::get()), (0, 62));
		burned_stake(take_cost())
	});
}

/// The challenger's cost in the only resolution.
fn take_cost() -> u64 {
	let cost = |event: &Event<Test>| match event {
		Event::GameResolved { challenger_cost, .. } => Some(*challenger_cost),
		_ => None,
	};
	take_events().iter().find_map(cost).unwrap()
}

#[test]
fn move_should_fail_when_agenda_is_full() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let full = || BoundedVec::truncate_from(vec![90, 91, 92]);
		for block in 36..36 + u64::from(SEARCH) {
			Agenda::<Test>::insert(block, full());
		}
		assert_noop!(open(CHALLENGER, 0, table.opening()), Error::<Test>::AgendaFull);
		Agenda::<Test>::remove(99);
		let game = table.opened(CHALLENGER);
		assert_eq!((deadline(game), stored(game).agenda), (36, 99));
		for block in 36..99 {
			Agenda::<Test>::remove(block);
		}
		0
	});
}

#[test]
fn game_should_get_another_entry_when_it_cannot_be_ended() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let cost = stored(game).challenger_cost;
		// Behind the market's back its count of games is wrong, so it refuses the verdict.
		let honest = pallet_task_market::Tasks::<Test>::get(0).unwrap();
		pallet_task_market::Tasks::<Test>::mutate(0, |task| {
			let stage = &mut task.as_mut().unwrap().stage;
			if let pallet_task_market::Stage::Claimed { games, .. } = stage {
				*games = 0;
			}
		});
		take_events();
		run_to(36);
		let error = pallet_task_market::Error::<Test>::NoOpenGame.into();
		assert_eq!(take_events(), [Event::AutomaticStepFailed { game, error }]);
		assert_eq!(stored(game).agenda, 36 + u64::from(SEARCH));
		pallet_task_market::Tasks::<Test>::insert(0, honest);
		check_books();
		assert_ok!(Dispute::expire(signed(STRANGER), game));
		burned_stake(cost)
	});
}

#[test]
fn agenda_should_cost_nothing_more_than_a_read_when_there_never_was_a_game() {
	new_test_ext(|| {
		assert_eq!(Dispute::on_initialize(1), <() as WeightInfo>::tick_base());
		TickWeight::set(Weight::zero());
		assert_eq!(Dispute::on_initialize(1), Weight::zero());
		0
	});
}
