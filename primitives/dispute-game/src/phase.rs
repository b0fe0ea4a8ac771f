//! Where a game stands.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Block, Children, Focus, Level, Outcome, Root, Run, Span, Spot};

/// The two parties of a game.
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
pub enum Side {
	/// Says that the claim is wrong.
	#[codec(index = 0)]
	Challenger,
	/// Says that it is right.
	#[codec(index = 1)]
	Defender,
}

impl Side {
	/// The other side.
	pub fn other(self) -> Self {
		match self {
			Self::Challenger => Self::Defender,
			Self::Defender => Self::Challenger,
		}
	}
}

/// Where a game stands: what is pinned down and whose move is awaited.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Phase {
	/// Challenger: `open` a stride, `ask` for the list, or show a `prefix_fault`.
	#[codec(index = 0)]
	Claim {
		/// First state that the challenger rejects, if it was found by asking.
		leaf: Option<u32>,
	},
	/// Defender: `post_steps`.
	#[codec(index = 1)]
	Steps {
		/// The stride.
		span: Span,
	},
	/// Challenger: `pick_step` or `ask`.
	#[codec(index = 2)]
	Step {
		/// The stride.
		span: Span,
		/// Root of the states after each of its steps.
		root: Root,
		/// First state that the challenger rejects, if it was found by asking.
		leaf: Option<u32>,
	},
	/// Defender: `post_trace`.
	#[codec(index = 3)]
	Trace {
		/// The step.
		step: Span,
	},
	/// Challenger: `pick_tile`, `join_fault`, `ask` for the trace, `ask_tiles` of a node or `ask_slots`
	/// of the state after.
	#[codec(index = 4)]
	Tile {
		/// The step.
		step: Span,
		/// Root of its trace.
		trace: Root,
		/// What was found by asking.
		focus: Focus,
	},
	/// Defender: `post_partials`.
	#[codec(index = 5)]
	Partials {
		/// The tile.
		spot: Spot,
	},
	/// Challenger: `pick_block`.
	#[codec(index = 6)]
	Block {
		/// The tile.
		spot: Spot,
		/// Root of the posted partials.
		partials: Root,
	},
	/// Defender: `open_tile`.
	#[codec(index = 7)]
	Opening {
		/// The tile.
		spot: Spot,
		/// The block of its reduction, if that is long.
		block: Option<Block>,
	},
	/// Defender: `bisect`.
	#[codec(index = 8)]
	Bisect {
		/// The list.
		level: Level,
		/// The part of it in question.
		run: Run,
		/// Hash of that part; the list's root if it is all of it.
		hash: Root,
	},
	/// Challenger: `pick`.
	#[codec(index = 9)]
	Pick {
		/// The list.
		level: Level,
		/// The part of it in question.
		run: Run,
		/// What was revealed.
		children: Children,
	},
	/// Nobody: the game has ended.
	#[codec(index = 10)]
	Over {
		/// How.
		outcome: Outcome,
	},
}

/// A [`Phase`] without its content.
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
#[allow(missing_docs)] // the same names, documented at `Phase`
pub enum PhaseKind {
	#[codec(index = 0)]
	Claim,
	#[codec(index = 1)]
	Steps,
	#[codec(index = 2)]
	Step,
	#[codec(index = 3)]
	Trace,
	#[codec(index = 4)]
	Tile,
	#[codec(index = 5)]
	Partials,
	#[codec(index = 6)]
	Block,
	#[codec(index = 7)]
	Opening,
	#[codec(index = 8)]
	Bisect,
	#[codec(index = 9)]
	Pick,
	#[codec(index = 10)]
	Over,
}

impl Phase {
	/// Whose move is awaited, or how the game has ended.
	pub fn turn(&self) -> Result<Side, Outcome> {
		match self {
			Self::Claim { .. }
			| Self::Step { .. }
			| Self::Tile { .. }
			| Self::Block { .. }
			| Self::Pick { .. } => Ok(Side::Challenger),
			Self::Steps { .. }
			| Self::Trace { .. }
			| Self::Partials { .. }
			| Self::Opening { .. }
			| Self::Bisect { .. } => Ok(Side::Defender),
			Self::Over { outcome } => Err(*outcome),
		}
	}

	/// Which phase this is.
	pub fn kind(&self) -> PhaseKind {
		match self {
			Self::Claim { .. } => PhaseKind::Claim,
			Self::Steps { .. } => PhaseKind::Steps,
			Self::Step { .. } => PhaseKind::Step,
			Self::Trace { .. } => PhaseKind::Trace,
			Self::Tile { .. } => PhaseKind::Tile,
			Self::Partials { .. } => PhaseKind::Partials,
			Self::Block { .. } => PhaseKind::Block,
			Self::Opening { .. } => PhaseKind::Opening,
			Self::Bisect { .. } => PhaseKind::Bisect,
			Self::Pick { .. } => PhaseKind::Pick,
			Self::Over { .. } => PhaseKind::Over,
		}
	}
}

impl PhaseKind {
	/// Whether the mover must re-execute something before it can answer.
	pub fn needs_replay(self) -> bool {
		match self {
			Self::Steps | Self::Step | Self::Trace | Self::Tile => true,
			Self::Claim
			| Self::Partials
			| Self::Block
			| Self::Opening
			| Self::Bisect
			| Self::Pick
			| Self::Over => false,
		}
	}
}
