use super::*;

#[test]
fn lock_should_take_free_stake() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 300));
		assert_eq!(events(), [Event::Locked { solver: SOLVER, task: 7, amount: 300 }]);
		assert_eq!(Staking::locked(7, &SOLVER), Some(300));
		assert_eq!(Staking::standing(&SOLVER).unwrap().free, 200);
		0
	});
}

#[test]
fn lock_should_fail_when_another_task_has_the_stake() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 300));
		assert_noop!(Staking::lock(8, &SOLVER, 201), Error::<Test>::InsufficientFreeStake);
		assert_ok!(Staking::lock(8, &SOLVER, 200));
		0
	});
}

#[test]
fn lock_should_fail_when_stake_is_unbonding() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::unbond(RuntimeOrigin::signed(SOLVER), 400));
		assert_noop!(Staking::lock(7, &SOLVER, 101), Error::<Test>::InsufficientFreeStake);
		0
	});
}

#[test]
fn lock_should_fail_when_task_has_one() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 1));
		assert_noop!(Staking::lock(7, &SOLVER, 1), Error::<Test>::AlreadyLocked);
		0
	});
}

#[test]
fn lock_should_fail_when_there_are_too_many() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		for task in 0..MaxLocks::get() {
			assert_ok!(Staking::lock(task, &SOLVER, 1));
		}
		assert_noop!(Staking::lock(9, &SOLVER, 1), Error::<Test>::TooManyLocks);
		0
	});
}

#[test]
fn lock_should_fail_when_amount_is_zero_or_not_registered() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_noop!(Staking::lock(7, &SOLVER, 0), Error::<Test>::ZeroAmount);
		assert_noop!(Staking::lock(7, &OTHER, 1), Error::<Test>::NotRegistered);
		0
	});
}

#[test]
fn release_should_free_stake_and_count_completed_task() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 300));
		System::set_block_number(4);
		System::reset_events();
		assert_ok!(Staking::release(7, &SOLVER, true));
		assert_eq!(
			events(),
			[Event::Released { solver: SOLVER, task: 7, amount: 300, completed: true }]
		);
		let solver = row(SOLVER);
		assert_eq!((solver.free(), solver.locks), (500, 0));
		assert_eq!((solver.reputation.completed, solver.reputation.last_active), (1, 4));
		assert_eq!(Staking::locked(7, &SOLVER), None);
		0
	});
}

#[test]
fn release_should_not_count_when_task_was_not_completed() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 300));
		assert_ok!(Staking::release(7, &SOLVER, false));
		assert_eq!(row(SOLVER).reputation.completed, 0);
		0
	});
}

#[test]
fn release_should_fail_when_nothing_is_locked() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_noop!(Staking::release(7, &SOLVER, true), Error::<Test>::NotLocked);
		0
	});
}
