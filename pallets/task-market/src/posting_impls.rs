//! Posting, bidding and assignment.

use alloc::boxed::Box;

use assay_ops::Program;
use assay_primitives::{program_key, Stakes, TaskId, TaskSpec, Terms, Work};
use codec::Encode;
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	traits::Get,
};
use frame_system::pallet_prelude::BlockNumberFor;
use polkadot_sdk::sp_io;
use sp_runtime::{
	traits::{SaturatedConversion, Saturating, Zero},
	ArithmeticError, FixedPointNumber, Permill,
};

use crate::{
	frame_support, frame_system, sp_runtime, Allowed, BalanceOf, Bid, Bids, Config, Error, Event,
	Job, JobOf, NextTask, Pallet, SpecOf, Stage, Task, TaskOf, Tasks,
};

/// The half of a reward, or of a time.
pub(crate) const HALF: Permill = Permill::from_percent(50);

impl<T: Config> Pallet<T> {
	pub(crate) fn now() -> BlockNumberFor<T> {
		frame_system::Pallet::<T>::block_number()
	}

	pub(crate) fn live(id: TaskId) -> Result<TaskOf<T>, Error<T>> {
		Tasks::<T>::get(id).ok_or(Error::UnknownTask)
	}

	pub(crate) fn do_post_task(
		requester: T::AccountId,
		program: Box<Program>,
		work: Work,
		terms: Terms<BalanceOf<T>, BlockNumberFor<T>>,
		allowed: Allowed<T::AccountId>,
	) -> DispatchResult {
		Self::check_work(&work)?;
		Self::check_terms(&terms)?;
		let bytes = program.encode();
		let program = Self::admit(&program, work.record_size)?;
		Self::check_stride(&program, &work)?;
		ensure!(terms.reward >= Self::min_reward(&program, work.steps), Error::<T>::RewardTooLow);
		let fee = Self::fee_on(terms.reward);
		let escrow = terms.reward.saturating_add(fee);
		let deposit = Self::task_deposit();
		Self::fund(&requester, escrow, deposit)?;
		sp_io::offchain_index::set(&program_key(&program.root), &bytes);
		let spec = TaskSpec { program, work, terms };
		let id = NextTask::<T>::get();
		NextTask::<T>::put(id.checked_add(1).ok_or(ArithmeticError::Overflow)?);
		Self::deposit_event(Event::TaskPosted {
			task: id,
			requester: requester.clone(),
			spec,
			allowed: allowed.clone(),
			escrow,
			deposit,
		});
		let stage = Stage::Open { until: Self::bidding_end(&spec) };
		let task =
			Task { requester, spec, allowed, attempt: 0, escrow, deposit, stage, agenda: None };
		Self::store_and_schedule(id, task);
		Ok(())
	}

	pub(crate) fn bidding_end(spec: &SpecOf<T>) -> BlockNumberFor<T> {
		Self::now().saturating_add(spec.terms.bidding)
	}

	fn check_work(work: &Work) -> Result<(), Error<T>> {
		ensure!(work.steps > 0 && work.stride > 0, Error::NoSteps);
		ensure!(work.end_step().is_some(), Error::TooManyStates);
		ensure!(work.begins_consistently(), Error::WrongFirstState);
		let states = work.states().ok_or(Error::TooManyStates)?;
		ensure!(states <= T::Limits::get().states, Error::TooManyStates);
		ensure!(work.records > 0 && work.record_size > 0, Error::NoRecords);
		let bytes = u64::from(work.records).saturating_mul(work.record_size.into());
		ensure!(assay_commitment::data_chunks(bytes).is_some(), Error::DataTooLarge);
		Ok(())
	}

	fn check_terms(terms: &Terms<BalanceOf<T>, BlockNumberFor<T>>) -> Result<(), Error<T>> {
		let limits = T::Limits::get();
		let windows = [terms.bidding, terms.training, terms.heartbeat];
		ensure!(windows.iter().all(|w| *w >= limits.window_min), Error::WindowTooShort);
		ensure!(terms.challenge >= limits.challenge_min, Error::WindowTooShort);
		ensure!(terms.bidding <= limits.window_max, Error::WindowTooLong);
		ensure!(terms.challenge <= limits.window_max, Error::WindowTooLong);
		ensure!(terms.training <= limits.training_max, Error::WindowTooLong);
		ensure!(terms.heartbeat <= terms.training, Error::WindowTooLong);
		Ok(())
	}

