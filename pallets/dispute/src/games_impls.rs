//! What the market asks of disputes.

use assay_primitives::{Costs, Games, TaskId};
use frame_support::{
	pallet_prelude::{DispatchError, Weight},
	traits::Get,
};

use crate::{frame_support, BalanceOf, Config, Disputes, Error, LastFull, Pallet, WeightInfo};

impl<T: Config> Games<T::AccountId, BalanceOf<T>> for Pallet<T> {
	fn trace_posted(task: TaskId) -> bool {
		Self::open_games(task).any(|(_, dispute)| dispute.traced)
	}

	fn withdraw(task: TaskId) -> Result<Costs<T::AccountId, BalanceOf<T>>, DispatchError> {
		let mut costs = Costs::default();
		for (id, dispute) in Self::open_games(task) {
			Self::close(id, &dispute)?;
			costs
				.try_push((dispute.challenger, dispute.challenger_cost))
				.map_err(|_| Error::<T>::TooManyGames)?;
		}
		Ok(costs)
	}

	fn last_full() -> Option<u32> {
		match Disputes::<T>::count() >= T::MaxGames::get() {
			true => Some(Self::now()),
			false => LastFull::<T>::get(),
		}
	}

	fn last_full_weight() -> Weight {
		T::DbWeight::get().reads(2)
	}

	fn withdraw_weight(games: u32) -> Weight {
		T::WeightInfo::close_game().saturating_mul(games.saturating_add(1).into())
	}
}
