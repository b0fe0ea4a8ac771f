//! FRAME's conformance tests for `fungible` tokens, against the token as this runtime configures it.
//!
//! The published suites take accounts that count like numbers and cover balances; they have nothing about
//! holds. So accounts are numbered here, and what stake, escrows and bonds rely on is checked below.

use assay_runtime::{
	constants::EXISTENTIAL_DEPOSIT as LEAST, AccountId, Balance, Balances, Runtime,
	RuntimeHoldReason, System,
};
use pallet_compute_staking::HoldReason as Stake;
use pallet_dispute::HoldReason as Bond;
use polkadot_sdk::{
	frame_support::traits::{
		fungible::{
			conformance_tests::{inspect_mutate, regular},
			Balanced, BalancedHold, Dust, Inspect, InspectHold, Mutate, MutateHold, Unbalanced,
		},
		tokens::{
			DepositConsequence,
			Fortitude::{self, Force, Polite},
			Precision::{BestEffort, Exact},
			Preservation::{self, Expendable},
			Provenance,
			Restriction::{Free, OnHold},
			WithdrawConsequence,
		},
		Imbalance,
	},
	frame_system,
	sp_io::TestExternalities,
	sp_runtime::{BuildStorage, DispatchError, DispatchResult, TokenError},
};

/// The account with a number.
fn account(number: u64) -> AccountId {
	let mut bytes = [0; 32];
	bytes[..8].copy_from_slice(&number.to_le_bytes());
	AccountId::new(bytes)
}

/// A chain on which nobody has anything.
fn chain() -> TestExternalities {
	let storage = frame_system::GenesisConfig::<Runtime>::default().build_storage();
	let mut chain = TestExternalities::new(storage.expect("the system's genesis is valid"));
	chain.execute_with(|| System::set_block_number(1));
	chain
}

/// The runtime's balances, with numbered accounts. Everything is theirs.
struct Numbered;

impl Inspect<u64> for Numbered {
	type Balance = Balance;

	fn total_issuance() -> Balance {
		<Balances as Inspect<AccountId>>::total_issuance()
	}

	fn active_issuance() -> Balance {
		<Balances as Inspect<AccountId>>::active_issuance()
	}

	fn minimum_balance() -> Balance {
		<Balances as Inspect<AccountId>>::minimum_balance()
	}

	fn total_balance(who: &u64) -> Balance {
		<Balances as Inspect<AccountId>>::total_balance(&account(*who))
	}

	fn balance(who: &u64) -> Balance {
		<Balances as Inspect<AccountId>>::balance(&account(*who))
	}

	fn reducible_balance(who: &u64, preservation: Preservation, force: Fortitude) -> Balance {
		<Balances as Inspect<AccountId>>::reducible_balance(&account(*who), preservation, force)
	}

	fn can_deposit(who: &u64, amount: Balance, provenance: Provenance) -> DepositConsequence {
		<Balances as Inspect<AccountId>>::can_deposit(&account(*who), amount, provenance)
	}

	fn can_withdraw(who: &u64, amount: Balance) -> WithdrawConsequence<Balance> {
		<Balances as Inspect<AccountId>>::can_withdraw(&account(*who), amount)
	}
}

impl Unbalanced<u64> for Numbered {
	fn handle_dust(dust: Dust<u64, Self>) {
		<Balances as Unbalanced<AccountId>>::handle_dust(Dust(dust.0));
	}

	fn write_balance(who: &u64, amount: Balance) -> Result<Option<Balance>, DispatchError> {
		<Balances as Unbalanced<AccountId>>::write_balance(&account(*who), amount)
	}

	fn set_total_issuance(amount: Balance) {
		<Balances as Unbalanced<AccountId>>::set_total_issuance(amount);
	}

	fn deactivate(amount: Balance) {
		<Balances as Unbalanced<AccountId>>::deactivate(amount);
	}

	fn reactivate(amount: Balance) {
		<Balances as Unbalanced<AccountId>>::reactivate(amount);
	}
}

impl Mutate<u64> for Numbered {}

