use super::*;

#[test]
fn withdraw_claim_should_cost_what_lateness_costs_when_nobody_disputes() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::withdraw_claim(signed(SOLVER), id));
		assert_eq!(
			take_events(),
			[
				Event::ClaimWithdrawn {
					task: id,
					attempt: 0,
					solver: SOLVER,
					slashed: Slashed { amount: 80, paid: 40, burned: 40 }
				},
				Event::TaskReopened { task: id, attempt: 1, until: 13 }
			]
		);
		let standing = Staking::standing(&SOLVER).unwrap();
		assert_eq!((standing.free, standing.failed, standing.convicted), (9_920, 1, 0));
		40
	});
}

#[test]
fn withdraw_claim_should_pay_challengers_costs_when_disputed() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::game_opened(id));
		Spent::set(vec![(CHALLENGER, 20), (RIVAL, 30)]);
		take_events();
		assert_ok!(Market::withdraw_claim(signed(SOLVER), id));
		assert_eq!(
			take_events()[0],
			Event::ClaimWithdrawn {
				task: id,
				attempt: 0,
				solver: SOLVER,
				slashed: Slashed { amount: 320, paid: 50, burned: 270 }
			}
		);
		assert_eq!((free(CHALLENGER), free(RIVAL)), (PURSE + 20, PURSE + 30));
		270
	});
}

#[test]
fn withdraw_claim_should_fail_when_trace_was_posted() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		Traced::set(vec![id]);
		assert_noop!(Market::withdraw_claim(signed(SOLVER), id), Error::<Test>::TraceWasPosted);
		0
	});
}

#[test]
fn withdraw_claim_should_fail_when_not_claimed_or_of_another() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::withdraw_claim(signed(SOLVER), id), Error::<Test>::NotClaimed);
		assert_ok!(submit(id));
		assert_noop!(Market::withdraw_claim(signed(RIVAL), id), Error::<Test>::NotSolver);
		0
	});
}
