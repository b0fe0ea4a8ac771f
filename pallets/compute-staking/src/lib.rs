//! Register solvers, bond, lock per task, unbond and slash.
//!
//! # Overview
//!
//! A solver registers, bonds stake, and the task market puts parts of that stake behind tasks. The
//! market decides about locks and slashes through [`assay_primitives::Stakes`], which this pallet
//! implements; this pallet carries them out and keeps the books.
//!
//! # Terms
//!
//! - *stake*: balance on hold under [`HoldReason::Stake`]; *bonded* or *unbonding*;
//! - *lock*: the part of the bonded stake that stands behind one task;
//! - *free stake*: bonded and behind no task; only free stake can back a new task or be unbonded.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. A solver's stake on hold is its bonded plus its unbonding stake; its deposit is on hold too.
//! 2. The solver's `locked` is the sum of its locks, `locks` their number, and `locked ≤ bonded`.
//! 3. Every lock belongs to a registered solver and is not zero.
//! 4. Unbonding amounts are not zero and lie in strictly ascending order of their due blocks.
//! 5. No solver has more than [`Config::MaxLocks`] locks.
//!
//! # Design
//!
//! Holds, never freezes: one unit of stake cannot also be a bond in a dispute, a vote or a deposit.
//! A slash takes from the lock of its task and from nothing else, so two tasks never share a unit,
//! and what was slashed is paid or burned to the unit. Stake leaves after
//! [`Config::UnbondingPeriod`], which is longer than any claim can stay contestable.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects,
		clippy::float_arithmetic,
		clippy::cast_possible_truncation,
		clippy::wildcard_enum_match_arm
	)
)]

extern crate alloc;

use polkadot_sdk::{frame_support, frame_system, sp_runtime};

#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod dispatchable_impls;
#[cfg(test)]
mod mock;
mod stakes_impls;
#[cfg(test)]
mod tests;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
pub mod weights;

pub use pallet::*;
pub use types::{Metadata, Reputation, Solver, Unbonding, MAX_METADATA, MAX_UNBONDING};
pub use weights::WeightInfo;

