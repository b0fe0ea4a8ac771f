//! What disputes ask of the market, and the market of disputes.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use polkadot_sdk::{
	sp_core::ConstU32,
	sp_runtime::{BoundedVec, DispatchError, DispatchResult},
	sp_weights::Weight,
};
use scale_info::TypeInfo;

use crate::{Attempt, Claim, Root, Slashed, TaskId, TaskSpec};

/// Most games open against one claim at a time.
pub const MAX_OPEN_GAMES: u32 = 32;

/// The challengers of the games that a withdrawal closed, each with its measured cost.
pub type Costs<AccountId, Balance> = BoundedVec<(AccountId, Balance), ConstU32<MAX_OPEN_GAMES>>;

/// Why a claim lost.
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
pub enum Verdict {
	/// The referee recomputed a tile and got another one.
	#[codec(index = 0)]
	WrongTile,
	/// A trace does not join the state before or after its step.
	#[codec(index = 1)]
	JoinFault,
	/// A heartbeat and the claim differ at a state that both contain.
	#[codec(index = 2)]
	PrefixFault,
	/// Nobody made the defender's move in time.
	#[codec(index = 3)]
	Silence,
}

/// How a game ended, as far as money is concerned.
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
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts the variant's index"
)]
pub enum GameOutcome {
	/// The claim is wrong: the solver pays.
	#[codec(index = 0)]
	Convicted(Verdict),
	/// The referee found the disputed tile right: the challenger pays.
	#[codec(index = 1)]
	Acquitted,
	/// The challenger fell silent: it pays, and the leaf stays open to others.
	#[codec(index = 2)]
	Abandoned,
}

/// All that a dispute needs to know about a task with a claim.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct DisputedClaim<AccountId, Balance, BlockNumber> {
	/// Who posted the task.
	pub requester: AccountId,
	/// Who made the claim.
	pub solver: AccountId,
	/// Which attempt at the task this is.
	pub attempt: Attempt,
	/// What the task fixes, of its work the part that is claimed.
	pub spec: TaskSpec<Balance, BlockNumber>,
	/// What the solver claims.
	pub claim: Claim,
	/// Stake behind the claim.
	pub stake: Balance,
	/// Last block in which a game may be opened.
	pub challenge_until: BlockNumber,
	/// Games that are open now.
	pub open_games: u32,
}

/// Dispute → market.
///
/// A game is opened with [`Claims::game_opened`] and ends with exactly one of [`Claims::convict`] and
/// [`Claims::acquit`], unless the market closed it itself through [`Games::withdraw`].
///
/// The `*_weight` methods give upper bounds that callers add to their own weight.
pub trait Claims<AccountId, Balance, BlockNumber> {
	/// The claim of a task that is claimed or disputed, inside its challenge window or not.
	fn claim(task: TaskId) -> Option<DisputedClaim<AccountId, Balance, BlockNumber>>;

	/// Root of the latest heartbeat of the running attempt that commits to exactly `states` states.
	fn heartbeat_root(task: TaskId, states: u32) -> Option<Root>;

	/// Counts a game. Fails, with nothing changed, if the task has no claim, its challenge window is
	/// over, or [`MAX_OPEN_GAMES`] are open. From here on the claim cannot become final.
	fn game_opened(task: TaskId) -> DispatchResult;

	/// The claim is wrong. The requester gets its escrow back and its share of the locked stake, the
	/// challenger its measured `cost` (capped) and its share, the rest burns; the task ends.
	///
	/// Ends *all* games of the task: the caller closes the others and returns their bonds. Fails, with
	/// nothing changed, if the task has no claim or no open game.
	fn convict(
		task: TaskId,
		verdict: Verdict,
		challenger: &AccountId,
		cost: Balance,
	) -> Result<Slashed<Balance>, DispatchError>;

	/// One game against the claim closed and the claim still stands. After the last one, and after
	/// the challenge window, the task can become final. Fails, with nothing changed, if no game is open.
	///
	/// `full` says that no more games could be opened about the claim until now: others may have been
	/// kept from it, so it can be challenged for another window.
	fn acquit(task: TaskId, full: bool) -> DispatchResult;

	/// Weight of [`Claims::claim`] and of [`Claims::heartbeat_root`].
	fn claim_weight() -> Weight;
	/// Weight of [`Claims::game_opened`].
	fn game_opened_weight() -> Weight;
	/// Weight of [`Claims::convict`].
	fn convict_weight() -> Weight;
	/// Weight of [`Claims::acquit`].
	fn acquit_weight() -> Weight;

	/// Sets up a claimed task of `solver`, inside its challenge window and with a heartbeat of one
	/// state, and returns its id.
	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_claim(
		solver: &AccountId,
		spec: TaskSpec<Balance, BlockNumber>,
		claim: Claim,
	) -> TaskId;
}

/// Market → dispute: the honest-fault lane.
pub trait Games<AccountId, Balance> {
	/// Whether a trace was posted in a game that is open against the claim of `task`. From then on the
	/// solver can no longer withdraw the claim.
	fn trace_posted(task: TaskId) -> bool;

	/// The solver took its claim back: closes all open games of `task`, returns their bonds, and
	/// says what each challenger spent. Does not call [`Claims`].
	fn withdraw(task: TaskId) -> Result<Costs<AccountId, Balance>, DispatchError>;

	/// The latest block in which the chain served as many games as it can, so that none could be opened
	/// about any claim; `None` if there never was one.
	fn last_full() -> Option<u32>;

	/// Weight of [`Games::last_full`].
	fn last_full_weight() -> Weight;

	/// Weight of [`Games::trace_posted`] and [`Games::withdraw`] together, with this many open games.
	fn withdraw_weight(games: u32) -> Weight;
}

/// No market: no task has a claim.
impl<AccountId, Balance, BlockNumber> Claims<AccountId, Balance, BlockNumber> for () {
	fn claim(_: TaskId) -> Option<DisputedClaim<AccountId, Balance, BlockNumber>> {
		None
	}
	fn heartbeat_root(_: TaskId, _: u32) -> Option<Root> {
		None
	}
	fn game_opened(_: TaskId) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}
	fn convict(
		_: TaskId,
		_: Verdict,
		_: &AccountId,
		_: Balance,
	) -> Result<Slashed<Balance>, DispatchError> {
		Err(DispatchError::Unavailable)
	}
	fn acquit(_: TaskId, _: bool) -> DispatchResult {
		Err(DispatchError::Unavailable)
	}
	fn claim_weight() -> Weight {
		Weight::zero()
	}
	fn game_opened_weight() -> Weight {
		Weight::zero()
	}
	fn convict_weight() -> Weight {
		Weight::zero()
	}
	fn acquit_weight() -> Weight {
		Weight::zero()
	}
	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_claim(_: &AccountId, _: TaskSpec<Balance, BlockNumber>, _: Claim) -> TaskId {
		0
	}
}

/// No disputes: no claim was ever traced and no game is open.
impl<AccountId, Balance> Games<AccountId, Balance> for () {
	fn trace_posted(_: TaskId) -> bool {
		false
	}
	fn withdraw(_: TaskId) -> Result<Costs<AccountId, Balance>, DispatchError> {
		Ok(Costs::default())
	}
	fn last_full() -> Option<u32> {
		None
	}
	fn last_full_weight() -> Weight {
		Weight::zero()
	}
	fn withdraw_weight(_: u32) -> Weight {
		Weight::zero()
	}
}
