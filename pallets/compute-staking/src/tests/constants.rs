use polkadot_sdk::frame_support::traits::Hooks;

use super::*;
use crate::Unbonding;

#[test]
fn constants_should_pass_integrity_test() {
	<Staking as Hooks<u64>>::integrity_test();
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
