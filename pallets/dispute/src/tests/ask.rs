use super::*;

#[test]
fn ask_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::Ask, Side::Defender);
		0
	});
}

#[test]
fn ask_should_fail_when_list_was_searched_already() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		table.until(game, MoveKind::PickStep);
		let again = send(CHALLENGER, game, position(game), Move::Ask);
		assert_noop!(again, Error::<Test>::NothingToAsk);
		0
	});
}
