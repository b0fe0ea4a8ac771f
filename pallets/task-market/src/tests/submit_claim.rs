use super::*;

#[test]
fn submit_claim_should_open_challenge_window() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::submit_claim(signed(SOLVER), id, claim()));
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
		for steps in [9, 11] {
			assert_noop!(
				Market::submit_claim(signed(SOLVER), id, Claim { steps, ..claim() }),
				Error::<Test>::WrongNumberOfSteps
			);
		}
		for states in [5, 7] {
			assert_noop!(
				Market::submit_claim(signed(SOLVER), id, Claim { states, ..claim() }),
				Error::<Test>::WrongNumberOfStates
			);
		}
		0
	});
}

#[test]
fn submit_claim_should_fail_when_it_contradicts_last_heartbeat() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 6, [9; 32]));
		assert_noop!(
			Market::submit_claim(signed(SOLVER), id, claim()),
			Error::<Test>::ContradictsHeartbeat
		);
		assert_ok!(Market::submit_claim(signed(SOLVER), id, Claim { root: [9; 32], ..claim() }));
		0
	});
}

#[test]
fn submit_claim_should_fail_when_late_or_of_another_or_twice() {
	new_test_ext(|| {
		let id = assigned();
		let submit = |who| Market::submit_claim(signed(who), id, claim());
		assert_noop!(submit(RIVAL), Error::<Test>::NotSolver);
		jump_to(17);
		assert_ok!(submit(SOLVER));
		assert_noop!(submit(SOLVER), Error::<Test>::NotRunning);
		0
	});
	new_test_ext(|| {
		let id = assigned();
		jump_to(18);
		assert_noop!(
			Market::submit_claim(signed(SOLVER), id, claim()),
			Error::<Test>::DeadlinePassed
		);
		0
	});
}
