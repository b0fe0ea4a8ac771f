//! Amounts and numbers at their edges.

use super::*;
use polkadot_sdk::sp_runtime::TokenError;

#[test]
fn post_task_should_fail_when_reward_and_fee_are_more_than_any_balance() {
	new_test_ext(|| {
		// The least reward with which the sum overflows: it would wrap around to almost nothing.
		let near = (u128::from(u64::MAX) * 100 / 101) as u64 - 100;
		let reward = (near..).find(|reward| reward.checked_add(reward / 100).is_none()).unwrap();
		assert!(reward.wrapping_add(reward / 100) < PURSE);
		for reward in [reward, u64::MAX] {
			let (program, terms) = (Box::new(program()), Terms { reward, ..terms() });
			assert_noop!(
				Market::post_task(signed(REQUESTER), program, work(), terms, Default::default()),
				TokenError::FundsUnavailable
			);
		}
		0
	});
}

#[test]
fn task_should_have_a_new_id_when_earlier_ones_have_ended() {
	new_test_ext(|| {
		let first = claimed();
		run_to(17);
		let receipt = Receipts::<Test>::get(first).unwrap();
		let second = post();
		assert_eq!((first, second), (0, 1));
		assert!(Tasks::<Test>::contains_key(second) && !Tasks::<Test>::contains_key(first));
		assert_ok!(Market::cancel_task(signed(REQUESTER), second));
		assert_eq!(post(), 2);
		assert_eq!(Receipts::<Test>::get(first), Some(receipt));
		8
	});
}

#[test]
fn part_should_not_be_rounded_up_when_its_share_is_no_whole_amount() {
	new_test_ext(|| {
		let work = Work { steps: 6, ..work() };
		let (program, terms) = (Box::new(program()), Terms { reward: 301, ..terms() });
		assert_ok!(Market::post_task(signed(REQUESTER), program, work, terms, Default::default()));
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), 0, 301));
		run_to(7);
		let (claim, ends) = (claim_to(&work, 2), ends_to(&work, 2));
		assert_ok!(Market::submit_claim(signed(SOLVER), 0, claim, ends));
		let before = free(SOLVER);
		run_to(16);
		// A third of 301 is 100.3, and two thirds are 200.7.
		let task = Tasks::<Test>::get(0).unwrap();
		assert_eq!(free(SOLVER), before + 100);
		assert_eq!((task.escrow, task.spec.terms.reward), (304 - 101, 201));
		// The fee of 1, and half of a twentieth of the stake of 602.
		1 + 15
	});
}
