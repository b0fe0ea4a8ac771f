//! What the market asks of stakes.

use assay_primitives::{Payouts, Slash, Slashed, Stakes, Standing, TaskId};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	storage::with_storage_layer,
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude::Force, Precision::Exact, Restriction},
		Get,
	},
};
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	frame_support, sp_runtime, BalanceOf, Config, Error, Event, HoldReason, Locks, Pallet,
	SolverOf, Solvers, WeightInfo,
};

impl<T: Config> Pallet<T> {
	/// Removes the lock of `task`; what it held is free stake until the caller says otherwise.
	fn unlock(
		task: TaskId,
		who: &T::AccountId,
	) -> Result<(SolverOf<T>, BalanceOf<T>), DispatchError> {
		let mut solver = Self::registered(who)?;
		let lock = Locks::<T>::take(who, task).ok_or(Error::<T>::NotLocked)?;
		solver.locked = solver.locked.saturating_sub(lock);
		solver.locks = solver.locks.saturating_sub(1);
		solver.reputation.last_active = Self::now();
		Ok((solver, lock))
	}

	/// Pays beneficiaries in order while `budget` lasts; returns what was paid.
	fn pay_out(
		task: TaskId,
		who: &T::AccountId,
		budget: BalanceOf<T>,
		payouts: Payouts<T::AccountId, BalanceOf<T>>,
	) -> BalanceOf<T> {
		let mut paid = BalanceOf::<T>::zero();
		for (beneficiary, share) in payouts {
			let amount = share.min(budget.saturating_sub(paid));
			if amount.is_zero() || !Self::pay(who, &beneficiary, amount) {
				continue;
			}
			paid = paid.saturating_add(amount);
			let solver = who.clone();
			Self::deposit_event(Event::SlashPaid { solver, task, beneficiary, amount });
		}
		paid
	}

	/// Moves held stake to a beneficiary's free balance; `false`, with nothing moved, where its
	/// account cannot exist with so little.
	fn pay(who: &T::AccountId, beneficiary: &T::AccountId, amount: BalanceOf<T>) -> bool {
		let reason = HoldReason::Stake.into();
		with_storage_layer(|| {
			T::Currency::transfer_on_hold(
				&reason,
				who,
				beneficiary,
				amount,
				Exact,
				Restriction::Free,
				Force,
			)
		})
		.is_ok()
	}

	fn do_slash(
		task: TaskId,
		who: &T::AccountId,
		slash: Slash<T::AccountId, BalanceOf<T>>,
	) -> Result<Slashed<BalanceOf<T>>, DispatchError> {
		let (mut solver, lock) = Self::unlock(task, who)?;
		let amount = slash.amount.min(lock);
		let paid = Self::pay_out(task, who, amount, slash.payouts);
		let burned = amount.saturating_sub(paid);
		T::Currency::burn_held(&HoldReason::Stake.into(), who, burned, Exact, Force)?;
		solver.bonded = solver.bonded.saturating_sub(amount);
		solver.reputation.count_fault(slash.fault);
		Solvers::<T>::insert(who, solver);
		Self::deposit_event(Event::Slashed {
			solver: who.clone(),
			task,
			fault: slash.fault,
			amount,
			paid,
			burned,
			released: lock.saturating_sub(amount),
		});
		Ok(Slashed { amount, paid, burned })
	}
}

impl<T: Config> Stakes<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn standing(who: &T::AccountId) -> Option<Standing<BalanceOf<T>>> {
		Solvers::<T>::get(who).map(|solver| solver.standing())
	}

	fn locked(task: TaskId, who: &T::AccountId) -> Option<BalanceOf<T>> {
		Locks::<T>::get(who, task)
	}

	fn lock(task: TaskId, who: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let mut solver = Self::registered(who)?;
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		ensure!(!Locks::<T>::contains_key(who, task), Error::<T>::AlreadyLocked);
		ensure!(solver.locks < T::MaxLocks::get(), Error::<T>::TooManyLocks);
		ensure!(amount <= solver.free(), Error::<T>::InsufficientFreeStake);
		solver.locked = solver.locked.saturating_add(amount);
		solver.locks = solver.locks.saturating_add(1);
		solver.reputation.last_active = Self::now();
		Locks::<T>::insert(who, task, amount);
		Solvers::<T>::insert(who, solver);
		Self::deposit_event(Event::Locked { solver: who.clone(), task, amount });
		Ok(())
	}

	fn release(task: TaskId, who: &T::AccountId, completed: bool) -> DispatchResult {
		let (mut solver, amount) = Self::unlock(task, who)?;
		if completed {
			solver.reputation.completed = solver.reputation.completed.saturating_add(1);
		}
		Solvers::<T>::insert(who, solver);
		Self::deposit_event(Event::Released { solver: who.clone(), task, amount, completed });
		Ok(())
	}

	fn slash(
		task: TaskId,
		who: &T::AccountId,
		slash: Slash<T::AccountId, BalanceOf<T>>,
	) -> Result<Slashed<BalanceOf<T>>, DispatchError> {
		with_storage_layer(|| Self::do_slash(task, who, slash))
	}

	fn standing_weight() -> Weight {
		T::WeightInfo::standing()
	}

	fn lock_weight() -> Weight {
		T::WeightInfo::lock()
	}

	fn release_weight() -> Weight {
		T::WeightInfo::release()
	}

	fn slash_weight(payouts: u32) -> Weight {
		T::WeightInfo::slash(payouts)
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_solver(who: &T::AccountId, amount: BalanceOf<T>) {
		crate::benchmarking::set_up_solver::<T>(who, amount);
	}
}