#[frame_support::pallet]
#[allow(
	clippy::cast_possible_truncation,
	clippy::expect_used,
	reason = "the pallet macro's own code: indices of variants, and a name that it looks up itself"
)]
pub mod pallet {
	use assay_primitives::{Fault, HardwareClass, TaskId};
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{self, Inspect},
	};
	use frame_system::pallet_prelude::*;
	use sp_runtime::traits::Zero;

	use super::{Metadata, Solver, WeightInfo};
	use crate::{frame_support, frame_system, sp_runtime};

	/// Balance of [`Config::Currency`].
	pub type BalanceOf<T> =
		<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

	/// A solver as this runtime stores it.
	pub type SolverOf<T> = Solver<BalanceOf<T>, BlockNumberFor<T>>;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {
		/// Where stake and deposits are held.
		type Currency: fungible::Mutate<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// Deposit for a solver's row and its locks.
		#[pallet::constant]
		type RegistrationDeposit: Get<BalanceOf<Self>>;

		/// Least stake that a solver bonds, and that stays bonded unless all is unbonded.
		#[pallet::constant]
		type MinimumBond: Get<BalanceOf<Self>>;

		/// Blocks from unbonding to withdrawal.
		#[pallet::constant]
		type UnbondingPeriod: Get<BlockNumberFor<Self>>;

		/// Most blocks from a claim to the end of the last dispute about it: audit window, challenge
		/// window, dispute bound and slash deferral together. The unbonding period must be longer.
		#[pallet::constant]
		type LongestExposure: Get<BlockNumberFor<Self>>;

		/// Most tasks that one solver backs at a time.
		#[pallet::constant]
		type MaxLocks: Get<u32>;

		/// Weights of the calls and of the market's requests.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds balance.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Stake of a solver, bonded or unbonding.
		#[codec(index = 0)]
		Stake,
		/// Deposit for a solver's row.
		#[codec(index = 1)]
		Registration,
	}

	/// Registered solvers. The hasher keeps keys readable and accounts cannot be chosen at will to
	/// unbalance the trie; bounded because each row has a deposit.
	#[pallet::storage]
	pub type Solvers<T: Config> =
		StorageMap<_, Blake2_128Concat, T::AccountId, SolverOf<T>, OptionQuery>;

	/// Stake behind each task, by solver. Task ids are the chain's own, so the cheap hasher is safe;
	/// bounded by [`Config::MaxLocks`] per solver.
	#[pallet::storage]
	pub type Locks<T: Config> = StorageDoubleMap<
		_,
		Blake2_128Concat,
		T::AccountId,
		Twox64Concat,
		TaskId,
		BalanceOf<T>,
		OptionQuery,
	>;

	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A solver registered.
		#[codec(index = 0)]
		Registered {
			/// The new solver.
			solver: T::AccountId,
			/// Class of its machine.
			hardware: HardwareClass,
			/// Hash of its self-description.
			metadata: Metadata,
			/// Deposit held for its row.
			deposit: BalanceOf<T>,
		},
		/// A solver changed what it says about itself.
		#[codec(index = 1)]
		ProfileUpdated {
			/// The solver.
			solver: T::AccountId,
			/// New class of its machine.
			hardware: HardwareClass,
			/// New hash of its self-description.
			metadata: Metadata,
		},
		/// A solver left; its deposit is free again.
		#[codec(index = 2)]
		Deregistered {
			/// The former solver.
			solver: T::AccountId,
			/// Deposit that was released.
			deposit: BalanceOf<T>,
		},
		/// A solver bonded stake.
		#[codec(index = 3)]
		Bonded {
			/// The solver.
			solver: T::AccountId,
			/// Stake that was added.
			amount: BalanceOf<T>,
			/// Bonded stake now.
			bonded: BalanceOf<T>,
		},
		/// Stake started its way out.
		#[codec(index = 4)]
		UnbondingStarted {
			/// The solver.
			solver: T::AccountId,
			/// Stake that leaves.
			amount: BalanceOf<T>,
			/// First block at which it can be withdrawn.
			due: BlockNumberFor<T>,
		},
		/// Stake left.
		#[codec(index = 5)]
		Withdrawn {
			/// The solver.
			solver: T::AccountId,
			/// Stake that is free balance again.
			amount: BalanceOf<T>,
		},
		/// Stake was put behind a task.
		#[codec(index = 6)]
		Locked {
			/// The solver.
			solver: T::AccountId,
			/// The task.
			task: TaskId,
			/// Stake behind it.
			amount: BalanceOf<T>,
		},
		/// The stake behind a task is free stake again.
		#[codec(index = 7)]
		Released {
			/// The solver.
			solver: T::AccountId,
			/// The task.
			task: TaskId,
			/// Stake that was behind it.
			amount: BalanceOf<T>,
			/// Whether the task was finished and paid.
			completed: bool,
		},
		/// Stake behind a task was taken; `amount = paid + burned`, and the rest of the lock is free.
		#[codec(index = 8)]
		Slashed {
			/// The solver.
			solver: T::AccountId,
			/// The task.
			task: TaskId,
			/// Why.
			fault: Fault,
			/// Stake taken.
			amount: BalanceOf<T>,
			/// Part that beneficiaries got, see [`Event::SlashPaid`].
			paid: BalanceOf<T>,
			/// Part that was removed from the issuance.
			burned: BalanceOf<T>,
			/// Part of the lock that was not taken.
			released: BalanceOf<T>,
		},
		/// A beneficiary got part of a slash.
		#[codec(index = 9)]
		SlashPaid {
			/// The slashed solver.
			solver: T::AccountId,
			/// The task.
			task: TaskId,
			/// Who was paid.
			beneficiary: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
	}

	#[pallet::error]
	pub enum Error<T> {
		/// The account is not a registered solver.
		NotRegistered,
		/// The account is a registered solver already.
		AlreadyRegistered,
		/// The solver has bonded stake already; use `bond_extra`.
		AlreadyBonded,
		/// The solver has no bonded stake yet; use `bond`.
		NotBonded,
		/// The amount is zero.
		ZeroAmount,
		/// Less than the minimum bond would be bonded.
		BondTooSmall,
		/// The solver has less free stake than that.
		InsufficientFreeStake,
		/// The solver backs as many tasks as it may.
		TooManyLocks,
		/// Too many amounts wait for withdrawal; withdraw those that are due first.
		TooManyUnbondings,
		/// No stake is due for withdrawal.
		NothingDue,
		/// The solver still has stake, bonded or unbonding.
		StillBonded,
		/// The solver has stake behind this task already.
		AlreadyLocked,
		/// The solver has no stake behind this task.
		NotLocked,
	}

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn integrity_test() {
			assert!(
				T::UnbondingPeriod::get() > T::LongestExposure::get(),
				"stake must outlast every dispute about the claims it backed"
			);
			assert!(!T::MinimumBond::get().is_zero(), "a bond of zero backs nothing");
			assert!(
				!T::RegistrationDeposit::get().is_zero(),
				"rows without a deposit are free spam"
			);
			assert!(T::MaxLocks::get() > 0, "solvers must be able to back a task");
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Registers the sender as a solver.
		///
		/// Origin: signed. `hardware` is the class of its machine, `metadata` the hash of a
		/// self-description (may be empty). Holds [`Config::RegistrationDeposit`].
		///
		/// Errors: `AlreadyRegistered`; too little balance for the deposit.
		/// Event: [`Event::Registered`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::register())]
		pub fn register(
			origin: OriginFor<T>,
			hardware: HardwareClass,
			metadata: Metadata,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_register(who, hardware, metadata)
		}

		/// Changes what the sender says about itself.
		///
		/// Origin: signed, a solver. Arguments as in [`Pallet::register`].
		///
		/// Errors: `NotRegistered`. Event: [`Event::ProfileUpdated`].
		#[pallet::call_index(1)]
		#[pallet::weight(T::WeightInfo::update_profile())]
		pub fn update_profile(
			origin: OriginFor<T>,
			hardware: HardwareClass,
			metadata: Metadata,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_update_profile(who, hardware, metadata)
		}

		/// Removes the sender's row, its reputation included, and releases the deposit.
		///
		/// Origin: signed, a solver without stake.
		///
		/// Errors: `NotRegistered`, `StillBonded`. Event: [`Event::Deregistered`].
		#[pallet::call_index(2)]
		#[pallet::weight(T::WeightInfo::deregister())]
		pub fn deregister(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_deregister(who)
		}

		/// Bonds the sender's first stake.
		///
		/// Origin: signed, a solver without bonded stake. `amount` is at least
		/// [`Config::MinimumBond`].
		///
		/// Errors: `NotRegistered`, `AlreadyBonded`, `BondTooSmall`; too little balance.
		/// Event: [`Event::Bonded`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::bond())]
		pub fn bond(
			origin: OriginFor<T>,
			#[pallet::compact] amount: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond(who, amount)
		}

		/// Adds to the sender's bonded stake.
		///
		/// Origin: signed, a solver with bonded stake. The sum must reach [`Config::MinimumBond`].
		///
		/// Errors: `NotRegistered`, `NotBonded`, `ZeroAmount`, `BondTooSmall`; too little balance.
		/// Event: [`Event::Bonded`].
		#[pallet::call_index(4)]
		#[pallet::weight(T::WeightInfo::bond_extra())]
		pub fn bond_extra(
			origin: OriginFor<T>,
			#[pallet::compact] amount: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_bond_extra(who, amount)
		}

		/// Starts to take free stake out.
		///
		/// Origin: signed, a solver. `amount` is free stake; what stays bonded is nothing or at least
		/// [`Config::MinimumBond`]. It can be withdrawn after [`Config::UnbondingPeriod`] blocks.
		///
		/// Errors: `NotRegistered`, `ZeroAmount`, `InsufficientFreeStake`, `BondTooSmall`,
		/// `TooManyUnbondings`. Event: [`Event::UnbondingStarted`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::unbond())]
		pub fn unbond(
			origin: OriginFor<T>,
			#[pallet::compact] amount: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_unbond(who, amount)
		}

		/// Releases all unbonded stake that is due.
		///
		/// Origin: signed, a solver.
		///
		/// Errors: `NotRegistered`, `NothingDue`. Event: [`Event::Withdrawn`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::withdraw_unbonded())]
		pub fn withdraw_unbonded(origin: OriginFor<T>) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw_unbonded(who)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// The row of a registered solver.
		pub fn solver(who: T::AccountId) -> Option<SolverOf<T>> {
			Solvers::<T>::get(who)
		}

		/// Stake that `who` has behind `task`.
		pub fn lock_of(who: T::AccountId, task: TaskId) -> Option<BalanceOf<T>> {
			Locks::<T>::get(who, task)
		}
	}
}
