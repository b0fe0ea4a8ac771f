use super::*;

#[test]
fn report_missed_deadline_should_burn_a_share_and_reopen() {
	new_test_ext(|| {
		let id = assigned();
		jump_to(18);
		let before = free(REQUESTER);
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		assert_eq!(
			take_events(),
			[
				Event::DeadlineMissed {
					task: id,
					attempt: 0,
					solver: SOLVER,
					slashed: Slashed { amount: 80, paid: 0, burned: 80 }
				},
				Event::TaskReopened { task: id, attempt: 1, until: 23 }
			]
		);
		// A solver that never began says nothing against the task, and nobody gains by it.
		assert_eq!(free(REQUESTER), before);
		assert_eq!(held(HoldReason::Escrow, REQUESTER), 1_010);
		let standing = Staking::standing(&SOLVER).unwrap();
		assert_eq!((standing.free, standing.failed), (9_920, 1));
		assert_eq!(Staking::locked(id, &SOLVER), None);
		80
	});
}

#[test]
fn report_missed_deadline_should_pay_half_to_the_requester_when_the_solver_had_begun() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 1, [9; 32]));
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 2, [9; 32]));
		jump_to(18);
		let before = free(REQUESTER);
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		assert_eq!(free(REQUESTER), before + 40);
		40
	});
}

#[test]
fn report_missed_deadline_should_burn_all_when_only_the_first_state_was_committed_to() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 1, [9; 32]));
		jump_to(18);
		let before = free(REQUESTER);
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		assert_eq!(free(REQUESTER), before, "every solver can do that much");
		80
	});
}

#[test]
fn report_missed_deadline_should_happen_by_itself() {
	new_test_ext(|| {
		let id = assigned();
		run_to(17);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Assigned));
		run_to(18);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Open));
		80
	});
}

#[test]
fn report_missed_deadline_should_forget_heartbeats_of_failed_attempt() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 5, [9; 32]));
		run_to(18);
		assert!(!Heartbeats::<Test>::contains_key(id));
		assert_ok!(Market::place_bid(signed(SOLVER), id, 800));
		run_to(24);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 1, [9; 32]));
		40
	});
}

#[test]
fn report_missed_deadline_should_end_task_when_attempts_are_used_up() {
	new_test_ext(|| {
		let id = assigned();
		run_to(18);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 800));
		run_to(24);
		jump_to(35);
		take_events();
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		assert_eq!(
			take_events(),
			[
				Event::DeadlineMissed {
					task: id,
					attempt: 1,
					solver: SOLVER,
					slashed: Slashed { amount: 80, paid: 0, burned: 80 }
				},
				Event::TaskFailed { task: id, requester: REQUESTER, refunded: 1_010 }
			]
		);
		assert_eq!((free(REQUESTER), Market::phase_of(id)), (PURSE, None));
		160
	});
}

#[test]
fn report_missed_deadline_should_fail_when_deadline_has_not_passed() {
	new_test_ext(|| {
		let id = assigned();
		jump_to(17);
		assert_noop!(
			Market::report_missed_deadline(signed(NOBODY), id),
			Error::<Test>::DeadlineNotPassed
		);
		0
	});
}

#[test]
fn report_missed_deadline_should_fail_when_nobody_trains() {
	new_test_ext(|| {
		let id = post();
		assert_noop!(Market::report_missed_deadline(signed(NOBODY), id), Error::<Test>::NotRunning);
		0
	});
}

#[test]
fn report_missed_deadline_should_round_shares_down_when_stake_is_odd() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 999));
		run_to(7);
		assert_ok!(Market::heartbeat(signed(SOLVER), id, 2, [9; 32]));
		jump_to(18);
		take_events();
		assert_ok!(Market::report_missed_deadline(signed(NOBODY), id));
		// A twentieth of 1,998 is 99.9, and half of 99 is 49.5.
		let slashed = Slashed { amount: 99, paid: 49, burned: 50 };
		assert_eq!(
			take_events()[0],
			Event::DeadlineMissed { task: id, attempt: 0, solver: SOLVER, slashed }
		);
		50
	});
}
