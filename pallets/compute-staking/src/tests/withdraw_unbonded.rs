use super::*;

#[test]
fn withdraw_unbonded_should_release_what_is_due() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::unbond(origin.clone(), 10));
		System::set_block_number(5);
		assert_ok!(Staking::unbond(origin.clone(), 20));
		System::set_block_number(21);
		System::reset_events();
		assert_ok!(Staking::withdraw_unbonded(origin));
		assert_eq!(events(), [Event::Withdrawn { solver: SOLVER, amount: 10 }]);
		assert_eq!((row(SOLVER).bonded, stake(SOLVER)), (470, 490));
		0
	});
}

#[test]
fn withdraw_unbonded_should_fail_when_one_block_early() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::unbond(origin.clone(), 10));
		System::set_block_number(20);
		assert_noop!(Staking::withdraw_unbonded(origin), Error::<Test>::NothingDue);
		0
	});
}

#[test]
fn withdraw_unbonded_should_fail_when_not_registered() {
	new_test_ext(|| {
		assert_noop!(
			Staking::withdraw_unbonded(RuntimeOrigin::signed(SOLVER)),
			Error::<Test>::NotRegistered
		);
		0
	});
}
