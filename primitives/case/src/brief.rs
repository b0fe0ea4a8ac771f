//! All that the chain knows about a game: what a player needs besides its own execution.

use assay_dispute_game::{Children, Game, Level, Params, Run, Side};
use assay_referee::Partials;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::Case;

/// Most branches that one game can reveal: five levels of lists with at most five rounds each.
pub const MAX_REVEALED: u32 = 25;

/// What one `bisect` move revealed.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Revealed {
	/// The list.
	pub level: Level,
	/// The part of it.
	pub run: Run,
	/// The hashes below.
	pub children: Children,
}

/// What was said in a game and is needed again, but is not part of the [`Game`] itself.
#[derive(
	Clone,
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
pub struct Transcript {
	/// All branches that were revealed, oldest first.
	pub revealed: BoundedVec<Revealed, ConstU32<MAX_REVEALED>>,
	/// The partials that were posted; empty if none were.
	pub partials: Partials,
}

/// A game as a player sees it: it can find its next move from this and its own execution alone.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Brief {
	/// The claim that is judged, with all its heartbeats.
	pub case: Case,
	/// What is fixed for the game, or would be for the next one.
	pub params: Params,
	/// The game; `None` asks for a move that opens one.
	pub game: Option<Game>,
	/// Whose move is wanted.
	pub side: Side,
	/// What was revealed so far.
	pub transcript: Transcript,
}
