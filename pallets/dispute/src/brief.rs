//! What the chain tells players, read by off-chain workers only.

use assay_case::Brief;
use assay_dispute_game::Side;
use assay_primitives::{Claims, TaskId};

use crate::{move_impls::ClaimOf, Config, Disputes, GameId, Pallet, Transcripts};

/// Number of no game: an opening move does not depend on it, and a player that prepares one should not
/// start over because somebody else opens a game.
const NO_GAME: GameId = GameId::MAX;

impl<T: Config> Pallet<T> {
	/// What a challenger needs to open a game against the claim of `task`. `prefixes` are the lengths of
	/// the running attempt's heartbeats.
	pub fn opening_brief(task: TaskId, prefixes: impl IntoIterator<Item = u32>) -> Option<Brief> {
		// Nor on how many games are open, which only its clock does.
		let claim = ClaimOf::<T> { open_games: 0, ..T::Claims::claim(task)? };
		let params = Self::params(NO_GAME, task, &claim).ok()?;
		Some(Brief {
			case: Self::case_with(task, &claim, &params, prefixes).ok()?,
			params,
			game: None,
			side: Side::Challenger,
			transcript: Default::default(),
		})
	}

	/// What the side to move needs to find its next move; `None` for an unknown game, or one whose referee
	/// this runtime does not have. `prefixes` as for
	/// [`Self::opening_brief`].
	pub fn game_brief(id: GameId, prefixes: impl IntoIterator<Item = u32>) -> Option<Brief> {
		let dispute = Disputes::<T>::get(id)?;
		let claim = T::Claims::claim(dispute.task)?;
		Some(Brief {
			case: Self::case_with(dispute.task, &claim, dispute.game.params(), prefixes).ok()?,
			params: *dispute.game.params(),
			side: dispute.game.mover()?,
			game: Some(dispute.game),
			transcript: Transcripts::<T>::get(id),
		})
	}
}
