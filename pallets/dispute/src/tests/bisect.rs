use super::*;

#[test]
fn bisect_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::Bisect, Side::Challenger);
		0
	});
}

#[test]
fn bisect_should_be_taken_from_anyone_when_it_verifies() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		let play = table.until(game, MoveKind::Bisect);
		let answered = position(game);
		take_events();
		assert_ok!(send(STRANGER, game, answered, play.clone()));
		let effect = Effect::Turn { side: Side::Challenger, deadline: 36 };
		assert_eq!(take_events(), [moved(&table, game, answered, &play, STRANGER, effect)]);
		// It counts for the side that it was made for.
		assert_eq!(stored(game).solver_cost, worth(&play));
		assert_eq!(Transcripts::<Test>::get(game).revealed.len(), 1);
		0
	});
}

#[test]
fn bisect_should_fail_when_children_are_not_below_the_branch() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		let Move::Bisect { children } = table.until(game, MoveKind::Bisect) else { panic!() };
		let garble = |change: fn(&mut Vec<[u8; 32]>)| {
			let mut garbled = children.to_vec();
			change(&mut garbled);
			let play = Move::Bisect { children: garbled.try_into().unwrap() };
			send(SOLVER, game, position(game), play)
		};
		assert_noop!(garble(|children| children[0][0] ^= 1), Error::<Test>::ProofInvalid);
		assert_noop!(garble(|children| children.swap(0, 1)), Error::<Test>::ProofInvalid);
		assert_noop!(garble(|children| children.push([0; 32])), Error::<Test>::ProofInvalid);
		assert_noop!(garble(|children| children.truncate(3)), Error::<Test>::ProofInvalid);
		0
	});
}
