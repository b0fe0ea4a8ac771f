//! Why a move is refused. A refused move changes nothing.

use crate::{MoveKind, PhaseKind};

/// Why a move is refused. A refused move changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GameError {
	/// Parameters out of range, or clocks that would run past the last block number.
	BadParams,
	/// The game has ended.
	GameOver,
	/// The move answers another position than the one that stands.
	StalePosition,
	/// It is the other side's turn, or the move is not one of the side that is said to make it.
	NotYourTurn,
	/// This move does not answer this phase.
	WrongPhase {
		/// Where the game stands.
		phase: PhaseKind,
		/// What was tried.
		tried: MoveKind,
	},
	/// The clock of the side to move has run out.
	DeadlinePassed,
	/// The clock of the side to move has not run out yet.
	DeadlineNotReached {
		/// When it will have.
		deadline: u32,
	},
	/// The block is before the one in which the turn began.
	TimeReversed,
	/// There is no such stride, step, node, tile, block, child or heartbeat; or the child is the state
	/// before the first step, which no transition leads to.
	LeafOutOfRange,
	/// The search by asking ended at another leaf.
	NotTheLeaf,
	/// The list was searched already, or has nothing to search.
	NothingToAsk,
	/// A path, the children of a branch, or the evidence does not verify.
	ProofInvalid,
	/// A neighbouring state is missing where the step has one, or given where it has none.
	WrongNeighbours,
	/// Evidence for a whole tile whose reduction is split: pick without, then pick a block.
	ReductionIsSplit,
	/// What is shown is in order, so it is no fault.
	NoFault,
	/// The program gives the node a shape outside the limits of the game.
	BadShape,
}
