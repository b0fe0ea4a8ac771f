//! Why calls are refused.

use crate::frame_support::pallet_macros::pallet_section;

/// The errors of the pallet.
#[pallet_section]
mod errors {
	#[pallet::error]
	pub enum Error<T> {
		/// No open game has this id.
		UnknownGame,
		/// The task has no claim that can be disputed.
		NoClaim,
		/// A solver cannot dispute its own claim.
		OwnClaim,
		/// As many games are open as the chain can serve; try again when one has ended.
		TooManyGames,
		/// This move belongs to another account: the challenger's or the solver's.
		NotYourGame,
		/// The task is such that no game can be played about it.
		BadParams,
		/// The game has ended.
		GameOver,
		/// The move answers another position than the one that stands; read the game and decide again.
		StalePosition,
		/// It is the other side's turn.
		NotYourTurn,
		/// This move does not answer the phase that the game is in.
		WrongPhase,
		/// The clock of the side to move has run out.
		DeadlinePassed,
		/// The clock of the side to move has not run out yet.
		DeadlineNotReached,
		/// The block is before the one in which the turn began.
		TimeReversed,
		/// There is no such stride, step, node, tile, block, child or heartbeat.
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
		/// The program gives the node a shape outside the limits of games.
		BadShape,
		/// No place in the agenda near the game's deadline.
		AgendaFull,
		/// The game, or the claim's operation set, needs a version of the referee that this runtime does
		/// not have.
		UnknownReferee,
	}

	impl<T> From<assay_dispute_game::GameError> for Error<T> {
		fn from(error: assay_dispute_game::GameError) -> Self {
			use assay_dispute_game::GameError as E;
			match error {
				E::BadParams => Self::BadParams,
				E::GameOver => Self::GameOver,
				E::StalePosition => Self::StalePosition,
				E::NotYourTurn => Self::NotYourTurn,
				E::WrongPhase { .. } => Self::WrongPhase,
				E::DeadlinePassed => Self::DeadlinePassed,
				E::DeadlineNotReached { .. } => Self::DeadlineNotReached,
				E::TimeReversed => Self::TimeReversed,
				E::LeafOutOfRange => Self::LeafOutOfRange,
				E::NotTheLeaf => Self::NotTheLeaf,
				E::NothingToAsk => Self::NothingToAsk,
				E::ProofInvalid => Self::ProofInvalid,
				E::WrongNeighbours => Self::WrongNeighbours,
				E::ReductionIsSplit => Self::ReductionIsSplit,
				E::NoFault => Self::NoFault,
				E::BadShape => Self::BadShape,
			}
		}
	}
}
