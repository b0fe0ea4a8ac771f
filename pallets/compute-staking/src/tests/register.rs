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

#[test]
fn register_should_fail_when_too_little_is_left_to_keep_the_account() {
	new_test_ext(|| {
		let (poor, hardware) = (77, HardwareClass::Cpu);
		let register = || Staking::register(RuntimeOrigin::signed(poor), hardware, metadata(0));
		let give =
			|amount| Balances::transfer_allow_death(RuntimeOrigin::signed(SOLVER), poor, amount);
		// The deposit is 50, and 10 keep the account alive.
		assert_ok!(give(59));
		assert_noop!(register(), TokenError::FundsUnavailable);
		assert_ok!(give(1));
		assert_ok!(register());
		0
	});
}
