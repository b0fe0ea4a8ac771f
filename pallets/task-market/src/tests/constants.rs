use super::*;
use crate::{mock::MarketPenalties, Penalties, Stage};
use polkadot_sdk::{frame_support::traits::Hooks, sp_runtime::Permill};

#[test]
fn constants_should_pass_integrity_test() {
	<Market as Hooks<u64>>::integrity_test();
}

#[test]
fn integrity_test_should_refuse_penalties_under_which_attacks_pay() {
	let good = MarketPenalties::get();
	let passes = |penalties| {
		MarketPenalties::set(penalties);
		let passes = std::panic::catch_unwind(<Market as Hooks<u64>>::integrity_test).is_ok();
		MarketPenalties::set(good);
		passes
	};
	let percent = Permill::from_percent;
	assert!(passes(good));
	assert!(passes(Penalties { challenger_share: percent(5), ..good }));
	assert!(!passes(Penalties { challenger_share: percent(4), ..good }));
	assert!(!passes(Penalties { requester_share: percent(26), ..good }));
	assert!(!passes(Penalties { disputed_withdrawal: percent(24), ..good }));
	assert!(!passes(Penalties {
		disputed_withdrawal: percent(50),
		withdrawal: percent(51),
		..good
	}));
	assert!(!passes(Penalties { withdrawal: percent(4), ..good }));
	assert!(!passes(Penalties { cost_multiple: 9, ..good }));
}

#[test]
fn penalties_should_not_burn_half_when_shares_add_up_to_more() {
	let penalties = <Test as Config>::Penalties::get();
	assert!(penalties.burns_half());
	let cost_cap = penalties.cost_cap + Permill::from_parts(1);
	assert!(!Penalties { cost_cap, ..penalties }.burns_half());
}

/// Breaks the books, sees `try_state` say so, and mends them.
fn breaks(id: TaskId, change: impl FnOnce(&mut crate::TaskOf<Test>)) {
	let honest = Tasks::<Test>::get(id).unwrap();
	let mut broken = honest.clone();
	change(&mut broken);
	Tasks::<Test>::insert(id, broken);
	assert!(Market::do_try_state().is_err());
	Tasks::<Test>::insert(id, honest);
	assert_ok!(Market::do_try_state());
}

#[test]
fn try_state_should_see_books_that_are_wrong() {
	new_test_ext(|| {
		let id = assigned();
		breaks(id, |task| task.escrow += 1);
		breaks(id, |task| task.deposit -= 1);
		breaks(id, |task| task.agenda = None);
		let bid = crate::Bid { solver: RIVAL, price: 1 };
		Bids::<Test>::insert(id, BoundedVec::truncate_from(vec![bid]));
		assert!(Market::do_try_state().is_err());
		Bids::<Test>::remove(id);
		let open = post();
		register(RIVAL, 2_000);
		assert_ok!(Market::place_bid(signed(RIVAL), open, 500));
		let stake = Staking::locked(open, &RIVAL).unwrap();
		assert_ok!(<Staking as Stakes<u64, u64>>::release(open, &RIVAL, false));
		assert!(Market::do_try_state().is_err());
		assert_ok!(<Staking as Stakes<u64, u64>>::lock(open, &RIVAL, stake));
		breaks(id, |task| {
			if let Stage::Running { job, .. } = &mut task.stage {
				job.stake += 1;
			}
		});
		0
	});
}
