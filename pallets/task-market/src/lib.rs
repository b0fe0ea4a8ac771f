//! Post, bid, assign, heartbeat, claim and finalise training tasks; holds the reward.
//!
//! # Overview
//!
//! A requester posts a task: a step program, the roots of its data and its initial state, and the
//! terms. Solvers bid, each with a multiple of its price locked behind the bid; the best bid gets the task, and the
//! others have their stake back.
//! The solver commits to its progress with heartbeats and, at the end, claims a list of states. While
//! the challenge window is open or a game is, anyone may have the claim proven wrong; after that the
//! solver is paid and a receipt stays. [`assay_primitives::TaskPhase`] has the picture.
//!
//! # Terms
//!
//! - *escrow*: reward and fee, on hold in the requester's account until the task ends;
//! - *deposit*: what the requester holds for the task's rows; a part stays for the receipt;
//! - *deadline*: the last block of the present stage; the next stage begins after it;
//! - *agenda*: the tasks that the chain looks at by itself in a block.
//!
//! # Invariants (checked by `try_state`)
//!
//! 1. A requester's escrow on hold is the sum over its tasks; its deposit on hold is the sum over its
//!    tasks and receipts.
//! 2. Bids exist only for open tasks, heartbeats only for tasks with a solver; both only for live
//!    tasks.
//! 3. The stake of a job is locked for its task, and so is that of each bid.
//! 4. A task is in the agenda exactly where its row says, and the agenda holds no other entry and
//!    none before the cursor.
//! 5. Every task and receipt has an id below the next one, and no id has both.
//! 6. An open task's bids come from different solvers and do not exceed the reward; heartbeats commit
//!    to more and more states; open games do not exceed their limit.
//! 7. A task begins in the state that its list of tensors gives; a claim is about a part of it or all.
//! 8. The escrow of a task covers its reward and the fee on it.
//! 9. The operation set of a task is one that this runtime has.
//!
//! # Design
//!
//! - The program travels in the extrinsic. The call decodes, checks and prices it and stores 32 bytes
//!   and its sizes, so a program that cannot be judged never becomes a task.
//! - Money stays in the account that it belongs to, on hold, until it is paid; the pallet has no pot.
//! - Whatever the chain does by itself is also a call that anyone may make, so a full agenda or a
//!   full block delays nobody who cares.
//! - What a faulty solver loses is decided here ([`Penalties`]) and carried out by the staking side.
//! - A solver that cannot finish hands in a part. Once that part is final it is paid by its share of the
//!   steps, and the task's row becomes the task of doing the rest: nothing else needs to know that there
//!   was a part (ADR 0010).
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

use frame_support::pallet_macros::import_section;
use polkadot_sdk::{frame_support, frame_system, sp_runtime};

mod agenda;
#[cfg(feature = "runtime-benchmarks")]
mod benchmarking;
mod claims_impls;
mod errors;
mod escrow;
mod events;
#[cfg(test)]
mod mock;
mod params;
mod posting_impls;
mod program;
#[cfg(test)]
mod tests;
mod tick_impls;
mod training_impls;
#[cfg(any(feature = "std", feature = "try-runtime"))]
mod try_state;
mod types;
mod views;
pub mod weights;

pub use pallet::*;
pub use params::{Limits, Penalties, Prices};
pub use types::{
	Allowed, Bid, BidList, HeartbeatList, Job, Stage, Task, MAX_ALLOWED, MAX_BIDS, MAX_HEARTBEATS,
};
pub use weights::WeightInfo;

#[import_section(errors::errors)]
#[import_section(events::events)]
#[frame_support::pallet]
#[allow(
	clippy::cast_possible_truncation,
	clippy::expect_used,
	reason = "the pallet macro's own code: indices of variants, and a name that it looks up itself"
)]
pub mod pallet {
	use alloc::boxed::Box;

	use assay_ops::Program;
	use assay_primitives::{
		Attempt, Claim, ClaimEnds, Games, Quote, Receipt, Root, Slashed, Stakes, TaskId, TaskSpec,
		TaskView, Terms, Verdict, Work, MAX_OPEN_GAMES,
	};
	use frame_support::{
		pallet_prelude::*,
		traits::fungible::{self, Inspect},
	};
	use frame_system::pallet_prelude::*;

	use super::{
		Allowed, BidList, HeartbeatList, Job, Limits, Penalties, Prices, Task, WeightInfo, MAX_BIDS,
	};
	use crate::{frame_support, frame_system};

	/// Balance of [`Config::Currency`].
	pub type BalanceOf<T> =
		<<T as Config>::Currency as Inspect<<T as frame_system::Config>::AccountId>>::Balance;

	/// A task as this runtime stores it.
	pub type TaskOf<T> =
		Task<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

