//! What the APIs return where `assay-primitives` has no type for it.
//!
//! Pallets store these things in types of their own. Those here carry the same content in a shape
//! that does not change when a pallet changes its storage.

use alloc::vec::Vec;

use assay_dispute_game::{Game, Side};
use assay_primitives::{Attempt, Standing, TaskId};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

/// Number of a game; counted up from 0, never used twice.
pub type GameId = u32;

/// Stake on its way out. It backs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct UnbondingView<Balance, BlockNumber> {
	/// How much.
	pub amount: Balance,
	/// First block in which it may be withdrawn.
	pub due: BlockNumber,
}

/// A registered solver, for readers outside the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct SolverView<Balance, BlockNumber> {
	/// What the market sees of it: hardware, free stake, and how its tasks ended.
	pub standing: Standing<Balance>,
	/// Hash of its self-description, at most 64 bytes; empty where it has none.
	pub metadata: Vec<u8>,
	/// Deposit held for its row and its locks.
	pub deposit: Balance,
	/// Stake that can back tasks. The free part of it is in `standing`.
	pub bonded: Balance,
	/// Part of `bonded` that backs tasks now.
	pub locked: Balance,
	/// Tasks that it backs now.
	pub locks: u32,
	/// Stake on its way out, by ascending due block.
	pub unbonding: Vec<UnbondingView<Balance, BlockNumber>>,
	/// Block of registration or of the latest change of a lock.
	pub last_active: BlockNumber,
}

/// An open game, for readers outside the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct GameView<AccountId, Balance> {
	/// The task whose claim is disputed.
	pub task: TaskId,
	/// The attempt that the claim belongs to.
	pub attempt: Attempt,
	/// Who opened the game and holds the bond.
	pub challenger: AccountId,
	/// Who made the claim and defends it.
	pub solver: AccountId,
	/// Held from the challenger until the game ends.
	pub bond: Balance,
	/// Worth of the challenger's moves so far.
	pub challenger_cost: Balance,
	/// Worth of the solver's moves so far.
	pub solver_cost: Balance,
	/// Whether the solver has posted a trace in this game; it can no longer withdraw the claim then.
	pub traced: bool,
	/// Whose move is awaited; always somebody's while the game is open.
	pub mover: Option<Side>,
	/// First block in which the awaited move is too late, so that the game is lost for its mover.
	pub deadline: Option<u32>,
	/// The game itself: what was fixed at its opening, its phase, both clocks, and the position that
	/// the next move must name.
	pub game: Game,
}
