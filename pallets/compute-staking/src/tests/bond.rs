use super::*;

#[test]
fn bond_should_hold_stake() {
	new_test_ext(|| {
		solver_with(SOLVER, 500);
		assert_eq!((row(SOLVER).bonded, stake(SOLVER)), (500, 500));
		assert_eq!(Staking::standing(&SOLVER).unwrap().free, 500);
		0
	});
}

#[test]
fn bond_should_fail_when_below_minimum() {
	new_test_ext(|| {
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::register(origin.clone(), HardwareClass::Cpu, metadata(0)));
		assert_noop!(Staking::bond(origin, 99), Error::<Test>::BondTooSmall);
		0
	});
}

#[test]
fn bond_should_fail_when_bonded_or_not_registered() {
	new_test_ext(|| {
		solver_with(SOLVER, 100);
		assert_noop!(
			Staking::bond(RuntimeOrigin::signed(SOLVER), 100),
			Error::<Test>::AlreadyBonded
		);
		assert_noop!(
			Staking::bond(RuntimeOrigin::signed(OTHER), 100),
			Error::<Test>::NotRegistered
		);
		0
	});
}

#[test]
fn bond_should_fail_when_balance_is_too_small() {
	new_test_ext(|| {
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::register(origin.clone(), HardwareClass::Cpu, metadata(0)));
		// 9,950 are free, of which 10 keep the account alive.
		assert_noop!(Staking::bond(origin.clone(), 9_941), TokenError::FundsUnavailable);
		assert_ok!(Staking::bond(origin, 9_940));
		0
	});
}

#[test]
fn bond_extra_should_add_to_stake() {
	new_test_ext(|| {
		solver_with(SOLVER, 100);
		assert_ok!(Staking::bond_extra(RuntimeOrigin::signed(SOLVER), 1));
		assert_eq!(events(), [Event::Bonded { solver: SOLVER, amount: 1, bonded: 101 }]);
		assert_eq!((row(SOLVER).bonded, stake(SOLVER)), (101, 101));
		0
	});
}

#[test]
fn bond_extra_should_fail_when_nothing_is_bonded_or_added() {
	new_test_ext(|| {
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_noop!(Staking::bond_extra(origin.clone(), 5), Error::<Test>::NotRegistered);
		assert_ok!(Staking::register(origin.clone(), HardwareClass::Cpu, metadata(0)));
		assert_noop!(Staking::bond_extra(origin.clone(), 500), Error::<Test>::NotBonded);
		assert_ok!(Staking::bond(origin.clone(), 100));
		assert_noop!(Staking::bond_extra(origin, 0), Error::<Test>::ZeroAmount);
		0
	});
}
