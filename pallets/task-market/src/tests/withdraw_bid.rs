use super::*;

#[test]
fn withdraw_bid_should_remove_bid() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 500));
		take_events();
		assert_ok!(Market::withdraw_bid(signed(SOLVER), id));
		assert_eq!(take_events(), [Event::BidWithdrawn { task: id, solver: SOLVER }]);
		assert!(!Bids::<Test>::contains_key(id));
		assert_eq!(Staking::locked(id, &SOLVER), None);
		0
	});
}

#[test]
fn withdraw_bid_should_fail_when_there_is_none() {
	new_test_ext(|| {
		let id = post();
		assert_noop!(Market::withdraw_bid(signed(SOLVER), id), Error::<Test>::NoSuchBid);
		register(RIVAL, 10_000);
		assert_ok!(Market::place_bid(signed(RIVAL), id, 500));
		assert_noop!(Market::withdraw_bid(signed(SOLVER), id), Error::<Test>::NoSuchBid);
		assert_noop!(Market::withdraw_bid(signed(SOLVER), 7), Error::<Test>::UnknownTask);
		0
	});
}

#[test]
fn withdraw_bid_should_fail_in_the_second_half_of_the_time_for_bids() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		register(RIVAL, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 500));
		assert_ok!(Market::place_bid(signed(RIVAL), id, 500));
		// Bids are taken in five blocks after the first.
		run_to(4);
		assert_ok!(Market::withdraw_bid(signed(SOLVER), id));
		run_to(5);
		assert_noop!(Market::withdraw_bid(signed(RIVAL), id), Error::<Test>::BidsBind);
		0
	});
}

#[test]
fn withdraw_bid_should_fail_when_assigned() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::withdraw_bid(signed(SOLVER), id), Error::<Test>::NotOpen);
		0
	});
}
