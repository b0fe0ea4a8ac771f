use super::*;
use assay_dispute_game::strategy;
use codec::Encode;

/// The move that shows where a heartbeat of `states` states of `beat` and the claim differ.
fn fault(table: &Table, states: u32, beat: &Execution) -> Option<CaseMove> {
	let list = beat.claim()[..states as usize].to_vec();
	strategy::prefix_fault(states, list, table.solver.claim(), &table.case())
}

/// Sends the move and compares the story.
fn convicts(table: &Table, play: CaseMove) -> u64 {
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
	let outcome = Outcome::Convicted(Fault::Prefix);
	let mut events = take_events();
	assert_eq!(events.remove(0), opened);
	let Event::Moved { position, kind, side, by, bytes, effect, .. } = events.remove(0) else {
		panic!()
	};
	assert_ne!(position, [0; 32]);
	assert_eq!((kind, side, by), (MoveKind::PrefixFault, Side::Challenger, CHALLENGER));
	assert_eq!((bytes, effect), (play.encoded_size() as u32, Effect::Ended(outcome)));
	let mut expected = Vec::new();
	let burned = finish(&mut expected, 0, outcome, 1, (10 + u64::from(bytes), 0));
	assert_eq!(events, expected);
	assert_noop!(open(RIVAL, table.task, play), Error::<Test>::NoClaim);
	burned
}

#[test]
fn prefix_fault_should_convict_when_claim_departs_from_heartbeat() {
	new_test_ext(|| {
		let honest = Execution::new(&assay_case::testing::mlp(3, 1), vec![]);
		let lies = vec![Lie::Output { step: 0, node: MLP.update, word: 0, bit: 30 }];
		let table = with_beats(1, lies, &[(1, &honest), (3, &honest)]);
		convicts(&table, fault(&table, 3, &honest).unwrap())
	});
}

#[test]
fn prefix_fault_should_convict_when_first_heartbeat_is_of_another_state() {
	new_test_ext(|| {
		let task = assay_case::testing::mlp(3, 1);
		let elsewhere = Execution::new(&task, vec![Lie::Init { slot: 1 }]);
		let table = with_beats(1, vec![], &[(1, &elsewhere)]);
		convicts(&table, fault(&table, 1, &elsewhere).unwrap())
	});
}

#[test]
fn prefix_fault_should_fail_when_heartbeat_and_claim_agree() {
	new_test_ext(|| {
		let honest = Execution::new(&assay_case::testing::mlp(3, 1), vec![]);
		let table = with_beats(1, lie(MLP.update), &[(2, &honest)]);
		let liar = Execution::new(&honest.task, vec![Lie::Init { slot: 0 }]);
		let good = fault(&table, 2, &liar).unwrap();
		assert_noop!(open(CHALLENGER, 0, good.clone()), Error::<Test>::ProofInvalid);
		let Move::PrefixFault { in_claim, .. } = good else { panic!() };
		let shown = strategy::Known::complete(
			assay_dispute_game::List::Claim,
			honest.claim()[..2].to_vec(),
			&table.case(),
		);
		let in_heartbeat = shown.shown(0, &table.case()).unwrap();
		let play = |states, leaf| Move::PrefixFault {
			heartbeat: states,
			leaf,
			in_heartbeat: in_heartbeat.clone(),
			in_claim: in_claim.clone(),
		};
		assert_noop!(open(CHALLENGER, 0, play(2, 0)), Error::<Test>::NoFault);
		assert_noop!(open(CHALLENGER, 0, play(2, 1)), Error::<Test>::ProofInvalid);
		assert_noop!(open(CHALLENGER, 0, play(2, 2)), Error::<Test>::LeafOutOfRange);
		assert_noop!(open(CHALLENGER, 0, play(3, 0)), Error::<Test>::LeafOutOfRange);
		assert_noop!(open(CHALLENGER, 9, play(2, 0)), Error::<Test>::NoClaim);
		assert_noop!(open(SOLVER, 0, play(2, 0)), Error::<Test>::OwnClaim);
		assert_noop!(
			Dispute::prefix_fault(RuntimeOrigin::none(), 0, 2, 0, in_heartbeat, in_claim),
			polkadot_sdk::sp_runtime::DispatchError::BadOrigin
		);
		0
	});
}
