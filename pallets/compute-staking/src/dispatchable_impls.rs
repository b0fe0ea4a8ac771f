//! What the calls do.

use assay_primitives::HardwareClass;
use frame_support::{
	ensure,
	pallet_prelude::DispatchResult,
	traits::{fungible::MutateHold, tokens::Precision::Exact, Get},
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::{
	traits::{CheckedAdd, Saturating, Zero},
	ArithmeticError,
};

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Config, Error, Event, HoldReason, Metadata,
	Pallet, Reputation, Solver, SolverOf, Solvers,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	pub(crate) fn registered(who: &T::AccountId) -> Result<SolverOf<T>, Error<T>> {
		Solvers::<T>::get(who).ok_or(Error::NotRegistered)
	}

	pub(crate) fn do_register(
		who: T::AccountId,
		hardware: HardwareClass,
		metadata: Metadata,
	) -> DispatchResult {
		ensure!(!Solvers::<T>::contains_key(&who), Error::<T>::AlreadyRegistered);
		let deposit = T::RegistrationDeposit::get();
		T::Currency::hold(&HoldReason::Registration.into(), &who, deposit)?;
		let solver = Solver {
			hardware,
			metadata: metadata.clone(),
			deposit,
			bonded: Zero::zero(),
			locked: Zero::zero(),
			locks: 0,
			unbonding: Default::default(),
			reputation: Reputation {
				completed: 0,
				failed: 0,
				convicted: 0,
				last_active: Self::now(),
			},
		};
		Solvers::<T>::insert(&who, solver);
		Self::deposit_event(Event::Registered { solver: who, hardware, metadata, deposit });
		Ok(())
	}

	pub(crate) fn do_update_profile(
		who: T::AccountId,
		hardware: HardwareClass,
		metadata: Metadata,
	) -> DispatchResult {
		let mut solver = Self::registered(&who)?;
		solver.hardware = hardware;
		solver.metadata = metadata.clone();
		Solvers::<T>::insert(&who, solver);
		Self::deposit_event(Event::ProfileUpdated { solver: who, hardware, metadata });
		Ok(())
	}

	pub(crate) fn do_deregister(who: T::AccountId) -> DispatchResult {
		let solver = Self::registered(&who)?;
		ensure!(solver.held().is_zero() && solver.locks == 0, Error::<T>::StillBonded);
		let deposit = solver.deposit;
		T::Currency::release(&HoldReason::Registration.into(), &who, deposit, Exact)?;
		Solvers::<T>::remove(&who);
		Self::deposit_event(Event::Deregistered { solver: who, deposit });
		Ok(())
	}

	pub(crate) fn do_bond(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let solver = Self::registered(&who)?;
		ensure!(solver.bonded.is_zero(), Error::<T>::AlreadyBonded);
		Self::add_stake(who, solver, amount)
	}

	pub(crate) fn do_bond_extra(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let solver = Self::registered(&who)?;
		ensure!(!solver.bonded.is_zero(), Error::<T>::NotBonded);
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		Self::add_stake(who, solver, amount)
	}

	fn add_stake(
		who: T::AccountId,
		mut solver: SolverOf<T>,
		amount: BalanceOf<T>,
	) -> DispatchResult {
		let bonded = solver.bonded.checked_add(&amount).ok_or(ArithmeticError::Overflow)?;
		ensure!(bonded >= T::MinimumBond::get(), Error::<T>::BondTooSmall);
		T::Currency::hold(&HoldReason::Stake.into(), &who, amount)?;
		solver.bonded = bonded;
		Solvers::<T>::insert(&who, solver);
		Self::deposit_event(Event::Bonded { solver: who, amount, bonded });
		Ok(())
	}

	pub(crate) fn do_unbond(who: T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		let mut solver = Self::registered(&who)?;
		ensure!(!amount.is_zero(), Error::<T>::ZeroAmount);
		ensure!(amount <= solver.free(), Error::<T>::InsufficientFreeStake);
		let rest = solver.bonded.saturating_sub(amount);
		ensure!(rest.is_zero() || rest >= T::MinimumBond::get(), Error::<T>::BondTooSmall);
		let due = Self::now().saturating_add(T::UnbondingPeriod::get());
		ensure!(solver.start_unbonding(amount, due), Error::<T>::TooManyUnbondings);
		Solvers::<T>::insert(&who, solver);
		Self::deposit_event(Event::UnbondingStarted { solver: who, amount, due });
		Ok(())
	}

	pub(crate) fn do_withdraw_unbonded(who: T::AccountId) -> DispatchResult {
		let mut solver = Self::registered(&who)?;
		let amount = solver.take_due(Self::now());
		ensure!(!amount.is_zero(), Error::<T>::NothingDue);
		T::Currency::release(&HoldReason::Stake.into(), &who, amount, Exact)?;
		Solvers::<T>::insert(&who, solver);
		Self::deposit_event(Event::Withdrawn { solver: who, amount });
		Ok(())
	}
}
