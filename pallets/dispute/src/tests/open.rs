use super::*;
use codec::Encode;

#[test]
fn open_should_hold_bond_and_start_clocks_when_stride_is_shown() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let play = table.opening();
		assert_eq!(Dispute::bond_for(0), Some(BOND));
		assert_ok!(open(CHALLENGER, 0, play.clone()));
		let opened = Event::GameOpened {
			game: 0,
			task: 0,
			attempt: 0,
			challenger: CHALLENGER,
			solver: SOLVER,
			bond: BOND,
			clock: 41,
		};
		let effect = Effect::Turn { side: Side::Defender, deadline: 36 };
		let dispute = stored(0);
		let moved = Event::Moved {
			game: 0,
			kind: MoveKind::Open,
			side: Side::Challenger,
			by: CHALLENGER,
			bytes: play.encoded_size() as u32,
			position: dispute.game.position(),
			effect,
		};
		assert_eq!(take_events(), [opened, moved]);
		assert_eq!(bond_of(CHALLENGER), BOND);
		assert_eq!((dispute.challenger_cost, dispute.solver_cost), (worth(&play), 0));
		assert_eq!((dispute.agenda, Agenda::<Test>::get(36).to_vec()), (36, vec![0]));
		assert_eq!((open_games(0), Market::phase_of(0)), (Some(1), Some(TaskPhase::Disputed)));
		assert_eq!(Dispute::game(0), Some(dispute));
		0
	});
}

#[test]
fn open_should_fail_when_there_is_no_claim() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		assert_noop!(open(CHALLENGER, 9, table.opening()), Error::<Test>::NoClaim);
		assert_noop!(open(SOLVER, 0, table.opening()), Error::<Test>::OwnClaim);
		let Move::Open { stride, before, after } = table.opening() else { panic!() };
		assert_noop!(
			Dispute::open(RuntimeOrigin::none(), 0, stride, before, after),
			polkadot_sdk::sp_runtime::DispatchError::BadOrigin
		);
		assert_eq!((Dispute::bond_for(9), Dispute::game(0)), (None, None));
		0
	});
}

#[test]
fn open_should_fail_when_proof_is_wrong() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let Move::Open { stride, before, after } = table.opening() else { panic!() };
		let open = |stride, before: &_, after: &_| {
			let play =
				Move::Open { stride, before: Clone::clone(before), after: Clone::clone(after) };
			super::open(CHALLENGER, 0, play)
		};
		assert_noop!(open(stride - 1, &before, &after), Error::<Test>::ProofInvalid);
		assert_noop!(open(stride, &after, &before), Error::<Test>::ProofInvalid);
		assert_noop!(open(3, &before, &after), Error::<Test>::LeafOutOfRange);
		assert_noop!(open(u32::MAX, &before, &after), Error::<Test>::LeafOutOfRange);
		let mut forged = after.clone();
		forged.leaf[0] ^= 1;
		assert_noop!(open(stride, &before, &forged), Error::<Test>::ProofInvalid);
		0
	});
}

#[test]
fn open_should_fail_when_challenge_window_is_over() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		run_to(205);
		assert_ok!(open(CHALLENGER, 0, table.opening()));
		System::set_block_number(206);
		assert_noop!(
			open(RIVAL, 0, table.opening()),
			pallet_task_market::Error::<Test>::DeadlinePassed
		);
		System::set_block_number(205);
		0
	});
}

#[test]
fn open_should_fail_when_challenger_cannot_pay_bond() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let poor = 99;
		assert_ok!(Balances::transfer_allow_death(signed(STRANGER), poor, BOND + 9));
		assert_noop!(
			open(poor, 0, table.opening()),
			polkadot_sdk::sp_runtime::TokenError::FundsUnavailable
		);
		assert_ok!(Balances::transfer_allow_death(signed(STRANGER), poor, 1));
		assert_ok!(open(poor, 0, table.opening()));
		0
	});
}

#[test]
fn open_should_fail_when_games_are_as_many_as_allowed() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		MaxGames::set(2);
		table.opened(CHALLENGER);
		table.opened(CHALLENGER);
		assert_noop!(open(RIVAL, 0, table.opening()), Error::<Test>::TooManyGames);
		MaxGames::set(40);
		for _ in 2..assay_primitives::MAX_OPEN_GAMES {
			table.opened(CHALLENGER);
		}
		assert_noop!(open(RIVAL, 0, table.opening()), Error::<Test>::TooManyGames);
		assert_eq!(bond_of(CHALLENGER), 32 * BOND);
		0
	});
}

#[test]
fn open_should_pay_for_a_look_only_when_there_is_no_place_or_no_claim() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		let paid = |task| {
			let refused = Dispute::open_withheld(signed(RIVAL), task).unwrap_err();
			refused.post_info.actual_weight
		};
		let look = crate::Pallet::<Test>::refused_opening_weight();
		assert_eq!(paid(7), Some(look), "no claim");
		DisputeTariff::set(crate::Tariff { bond_base: STAKE, ..DisputeTariff::get() });
		table.opened(CHALLENGER);
		assert_eq!(paid(0), Some(look), "no place");
		assert!(look.all_lt(crate::Pallet::<Test>::opening_weight()));
		// Everything that comes after the look is paid for.
		MaxGames::set(40);
		DisputeTariff::set(crate::Tariff { bond_base: STAKE / 4, ..DisputeTariff::get() });
		let pauper = 1_234;
		let refused = Dispute::open_withheld(signed(pauper), 0).unwrap_err();
		assert_eq!(refused.post_info.actual_weight, None);
		0
	});
}

#[test]
fn open_should_fail_when_the_stake_covers_no_more_games() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		DisputeTariff::set(crate::Tariff { bond_base: STAKE / 2, ..DisputeTariff::get() });
		table.opened(CHALLENGER);
		table.opened(RIVAL);
		assert_noop!(open(STRANGER, 0, table.opening()), Error::<Test>::TooManyGames);
		0
	});
}

#[test]
fn open_should_fail_when_clocks_would_run_past_the_last_block() {
	new_test_ext(|| {
		let table = claimed(1, lie(MLP.update));
		Clock::set(crate::ClockRules { base: u32::MAX / 2, ..Clock::get() });
		assert_noop!(open(CHALLENGER, 0, table.opening()), Error::<Test>::BadParams);
		0
	});
}
