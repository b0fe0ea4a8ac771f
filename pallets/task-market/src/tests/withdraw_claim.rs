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
fn withdraw_claim_should_pay_costs_and_shares_when_disputed() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::game_opened(id));
		Spent::set(vec![(CHALLENGER, 20), (RIVAL, 8)]);
		take_events();
		assert_ok!(Market::withdraw_claim(signed(SOLVER), id));
		assert_eq!(
			take_events()[0],
			Event::ClaimWithdrawn {
				task: id,
				attempt: 0,
				solver: SOLVER,
				slashed: Slashed { amount: 400, paid: 200, burned: 200 }
			}
		);
		// What half of it leaves over the costs, half to the requester and a quarter to each challenger.
		let paid = |who| {
			free(who) + held(HoldReason::Escrow, who) + held(HoldReason::Deposit, who) - PURSE
		};
		assert_eq!([CHALLENGER, RIVAL, REQUESTER].map(paid), [20 + 43, 8 + 43, 86]);
		200
	});
}

#[test]
fn withdraw_claim_should_cost_ten_times_what_challengers_spent_when_that_is_more() {
	// Up to the whole stake.
	for (spent, amount) in
		[(40, 400), (41, 410), (159, 1_590), (160, 1_600), (161, 1_600), (900, 1_600)]
	{
		new_test_ext(|| {
			let id = claimed();
			assert_ok!(Market::game_opened(id));
			Spent::set(vec![(CHALLENGER, spent)]);
			take_events();
			assert_ok!(Market::withdraw_claim(signed(SOLVER), id));
			// Half of it is given away, to the unit that can be halved, unless the costs are more.
			let left = u64::saturating_sub(amount / 2, spent);
			let paid = spent + left / 2 * 2;
			assert_eq!(
				take_events()[0],
				Event::ClaimWithdrawn {
					task: id,
					attempt: 0,
					solver: SOLVER,
					slashed: Slashed { amount, paid, burned: amount - paid }
				}
			);
			amount - paid
		});
	}
}

#[test]
fn withdraw_claim_should_pay_the_requester_when_there_are_as_many_games_as_can_be() {
	new_test_ext(|| {
		let id = claimed();
		let games = u64::from(assay_primitives::MAX_OPEN_GAMES);
		assert_eq!(games, 32);
		for game in 0..games {
			assert_ok!(Market::game_opened(id));
			assert_ok!(Balances::transfer_allow_death(signed(RIVAL), 100 + game, 10));
		}
		Spent::set((0..games).map(|game| (100 + game, 1)).collect());
		let before = free(REQUESTER);
		assert_ok!(Market::withdraw_claim(signed(SOLVER), id));
		// 400 in all; 168 of half of it are left over the costs.
		assert_eq!(free(REQUESTER) - before, 84);
		assert!((0..games).all(|game| free(100 + game) == 10 + 1 + 2));
		// What cannot be divided burns.
		200 + 84 - 64
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
