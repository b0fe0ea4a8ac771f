use super::*;
use crate::MAX_BIDS;
use pallet_compute_staking::Error as Stake;

#[test]
fn place_bid_should_store_bid_and_lock_its_stake() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 2_000);
		take_events();
		assert_ok!(Market::place_bid(signed(SOLVER), id, 1_000));
		assert_eq!(
			take_events(),
			[Event::BidPlaced { task: id, solver: SOLVER, price: 1_000, displaced: None }]
		);
		assert_eq!(Staking::standing(&SOLVER).unwrap().free, 0);
		assert_eq!(Staking::locked(id, &SOLVER), Some(2_000));
		// Nothing makes the bidder ineligible any more.
		assert_noop!(Staking::unbond(signed(SOLVER), 1), Stake::<Test>::InsufficientFreeStake);
		assert_noop!(Staking::deregister(signed(SOLVER)), Stake::<Test>::StillBonded);
		0
	});
}

#[test]
fn place_bid_should_replace_older_bid_of_same_solver() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 2_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 1_000));
		assert_ok!(Market::place_bid(signed(SOLVER), id, 900));
		let bids = Bids::<Test>::get(id);
		assert_eq!((bids.len(), bids[0].price), (1, 900));
		assert_eq!(Staking::locked(id, &SOLVER), Some(1_800));
		// Refused, it changes nothing.
		assert_ok!(Staking::unbond(signed(SOLVER), 200));
		assert_noop!(
			Market::place_bid(signed(SOLVER), id, 901),
			Stake::<Test>::InsufficientFreeStake
		);
		0
	});
}

#[test]
fn place_bid_should_fail_when_price_is_zero_or_above_reward() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 0), Error::<Test>::PriceIsZero);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 1_001), Error::<Test>::PriceAboveReward);
		0
	});
}

#[test]
fn place_bid_should_fail_when_stake_is_below_factor_or_minimum() {
	new_test_ext(|| {
		let id = post();
		let too_little = Stake::<Test>::InsufficientFreeStake;
		register(SOLVER, 1_599);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 800), too_little);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 799));
		// However low the price, as for half of the reward.
		register(RIVAL, 999);
		assert_noop!(Market::place_bid(signed(RIVAL), id, 1), Stake::<Test>::InsufficientFreeStake);
		assert_ok!(Staking::bond_extra(signed(RIVAL), 1));
		assert_ok!(Market::place_bid(signed(RIVAL), id, 1));
		assert_eq!(
			[(1, 2), (1, 303), (7, 400)].map(|(p, r)| Market::stake_for(p, r)),
			[300, 302, 400]
		);
		0
	});
}

#[test]
fn place_bid_should_fail_when_bidder_is_not_eligible() {
	new_test_ext(|| {
		let allowed = BoundedVec::truncate_from(vec![SOLVER]);
		let terms = Terms { hardware: Some(HardwareClass::Gpu), ..terms() };
		let program = Box::new(program());
		assert_ok!(Market::post_task(signed(REQUESTER), program, work(), terms, allowed));
		assert_noop!(Market::place_bid(signed(SOLVER), 0, 500), Error::<Test>::NotRegistered);
		register(SOLVER, 10_000);
		register(RIVAL, 10_000);
		register(REQUESTER, 10_000);
		assert_noop!(Market::place_bid(signed(SOLVER), 0, 500), Error::<Test>::WrongHardware);
		assert_noop!(Market::place_bid(signed(RIVAL), 0, 500), Error::<Test>::NotAllowed);
		assert_noop!(
			Market::place_bid(signed(REQUESTER), 0, 500),
			Error::<Test>::RequesterCannotBid
		);
		let gpu = HardwareClass::Gpu;
		assert_ok!(Staking::update_profile(signed(SOLVER), gpu, Default::default()));
		assert_ok!(Market::place_bid(signed(SOLVER), 0, 500));
		0
	});
}

#[test]
fn place_bid_should_fail_when_bidding_is_over() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		jump_to(6);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 500));
		jump_to(7);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 500), Error::<Test>::DeadlinePassed);
		assert_ok!(Market::assign(signed(NOBODY), id));
		assert_noop!(Market::place_bid(signed(SOLVER), id, 500), Error::<Test>::NotOpen);
		0
	});
}

#[test]
fn place_bid_should_push_out_the_highest_when_list_is_full() {
	new_test_ext(|| {
		let id = post();
		let first = 100u64;
		for who in first..first + u64::from(MAX_BIDS) {
			assert_ok!(Balances::transfer_allow_death(signed(CHALLENGER), who, 10_000));
			register(who, 2_000);
			assert_ok!(Market::place_bid(signed(who), id, 500 + who));
		}
		register(SOLVER, 10_000);
		assert_noop!(Market::place_bid(signed(SOLVER), id, 615), Error::<Test>::TooManyBids);
		take_events();
		assert_ok!(Market::place_bid(signed(SOLVER), id, 614));
		assert_eq!(
			take_events(),
			[Event::BidPlaced { task: id, solver: SOLVER, price: 614, displaced: Some(115) }]
		);
		assert_eq!([114, 115].map(|who| Staking::locked(id, &who)), [Some(1_228), None]);
		0
	});
}

#[test]
fn place_bid_should_fail_when_stake_backs_another_bid() {
	new_test_ext(|| {
		let (first, second) = (post(), post());
		register(SOLVER, 1_999);
		assert_ok!(Market::place_bid(signed(SOLVER), first, 500));
		assert_noop!(
			Market::place_bid(signed(SOLVER), second, 500),
			Stake::<Test>::InsufficientFreeStake
		);
		assert_ok!(Market::withdraw_bid(signed(SOLVER), first));
		assert_ok!(Market::place_bid(signed(SOLVER), second, 500));
		0
	});
}

#[test]
fn place_bid_should_only_lower_a_bid_that_binds() {
	new_test_ext(|| {
		let id = post();
		register(SOLVER, 10_000);
		register(RIVAL, 10_000);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 1));
		// Bids are taken in five blocks after the first.
		run_to(4);
		assert_ok!(Market::place_bid(signed(SOLVER), id, 500));
		run_to(5);
		for price in [500, 501] {
			assert_noop!(Market::place_bid(signed(SOLVER), id, price), Error::<Test>::BidsBind);
		}
		assert_ok!(Market::place_bid(signed(SOLVER), id, 499));
		assert_ok!(Market::place_bid(signed(RIVAL), id, 500));
		0
	});
}
