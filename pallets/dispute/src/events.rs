//! What happened. The events of a game tell its whole story.

use crate::frame_support::pallet_macros::pallet_section;

/// The events of the pallet.
#[pallet_section]
mod events {
	#[pallet::event]
	#[pallet::generate_deposit(pub(super) fn deposit_event)]
	pub enum Event<T: Config> {
		/// A game was opened.
		GameOpened {
			/// The game.
			game: GameId,
			/// The task whose claim is disputed.
			task: TaskId,
			/// The attempt that the claim belongs to.
			attempt: Attempt,
			/// Who opened it.
			challenger: T::AccountId,
			/// Who made the claim.
			solver: T::AccountId,
			/// Held from the challenger.
			bond: BalanceOf<T>,
			/// Blocks that each side has for all its moves.
			clock: u32,
		},
		/// A move was made, the opening included.
		Moved {
			/// The game.
			game: GameId,
			/// Which move.
			kind: MoveKind,
			/// The side it was made for.
			side: Side,
			/// Who made it.
			by: T::AccountId,
			/// Its size in bytes.
			bytes: u32,
			/// The position that the next move must answer.
			position: Root,
			/// Whose turn it is and until which block, or how the game ended.
			effect: Effect,
		},
		/// A game ended.
		GameResolved {
			/// The game.
			game: GameId,
			/// The task.
			task: TaskId,
			/// The attempt that the claim belonged to.
			attempt: Attempt,
			/// Who won.
			winner: Side,
			/// How it ended.
			outcome: Outcome,
			/// Moves made, the opening included.
			moves: u32,
			/// Worth of the challenger's moves.
			challenger_cost: BalanceOf<T>,
			/// Worth of the solver's moves.
			solver_cost: BalanceOf<T>,
		},
		/// A bond was given back.
		BondReturned {
			/// The game.
			game: GameId,
			/// The challenger.
			challenger: T::AccountId,
			/// How much.
			amount: BalanceOf<T>,
		},
		/// A bond was lost: the solver's costs were paid from it and the rest was burned.
		BondSlashed {
			/// The game.
			game: GameId,
			/// The challenger.
			challenger: T::AccountId,
			/// Paid to the solver.
			paid: BalanceOf<T>,
			/// Burned.
			burned: BalanceOf<T>,
		},
		/// A game was closed because its claim fell in another game or was withdrawn.
		GameClosed {
			/// The game.
			game: GameId,
			/// The task.
			task: TaskId,
		},
		/// The chain could not end a game by itself; `expire` can.
		AutomaticStepFailed {
			/// The game.
			game: GameId,
			/// Why.
			error: DispatchError,
		},
	}
}
