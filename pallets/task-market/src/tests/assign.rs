use super::*;

fn bid(who: u64, id: TaskId, price: u64) {
	if Staking::standing(&who).is_none() {
		register(who, 10_000);
	}
	assert_ok!(Market::place_bid(signed(who), id, price));
}

fn winner(id: TaskId) -> Option<u64> {
	Tasks::<Test>::get(id)?.job().map(|job| job.solver)
}

#[test]
fn assign_should_keep_stake_of_lowest_bid_only() {
	new_test_ext(|| {
		let id = post();
		bid(RIVAL, id, 801);
		bid(SOLVER, id, 800);
		jump_to(7);
		take_events();
		assert_ok!(Market::assign(signed(NOBODY), id));
		assert_eq!(
			take_events(),
			[Event::TaskAssigned {
				task: id,
				attempt: 0,
				solver: SOLVER,
				price: 800,
				stake: 1_600,
				until: 57
			}]
		);
		assert_eq!(Staking::locked(id, &SOLVER), Some(1_600));
		assert_eq!(Staking::locked(id, &RIVAL), None);
		assert!(!Bids::<Test>::contains_key(id));
		0
	});
}

#[test]
fn assign_should_prefer_reputation_when_prices_tie() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_ok!(<Staking as Stakes<u64, u64>>::lock(77, &SOLVER, 1));
		assert_ok!(<Staking as Stakes<u64, u64>>::release(77, &SOLVER, true));
		bid(RIVAL, id, 500);
		bid(SOLVER, id, 500);
		run_to(7);
		assert_eq!(winner(id), Some(SOLVER));
		0
	});
}

#[test]
fn assign_should_prefer_free_stake_when_reputations_tie() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_001);
		bid(RIVAL, id, 500);
		bid(SOLVER, id, 500);
		run_to(7);
		assert_eq!(winner(id), Some(SOLVER));
		0
	});
}

#[test]
fn assign_should_prefer_earlier_bid_when_all_else_ties() {
	new_test_ext(|| {
		let id = post();
		bid(RIVAL, id, 500);
		bid(SOLVER, id, 500);
		run_to(7);
		assert_eq!(winner(id), Some(RIVAL));
		0
	});
}

#[test]
fn assign_should_give_the_task_away_when_the_bidder_has_changed_its_profile_since() {
	new_test_ext(|| {
		let terms = Terms { hardware: Some(HardwareClass::Cpu), ..terms() };
		let (program, all) = (Box::new(program()), Default::default());
		assert_ok!(Market::post_task(signed(REQUESTER), program, work(), terms, all));
		bid(SOLVER, 0, 500);
		let gpu = HardwareClass::Gpu;
		assert_ok!(Staking::update_profile(signed(SOLVER), gpu, Default::default()));
		run_to(7);
		assert_eq!(winner(0), Some(SOLVER));
		0
	});
}

#[test]
fn assign_should_expire_task_when_nobody_has_bid() {
	new_test_ext(|| {
		let id = post();
		jump_to(7);
		take_events();
		assert_ok!(Market::assign(signed(NOBODY), id));
		assert_eq!(
			take_events(),
			[Event::TaskExpired { task: id, requester: REQUESTER, refunded: 1_010 }]
		);
		assert_eq!((free(REQUESTER), Market::phase_of(id)), (PURSE, None));
		0
	});
}

#[test]
fn assign_should_pass_over_bids_without_stake() {
	new_test_ext(|| {
		let (id, alone) = (post(), post());
		bid(SOLVER, id, 500);
		bid(SOLVER, alone, 500);
		bid(RIVAL, id, 600);
		// As a runtime left them that locked stake at assignment only.
		for task in [id, alone] {
			assert_ok!(<Staking as Stakes<u64, u64>>::release(task, &SOLVER, false));
		}
		run_to(7);
		assert_eq!((winner(id), Market::phase_of(alone)), (Some(RIVAL), None));
		0
	});
}

#[test]
fn assign_should_fail_when_bidding_is_not_over() {
	new_test_ext(|| {
		let id = post();
		jump_to(6);
		assert_noop!(Market::assign(signed(NOBODY), id), Error::<Test>::DeadlineNotPassed);
		assert_noop!(Market::assign(signed(NOBODY), 9), Error::<Test>::UnknownTask);
		0
	});
}

#[test]
fn assign_should_fail_when_assigned() {
	new_test_ext(|| {
		let id = assigned();
		assert_noop!(Market::assign(signed(NOBODY), id), Error::<Test>::NotOpen);
		0
	});
}
