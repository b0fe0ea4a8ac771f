use super::*;

#[test]
fn submit_claim_should_open_challenge_window() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(submit(id));
		assert_eq!(
			take_events(),
			[Event::ClaimSubmitted {
				task: id,
				attempt: 0,
				solver: SOLVER,
				claim: claim(),
				until: 15
			}]
		);
		let seen = Market::claim(id).unwrap();
		assert_eq!((seen.solver, seen.requester, seen.stake), (SOLVER, REQUESTER, 1_600));
		assert_eq!((seen.claim, seen.challenge_until, seen.open_games), (claim(), 15, 0));
		0
	});
}

#[test]
fn submit_claim_should_fail_when_sizes_are_not_the_tasks() {
	new_test_ext(|| {
		let id = assigned();
		let ends = ends_to(&work(), 10);
		let submit = |claim| Market::submit_claim(signed(SOLVER), id, claim, ends.clone());
		for steps in [0, 1, 9, 11, 12] {
			assert_noop!(submit(Claim { steps, ..claim() }), Error::<Test>::WrongNumberOfSteps);
		}
		for states in [5, 7] {
			assert_noop!(submit(Claim { states, ..claim() }), Error::<Test>::WrongNumberOfStates);
		}
		assert_noop!(submit(Claim { steps: 8, ..claim() }), Error::<Test>::WrongNumberOfStates);
		0
	});
}

#[test]
fn submit_claim_should_fail_when_the_list_begins_or_ends_elsewhere() {
	new_test_ext(|| {
		let id = assigned();
		let ends = ends_to(&work(), 10);
		let submit = |claim, ends| Market::submit_claim(signed(SOLVER), id, claim, ends);
		let ClaimEnds { first, last } = ends.clone();
		let swapped = ClaimEnds { first: last.clone(), last: first.clone() };
		assert_noop!(submit(claim(), swapped), Error::<Test>::WrongFirstState);
		let elsewhere = Claim { final_state: [1; 32], ..claim() };
		assert_noop!(submit(elsewhere, ends.clone()), Error::<Test>::WrongLastState);
		let no_path = ClaimEnds { first, last: Default::default() };
		assert_noop!(submit(claim(), no_path), Error::<Test>::WrongLastState);
		let other = Claim { artifact_root: [1; 32], ..claim() };
		assert_noop!(submit(other, ends.clone()), Error::<Test>::WrongArtifact);
		assert_ok!(submit(claim(), ends));
		0
	});
}

#[test]
fn submit_claim_should_fail_when_it_contradicts_last_heartbeat() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 6, [9; 32]));
		assert_noop!(submit(id), Error::<Test>::ContradictsHeartbeat);
		0
	});
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 6, claim().root));
		assert_ok!(submit(id));
		0
	});
}

#[test]
fn submit_claim_should_fail_when_late_or_of_another_or_twice() {
	new_test_ext(|| {
		let id = assigned();
		let submit =
			|who| Market::submit_claim(signed(who), id, claim(), ends_to(&work(), work().steps));
		assert_noop!(submit(RIVAL), Error::<Test>::NotSolver);
		jump_to(17);
		assert_ok!(submit(SOLVER));
		assert_noop!(submit(SOLVER), Error::<Test>::NotRunning);
		0
	});
	new_test_ext(|| {
		let id = assigned();
		jump_to(18);
		assert_noop!(submit(id), Error::<Test>::DeadlinePassed);
		0
	});
}
