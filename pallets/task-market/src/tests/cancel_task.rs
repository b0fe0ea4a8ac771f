use super::*;

#[test]
fn cancel_task_should_return_escrow_and_deposit() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 800));
		take_events();
		assert_ok!(Market::cancel_task(signed(REQUESTER), id));
		assert_eq!(
			take_events(),
			[Event::TaskCancelled { task: id, requester: REQUESTER, refunded: 1_010 }]
		);
		assert_eq!((free(REQUESTER), Market::phase_of(id)), (PURSE, None));
		assert!(Bids::<Test>::iter().next().is_none());
		assert!(Agenda::<Test>::iter().next().is_none());
		assert_eq!(Staking::locked(id, &SOLVER), None);
		0
	});
}

#[test]
fn cancel_task_should_fail_when_bids_bind() {
	new_test_ext(|| {
		let (id, other) = (post(), post());
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 800));
		// Bids are taken in five blocks after the first.
		run_to(5);
		assert_noop!(Market::cancel_task(signed(REQUESTER), id), Error::<Test>::BidsBind);
		assert_ok!(Market::cancel_task(signed(REQUESTER), other));
		0
	});
}

#[test]
fn cancel_task_should_fail_when_sender_is_not_requester() {
	new_test_ext(|| {
		let id = post();
		assert_noop!(Market::cancel_task(signed(SOLVER), id), Error::<Test>::NotRequester);
		assert_noop!(Market::cancel_task(signed(REQUESTER), 9), Error::<Test>::UnknownTask);
		0
	});
}

#[test]
fn cancel_task_should_fail_when_assigned_or_claimed() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::cancel_task(signed(REQUESTER), id), Error::<Test>::NotOpen);
		assert_ok!(submit(id));
		assert_noop!(Market::cancel_task(signed(REQUESTER), id), Error::<Test>::NotOpen);
		0
	});
}
