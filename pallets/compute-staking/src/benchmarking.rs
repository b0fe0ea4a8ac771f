//! Worst cases of the calls and of the market's requests.
#![allow(
	clippy::unwrap_used,
	clippy::expect_used,
	reason = "benchmarks stop at the first surprise"
)]

use assay_primitives::{Fault, HardwareClass, Slash, Stakes, MAX_PAYOUTS};
use frame_support::traits::{fungible::Mutate, Get};
use frame_system::RawOrigin;
use polkadot_sdk::frame_benchmarking::v2::*;
use sp_runtime::traits::{Bounded, Saturating};

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Call, Config, Locks, Metadata, Pallet,
	Solvers, Unbonding, MAX_METADATA, MAX_UNBONDING,
};

/// Gives `who` balance for `stake`, registers it and bonds the stake.
pub(crate) fn set_up_solver<T: Config>(who: &T::AccountId, stake: BalanceOf<T>) {
	let stake = stake.max(T::MinimumBond::get());
	fund::<T>(who, stake);
	let metadata = longest_metadata();
	Pallet::<T>::do_register(who.clone(), HardwareClass::Cpu, metadata).expect("not registered");
	Pallet::<T>::do_bond(who.clone(), stake).expect("funded");
}

fn fund<T: Config>(who: &T::AccountId, stake: BalanceOf<T>) {
	let half = BalanceOf::<T>::max_value() / 2u32.into();
	let amount = stake.saturating_add(T::RegistrationDeposit::get()).saturating_mul(10u32.into());
	T::Currency::set_balance(who, amount.min(half));
}

fn longest_metadata() -> Metadata {
	Metadata::truncate_from(alloc::vec![0xff; MAX_METADATA as usize])
}

/// A solver with as many withdrawals waiting as can be.
fn busy_solver<T: Config>() -> T::AccountId {
	let who: T::AccountId = whitelisted_caller();
	set_up_solver::<T>(&who, T::MinimumBond::get().saturating_mul(4u32.into()));
	let mut solver = Solvers::<T>::get(&who).expect("just set up");
	let amount: BalanceOf<T> = 1u32.into();
	for due in 1..MAX_UNBONDING {
		solver
			.unbonding
			.try_push(Unbonding { amount, due: due.into() })
			.expect("one place is left");
		solver.bonded = solver.bonded.saturating_sub(amount);
	}
	Solvers::<T>::insert(&who, solver);
	who
}

#[benchmarks]
mod benchmarks {
	use super::*;

	#[benchmark]
	fn register() {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who, T::MinimumBond::get());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), HardwareClass::Gpu, longest_metadata());
		assert!(Solvers::<T>::contains_key(&who));
	}

	#[benchmark]
	fn update_profile() {
		let who = busy_solver::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), HardwareClass::Gpu, longest_metadata());
		assert_eq!(Solvers::<T>::get(&who).map(|s| s.hardware), Some(HardwareClass::Gpu));
	}

	#[benchmark]
	fn deregister() {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who, T::MinimumBond::get());
		Pallet::<T>::do_register(who.clone(), HardwareClass::Cpu, longest_metadata()).unwrap();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(!Solvers::<T>::contains_key(&who));
	}

	#[benchmark]
	fn bond() {
		let who: T::AccountId = whitelisted_caller();
		fund::<T>(&who, T::MinimumBond::get());
		Pallet::<T>::do_register(who.clone(), HardwareClass::Cpu, longest_metadata()).unwrap();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), T::MinimumBond::get());
		assert_eq!(Solvers::<T>::get(&who).map(|s| s.bonded), Some(T::MinimumBond::get()));
	}

	#[benchmark]
	fn bond_extra() {
		let who = busy_solver::<T>();
		let before = Solvers::<T>::get(&who).unwrap().bonded;
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), T::MinimumBond::get());
		assert!(Solvers::<T>::get(&who).unwrap().bonded > before);
	}

	#[benchmark]
	fn unbond() {
		let who = busy_solver::<T>();
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()), 1u32.into());
		assert!(Solvers::<T>::get(&who).unwrap().unbonding.is_full());
	}

	#[benchmark]
	fn withdraw_unbonded() {
		let who = busy_solver::<T>();
		frame_system::Pallet::<T>::set_block_number(MAX_UNBONDING.into());
		#[extrinsic_call]
		_(RawOrigin::Signed(who.clone()));
		assert!(Solvers::<T>::get(&who).unwrap().unbonding.is_empty());
	}

	#[benchmark]
	fn standing() {
		let who = busy_solver::<T>();
		let seen;
		#[block]
		{
			seen = Pallet::<T>::standing(&who);
		}
		assert!(seen.is_some());
	}

	#[benchmark]
	fn lock() {
		let who = busy_solver::<T>();
		#[block]
		{
			Pallet::<T>::lock(0, &who, T::MinimumBond::get()).unwrap();
		}
		assert!(Locks::<T>::contains_key(&who, 0));
	}

	#[benchmark]
	fn release() {
		let who = busy_solver::<T>();
		Pallet::<T>::lock(0, &who, T::MinimumBond::get()).unwrap();
		#[block]
		{
			Pallet::<T>::release(0, &who, true).unwrap();
		}
		assert!(!Locks::<T>::contains_key(&who, 0));
	}

	#[benchmark]
	fn slash(p: Linear<0, MAX_PAYOUTS>) {
		let who = busy_solver::<T>();
		let amount = T::MinimumBond::get();
		Pallet::<T>::lock(0, &who, amount).unwrap();
		let share = amount / (MAX_PAYOUTS.saturating_add(1)).into();
		let payouts: alloc::vec::Vec<_> =
			(0..p).map(|i| (account::<T::AccountId>("beneficiary", i, 0), share)).collect();
		for (beneficiary, _) in &payouts {
			fund::<T>(beneficiary, amount);
		}
		let payouts = payouts.try_into().unwrap();
		#[block]
		{
			Pallet::<T>::slash(0, &who, Slash { amount, payouts, fault: Fault::Fraud }).unwrap();
		}
		assert!(!Locks::<T>::contains_key(&who, 0));
	}

	impl_benchmark_test_suite!(Pallet, crate::mock::bench_ext(), crate::mock::Test);
}
