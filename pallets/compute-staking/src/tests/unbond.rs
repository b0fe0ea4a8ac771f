use super::*;
use crate::{Unbonding, MAX_UNBONDING};

#[test]
fn unbond_should_queue_stake_that_backs_nothing() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::unbond(RuntimeOrigin::signed(SOLVER), 300));
		assert_eq!(events(), [Event::UnbondingStarted { solver: SOLVER, amount: 300, due: 21 }]);
		assert_eq!((row(SOLVER).bonded, row(SOLVER).free(), stake(SOLVER)), (200, 200, 500));
		0
	});
}

#[test]
fn unbond_should_share_entry_when_due_at_same_block() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		for _ in 0..2 {
			assert_ok!(Staking::unbond(RuntimeOrigin::signed(SOLVER), 10));
		}
		assert_eq!(row(SOLVER).unbonding.to_vec(), [Unbonding { amount: 20, due: 21 }]);
		0
	});
}

#[test]
fn unbond_should_fail_when_stake_is_locked() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(1, &SOLVER, 300));
		assert_noop!(
			Staking::unbond(RuntimeOrigin::signed(SOLVER), 201),
			Error::<Test>::InsufficientFreeStake
		);
		assert_ok!(Staking::unbond(RuntimeOrigin::signed(SOLVER), 200));
		0
	});
}

#[test]
fn unbond_should_fail_when_rest_is_below_minimum() {
	new_test_ext(|| {
		solver_with(SOLVER, 150);
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_noop!(Staking::unbond(origin.clone(), 51), Error::<Test>::BondTooSmall);
		assert_ok!(Staking::unbond(origin, 150));
		0
	});
}

#[test]
fn unbond_should_fail_when_amount_is_zero_or_not_registered() {
	new_test_ext(|| {
		solver_with(SOLVER, 150);
		assert_noop!(Staking::unbond(RuntimeOrigin::signed(SOLVER), 0), Error::<Test>::ZeroAmount);
		assert_noop!(
			Staking::unbond(RuntimeOrigin::signed(OTHER), 1),
			Error::<Test>::NotRegistered
		);
		0
	});
}

#[test]
fn unbond_should_fail_when_queue_is_full() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		let origin = RuntimeOrigin::signed(SOLVER);
		for block in 0..u64::from(MAX_UNBONDING) {
			System::set_block_number(1 + block);
			assert_ok!(Staking::unbond(origin.clone(), 1));
		}
		System::set_block_number(30);
		assert_noop!(Staking::unbond(origin, 1), Error::<Test>::TooManyUnbondings);
		0
	});
}