	/// What a task fixes, in this runtime.
	pub type SpecOf<T> = TaskSpec<BalanceOf<T>, BlockNumberFor<T>>;

	/// Solver, price and stake, in this runtime.
	pub type JobOf<T> = Job<<T as frame_system::Config>::AccountId, BalanceOf<T>>;

	/// A receipt as this runtime stores it.
	pub type ReceiptOf<T> =
		Receipt<<T as frame_system::Config>::AccountId, BalanceOf<T>, BlockNumberFor<T>>;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(0);

	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {
		/// Where escrow and deposits are held.
		type Currency: fungible::Mutate<Self::AccountId>
			+ fungible::MutateHold<Self::AccountId, Reason = Self::RuntimeHoldReason>;

		/// The runtime's hold reasons.
		type RuntimeHoldReason: From<HoldReason>;

		/// The stakes behind solvers.
		type Stakes: Stakes<Self::AccountId, BalanceOf<Self>>;

		/// The disputes about claims.
		type Games: Games<Self::AccountId, BalanceOf<Self>>;

		/// What a task may ask for.
		#[pallet::constant]
		type Limits: Get<Limits<BlockNumberFor<Self>>>;

		/// What things cost.
		#[pallet::constant]
		type Prices: Get<Prices<BalanceOf<Self>>>;

		/// What a faulty solver loses.
		#[pallet::constant]
		type Penalties: Get<Penalties>;

		/// Most tasks that the chain looks at in one block.
		#[pallet::constant]
		type AgendaSize: Get<u32>;

		/// Blocks that are searched for a place in the agenda.
		#[pallet::constant]
		type AgendaSearch: Get<u32>;

		/// Most weight that the agenda takes of a block.
		#[pallet::constant]
		type TickWeight: Get<Weight>;

		/// Weights of the calls, of the agenda and of the disputes' requests.
		type WeightInfo: WeightInfo;
	}

	/// Why this pallet holds balance.
	#[pallet::composite_enum]
	pub enum HoldReason {
		/// Reward and fee of a live task.
		#[codec(index = 0)]
		Escrow,
		/// Deposit for the rows of a task or a receipt.
		#[codec(index = 1)]
		Deposit,
	}

	/// The id of the next task.
	#[pallet::storage]
	pub type NextTask<T: Config> = StorageValue<_, TaskId, ValueQuery>;

	/// Live tasks. Ids are the chain's own, so the cheap hasher is safe; each row has a deposit.
	#[pallet::storage]
	pub type Tasks<T: Config> = StorageMap<_, Twox64Concat, TaskId, TaskOf<T>, OptionQuery>;

	/// Bids of open tasks. Hasher and deposit as for [`Tasks`]; bounded by [`crate::MAX_BIDS`].
	#[pallet::storage]
	pub type Bids<T: Config> =
		StorageMap<_, Twox64Concat, TaskId, BidList<T::AccountId, BalanceOf<T>>, ValueQuery>;

	/// Latest heartbeats of the running attempt. Hasher and deposit as for [`Tasks`]; bounded by
	/// [`crate::MAX_HEARTBEATS`].
	#[pallet::storage]
	pub type Heartbeats<T: Config> = StorageMap<_, Twox64Concat, TaskId, HeartbeatList, ValueQuery>;

	/// Receipts of paid tasks. Hasher as for [`Tasks`]; each row has a deposit.
	#[pallet::storage]
	pub type Receipts<T: Config> = StorageMap<_, Twox64Concat, TaskId, ReceiptOf<T>, OptionQuery>;

	/// Tasks to look at, by block. Blocks are not chosen freely enough to unbalance the trie; at most
	/// one entry per task, paid for by the task's deposit.
	#[pallet::storage]
	pub type Agenda<T: Config> = StorageMap<
		_,
		Twox64Concat,
		BlockNumberFor<T>,
		BoundedVec<TaskId, T::AgendaSize>,
		ValueQuery,
	>;

	/// The first block of the agenda that is not done. Zero while no task was ever
	/// entered.
	#[pallet::storage]
	pub type AgendaCursor<T: Config> = StorageValue<_, BlockNumberFor<T>, ValueQuery>;

	#[pallet::hooks]
	impl<T: Config> Hooks<BlockNumberFor<T>> for Pallet<T> {
		fn on_initialize(now: BlockNumberFor<T>) -> Weight {
			Self::tick(now)
		}

		fn integrity_test() {
			Self::check_constants();
		}

		#[cfg(feature = "try-runtime")]
		fn try_state(_: BlockNumberFor<T>) -> Result<(), crate::sp_runtime::TryRuntimeError> {
			Self::do_try_state()
		}
	}

