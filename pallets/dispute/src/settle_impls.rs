//! How games end, and where every unit of a bond goes.

use assay_dispute_game::{Fault, Outcome};
use assay_primitives::{Claims, TaskId, Verdict};
use frame_support::{
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	traits::{
		fungible::{hold::Balanced as _, Balanced, MutateHold},
		tokens::Precision,
		Get, Imbalance,
	},
};
use sp_runtime::traits::{CheckedDiv, Saturating};

use crate::{
	frame_support, sp_runtime, BalanceOf, Config, DisputeOf, Disputes, Error, Event, GameId,
	GamesOf, HoldReason, LastFull, Pallet, Transcripts, WeightInfo,
};

/// What the market calls the fault that a game found.
fn verdict(fault: Fault) -> Verdict {
	match fault {
		Fault::Prefix => Verdict::PrefixFault,
		Fault::Join => Verdict::JoinFault,
		Fault::Tile => Verdict::WrongTile,
		Fault::Silence => Verdict::Silence,
	}
}

impl<T: Config> Pallet<T> {
	/// Ends a game: its rows go, its bond goes back or is lost, and the market hears of it. Returns what
	/// that weighed: at most [`Self::settle_weight`].
	pub(crate) fn settle(
		id: GameId,
		dispute: DisputeOf<T>,
		outcome: Outcome,
	) -> Result<Weight, DispatchError> {
		let full = Self::is_full(dispute.task);
		Self::remove(id, &dispute);
		Self::deposit_event(Event::GameResolved {
			game: id,
			task: dispute.task,
			attempt: dispute.attempt,
			winner: outcome.winner(),
			outcome,
			moves: dispute.game.moves(),
			challenger_cost: dispute.challenger_cost,
			solver_cost: dispute.solver_cost,
		});
		match outcome {
			Outcome::Convicted(fault) => {
				Self::return_bond(id, &dispute)?;
				let challenger = &dispute.challenger;
				let cost = dispute.challenger_cost;
				T::Claims::convict(dispute.task, verdict(fault), challenger, cost)?;
				let others = Self::close_others(dispute.task)?;
				Ok(Self::convicted_weight(others))
			},
			Outcome::Acquitted | Outcome::ChallengerTimedOut => {
				Self::slash_bond(id, &dispute);
				T::Claims::acquit(dispute.task, full)?;
				Ok(T::WeightInfo::settle().saturating_add(T::Claims::acquit_weight()))
			},
			// A solver takes its claim back through the market, which closes the games with `withdraw`.
			Outcome::Conceded => Err(Error::<T>::WrongPhase.into()),
		}
	}

	/// Whether no more games could be opened about the claim of a task.
	fn is_full(task: TaskId) -> bool {
		T::Claims::claim(task).is_some_and(|claim| claim.open_games >= Self::places(claim.stake))
	}

	/// Takes a game out of the books.
	fn remove(id: GameId, dispute: &DisputeOf<T>) {
		if Disputes::<T>::count() >= T::MaxGames::get() {
			LastFull::<T>::put(Self::now());
		}
		Self::unschedule(id, dispute.agenda);
		Disputes::<T>::remove(id);
		Transcripts::<T>::remove(id);
		GamesOf::<T>::mutate_exists(dispute.task, |slot| {
			let Some(games) = slot else { return };
			games.retain(|game| *game != id);
			if games.is_empty() {
				*slot = None;
			}
		});
	}

	/// Closes the games that are still open about a claim that is gone; their challengers lose nothing.
	/// Returns how many there were.
	fn close_others(task: TaskId) -> Result<u32, DispatchError> {
		let mut closed = 0u32;
		for (id, dispute) in Self::open_games(task) {
			Self::close(id, &dispute)?;
			closed.saturating_inc();
		}
		Ok(closed)
	}

	/// Closes one game without a winner.
	pub(crate) fn close(id: GameId, dispute: &DisputeOf<T>) -> DispatchResult {
		Self::remove(id, dispute);
		Self::deposit_event(Event::GameClosed { game: id, task: dispute.task });
		Self::return_bond(id, dispute)
	}

