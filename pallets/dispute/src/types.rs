//! What is stored about a game, and the numbers that a runtime fixes.

use assay_dispute_game::{Game, Side};
use assay_primitives::{Attempt, TaskId, MAX_OPEN_GAMES};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::sp_runtime::traits::Saturating;

/// Number of a game; counted up from 0, never used twice.
pub type GameId = u32;

/// An open game and the money in it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Dispute<AccountId, Balance, BlockNumber> {
	/// The task whose claim is disputed.
	pub task: TaskId,
	/// The attempt that the claim belongs to.
	pub attempt: Attempt,
	/// Who opened the game and holds the bond.
	pub challenger: AccountId,
	/// Who made the claim.
	pub solver: AccountId,
	/// Spec version of the runtime under which the game was opened.
	#[cfg(feature = "next")]
	pub opened_under: u32,
	/// Held from the challenger.
	pub bond: Balance,
	/// What moves are worth, as at the opening.
	pub tariff: Tariff<Balance>,
	/// Worth of the challenger's moves.
	pub challenger_cost: Balance,
	/// Worth of the solver's moves.
	pub solver_cost: Balance,
	/// Whether the solver has posted a trace in this game.
	pub traced: bool,
	/// Block of the game's agenda entry.
	pub agenda: BlockNumber,
	/// The game.
	pub game: Game,
}

impl<AccountId: Clone, Balance: Copy + Saturating, BlockNumber>
	Dispute<AccountId, Balance, BlockNumber>
{
	/// The account that plays a side.
	pub fn account(&self, side: Side) -> &AccountId {
		match side {
			Side::Challenger => &self.challenger,
			Side::Defender => &self.solver,
		}
	}

	/// Adds the worth of a move to its side.
	pub fn charge(&mut self, side: Side, cost: Balance) {
		let sum = match side {
			Side::Challenger => &mut self.challenger_cost,
			Side::Defender => &mut self.solver_cost,
		};
		*sum = sum.saturating_add(cost);
	}
}

/// How long players may think, in blocks. See ADRs 0008 and 0028.
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
pub struct ClockRules {
	/// Blocks of each side for all its moves, replays not counted (`C_max`).
	pub base: u32,
	/// Effort of the steps that the slowest admitted machine replays in a block, in operations.
	pub effort_per_block: u64,
	/// Most blocks that are added for replays (`D`).
	pub replay_max: u32,
	/// Blocks that a side has at least when its turn begins, as long as its reserve lasts.
	pub extension: u32,
}

impl ClockRules {
	/// Clock of one side: the base, and what replaying two strides takes; that time once more for each of
	/// `others`, the games about the same claim that are open already. Games may be about different
	/// strides, and who defends the claim has to replay them one after the other.
	pub fn budget(&self, effort_of_stride: u64, others: u32) -> u32 {
		let replay = effort_of_stride
			.saturating_mul(2)
			.checked_div(self.effort_per_block)
			.and_then(|blocks| u32::try_from(blocks).ok())
			.map_or(self.replay_max, |blocks| blocks.saturating_add(1).min(self.replay_max));
		self.base.saturating_add(replay.saturating_mul(others.saturating_add(1)))
	}

	/// The longest clock that a game can have.
	pub fn longest(&self) -> u32 {
		self.base.saturating_add(self.replay_max.saturating_mul(MAX_OPEN_GAMES))
	}

	/// The part of every clock that is handed out as extensions only: a quarter of the base. What is there for
	/// replays is all in the main part, since one extension is too short for a replay.
	pub fn reserve(&self) -> u32 {
		self.base.checked_div(4).unwrap_or(0)
	}
}

/// What moves are worth, and how large the bond is.
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
pub struct Tariff<Balance> {
	/// For each move.
	pub per_move: Balance,
	/// For each byte of a move.
	pub per_byte: Balance,
	/// For each 10⁹ weighted floating-point operations replayed.
	pub per_gigaflop: Balance,
	/// Least bond: covers the rows of a game.
	pub bond_base: Balance,
	/// Bond as a multiple of what defending costs.
	pub bond_factor: u32,
}
