use super::*;

#[test]
fn post_trace_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = false;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::PostTrace, Side::Challenger);
		0
	});
}

#[test]
fn post_trace_should_stop_withdrawal_and_nothing_else_should() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		assert!(!stored(game).traced);
		table.until(game, MoveKind::PickTile);
		assert!(stored(game).traced);
		assert_noop!(
			Market::withdraw_claim(signed(SOLVER), 0),
			pallet_task_market::Error::<Test>::TraceWasPosted
		);
		0
	});
}