	/// The open games of a task.
	pub(crate) fn open_games(task: TaskId) -> impl Iterator<Item = (GameId, DisputeOf<T>)> {
		let games = GamesOf::<T>::get(task).into_iter();
		games.filter_map(|id| Some((id, Disputes::<T>::get(id)?)))
	}

	fn return_bond(id: GameId, dispute: &DisputeOf<T>) -> DispatchResult {
		let (challenger, bond) = (dispute.challenger.clone(), dispute.bond);
		let reason = HoldReason::Bond.into();
		let amount = T::Currency::release(&reason, &challenger, bond, Precision::BestEffort)?;
		Self::deposit_event(Event::BondReturned { game: id, challenger, amount });
		Ok(())
	}

	/// Pays the solver's costs from the bond and burns the rest, at least half: else a solver could
	/// fill the places for games against its claim with sham ones that cost it nothing.
	fn slash_bond(id: GameId, dispute: &DisputeOf<T>) {
		let challenger = dispute.challenger.clone();
		let (credit, _) = T::Currency::slash(&HoldReason::Bond.into(), &challenger, dispute.bond);
		let total = credit.peek();
		let half = total.checked_div(&2u32.into()).unwrap_or_default();
		let (to_solver, rest) = credit.split(dispute.solver_cost.min(half));
		let owed = to_solver.peek();
		// Where the solver's account cannot take the money it burns with the rest.
		let paid = match T::Currency::resolve(&dispute.solver, to_solver) {
			Ok(()) => owed,
			Err(refused) => {
				drop(refused);
				BalanceOf::<T>::default()
			},
		};
		drop(rest);
		let burned = total.saturating_sub(paid);
		Self::deposit_event(Event::BondSlashed { game: id, challenger, paid, burned });
	}

	/// Weight of ending a game, at worst: a conviction that closes all other games of the task.
	pub(crate) fn settle_weight() -> Weight {
		let acquitted = T::WeightInfo::settle().saturating_add(T::Claims::acquit_weight());
		Self::convicted_weight(assay_primitives::MAX_OPEN_GAMES).max(acquitted)
	}

	/// Weight of a conviction that closes so many other games.
	fn convicted_weight(others: u32) -> Weight {
		T::WeightInfo::settle()
			.saturating_add(T::WeightInfo::close_game().saturating_mul(others.into()))
			.saturating_add(T::Claims::convict_weight())
	}

	/// Weight of opening a game.
	pub(crate) fn opening_weight() -> Weight {
		T::WeightInfo::open()
			.saturating_add(T::Claims::claim_weight().saturating_mul(2))
			.saturating_add(T::Claims::game_opened_weight())
	}

	/// Weight of an opening that finds no claim to open a game about, or no place: who takes the last place
	/// before an honest challenger must not make it pay for a game.
	pub fn refused_opening_weight() -> Weight {
		T::Claims::claim_weight().saturating_add(T::DbWeight::get().reads(1))
	}

	/// Weight of a move without its end, with or without the referee's work.
	pub(crate) fn move_weight(judged: bool) -> Weight {
		let work = if judged { T::WeightInfo::judged_move() } else { T::WeightInfo::light_move() };
		work.saturating_add(T::Claims::claim_weight())
	}

	/// Weight of a move that the referee has no part in.
	pub(crate) fn light_weight() -> Weight {
		Self::move_weight(false)
	}

	/// Weight of a move that ends a game, with or without the referee's work, at worst.
	pub(crate) fn ending_weight(judged: bool) -> Weight {
		Self::move_weight(judged).saturating_add(Self::settle_weight())
	}

	/// Weight of picking a tile or a block.
	pub(crate) fn tile_weight(evidence: bool) -> Weight {
		if evidence {
			Self::ending_weight(true)
		} else {
			Self::light_weight()
		}
	}
}
