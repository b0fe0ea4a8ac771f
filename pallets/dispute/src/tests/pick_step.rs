use super::*;

#[test]
fn pick_step_should_pass_the_turn_on_and_stand_when_it_is_repeated() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = false;
		let game = table.opened(CHALLENGER);
		makes(&table, game, MoveKind::PickStep, Side::Defender);
		0
	});
}

#[test]
fn pick_step_should_fail_when_neighbours_are_not_those_of_the_step() {
	new_test_ext(|| {
		let table = claimed(3, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		let Move::PickStep { step, before, after } = table.until(game, MoveKind::PickStep) else {
			panic!()
		};
		assert_eq!((step, before.is_some(), after.is_none()), (2, true, true));
		let pick = |step, before: &_, after: &_| {
			let (before, after) = (Clone::clone(before), Clone::clone(after));
			send(CHALLENGER, game, position(game), Move::PickStep { step, before, after })
		};
		assert_noop!(pick(2, &None, &None), Error::<Test>::WrongNeighbours);
		assert_noop!(pick(2, &before, &before), Error::<Test>::WrongNeighbours);
		assert_noop!(pick(0, &before, &before), Error::<Test>::WrongNeighbours);
		assert_noop!(pick(1, &before, &before), Error::<Test>::ProofInvalid);
		assert_noop!(pick(3, &before, &None), Error::<Test>::LeafOutOfRange);
		0
	});
}

#[test]
fn game_should_convict_in_five_extrinsics_when_stride_has_many_steps() {
	new_test_ext(|| {
		let table = claimed(3, lie(MLP.update));
		let game = table.opened(CHALLENGER);
		use MoveKind::*;
		for next in [PostSteps, PickStep, PostTrace] {
			assert_eq!(table.turn(game), next);
		}
		ends(&table, game, PickTile, CHALLENGER, Outcome::Convicted(Fault::Tile))
	});
}
