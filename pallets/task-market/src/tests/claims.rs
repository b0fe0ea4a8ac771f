use super::*;
use crate::{Penalties, WeightInfo};
use assay_primitives::MAX_OPEN_GAMES;

#[test]
fn convict_should_divide_stake_and_return_escrow() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		take_events();
		// Stake 1,600: requester 400, challenger 160 and its cost of 33, the rest burns.
		let slashed = Slashed { amount: 1_600, paid: 593, burned: 1_007 };
		assert_eq!(Market::convict(id, Verdict::WrongTile, &CHALLENGER, 33), Ok(slashed));
		assert_eq!(
			take_events(),
			[Event::ClaimConvicted {
				task: id,
				attempt: 0,
				requester: REQUESTER,
				solver: SOLVER,
				challenger: CHALLENGER,
				verdict: Verdict::WrongTile,
				slashed,
				refunded: 1_010
			}]
		);
		assert_eq!((free(REQUESTER), free(CHALLENGER)), (PURSE + 400, PURSE + 193));
		let standing = Staking::standing(&SOLVER).unwrap();
		assert_eq!((standing.free, standing.convicted), (8_400, 1));
		assert_eq!(Market::phase_of(id), None);
		1_007
	});
}

#[test]
fn convict_should_go_by_the_penalties_of_the_assignment_when_others_hold_since() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		let none = Default::default();
		MarketPenalties::set(Penalties {
			requester_share: none,
			challenger_share: none,
			cost_cap: none,
			..MarketPenalties::get()
		});
		let slashed = Slashed { amount: 1_600, paid: 593, burned: 1_007 };
		assert_eq!(Market::convict(id, Verdict::WrongTile, &CHALLENGER, 33), Ok(slashed));
		1_007
	});
}

#[test]
fn try_state_should_fail_when_a_task_has_an_operation_set_that_the_runtime_has_not() {
	new_test_ext(|| {
		let id = post();
		assert_ok!(Market::do_try_state());
		let set = |opset| {
			Tasks::<Test>::mutate(id, |task| task.as_mut().unwrap().spec.program.opset = opset)
		};
		set(7);
		assert!(Market::do_try_state().is_err());
		set(assay_ops::OPSET_VERSION);
		0
	});
}

#[test]
fn claim_should_wait_for_a_new_window_when_its_operation_set_is_missing() {
	new_test_ext(|| {
		let id = claimed();
		let set = |opset| {
			Tasks::<Test>::mutate(id, |task| task.as_mut().unwrap().spec.program.opset = opset)
		};
		let window = Tasks::<Test>::get(id).unwrap().spec.terms.challenge;
		set(7);
		take_events();
		run_to(17);
		assert_eq!(take_events(), [Event::WindowRenewed { task: id, until: 17 + window }]);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Claimed));
		// A runtime has it again: there is all of a window to open a game in.
		set(assay_ops::OPSET_VERSION);
		assert_noop!(Market::finalise(signed(NOBODY), id), Error::<Test>::DeadlineNotPassed);
		run_to(17 + window + 1);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		8
	});
}

#[test]
fn convict_should_burn_at_least_half_when_cost_is_exaggerated() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		// The cost is capped at 80, five hundredths of the stake.
		let slashed = Slashed { amount: 1_600, paid: 640, burned: 960 };
		assert_eq!(Market::convict(id, Verdict::Silence, &CHALLENGER, u64::MAX), Ok(slashed));
		960
	});
}

#[test]
fn convict_should_fail_when_there_is_no_claim_or_no_game() {
	new_test_ext(|| {
		let id = assigned();
		let convict = || Market::convict(id, Verdict::JoinFault, &CHALLENGER, 0);
		assert_noop!(convict(), Error::<Test>::NotClaimed);
		assert_ok!(submit(id));
		assert_noop!(convict(), Error::<Test>::NoOpenGame);
		0
	});
}

