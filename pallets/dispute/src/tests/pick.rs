use super::*;

#[test]
fn pick_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::Pick, Side::Challenger);
		0
	});
}

#[test]
fn pick_should_fail_when_there_is_no_such_child_or_no_step_leads_to_it() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		table.until(game, MoveKind::Pick);
		for child in [0, 4, u32::MAX] {
			let pick = send(CHALLENGER, game, position(game), Move::Pick { child });
			assert_noop!(pick, Error::<Test>::LeafOutOfRange);
		}
		0
	});
}
