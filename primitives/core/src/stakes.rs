//! What the market asks of the stakes behind solvers.

use core::cmp::Reverse;

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
	sp_core::ConstU32,
	sp_runtime::{BoundedVec, DispatchError, DispatchResult},
	sp_weights::Weight,
};
use scale_info::TypeInfo;

use crate::{TaskId, MAX_OPEN_GAMES};

/// Most beneficiaries of one slash: each open game's challenger, the requester and one more.
pub const MAX_PAYOUTS: u32 = MAX_OPEN_GAMES + 2;

/// Who gets how much of a slash, in order of payment.
pub type Payouts<AccountId, Balance> = BoundedVec<(AccountId, Balance), ConstU32<MAX_PAYOUTS>>;

/// What a solver says that it computes with. Not verified: a solver that cannot keep up misses its
/// deadlines and pays for it.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum HardwareClass {
	/// Processor only.
	#[codec(index = 0)]
	Cpu,
	/// One accelerator.
	#[codec(index = 1)]
	Gpu,
	/// Several accelerators in one machine.
	#[codec(index = 2)]
	MultiGpu,
}

/// A solver's standing at one moment.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Standing<Balance> {
	/// Class of machine it registered with.
	pub hardware: HardwareClass,
	/// Bonded stake that stands behind no task.
	pub free: Balance,
	/// Tasks finished and paid.
	pub completed: u32,
	/// Tasks lost to a missed deadline or withdrawn.
	pub failed: u32,
	/// Tasks in which it was convicted of a wrong claim.
	pub convicted: u32,
}

impl<Balance: Copy + Ord> Standing<Balance> {
	/// Reputation as one number: a failure undoes 4 finished tasks, a conviction 16.
	pub fn score(&self) -> i64 {
		i64::from(self.completed)
			.saturating_sub(i64::from(self.failed).saturating_mul(4))
			.saturating_sub(i64::from(self.convicted).saturating_mul(16))
	}

	/// Sort key of a bid at `price`: the smallest wins. Price first, then reputation, then free stake.
	pub fn rank(&self, price: Balance) -> (Balance, Reverse<i64>, Reverse<Balance>) {
		(price, Reverse(self.score()), Reverse(self.free))
	}
}

/// Why stake is slashed; decides which counter of the reputation goes up.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum Fault {
	/// A claim was proven wrong, or was not defended.
	#[codec(index = 0)]
	Fraud,
	/// A heartbeat or the claim did not come in time.
	#[codec(index = 1)]
	MissedDeadline,
	/// The solver took its own claim back.
	#[codec(index = 2)]
	Withdrawal,
}

/// An instruction to take stake. The staking side carries it out and decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slash<AccountId, Balance> {
	/// How much of the task's lock is taken; never more than the lock.
	pub amount: Balance,
	/// Who is paid out of it. Paid in order while the amount lasts; what is left is burned.
	pub payouts: Payouts<AccountId, Balance>,
	/// Why.
	pub fault: Fault,
}

/// Where the slashed stake went: `amount = paid + burned`, to the unit.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Slashed<Balance> {
	/// Taken from the solver.
	pub amount: Balance,
	/// Given to the beneficiaries.
	pub paid: Balance,
	/// Removed from the total issuance.
	pub burned: Balance,
}

/// Market → staking. One unit of stake never backs two tasks.
///
/// Each method reads and writes the solver's row and the lock of one task; [`Stakes::slash`] also moves
/// held balance, once per payout and once to burn. The `*_weight` methods give upper bounds that
/// callers add to their own weight.
pub trait Stakes<AccountId, Balance> {
	/// Hardware, free stake and reputation; `None` for an account that is not registered.
	fn standing(who: &AccountId) -> Option<Standing<Balance>>;

	/// Stake that stands behind `task`; `None` where `who` has no lock for it.
	fn locked(task: TaskId, who: &AccountId) -> Option<Balance>;

	/// Puts `amount` of free stake behind `task`. Fails, with nothing changed, if `who` is not
	/// registered, has too little free stake, has too many locks, or has a lock for this task already.
	fn lock(task: TaskId, who: &AccountId, amount: Balance) -> DispatchResult;

	/// Frees the lock of `task`. `completed` counts a finished task for the solver's reputation.
	fn release(task: TaskId, who: &AccountId, completed: bool) -> DispatchResult;

	/// Takes stake as instructed, frees what is left of the lock, and counts the fault.
	/// A payout that cannot be delivered (its account would stay below the existential deposit) burns.
	fn slash(
		task: TaskId,
		who: &AccountId,
		slash: Slash<AccountId, Balance>,
	) -> Result<Slashed<Balance>, DispatchError>;

	/// Weight of [`Stakes::standing`].
	fn standing_weight() -> Weight;
	/// Weight of [`Stakes::lock`].
	fn lock_weight() -> Weight;
	/// Weight of [`Stakes::release`].
	fn release_weight() -> Weight;
	/// Weight of [`Stakes::slash`] with this many payouts.
	fn slash_weight(payouts: u32) -> Weight;

	/// Makes `who` a registered solver with `amount` of free stake, paid out of its own balance.
	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_solver(who: &AccountId, amount: Balance);
}

/// No stakes: nobody is registered.
impl<AccountId, Balance> Stakes<AccountId, Balance> for () {
	fn standing(_: &AccountId) -> Option<Standing<Balance>> {
		None
	}
	fn locked(_: TaskId, _: &AccountId) -> Option<Balance> {
		None
	}
	fn lock(_: TaskId, _: &AccountId, _: Balance) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}
	fn release(_: TaskId, _: &AccountId, _: bool) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}
	fn slash(
		_: TaskId,
		_: &AccountId,
		_: Slash<AccountId, Balance>,
	) -> Result<Slashed<Balance>, DispatchError> {
		Err(DispatchError::Unavailable)
	}
	fn standing_weight() -> Weight {
		Weight::zero()
	}
	fn lock_weight() -> Weight {
		Weight::zero()
	}
	fn release_weight() -> Weight {
		Weight::zero()
	}
	fn slash_weight(_: u32) -> Weight {
		Weight::zero()
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_solver(_: &AccountId, _: Balance) {}
}
