use polkadot_sdk::frame_support::traits::Hooks;

use super::*;
use crate::Unbonding;

fn check() {
	<Staking as Hooks<u64>>::integrity_test();
}

#[test]
fn constants_should_pass_when_they_are_those_of_the_mock() {
	check();
}

#[test]
#[should_panic(expected = "stake must outlast every dispute")]
fn constants_should_panic_when_stake_may_leave_as_the_last_dispute_ends() {
	UnbondingPeriod::set(LongestExposure::get());
	check();
}

#[test]
#[should_panic(expected = "a bond of zero backs nothing")]
fn constants_should_panic_when_nothing_need_be_bonded() {
	MinimumBond::set(0);
	check();
}

#[test]
#[should_panic(expected = "rows without a deposit")]
fn constants_should_panic_when_rows_are_free() {
	RegistrationDeposit::set(0);
	check();
}

#[test]
#[should_panic(expected = "able to back a task")]
fn constants_should_panic_when_no_task_can_be_backed() {
	MaxLocks::set(0);
	check();
}

#[test]
fn try_state_should_see_stake_that_is_not_on_hold() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		let honest = row(SOLVER);
		let broken = |change: fn(&mut crate::SolverOf<Test>)| {
			let mut solver = honest.clone();
			change(&mut solver);
			Solvers::<Test>::insert(SOLVER, solver);
			Staking::do_try_state()
		};
		assert!(broken(|solver| solver.bonded += 1).is_err());
		assert!(broken(|solver| solver.deposit += 1).is_err());
		assert!(broken(|solver| solver.locked += 1).is_err());
		assert!(broken(|solver| solver.locks += 1).is_err());
		assert!(broken(|solver| {
			solver.unbonding = vec![Unbonding { amount: 0, due: 9 }].try_into().unwrap()
		})
		.is_err());
		Solvers::<Test>::insert(SOLVER, honest);
		Locks::<Test>::insert(OTHER, 3, 5);
		assert!(Staking::do_try_state().is_err());
		Locks::<Test>::remove(OTHER, 3);
		0
	});
}