impl Balanced<u64> for Numbered {
	type OnDropDebt = <Balances as Balanced<AccountId>>::OnDropDebt;
	type OnDropCredit = <Balances as Balanced<AccountId>>::OnDropCredit;
}

/// Runs suites, each on a chain of its own.
macro_rules! conform {
	($($module:ident :: $trait:ident { $($name:ident),* $(,)? })*) => {
		$(mod $trait {
			use super::*;
			$(#[test]
			fn $name() {
				chain().execute_with($module::$trait::$name::<Numbered, u64>);
			})*
		})*
	};
}

conform! {
	regular::mutate {
		mint_into_success, mint_into_overflow, mint_into_below_minimum, burn_from_exact_success,
		burn_from_best_effort_success, burn_from_exact_insufficient_funds, restore_success,
		restore_overflow, restore_below_minimum, shelve_success, shelve_insufficient_funds,
		transfer_success, transfer_expendable_all, transfer_protect_preserve,
		set_balance_mint_success, set_balance_burn_success, can_deposit_success,
		can_deposit_below_minimum, can_deposit_overflow, can_withdraw_success,
		can_withdraw_reduced_to_zero, can_withdraw_balance_low, reducible_balance_expendable,
		reducible_balance_protect_preserve,
	}
	regular::unbalanced {
		write_balance, decrease_balance_expendable, decrease_balance_preserve, increase_balance,
		set_total_issuance, deactivate_and_reactivate,
	}
	regular::balanced { issue_and_resolve_credit, rescind_and_settle_debt, deposit, withdraw, pair }
}

/// Dust burns here: nobody collects it.
#[test]
fn transfer_should_burn_dust_when_it_leaves_less_than_the_existential_deposit() {
	chain().execute_with(|| {
		regular::mutate::transfer_expendable_dust::<Numbered, u64>(None);
	});
	chain().execute_with(|| {
		inspect_mutate::transfer_expendable_dust::<Numbered, u64>(None);
	});
}

const REASONS: [RuntimeHoldReason; 2] =
	[RuntimeHoldReason::ComputeStaking(Stake::Stake), RuntimeHoldReason::Dispute(Bond::Bond)];

/// Gives two accounts money and checks that all of it is still there afterwards, but for what burned.
fn with_money(body: impl FnOnce(&AccountId, &AccountId) -> Balance) {
	chain().execute_with(|| {
		let (one, other) = (account(1), account(2));
		for who in [&one, &other] {
			Balances::mint_into(who, 100 * LEAST).expect("it fits");
		}
		let burned = body(&one, &other);
		let sum: Balance = [&one, &other].map(Balances::total_balance).into_iter().sum();
		assert_eq!((sum, Balances::total_issuance()), (200 * LEAST - burned, 200 * LEAST - burned));
	});
}

fn hold(reason: RuntimeHoldReason, who: &AccountId, amount: Balance) -> DispatchResult {
	<Balances as MutateHold<_>>::hold(&reason, who, amount)
}

fn held(who: &AccountId) -> [Balance; 2] {
	REASONS.map(|reason| Balances::balance_on_hold(&reason, who))
}

#[test]
fn holds_should_not_share_a_unit_when_they_have_different_reasons() {
	with_money(|who, _| {
		let [stake, bond] = REASONS;
		assert_eq!(hold(stake, who, 60 * LEAST), Ok(()));
		assert_eq!(hold(bond, who, 40 * LEAST), Err(TokenError::FundsUnavailable.into()));
		assert_eq!(hold(bond, who, 39 * LEAST), Ok(()));
		assert_eq!(held(who), [60 * LEAST, 39 * LEAST]);
		assert_eq!(Balances::total_balance_on_hold(who), 99 * LEAST);
		assert_eq!(Balances::balance(who), LEAST);
		0
	});
}

