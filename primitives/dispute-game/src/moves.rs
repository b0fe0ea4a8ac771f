//! What the players may say.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Children, OneStep, Path, Root, Shown, Side};

/// The moves of games whose evidence is that of `S`.
pub type MoveOf<S> = Move<
	<S as OneStep>::Spec,
	<S as OneStep>::Join,
	<S as OneStep>::Partials,
	<S as OneStep>::Evidence,
>;

/// One move. Evidence may be heavy; the game reads it once and keeps none of it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Move<Spec, Join, Partials, Evidence> {
	/// Challenger: the transition from one committed state to the next is wrong.
	#[codec(index = 0)]
	Open {
		/// Which one: `Σ_{stride·h} → Σ_{(stride+1)·h}`.
		stride: u32,
		/// The state before, in the claim.
		before: Shown,
		/// The state after, in the claim.
		after: Shown,
	},
	/// Challenger: a heartbeat and the claim differ in a leaf. Ends the game.
	#[codec(index = 1)]
	PrefixFault {
		/// Which heartbeat.
		heartbeat: u32,
		/// The leaf.
		leaf: u32,
		/// Its value in the heartbeat.
		in_heartbeat: Shown,
		/// Its value in the claim.
		in_claim: Shown,
	},
	/// Challenger: the list at this level is withheld, reveal it branch by branch.
	#[codec(index = 2)]
	Ask,
	/// Defender: the nodes four levels below the branch in question.
	#[codec(index = 3)]
	Bisect {
		/// Left to right.
		children: Children,
	},
	/// Challenger: the first child that is wrong.
	#[codec(index = 4)]
	Pick {
		/// Its number among the revealed.
		child: u32,
	},
	/// Defender: the states after each step of the stride.
	#[codec(index = 5)]
	PostSteps {
		/// Root of their list.
		root: Root,
		/// Path of the last of them, which must be the state at the end of the stride.
		last: Path,
	},
	/// Challenger: this step of the stride is wrong.
	#[codec(index = 6)]
	PickStep {
		/// Number within the stride.
		step: u32,
		/// The state before, among those posted; `None` for the first step, where it is known.
		before: Option<Shown>,
		/// The state after, among those posted; `None` for the last step, where it is known.
		after: Option<Shown>,
	},
	/// Defender: the output tensor roots of every node of the step.
	#[codec(index = 7)]
	PostTrace {
		/// Root of their list.
		root: Root,
	},
	/// Challenger: the trace does not join a state. Ends the game.
	#[codec(index = 8)]
	JoinFault {
		/// Where.
		join: Join,
	},
	/// Challenger: the output of this node is wrong but its tiles are withheld, reveal them.
	#[codec(index = 9)]
	AskTiles {
		/// The node.
		node: u32,
		/// What the program says about it.
		spec: Spec,
		/// Its output root, in the trace.
		output: Shown,
	},
	/// Challenger: the state after the step is not what the trace leads to, but its slots are withheld,
	/// reveal them.
	#[codec(index = 15)]
	AskSlots,
	/// Challenger: this tile is wrong. With evidence it ends the game.
	#[codec(index = 10)]
	PickTile {
		/// The node.
		node: u32,
		/// The tile of its output.
		tile: u32,
		/// What the program says about the node.
		spec: Spec,
		/// Openings, if the challenger could get them and the reduction is not split.
		evidence: Option<Evidence>,
	},
	/// Defender: the partial tiles of a long reduction, all of them, as hashes. The last is the tile.
	#[codec(index = 11)]
	PostPartials {
		/// Their hashes, and what ties the last to the trace.
		partials: Partials,
	},
	/// Challenger: this block is wrong. With evidence it ends the game.
	#[codec(index = 12)]
	PickBlock {
		/// The block.
		block: u32,
		/// Openings, if the challenger could get them.
		evidence: Option<Evidence>,
	},
	/// Defender: the openings that the challenger could not get. Ends the game.
	#[codec(index = 13)]
	OpenTile {
		/// Openings.
		evidence: Evidence,
	},
	/// Defender: the claim is withdrawn. Possible on its turn until it has posted a trace.
	#[codec(index = 14)]
	Concede,
}

/// A [`Move`] without its content.
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
#[allow(missing_docs)] // the same names, documented at `Move`
pub enum MoveKind {
	#[codec(index = 0)]
	Open,
	#[codec(index = 1)]
	PrefixFault,
	#[codec(index = 2)]
	Ask,
	#[codec(index = 3)]
	Bisect,
	#[codec(index = 4)]
	Pick,
	#[codec(index = 5)]
	PostSteps,
	#[codec(index = 6)]
	PickStep,
	#[codec(index = 7)]
	PostTrace,
	#[codec(index = 8)]
	JoinFault,
	#[codec(index = 9)]
	AskTiles,
	#[codec(index = 10)]
	PickTile,
	#[codec(index = 11)]
	PostPartials,
	#[codec(index = 12)]
	PickBlock,
	#[codec(index = 13)]
	OpenTile,
	#[codec(index = 14)]
	Concede,
	#[codec(index = 15)]
	AskSlots,
}

impl<Spec, Join, Partials, Evidence> Move<Spec, Join, Partials, Evidence> {
	/// Which move this is.
	pub fn kind(&self) -> MoveKind {
		match self {
			Self::Open { .. } => MoveKind::Open,
			Self::PrefixFault { .. } => MoveKind::PrefixFault,
			Self::Ask => MoveKind::Ask,
			Self::Bisect { .. } => MoveKind::Bisect,
			Self::Pick { .. } => MoveKind::Pick,
			Self::PostSteps { .. } => MoveKind::PostSteps,
			Self::PickStep { .. } => MoveKind::PickStep,
			Self::PostTrace { .. } => MoveKind::PostTrace,
			Self::JoinFault { .. } => MoveKind::JoinFault,
			Self::AskTiles { .. } => MoveKind::AskTiles,
			Self::AskSlots => MoveKind::AskSlots,
			Self::PickTile { .. } => MoveKind::PickTile,
			Self::PostPartials { .. } => MoveKind::PostPartials,
			Self::PickBlock { .. } => MoveKind::PickBlock,
			Self::OpenTile { .. } => MoveKind::OpenTile,
			Self::Concede => MoveKind::Concede,
		}
	}
}

impl MoveKind {
	/// The side whose move this is.
	pub fn side(self) -> Side {
		match self {
			Self::Open
			| Self::PrefixFault
			| Self::Ask
			| Self::Pick
			| Self::PickStep
			| Self::JoinFault
			| Self::AskTiles
			| Self::AskSlots
			| Self::PickTile
			| Self::PickBlock => Side::Challenger,
			Self::Bisect
			| Self::PostSteps
			| Self::PostTrace
			| Self::PostPartials
			| Self::OpenTile
			| Self::Concede => Side::Defender,
		}
	}

	/// Whether a stranger can make this move without being able to harm the side it plays for: the
	/// move is checked against commitments that already stand, so there is no wrong way to make it.
	/// All others choose or commit, and belong to the side's own account (or whom it trusts).
	pub fn is_self_evident(self) -> bool {
		match self {
			Self::PrefixFault | Self::Bisect | Self::JoinFault | Self::OpenTile => true,
			Self::Open
			| Self::Ask
			| Self::Pick
			| Self::PostSteps
			| Self::PickStep
			| Self::PostTrace
			| Self::AskTiles
			| Self::AskSlots
			| Self::PickTile
			| Self::PostPartials
			| Self::PickBlock
			| Self::Concede => false,
		}
	}
}
