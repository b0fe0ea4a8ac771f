//! The invariants of the crate docs, by number.

use frame_support::{ensure, traits::fungible::InspectHold, traits::Get};
use sp_runtime::{
	traits::{Saturating, Zero},
	TryRuntimeError,
};

use crate::{
	frame_support, sp_runtime, BalanceOf, Config, HoldReason, Locks, Pallet, SolverOf, Solvers,
};

impl<T: Config> Pallet<T> {
	/// Checks every invariant against the whole state.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		for (who, solver) in Solvers::<T>::iter() {
			Self::check_holds(&who, &solver)?;
			Self::check_locks(&who, &solver)?;
			Self::check_unbonding(&solver)?;
		}
		for (who, _, amount) in Locks::<T>::iter() {
			ensure!(
				Solvers::<T>::contains_key(&who) && !amount.is_zero(),
				"invariant 3: a lock without a solver or without stake"
			);
		}
		Ok(())
	}

	fn check_holds(who: &T::AccountId, solver: &SolverOf<T>) -> Result<(), TryRuntimeError> {
		let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), who);
		ensure!(
			held(HoldReason::Stake) == solver.held(),
			"invariant 1: stake on hold differs from the books"
		);
		ensure!(
			held(HoldReason::Registration) == solver.deposit,
			"invariant 1: deposit on hold differs from the books"
		);
		Ok(())
	}

	fn check_locks(who: &T::AccountId, solver: &SolverOf<T>) -> Result<(), TryRuntimeError> {
		let (sum, count) = Locks::<T>::iter_prefix(who)
			.fold((BalanceOf::<T>::zero(), 0u32), |(sum, count), (_, amount)| {
				(sum.saturating_add(amount), count.saturating_add(1))
			});
		ensure!(
			sum == solver.locked && count == solver.locks && sum <= solver.bonded,
			"invariant 2: locks differ from the books"
		);
		ensure!(count <= T::MaxLocks::get(), "invariant 5: too many locks");
		Ok(())
	}

	fn check_unbonding(solver: &SolverOf<T>) -> Result<(), TryRuntimeError> {
		let ordered = solver.unbonding.iter().zip(solver.unbonding.iter().skip(1));
		ensure!(
			ordered.into_iter().all(|(a, b)| a.due < b.due)
				&& solver.unbonding.iter().all(|chunk| !chunk.amount.is_zero()),
			"invariant 4: unbonding amounts out of order or empty"
		);
		Ok(())
	}
}
