use super::*;

fn slash(amount: u64, payouts: Vec<(u64, u64)>, fault: Fault) -> Slash<u64, u64> {
	Slash { amount, payouts: payouts.try_into().unwrap(), fault }
}

#[test]
fn slash_should_pay_burn_and_free_the_rest() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		assert_ok!(Staking::lock(7, &SOLVER, 400));
		System::reset_events();
		let order = slash(300, vec![(REQUESTER, 100), (OTHER, 50)], Fault::Fraud);
		assert_eq!(
			Staking::slash(7, &SOLVER, order),
			Ok(Slashed { amount: 300, paid: 150, burned: 150 })
		);
		let paid =
			|beneficiary, amount| Event::SlashPaid { solver: SOLVER, task: 7, beneficiary, amount };
		assert_eq!(
			events(),
			[
				paid(REQUESTER, 100),
				paid(OTHER, 50),
				Event::Slashed {
					solver: SOLVER,
					task: 7,
					fault: Fault::Fraud,
					amount: 300,
					paid: 150,
					burned: 150,
					released: 100
				}
			]
		);
		let solver = row(SOLVER);
		assert_eq!((solver.bonded, solver.locked, solver.locks), (700, 0, 0));
		assert_eq!((solver.reputation.convicted, solver.reputation.failed), (1, 0));
		assert_eq!(Balances::free_balance(REQUESTER), 10_100);
		assert_eq!(Balances::free_balance(OTHER), 10_050);
		150
	});
}

#[test]
fn slash_should_stop_at_the_lock_when_told_to_take_more() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		assert_ok!(Staking::lock(7, &SOLVER, 400));
		assert_ok!(Staking::lock(8, &SOLVER, 600));
		let order = slash(1_000, vec![(REQUESTER, 300), (OTHER, 300)], Fault::Fraud);
		assert_eq!(
			Staking::slash(7, &SOLVER, order),
			Ok(Slashed { amount: 400, paid: 400, burned: 0 })
		);
		assert_eq!(Balances::free_balance(OTHER), 10_100);
		assert_eq!(Staking::locked(8, &SOLVER), Some(600));
		0
	});
}

#[test]
fn slash_should_burn_a_share_when_its_account_cannot_exist() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		assert_ok!(Staking::lock(7, &SOLVER, 400));
		let order = slash(100, vec![(NOBODY, 9)], Fault::Withdrawal);
		assert_eq!(
			Staking::slash(7, &SOLVER, order),
			Ok(Slashed { amount: 100, paid: 0, burned: 100 })
		);
		assert_eq!(row(SOLVER).reputation.failed, 1);
		100
	});
}

#[test]
fn slash_should_say_nothing_of_a_share_when_there_is_nothing_to_pay() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		assert_ok!(Staking::lock(7, &SOLVER, 100));
		System::reset_events();
		// The first is owed nothing, and nothing is left for the last.
		let shares = vec![(REQUESTER, 0), (OTHER, 100), (REQUESTER, 5)];
		let slashed = Staking::slash(7, &SOLVER, slash(100, shares, Fault::Fraud));
		assert_eq!(slashed, Ok(Slashed { amount: 100, paid: 100, burned: 0 }));
		let whole = Event::SlashPaid { solver: SOLVER, task: 7, beneficiary: OTHER, amount: 100 };
		assert_eq!(events()[0], whole);
		assert!(matches!(events()[1..], [Event::Slashed { released: 0, .. }]));
		0
	});
}

#[test]
fn slash_should_keep_books_when_beneficiary_is_the_solver() {
	new_test_ext(|| {
		solver_with(SOLVER, 9_900);
		assert_ok!(Staking::lock(7, &SOLVER, 9_900));
		let order = slash(9_900, vec![(SOLVER, 100)], Fault::MissedDeadline);
		assert_eq!(
			Staking::slash(7, &SOLVER, order),
			Ok(Slashed { amount: 9_900, paid: 100, burned: 9_800 })
		);
		assert_eq!((stake(SOLVER), Balances::free_balance(SOLVER)), (0, 150));
		9_800
	});
}

#[test]
fn slash_should_fail_when_nothing_is_locked() {
	new_test_ext(|| {
		solver_with(SOLVER, 1_000);
		assert_noop!(
			Staking::slash(7, &SOLVER, slash(1, vec![], Fault::Fraud)),
			Error::<Test>::NotLocked
		);
		assert_noop!(
			Staking::slash(7, &OTHER, slash(1, vec![], Fault::Fraud)),
			Error::<Test>::NotRegistered
		);
		0
	});
}
