use super::*;

#[test]
fn deregister_should_return_deposit_and_remove_row() {
	new_test_ext(|| {
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::register(origin.clone(), HardwareClass::Cpu, metadata(0)));
		System::reset_events();
		assert_ok!(Staking::deregister(origin));
		assert_eq!(events(), [Event::Deregistered { solver: SOLVER, deposit: 50 }]);
		assert!(!Solvers::<Test>::contains_key(SOLVER));
		assert_eq!(Balances::free_balance(SOLVER), 10_000);
		0
	});
}

#[test]
fn deregister_should_fail_when_stake_is_bonded_or_unbonding() {
	new_test_ext(|| {
		solver_with(SOLVER, 100);
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_noop!(Staking::deregister(origin.clone()), Error::<Test>::StillBonded);
		assert_ok!(Staking::unbond(origin.clone(), 100));
		assert_noop!(Staking::deregister(origin), Error::<Test>::StillBonded);
		0
	});
}

#[test]
fn deregister_should_fail_when_not_registered() {
	new_test_ext(|| {
		assert_noop!(
			Staking::deregister(RuntimeOrigin::signed(SOLVER)),
			Error::<Test>::NotRegistered
		);
		0
	});
}
