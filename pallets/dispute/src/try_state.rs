//! The invariants of the crate docs, by number.

use alloc::collections::BTreeMap;

use assay_dispute_game::Side;
use assay_primitives::Claims;
use assay_referee::Referee;
use frame_support::{
	ensure,
	traits::{fungible::InspectHold, Get},
};
use sp_runtime::{traits::Saturating, TryRuntimeError};

use crate::{
	frame_support, sp_runtime, Agenda, BalanceOf, Config, DisputeOf, Disputes, GameId, GamesOf,
	HoldReason, NextGame, Pallet,
};

impl<T: Config> Pallet<T> {
	/// Checks every invariant against the whole state.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		let mut bonds = BTreeMap::<T::AccountId, BalanceOf<T>>::new();
		for (id, dispute) in Disputes::<T>::iter() {
			let sum = bonds.entry(dispute.challenger.clone()).or_default();
			*sum = sum.saturating_add(dispute.bond);
			Self::check_place(id, &dispute)?;
			Self::check_game(id, &dispute)?;
		}
		for (who, sum) in bonds {
			ensure!(
				T::Currency::balance_on_hold(&HoldReason::Bond.into(), &who) == sum,
				"invariant 1: bonds on hold differ from the books"
			);
		}
		for (task, games) in GamesOf::<T>::iter() {
			ensure!(
				games.iter().all(|id| Disputes::<T>::get(id).is_some_and(|d| d.task == task)),
				"invariant 2: a task lists a game that is not its own"
			);
		}
		let entries: usize = Agenda::<T>::iter_values().map(|bucket| bucket.len()).sum();
		ensure!(
			entries == Disputes::<T>::count() as usize,
			"invariant 3: as many entries as games"
		);
		ensure!(Disputes::<T>::count() <= T::MaxGames::get(), "invariant 5: too many games");
		Ok(())
	}

	fn check_place(id: GameId, dispute: &DisputeOf<T>) -> Result<(), TryRuntimeError> {
		let listed = GamesOf::<T>::get(dispute.task);
		let claim = T::Claims::claim(dispute.task);
		ensure!(
			listed.contains(&id) && claim.is_some_and(|c| c.open_games as usize == listed.len()),
			"invariant 2: a game that its task does not count"
		);
		let deadline = dispute.game.deadline().unwrap_or(u32::MAX);
		ensure!(
			Agenda::<T>::get(dispute.agenda).contains(&id) && dispute.agenda >= deadline.into(),
			"invariant 3: a game without its entry"
		);
		Ok(())
	}

	fn check_game(id: GameId, dispute: &DisputeOf<T>) -> Result<(), TryRuntimeError> {
		let (game, params) = (&dispute.game, dispute.game.params());
		let within = |side: Side| {
			let clock = game.clocks().of(side);
			clock.left.checked_add(clock.reserve).is_some_and(|sum| sum <= params.clock)
		};
		ensure!(
			game.mover().is_some() && within(Side::Challenger) && within(Side::Defender),
			"invariant 4: a game that is over, or a clock beyond its budget"
		);
		ensure!(
			id < NextGame::<T>::get() && Referee::of(params.referee).is_some(),
			"invariant 5: an unknown id or referee"
		);
		Ok(())
	}
}
