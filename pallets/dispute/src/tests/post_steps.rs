use super::*;

#[test]
fn post_steps_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = false;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::PostSteps, Side::Challenger);
		0
	});
}

#[test]
fn post_steps_should_fail_when_list_does_not_end_in_the_claimed_state() {
	new_test_ext(|| {
		let table = claimed(3, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let Move::PostSteps { root, last } = table.until(game, MoveKind::PostSteps) else {
			panic!()
		};
		let at = position(game);
		let short = Move::PostSteps { root, last: Default::default() };
		assert_noop!(send(SOLVER, game, at, short), Error::<Test>::ProofInvalid);
		let other = Move::PostSteps { root: [1; 32], last };
		assert_noop!(send(SOLVER, game, at, other), Error::<Test>::ProofInvalid);
		0
	});
}
