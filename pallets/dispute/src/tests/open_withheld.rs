use super::*;

#[test]
fn open_withheld_should_ask_for_the_list_of_states() {
	new_test_ext(|| {
		let mut table = claimed(1, lie(MLP.update));
		table.withheld = true;
		let play = table.opening();
		assert_eq!(play, Move::Ask);
		assert_ok!(open(CHALLENGER, 0, play.clone()));
		let opened = Event::GameOpened {
			game: 0,
			task: 0,
			attempt: 0,
			challenger: CHALLENGER,
			solver: SOLVER,
			bond: BOND,
			clock: 41,
		};
		let effect = Effect::Turn { side: Side::Defender, deadline: 36 };
		let moved = Event::Moved {
			game: 0,
			kind: MoveKind::Ask,
			side: Side::Challenger,
			by: CHALLENGER,
			bytes: 1,
			position: position(0),
			effect,
		};
		assert_eq!(take_events(), [opened, moved]);
		// No replay: the challenger has only said that it does not know.
		assert_eq!(stored(0).challenger_cost, 11);
		0
	});
}

#[test]
fn open_withheld_should_fail_when_there_is_no_claim_or_it_is_ones_own() {
	new_test_ext(|| {
		claimed(1, lie(MLP.update));
		assert_noop!(open(CHALLENGER, 9, Move::Ask), Error::<Test>::NoClaim);
		assert_noop!(open(SOLVER, 0, Move::Ask), Error::<Test>::OwnClaim);
		assert_noop!(
			Dispute::open_withheld(RuntimeOrigin::none(), 0),
			polkadot_sdk::sp_runtime::DispatchError::BadOrigin
		);
		0
	});
}

#[test]
fn game_should_convict_when_every_list_is_withheld() {
	new_test_ext(|| {
		let mut table = claimed(3, lie(MLP.update));
		table.withheld = true;
		let game = table.opened(CHALLENGER);
		use MoveKind::*;
		let searches = [
			// The claim has two states, so one round; the last of them is wrong.
			vec![Bisect, Pick, Open],
			vec![PostSteps, Ask, Bisect, Pick, PickStep],
			// 18 nodes: the last two are an early branch.
			vec![PostTrace, Ask, Bisect, Pick],
			// 19 tiles: two rounds.
			vec![AskTiles, Bisect, Pick, Bisect, Pick],
		];
		let moves = [searches.concat(), vec![PickTile]].concat();
		assert_eq!(table.play(game), moves);
		let events = take_events();
		let Some(Event::GameResolved { challenger_cost, outcome, .. }) = events.iter().rev().nth(1)
		else {
			panic!("{events:?}")
		};
		assert_eq!(*outcome, Outcome::Convicted(Fault::Tile));
		burned_stake(*challenger_cost)
	});
}
