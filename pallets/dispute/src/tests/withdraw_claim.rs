use super::*;

#[test]
fn withdraw_claim_should_close_games_and_pay_what_challengers_spent() {
	new_test_ext(|| {
		let table = claimed(3, lie(MLP.update));
		let (first, second) = (table.opened(CHALLENGER), table.opened(RIVAL));
		table.turn(first);
		table.turn(first);
		let costs = [stored(first).challenger_cost, stored(second).challenger_cost];
		take_events();
		assert_ok!(Market::withdraw_claim(signed(SOLVER), 0));
		let closed = |game| Event::GameClosed { game, task: 0 };
		let returned = |game, challenger| Event::BondReturned { game, challenger, amount: BOND };
		assert_eq!(
			take_events(),
			[closed(0), returned(0, CHALLENGER), closed(1), returned(1, RIVAL)]
		);
		// Of an eighth of the stake, what is left over the costs: half for the two, half for the requester.
		let left = STAKE / 8 - costs[0] - costs[1];
		assert_eq!(Balances::free_balance(CHALLENGER), PURSE + costs[0] + left / 4);
		assert_eq!(Balances::free_balance(RIVAL), PURSE + costs[1] + left / 4);
		assert_eq!(Market::phase_of(0), Some(TaskPhase::Open));
		assert_eq!((Disputes::<Test>::count(), Agenda::<Test>::iter().count()), (0, 0));
		STAKE / 4 - costs[0] - costs[1] - 2 * (left / 4) - left / 2
	});
}

#[test]
fn withdraw_claim_should_be_possible_again_when_traced_game_is_over() {
	new_test_ext(|| {
		let table = accused(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		table.turn(game);
		assert_noop!(
			Market::withdraw_claim(signed(SOLVER), 0),
			pallet_task_market::Error::<Test>::TraceWasPosted
		);
		table.play(game);
		assert_ok!(Market::withdraw_claim(signed(SOLVER), 0));
		// Without open games the fee is a twentieth of the stake, half of it for the requester.
		BOND - 50 + STAKE / 40
	});
}