	/// Returns the weight of it.
	pub(crate) fn do_cancel_task(who: T::AccountId, id: TaskId) -> Result<Weight, DispatchError> {
		let task = Self::live(id)?;
		ensure!(task.requester == who, Error::<T>::NotRequester);
		let Stage::Open { until } = task.stage else { return Err(Error::<T>::NotOpen.into()) };
		let bids = Bids::<T>::get(id);
		// Whose stake is locked for a task until somebody else has no time left to bid must get it, or lose it to one
		// who does.
		ensure!(bids.is_empty() || !Self::bids_bind(&task, until), Error::<T>::BidsBind);
		for bid in &bids {
			Self::release_bid(id, &bid.solver)?;
		}
		let refunded = Self::end_unpaid(id, task)?;
		Self::deposit_event(Event::TaskCancelled { task: id, requester: who, refunded });
		Ok(Self::cancel_weight(bids.len().saturated_into()))
	}

	/// Stake that a job at this price needs, for a task with this reward. Of a price below half of the reward it is as
	/// for that half: else who bids next to nothing could have a task, and let it lie, for next to nothing.
	pub fn stake_for(price: BalanceOf<T>, reward: BalanceOf<T>) -> BalanceOf<T> {
		let prices = T::Prices::get();
		let worth: u128 = price.max(HALF.mul_floor(reward)).saturated_into();
		let scaled = prices.stake_factor.saturating_mul_int(worth);
		scaled.saturated_into::<BalanceOf<T>>().max(prices.minimum_stake)
	}

	pub(crate) fn do_place_bid(
		solver: T::AccountId,
		id: TaskId,
		price: BalanceOf<T>,
	) -> DispatchResult {
		let task = Self::live(id)?;
		let Stage::Open { until } = task.stage else { return Err(Error::<T>::NotOpen.into()) };
		ensure!(Self::now() <= until, Error::<T>::DeadlinePassed);
		ensure!(!price.is_zero(), Error::<T>::PriceIsZero);
		ensure!(price <= task.spec.terms.reward, Error::<T>::PriceAboveReward);
		Self::check_bidder(&task, &solver)?;
		let displaced = {
			let bid = Bid { solver: solver.clone(), price };
			Self::insert_bid(id, bid, Self::bids_bind(&task, until))?
		};
		T::Stakes::lock(id, &solver, Self::stake_for(price, task.spec.terms.reward))?;
		Self::deposit_event(Event::BidPlaced { task: id, solver, price, displaced });
		Ok(())
	}

	fn check_bidder(task: &TaskOf<T>, solver: &T::AccountId) -> Result<(), Error<T>> {
		ensure!(*solver != task.requester, Error::RequesterCannotBid);
		ensure!(task.allowed.is_empty() || task.allowed.contains(solver), Error::NotAllowed);
		let standing = T::Stakes::standing(solver).ok_or(Error::NotRegistered)?;
		let hardware = task.spec.terms.hardware;
		ensure!(hardware.is_none_or(|class| class == standing.hardware), Error::WrongHardware);
		Ok(())
	}

	/// Adds a bid, in place of an older one of the same solver, or of the highest one where the list
	/// is full; one that binds can only be lowered. Frees the stake of the bid that goes. Returns the other solver
	/// that lost its place.
	fn insert_bid(
		id: TaskId,
		bid: Bid<T::AccountId, BalanceOf<T>>,
		binds: bool,
	) -> Result<Option<T::AccountId>, DispatchError> {
		Bids::<T>::try_mutate(id, |bids| {
			if let Some(at) = bids.iter().position(|other| other.solver == bid.solver) {
				let older = bids.remove(at);
				ensure!(!binds || bid.price < older.price, Error::<T>::BidsBind);
				Self::release_bid(id, &bid.solver)?;
			}
			let Err(bid) = bids.try_push(bid) else { return Ok(None) };
			let highest = bids
				.iter()
				.enumerate()
				.max_by_key(|(_, other)| other.price)
				.map(|(at, other)| (at, other.price));
			let Some((at, price)) = highest else { return Err(Error::<T>::TooManyBids.into()) };
			ensure!(bid.price < price, Error::<T>::TooManyBids);
			let displaced = bids.remove(at);
			Self::release_bid(id, &displaced.solver)?;
			bids.try_push(bid).map_err(|_| Error::<T>::TooManyBids)?;
			Ok(Some(displaced.solver))
		})
	}

