use super::*;

#[test]
fn register_should_store_row_and_hold_deposit() {
	new_test_ext(|| {
		let origin = RuntimeOrigin::signed(SOLVER);
		assert_ok!(Staking::register(origin, HardwareClass::Gpu, metadata(7)));
		assert_eq!(
			events(),
			[Event::Registered {
				solver: SOLVER,
				hardware: HardwareClass::Gpu,
				metadata: metadata(7),
				deposit: 50
			}]
		);
		let solver = row(SOLVER);
		assert_eq!((solver.deposit, solver.bonded, solver.reputation.last_active), (50, 0, 1));
		assert_eq!(Balances::free_balance(SOLVER), 9_950);
		0
	});
}

#[test]
fn register_should_fail_when_registered() {
	new_test_ext(|| {
		solver_with(SOLVER, 100);
		assert_noop!(
			Staking::register(RuntimeOrigin::signed(SOLVER), HardwareClass::Cpu, metadata(0)),
			Error::<Test>::AlreadyRegistered
		);
		0
	});
}

#[test]
fn register_should_fail_when_deposit_is_not_covered() {
	new_test_ext(|| {
		assert_noop!(
			Staking::register(RuntimeOrigin::signed(NOBODY), HardwareClass::Cpu, metadata(0)),
			TokenError::FundsUnavailable
		);
		0
	});
}
