use super::*;

#[test]
fn pick_stride_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::Open, Side::Defender);
		// The game went on: it is still the only one.
		assert_eq!((NextGame::<Test>::get(), open_games(0)), (1, Some(1)));
		0
	});
}

#[test]
fn pick_stride_should_fail_when_search_found_another() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		let Move::Open { stride, before, after } = table.until(game, MoveKind::Open) else {
			panic!()
		};
		let pick = |stride, after: &_| {
			let play = Move::Open { stride, before: before.clone(), after: Clone::clone(after) };
			send(CHALLENGER, game, position(game), play)
		};
		assert_noop!(pick(stride - 1, &after), Error::<Test>::NotTheLeaf);
		assert_noop!(pick(stride, &before), Error::<Test>::ProofInvalid);
		assert_noop!(pick(stride + 1, &after), Error::<Test>::LeafOutOfRange);
		0
	});
}
