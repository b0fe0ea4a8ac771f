//! How games end and what a move causes.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Game, Side};

/// What brought a claim down.
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
	/// A heartbeat and the claim commit to different states.
	#[codec(index = 0)]
	Prefix,
	/// A trace does not join a state.
	#[codec(index = 1)]
	Join,
	/// The referee found a wrong tile.
	#[codec(index = 2)]
	Tile,
	/// The defender let its clock run out.
	#[codec(index = 3)]
	Silence,
}

/// How a game ended.
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
pub enum Outcome {
	/// The claim is wrong, or nobody defends it.
	#[codec(index = 0)]
	Convicted(Fault),
	/// The referee found the tile that the challenger chose to be right: the challenge is lost. This
	/// clears **one tile**, not the stride around it; other challengers may open the same stride.
	#[codec(index = 1)]
	Acquitted,
	/// The challenger let its clock run out: the challenge is lost, and nothing about the claim has been
	/// settled. Other challengers may open the same stride.
	#[codec(index = 2)]
	ChallengerTimedOut,
	/// The defender has withdrawn its claim before it committed to a trace.
	#[codec(index = 3)]
	Conceded,
}

impl Outcome {
	/// Whether the claim is gone.
	pub fn claim_falls(self) -> bool {
		match self {
			Self::Convicted(_) | Self::Conceded => true,
			Self::Acquitted | Self::ChallengerTimedOut => false,
		}
	}

	/// Who won.
	pub fn winner(self) -> Side {
		if self.claim_falls() {
			Side::Challenger
		} else {
			Side::Defender
		}
	}
}

/// What a transition causes outside the game. There is exactly one.
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
pub enum Effect {
	/// It is the turn of `side`. At block `deadline` it is too late, and [`Game::timeout`] ends the game.
	#[codec(index = 0)]
	Turn {
		/// Who moves next.
		side: Side,
		/// First block in which that is too late.
		deadline: u32,
	},
	/// The move is the one that was made last; nothing has changed.
	#[codec(index = 1)]
	AlreadyStands,
	/// The game is over.
	#[codec(index = 2)]
	Ended(Outcome),
}

/// The result of a move: the game as it now stands, and what follows from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transition {
	/// The game after the move.
	pub game: Game,
	/// What follows.
	pub effect: Effect,
}
