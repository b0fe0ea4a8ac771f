//! Calls cost what they come to, and the agenda counts what it does.

use super::*;
use crate::{types::MAX_BIDS, Call};
use polkadot_sdk::frame_support::{
	dispatch::GetDispatchInfo, traits::UnfilteredDispatchable, weights::Weight,
};

/// What a call weighed, which is less than what was asked for it.
fn spent(who: u64, call: Call<Test>) -> Weight {
	let asked = call.get_dispatch_info().call_weight;
	let done = call.dispatch_bypass_filter(signed(who)).unwrap();
	let spent = done.actual_weight.expect("some of it is given back");
	assert!(spent.all_lte(asked) && spent != asked);
	spent
}

#[test]
fn calls_should_weigh_as_much_as_there_are_bids() {
	new_test_ext(|| {
		let (cancelled, expired, assigned) = (post(), post(), post());
		for (solver, price) in [(SOLVER, 900), (RIVAL, 800)] {
			register(solver, 10_000);
			for id in [cancelled, assigned] {
				assert_ok!(Market::place_bid(signed(solver), id, price));
			}
		}
		let cancel = spent(REQUESTER, Call::cancel_task { task: cancelled });
		assert_eq!(cancel, Market::cancel_weight(2));
		jump_to(7);
		let expire = spent(RIVAL, Call::assign { task: expired });
		let assign = spent(RIVAL, Call::assign { task: assigned });
		assert_eq!([expire, assign], [0, 2].map(Market::assign_weight));
		assert!(Market::assign_weight(2).any_lt(Market::assign_weight(MAX_BIDS)));
		0
	});
}

#[test]
fn withdraw_claim_should_weigh_as_much_as_there_are_games() {
	new_test_ext(|| {
		let id = claimed();
		let undisputed = spent(SOLVER, Call::withdraw_claim { task: id });
		assert_eq!(undisputed, Market::withdraw_claim_weight(0));
		40
	});
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		Spent::set(vec![(CHALLENGER, 20)]);
		let disputed = spent(SOLVER, Call::withdraw_claim { task: id });
		assert_eq!(disputed, Market::withdraw_claim_weight(1));
		assert!(Market::withdraw_claim_weight(0).any_lt(disputed));
		200
	});
}

/// Looks at a task as the agenda does.
fn look(id: TaskId) -> Weight {
	let mut task = Tasks::<Test>::get(id).unwrap();
	Market::unschedule(id, &mut task);
	Market::look(id)
}

#[test]
fn agenda_should_count_what_it_does() {
	new_test_ext(|| {
		let (claimed, expired) = (claimed(), post());
		jump_to(14);
		let one = <() as crate::WeightInfo>::tick_task();
		assert_eq!(look(claimed), one, "nothing is due");
		assert_eq!(look(expired), one.saturating_add(Market::assign_weight(0)));
		assert_eq!(Market::phase_of(expired), None);
		assert!(one
			.saturating_add(Market::assign_weight(MAX_BIDS))
			.all_lte(Market::tick_task_weight()));
		0
	});
}
