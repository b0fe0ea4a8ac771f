//! Claims of a part: paid by the share of the steps, and the rest is the task from then on.

use super::*;

/// [`SOLVER`] hands in the first `steps` steps of what is left.
fn hand_in(id: TaskId, steps: u32) -> DispatchResult {
	let work = Tasks::<Test>::get(id).unwrap().spec.work;
	let (claim, ends) = (claim_to(&work, steps), ends_to(&work, steps));
	Market::submit_claim(signed(SOLVER), id, claim, ends)
}

/// What is left after the first `steps` steps of [`work`].
fn rest(steps: u32) -> Work {
	work().rest(&claim_to(&work(), steps)).unwrap()
}

#[test]
fn part_should_be_paid_by_its_steps_when_its_claim_stands() {
	new_test_ext(|| {
		let id = assigned();
		run_to(8);
		assert_ok!(hand_in(id, 4));
		assert_eq!(Market::claim(id).unwrap().spec.work.steps, 4);
		run_to(16);
		let (solver, requester) = (free(SOLVER), free(REQUESTER));
		take_events();
		run_to(17);
		// Four of ten steps at a price of 800; a twentieth of the stake of 1,600 for not finishing.
		let slashed = Slashed { amount: 80, paid: 40, burned: 40 };
		assert_eq!(
			take_events(),
			[
				Event::PartPaid {
					task: id,
					attempt: 0,
					solver: SOLVER,
					steps: 4,
					paid: 320,
					fee: 3,
					slashed,
					work: rest(4)
				},
				Event::TaskReopened { task: id, attempt: 1, until: 22 }
			]
		);
		assert_eq!((free(SOLVER), free(REQUESTER)), (solver + 320, requester + 40));
		assert_eq!(held(HoldReason::Escrow, REQUESTER), 1_010 - 323);
		let task = Tasks::<Test>::get(id).unwrap();
		// Six of ten steps are left, at no more for a step than before.
		assert_eq!((task.escrow, task.spec.terms.reward), (687, 600));
		assert_eq!((task.spec.work.first_step, task.spec.work.steps), (4, 6));
		assert_eq!(Staking::locked(id, &SOLVER), None);
		assert_eq!(Staking::standing(&SOLVER).unwrap().failed, 1);
		43
	});
}

#[test]
fn rest_should_be_a_task_like_any_other_when_a_part_was_paid() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(hand_in(id, 4));
		run_to(16);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 601), Error::<Test>::PriceAboveReward);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 600));
		run_to(22);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Assigned));
		// The claim of the whole task begins where nobody is any more.
		assert_noop!(submit(id), Error::<Test>::WrongNumberOfSteps);
		assert_ok!(hand_in(id, 6));
		run_to(31);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		let receipt = Receipts::<Test>::get(id).unwrap();
		assert_eq!((receipt.paid, receipt.final_state), (600, claim().final_state));
		assert_eq!(held(HoldReason::Escrow, REQUESTER), 0);
		// Fees of 1 % on 320 and 600, rounded down, and half of a twentieth of the stake.
		3 + 6 + 40
	});
}

#[test]
fn part_should_cost_the_stake_when_it_is_wrong() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(hand_in(id, 4));
		assert_ok!(Market::game_opened(id));
		let slashed = Slashed { amount: 1_600, paid: 560, burned: 1_040 };
		assert_eq!(Market::convict(id, Verdict::WrongTile, &CHALLENGER, 0), Ok(slashed));
		assert_eq!((Market::phase_of(id), held(HoldReason::Escrow, REQUESTER)), (None, 0));
		1_040
	});
}

#[test]
fn rest_should_be_returned_when_the_attempts_are_used_up() {
	new_test_ext(|| {
		let id = assigned();
		assert_ok!(hand_in(id, 8));
		run_to(16);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 100));
		run_to(22);
		take_events();
		run_to(33);
		let events = take_events();
		// 1,000 and the fee of 10, less 640 and the fee of 6.
		let failed = Event::TaskFailed { task: id, requester: REQUESTER, refunded: 364 };
		assert_eq!(events.last(), Some(&failed));
		// The minimum stake of 300 stood behind the second attempt, which did not begin.
		6 + 40 + 15
	});
}

#[test]
fn task_should_begin_later_when_it_goes_on_with_a_training() {
	new_test_ext(|| {
		let post = |work| {
			let program = Box::new(program());
			Market::post_task(signed(REQUESTER), program, work, terms(), Default::default())
		};
		let later = rest(4);
		assert_ok!(post(later));
		assert_noop!(post(Work { first_step: 5, ..later }), Error::<Test>::WrongFirstState);
		let init_root = state_of_slots(u32::MAX.into(), &[7; 32]);
		let endless = Work { first_step: u32::MAX, init_root, ..work() };
		assert_noop!(post(endless), Error::<Test>::TooManyStates);
		0
	});
}