	#[pallet::call]
	impl<T: Config> Pallet<T> {
		/// Posts a task.
		///
		/// Origin: signed; the sender becomes the requester. `program` is one training step, `work`
		/// names data, initial state, seed and length, `terms` reward, deadlines and restrictions;
		/// `allowed` are the accounts that may bid (empty admits all). Holds the reward, the fee on it
		/// and a deposit.
		///
		/// Errors: `Program…` where the program cannot be judged; `NoSteps`, `TooManyStates`,
		/// `NoRecords`, `DataTooLarge`, `WrongFirstState`, `WindowTooShort`, `WindowTooLong`,
		/// `RewardTooLow`; too little balance. Event: [`Event::TaskPosted`].
		#[pallet::call_index(0)]
		#[pallet::weight(T::WeightInfo::post_task(Pallet::<T>::leaves(program)))]
		pub fn post_task(
			origin: OriginFor<T>,
			program: Box<Program>,
			work: Work,
			terms: Terms<BalanceOf<T>, BlockNumberFor<T>>,
			allowed: Allowed<T::AccountId>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_post_task(who, program, work, terms, allowed)
		}

		/// Takes an open task back.
		///
		/// Origin: signed, the requester. Escrow and deposit are free again, and so is the stake of bids. In the second
		/// half of the time for bids it can be taken back only while there are none.
		///
		/// Errors: `UnknownTask`, `NotRequester`, `NotOpen`, `BidsBind`. Event: [`Event::TaskCancelled`].
		#[pallet::call_index(1)]
		#[pallet::weight(Pallet::<T>::cancel_weight(MAX_BIDS))]
		pub fn cancel_task(origin: OriginFor<T>, task: TaskId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Ok(Some(Self::do_cancel_task(who, task)?).into())
		}

		/// Offers to do a task for a price; replaces the sender's earlier bid, in the second half of the time for bids
		/// only with a lower one.
		///
		/// Origin: signed, a registered solver with enough free stake. The stake is locked with the bid, and free again
		/// when the bid is displaced, taken back or not the best, or when the task is cancelled.
		///
		/// Errors: `UnknownTask`, `NotOpen`, `DeadlinePassed`, `PriceIsZero`, `PriceAboveReward`,
		/// `RequesterCannotBid`, `NotAllowed`, `NotRegistered`, `WrongHardware`, `BidsBind`, `TooManyBids`; those of the staking
		/// side where the stake cannot be locked. Event: [`Event::BidPlaced`].
		#[pallet::call_index(2)]
		#[pallet::weight(Pallet::<T>::bid_weight())]
		pub fn place_bid(
			origin: OriginFor<T>,
			task: TaskId,
			#[pallet::compact] price: BalanceOf<T>,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_place_bid(who, task, price)
		}

		/// Takes the sender's bid back.
		///
		/// Origin: signed, a bidder of an open task. In the second half of the time for bids they bind.
		///
		/// Errors: `UnknownTask`, `NotOpen`, `BidsBind`, `NoSuchBid`. Event: [`Event::BidWithdrawn`].
		#[pallet::call_index(3)]
		#[pallet::weight(T::WeightInfo::withdraw_bid().saturating_add(T::Stakes::release_weight()))]
		pub fn withdraw_bid(origin: OriginFor<T>, task: TaskId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_withdraw_bid(who, task)
		}

		/// Gives a task to its best bidder, or ends it where there is none. The chain does this by itself when it has
		/// room.
		///
		/// Origin: signed, anyone, after the last block for bids.
		///
		/// Errors: `UnknownTask`, `NotOpen`, `DeadlineNotPassed`.
		/// Events: [`Event::TaskAssigned`] or [`Event::TaskExpired`].
		#[pallet::call_index(4)]
		#[pallet::weight(Pallet::<T>::assign_weight(MAX_BIDS))]
		pub fn assign(origin: OriginFor<T>, task: TaskId) -> DispatchResultWithPostInfo {
			ensure_signed(origin)?;
			Ok(Some(Self::do_assign(task)?).into())
		}

		/// Commits to the first `states` states of the future claim.
		///
		/// Origin: signed, the task's solver. `states` grows with every heartbeat; `root` is the root of
		/// the tree over these states.
		///
		/// Errors: `UnknownTask`, `NotRunning`, `NotSolver`, `DeadlinePassed`, `NoProgress`,
		/// `TooManyStates`. Event: [`Event::HeartbeatReceived`].
		#[pallet::call_index(5)]
		#[pallet::weight(T::WeightInfo::heartbeat())]
		pub fn heartbeat(
			origin: OriginFor<T>,
			task: TaskId,
			states: u32,
			root: Root,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_heartbeat(who, task, states, root)
		}