#[test]
fn game_opened_should_stop_finalisation_until_last_game_closed() {
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::game_opened(id));
		assert_eq!(
			take_events(),
			[1, 2].map(|open_games| Event::GameOpened { task: id, open_games })
		);
		run_to(30);
		assert_ok!(Market::acquit(id, false));
		run_to(32);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Disputed));
		assert_ok!(Market::acquit(id, false));
		assert_eq!(
			take_events(),
			[1, 0].map(|open_games| Event::GameClosed { task: id, open_games, until: 16 })
		);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Claimed));
		run_to(33);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		8
	});
}

#[test]
fn game_opened_should_fail_when_window_is_over_or_games_are_many() {
	new_test_ext(|| {
		let id = claimed();
		jump_to(16);
		for _ in 0..MAX_OPEN_GAMES {
			assert_ok!(Market::game_opened(id));
		}
		assert_noop!(Market::game_opened(id), Error::<Test>::TooManyGames);
		0
	});
	new_test_ext(|| {
		let id = claimed();
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::acquit(id, false));
		jump_to(17);
		assert_noop!(Market::game_opened(id), Error::<Test>::DeadlinePassed);
		0
	});
}

#[test]
fn acquit_should_give_others_a_window_when_games_were_as_many_as_may_be() {
	new_test_ext(|| {
		let id = claimed();
		for _ in 0..MAX_OPEN_GAMES {
			assert_ok!(Market::game_opened(id));
		}
		jump_to(30);
		take_events();
		assert_ok!(Market::acquit(id, true));
		let open_games = MAX_OPEN_GAMES - 1;
		assert_eq!(take_events(), [Event::GameClosed { task: id, open_games, until: 38 }]);
		jump_to(38);
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::acquit(id, true));
		for _ in 1..MAX_OPEN_GAMES {
			assert_ok!(Market::acquit(id, false));
		}
		assert_eq!(Tasks::<Test>::get(id).unwrap().deadline(), 46);
		jump_to(47);
		assert_noop!(Market::game_opened(id), Error::<Test>::DeadlinePassed);
		0
	});
}

#[test]
fn claim_should_stay_open_to_challenge_when_the_chain_could_take_no_games() {
	new_test_ext(|| {
		let id = claimed();
		// The window ends at 16; no game could be opened until 12.
		Full::set(Some(12));
		run_to(20);
		assert_noop!(Market::finalise(signed(NOBODY), id), Error::<Test>::DeadlineNotPassed);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Claimed));
		assert_ok!(Market::game_opened(id));
		assert_ok!(Market::acquit(id, false));
		run_to(21);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final));
		8
	});
	new_test_ext(|| {
		let id = claimed();
		Full::set(Some(2));
		run_to(17);
		assert_eq!(Market::phase_of(id), Some(TaskPhase::Final), "long before");
		8
	});
}

#[test]
fn acquit_should_fail_when_no_game_is_open() {
	new_test_ext(|| {
		let id = claimed();
		assert_noop!(Market::acquit(id, false), Error::<Test>::NoOpenGame);
		assert_noop!(Market::acquit(9, false), Error::<Test>::UnknownTask);
		0
	});
}

#[test]
fn convict_should_create_account_of_challenger_when_share_is_enough() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 1));
		run_to(7);
		assert_ok!(submit(id));
		assert_ok!(Market::game_opened(id));
		// Behind the price of 1 stands what stands behind one of half of the reward.
		let slashed = Slashed { amount: 1_000, paid: 350, burned: 650 };
		assert_eq!(Market::convict(id, Verdict::PrefixFault, &NOBODY, 0), Ok(slashed));
		assert_eq!(free(NOBODY), 100);
		650
	});
}

#[test]
fn requests_of_disputes_should_weigh_what_was_measured() {
	assert_eq!(Market::claim_weight(), <() as WeightInfo>::claim());
	assert_eq!(Market::game_opened_weight(), <() as WeightInfo>::game_opened());
	assert_eq!(Market::acquit_weight(), <() as WeightInfo>::acquit());
	// The requester and the challenger are paid from the stake.
	let convict = <() as WeightInfo>::convict().saturating_add(Staking::slash_weight(2));
	assert_eq!(Market::convict_weight(), convict);
}