	/// Frees the stake of a bid that has not won. Bids that a runtime before ADR 0030 took have none.
	fn release_bid(id: TaskId, solver: &T::AccountId) -> DispatchResult {
		match T::Stakes::locked(id, solver) {
			Some(_) => T::Stakes::release(id, solver, false),
			None => Ok(()),
		}
	}

	/// Whether no bid can be taken back or raised, nor, where there is one, the task taken back: in the second half of the
	/// time for bids, the last block of which is `until`. Else who keeps others away could go when it is too late for them.
	pub fn bids_bind(task: &TaskOf<T>, until: BlockNumberFor<T>) -> bool {
		Self::now() > until.saturating_sub(HALF.mul_floor(task.spec.terms.bidding))
	}

	pub(crate) fn do_withdraw_bid(solver: T::AccountId, id: TaskId) -> DispatchResult {
		let task = Self::live(id)?;
		let Stage::Open { until } = task.stage else { return Err(Error::<T>::NotOpen.into()) };
		ensure!(!Self::bids_bind(&task, until), Error::<T>::BidsBind);
		Bids::<T>::try_mutate_exists(id, |slot| {
			let bids = slot.as_mut().ok_or(Error::<T>::NoSuchBid)?;
			let before = bids.len();
			bids.retain(|bid| bid.solver != solver);
			ensure!(bids.len() < before, Error::<T>::NoSuchBid);
			if bids.is_empty() {
				*slot = None;
			}
			Ok::<(), Error<T>>(())
		})?;
		Self::release_bid(id, &solver)?;
		Self::deposit_event(Event::BidWithdrawn { task: id, solver });
		Ok(())
	}

	pub(crate) fn do_assign(id: TaskId) -> Result<Weight, DispatchError> {
		Self::assign_task(id, Self::live(id)?)
	}

	/// Gives the task to the best bidder, and frees the stakes of the others; without a bid, the task expires. Returns the
	/// weight of it.
	pub(crate) fn assign_task(id: TaskId, mut task: TaskOf<T>) -> Result<Weight, DispatchError> {
		let Stage::Open { until } = task.stage else { return Err(Error::<T>::NotOpen.into()) };
		let now = Self::now();
		ensure!(now > until, Error::<T>::DeadlineNotPassed);
		let Some(job) = Self::best_bid(id) else {
			Self::expire(id, task)?;
			return Ok(Self::assign_weight(0));
		};
		let bids = Bids::<T>::take(id);
		for bid in bids.iter().filter(|bid| bid.solver != job.solver) {
			Self::release_bid(id, &bid.solver)?;
		}
		let until = now.saturating_add(task.spec.terms.training);
		Self::deposit_event(Event::TaskAssigned {
			task: id,
			attempt: task.attempt,
			solver: job.solver.clone(),
			price: job.price,
			stake: job.stake,
			until,
		});
		task.stage = Stage::Running { job, until, last_sign: now, states: 0 };
		Self::store_and_schedule(id, task);
		Ok(Self::assign_weight(bids.len().saturated_into()))
	}

	/// The best bid that has its stake: lowest price, then best reputation, then most free stake, then the earliest.
	fn best_bid(id: TaskId) -> Option<JobOf<T>> {
		let (_, stake, Bid { solver, price }) = Bids::<T>::get(id)
			.into_iter()
			.filter_map(|bid| {
				let stake = T::Stakes::locked(id, &bid.solver)?;
				Some((T::Stakes::standing(&bid.solver)?.rank(bid.price), stake, bid))
			})
			.min_by_key(|(rank, ..)| *rank)?;
		Some(Job { solver, price, stake, penalties: T::Penalties::get() })
	}

	fn expire(id: TaskId, task: TaskOf<T>) -> Result<(), DispatchError> {
		let requester = task.requester.clone();
		let refunded = Self::end_unpaid(id, task)?;
		Self::deposit_event(Event::TaskExpired { task: id, requester, refunded });
		Ok(())
	}
}