		/// Claims that the training is done, or whole strides of it from the beginning: a solver that
		/// will not make its deadline hands in what it has, is paid for that and loses the share of a
		/// missed deadline; the task then takes bids for the rest.
		///
		/// Origin: signed, the task's solver. `ends` are the paths of the first and the last state in the
		/// claim's list.
		///
		/// Errors: `UnknownTask`, `NotRunning`, `NotSolver`, `DeadlinePassed`, `WrongNumberOfSteps`,
		/// `WrongNumberOfStates`, `ContradictsHeartbeat`, `WrongFirstState`, `WrongLastState`,
		/// `WrongArtifact`. Event: [`Event::ClaimSubmitted`].
		#[pallet::call_index(6)]
		#[pallet::weight(T::WeightInfo::submit_claim())]
		pub fn submit_claim(
			origin: OriginFor<T>,
			task: TaskId,
			claim: Claim,
			ends: ClaimEnds,
		) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_submit_claim(who, task, claim, &ends)
		}

		/// Pays the solver of a claim that stands. The chain does this by itself when it has room.
		///
		/// Origin: signed, anyone, after the challenge window and without an open game.
		///
		/// Errors: `UnknownTask`, `NotClaimed`, `DeadlineNotPassed`, `GamesOpen`.
		/// Events: [`Event::TaskFinalised`]; for a part [`Event::PartPaid`], then
		/// [`Event::TaskReopened`] or [`Event::TaskFailed`]; [`Event::WindowRenewed`] where this runtime
		/// lacks the task's operation set.
		#[pallet::call_index(7)]
		#[pallet::weight(Pallet::<T>::finalise_weight())]
		pub fn finalise(origin: OriginFor<T>, task: TaskId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_finalise(task)
		}

		/// Takes a task from a solver that missed a heartbeat or the claim. The chain does this by
		/// itself when it has room.
		///
		/// Origin: signed, anyone, after the deadline. The solver loses a small share of the stake; the
		/// task takes bids again, or ends after the last attempt.
		///
		/// Errors: `UnknownTask`, `NotRunning`, `DeadlineNotPassed`.
		/// Events: [`Event::DeadlineMissed`], then [`Event::TaskReopened`] or [`Event::TaskFailed`].
		#[pallet::call_index(8)]
		#[pallet::weight(Pallet::<T>::fail_weight())]
		pub fn report_missed_deadline(origin: OriginFor<T>, task: TaskId) -> DispatchResult {
			ensure_signed(origin)?;
			Self::do_report_missed_deadline(task)
		}

		/// Takes the sender's own claim back, as long as no trace of it was posted.
		///
		/// Origin: signed, the task's solver. It loses a part of the stake. The challengers of open games are paid
		/// their costs from it; half of the part goes to them and to the requester, who lost time. The task takes bids
		/// again, or ends after the last attempt.
		///
		/// Errors: `UnknownTask`, `NotClaimed`, `NotSolver`, `TraceWasPosted`.
		/// Events: [`Event::ClaimWithdrawn`], then [`Event::TaskReopened`] or [`Event::TaskFailed`].
		#[pallet::call_index(9)]
		#[pallet::weight(Pallet::<T>::withdraw_claim_weight(MAX_OPEN_GAMES))]
		pub fn withdraw_claim(origin: OriginFor<T>, task: TaskId) -> DispatchResultWithPostInfo {
			let who = ensure_signed(origin)?;
			Ok(Some(Self::do_withdraw_claim(who, task)?).into())
		}

		/// Removes a receipt and releases its deposit.
		///
		/// Origin: signed, the requester.
		///
		/// Errors: `UnknownReceipt`, `NotRequester`. Event: [`Event::ReceiptRemoved`].
		#[pallet::call_index(10)]
		#[pallet::weight(T::WeightInfo::remove_receipt())]
		pub fn remove_receipt(origin: OriginFor<T>, task: TaskId) -> DispatchResult {
			let who = ensure_signed(origin)?;
			Self::do_remove_receipt(who, task)
		}
	}

	#[pallet::view_functions]
	impl<T: Config> Pallet<T> {
		/// What posting `program` for `steps` steps over records of `record_size` bytes costs, or the
		/// error that posting it would give.
		pub fn quote(
			program: Box<Program>,
			record_size: u32,
			steps: u32,
		) -> Result<Quote<BalanceOf<T>>, DispatchError> {
			Self::do_quote(program, record_size, steps)
		}

		/// A live task.
		pub fn task(
			task: TaskId,
		) -> Option<TaskView<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
			Self::task_view(task)
		}

		/// The receipt of a paid task.
		pub fn receipt_of(task: TaskId) -> Option<ReceiptOf<T>> {
			Receipts::<T>::get(task)
		}
	}
}
