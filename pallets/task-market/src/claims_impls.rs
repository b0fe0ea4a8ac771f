//! What disputes ask of the market.

use assay_primitives::{
	Claims, DisputedClaim, Fault, Games, Payouts, Root, Slash, Slashed, Stakes, TaskId, TaskSpec,
	Verdict, MAX_OPEN_GAMES,
};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	storage::with_storage_layer,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::Saturating;

use crate::{
	frame_support, frame_system, sp_runtime, BalanceOf, Config, Error, Event, Heartbeats, JobOf,
	Pallet, Stage, TaskOf, Tasks, WeightInfo,
};

impl<T: Config> Pallet<T> {
	/// How the stake behind a wrong claim is divided. What is not named here burns.
	fn fraud_slash(
		task: &TaskOf<T>,
		job: &JobOf<T>,
		challenger: &T::AccountId,
		cost: BalanceOf<T>,
	) -> Slash<T::AccountId, BalanceOf<T>> {
		let penalties = job.penalties;
		let cost = cost.min(penalties.cost_cap.mul_floor(job.stake));
		let to_challenger = penalties.challenger_share.mul_floor(job.stake).saturating_add(cost);
		let to_requester = penalties.requester_share.mul_floor(job.stake);
		let payouts = [(task.requester.clone(), to_requester), (challenger.clone(), to_challenger)];
		Slash {
			amount: job.stake,
			payouts: Payouts::truncate_from(payouts.into()),
			fault: Fault::Fraud,
		}
	}

	fn do_convict(
		id: TaskId,
		verdict: Verdict,
		challenger: &T::AccountId,
		cost: BalanceOf<T>,
	) -> Result<Slashed<BalanceOf<T>>, DispatchError> {
		let task = Self::live(id)?;
		let Stage::Claimed { job, games, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(games > 0, Error::<T>::NoOpenGame);
		let slash = Self::fraud_slash(&task, &job, challenger, cost);
		let slashed = T::Stakes::slash(id, &job.solver, slash)?;
		let (attempt, requester) = (task.attempt, task.requester.clone());
		let refunded = Self::end_unpaid(id, task)?;
		Self::deposit_event(Event::ClaimConvicted {
			task: id,
			attempt,
			requester,
			solver: job.solver,
			challenger: challenger.clone(),
			verdict,
			slashed,
			refunded,
		});
		Ok(slashed)
	}

	fn do_game_opened(id: TaskId) -> DispatchResult {
		let mut task = Self::live(id)?;
		let end = Self::challenge_end(&task, task.deadline());
		let Stage::Claimed { games, .. } = &mut task.stage else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(Self::now() <= end, Error::<T>::DeadlinePassed);
		ensure!(*games < MAX_OPEN_GAMES, Error::<T>::TooManyGames);
		games.saturating_inc();
		let open_games = *games;
		Tasks::<T>::insert(id, task);
		Self::deposit_event(Event::GameOpened { task: id, open_games });
		Ok(())
	}

	/// Last block for opening a game against a claim that could be challenged until `until`. No block
	/// counts in which the chain could not take a game: a whole window must follow it.
	pub fn challenge_end(task: &TaskOf<T>, until: BlockNumberFor<T>) -> BlockNumberFor<T> {
		let window = task.spec.terms.challenge;
		T::Games::last_full()
			.map_or(until, |full| BlockNumberFor::<T>::from(full).saturating_add(window).max(until))
	}

	fn do_acquit(id: TaskId, full: bool) -> DispatchResult {
		let mut task = Self::live(id)?;
		let window = task.spec.terms.challenge;
		let Stage::Claimed { games, until, .. } = &mut task.stage else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(*games > 0, Error::<T>::NoOpenGame);
		if full {
			*until = Self::now().saturating_add(window).max(*until);
		}
		games.saturating_dec();
		let (open_games, until) = (*games, *until);
		if open_games == 0 {
			Self::store_and_schedule(id, task);
		} else {
			Tasks::<T>::insert(id, task);
		}
		Self::deposit_event(Event::GameClosed { task: id, open_games, until });
		Ok(())
	}
}

impl<T: Config> Claims<T::AccountId, BalanceOf<T>, BlockNumberFor<T>> for Pallet<T> {
	fn claim(id: TaskId) -> Option<DisputedClaim<T::AccountId, BalanceOf<T>, BlockNumberFor<T>>> {
		let task = Tasks::<T>::get(id)?;
		let spec = TaskSpec { work: task.work(), ..task.spec };
		let Stage::Claimed { job, claim, until, games } = task.stage else { return None };
		Some(DisputedClaim {
			requester: task.requester,
			solver: job.solver,
			attempt: task.attempt,
			spec,
			claim,
			stake: job.stake,
			challenge_until: until,
			open_games: games,
		})
	}

	fn heartbeat_root(id: TaskId, states: u32) -> Option<Root> {
		Heartbeats::<T>::get(id)
			.into_iter()
			.rev()
			.find(|beat| beat.states == states)
			.map(|beat| beat.root)
	}

	fn game_opened(id: TaskId) -> DispatchResult {
		Self::do_game_opened(id)
	}

	fn convict(
		id: TaskId,
		verdict: Verdict,
		challenger: &T::AccountId,
		cost: BalanceOf<T>,
	) -> Result<Slashed<BalanceOf<T>>, DispatchError> {
		with_storage_layer(|| Self::do_convict(id, verdict, challenger, cost))
	}

	fn acquit(id: TaskId, full: bool) -> DispatchResult {
		Self::do_acquit(id, full)
	}

	fn claim_weight() -> Weight {
		T::WeightInfo::claim()
	}

	fn game_opened_weight() -> Weight {
		T::WeightInfo::game_opened().saturating_add(T::Games::last_full_weight())
	}

	fn convict_weight() -> Weight {
		T::WeightInfo::convict().saturating_add(T::Stakes::slash_weight(2))
	}

	fn acquit_weight() -> Weight {
		T::WeightInfo::acquit()
	}

	#[cfg(feature = "runtime-benchmarks")]
	fn set_up_claim(
		solver: &T::AccountId,
		spec: crate::SpecOf<T>,
		claim: assay_primitives::Claim,
	) -> TaskId {
		crate::benchmarking::set_up_claim::<T>(solver, spec, claim)
	}
}
