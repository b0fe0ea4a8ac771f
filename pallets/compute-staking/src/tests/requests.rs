//! What clients may ask, and what the market adds to its own weight for each request.

use super::*;
use crate::WeightInfo;

#[test]
fn views_should_show_the_row_and_the_lock_when_there_are_any() {
	new_test_ext(|| {
		assert_eq!((Staking::solver(SOLVER), Staking::lock_of(SOLVER, 7)), (None, None));
		solver_with(SOLVER, 500);
		assert_ok!(Staking::lock(7, &SOLVER, 300));
		assert_eq!(Staking::solver(SOLVER), Some(row(SOLVER)));
		assert_eq!(Staking::lock_of(SOLVER, 7), Some(300));
		assert_eq!((Staking::solver(OTHER), Staking::lock_of(SOLVER, 8)), (None, None));
		0
	});
}

#[test]
fn requests_should_weigh_what_was_measured() {
	assert_eq!(Staking::standing_weight(), <() as WeightInfo>::standing());
	assert_eq!(Staking::lock_weight(), <() as WeightInfo>::lock());
	assert_eq!(Staking::release_weight(), <() as WeightInfo>::release());
	assert_eq!(Staking::slash_weight(5), <() as WeightInfo>::slash(5));
	assert!(Staking::slash_weight(5).all_gt(Staking::slash_weight(2)), "each share has its weight");
}