#[test]
fn hold_should_leave_the_existential_deposit_when_it_takes_all_it_can() {
	with_money(|who, _| {
		let [stake, _] = REASONS;
		assert!(hold(stake, who, 100 * LEAST).is_err());
		assert!(hold(stake, who, 99 * LEAST + 1).is_err());
		assert_eq!(hold(stake, who, 99 * LEAST), Ok(()));
		assert_eq!(Balances::reducible_balance(who, Expendable, Polite), 0);
		let paid = <Balances as Mutate<_>>::transfer(who, &account(3), LEAST, Expendable);
		assert!(paid.is_err(), "an account with holds cannot die");
		0
	});
}

#[test]
fn release_should_give_back_exactly_what_it_takes_off_the_hold() {
	with_money(|who, _| {
		let [stake, _] = REASONS;
		hold(stake, who, 50 * LEAST).expect("there is enough");
		let release = |amount, precision| Balances::release(&stake, who, amount, precision);
		assert_eq!(release(51 * LEAST, Exact), Err(TokenError::FundsUnavailable.into()));
		assert_eq!(release(20 * LEAST, Exact), Ok(20 * LEAST));
		assert_eq!(release(51 * LEAST, BestEffort), Ok(30 * LEAST));
		assert_eq!((held(who), Balances::balance(who)), ([0, 0], 100 * LEAST));
		0
	});
}

#[test]
fn burn_held_should_take_from_its_own_reason_and_from_the_issuance() {
	with_money(|who, _| {
		let [stake, bond] = REASONS;
		hold(stake, who, 30 * LEAST).expect("there is enough");
		hold(bond, who, 30 * LEAST).expect("there is enough");
		let burn = |amount, precision| Balances::burn_held(&stake, who, amount, precision, Force);
		assert_eq!(burn(31 * LEAST, Exact), Err(TokenError::FundsUnavailable.into()));
		assert_eq!(burn(10 * LEAST, Exact), Ok(10 * LEAST));
		assert_eq!(held(who), [20 * LEAST, 30 * LEAST]);
		assert_eq!(burn(100 * LEAST, BestEffort), Ok(20 * LEAST));
		assert_eq!((held(who), Balances::balance(who)), ([0, 30 * LEAST], 40 * LEAST));
		30 * LEAST
	});
}

#[test]
fn transfer_on_hold_should_pay_free_or_held_money_when_the_receiver_exists() {
	with_money(|from, to| {
		let [stake, bond] = REASONS;
		hold(stake, from, 50 * LEAST).expect("there is enough");
		let pay = |to: &AccountId, amount, mode| {
			Balances::transfer_on_hold(&stake, from, to, amount, Exact, mode, Force)
		};
		assert_eq!(pay(to, 10 * LEAST, Free), Ok(10 * LEAST));
		assert_eq!((Balances::balance(to), held(to)), (110 * LEAST, [0, 0]));
		assert_eq!(pay(to, 10 * LEAST, OnHold), Ok(10 * LEAST));
		assert_eq!((Balances::balance(to), held(to)), (110 * LEAST, [10 * LEAST, 0]));
		assert_eq!(pay(to, 31 * LEAST, Free), Err(TokenError::Frozen.into()), "all that is held");
		hold(bond, from, 10 * LEAST).expect("there is enough");
		assert_eq!(pay(to, 31 * LEAST, Free), Err(TokenError::FundsUnavailable.into()));
		let poor = account(9);
		assert_eq!(pay(&poor, LEAST - 1, Free), Err(TokenError::CannotCreate.into()));
		assert_eq!(held(from), [30 * LEAST, 10 * LEAST]);
		0
	});
}

#[test]
fn slash_of_a_hold_should_give_a_credit_that_burns_when_nobody_takes_it() {
	with_money(|who, other| {
		let [_, bond] = REASONS;
		hold(bond, who, 50 * LEAST).expect("there is enough");
		let (credit, missing) = <Balances as BalancedHold<_>>::slash(&bond, who, 60 * LEAST);
		assert_eq!((credit.peek(), missing), (50 * LEAST, 10 * LEAST));
		let (share, rest) = credit.split(20 * LEAST);
		assert!(Balances::resolve(other, share).is_ok());
		drop(rest);
		assert_eq!((held(who), Balances::balance(other)), ([0, 0], 120 * LEAST));
		30 * LEAST
	});
}
