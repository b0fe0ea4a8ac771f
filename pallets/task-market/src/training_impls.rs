//! Training, claiming, and what happens when a solver fails or finishes.

use assay_primitives::{Claim, Fault, Games, Heartbeat, Payouts, Root, Slash, Stakes, TaskId};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult},
	traits::Get,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	Permill,
};

use crate::{
	frame_support, sp_runtime, BalanceOf, Config, Error, Event, Heartbeats, JobOf, Pallet,
	Receipts, Stage, TaskOf, Tasks,
};

impl<T: Config> Pallet<T> {
	pub(crate) fn do_heartbeat(
		solver: T::AccountId,
		id: TaskId,
		states: u32,
		root: Root,
	) -> DispatchResult {
		let mut task = Self::live(id)?;
		let (now, deadline) = (Self::now(), task.deadline());
		let total = task.spec.work.states().ok_or(Error::<T>::TooManyStates)?;
		let Stage::Running { job, last_sign, states: done, .. } = &mut task.stage else {
			return Err(Error::<T>::NotRunning.into());
		};
		ensure!(job.solver == solver, Error::<T>::NotSolver);
		ensure!(now <= deadline, Error::<T>::DeadlinePassed);
		ensure!(states > *done, Error::<T>::NoProgress);
		ensure!(states <= total, Error::<T>::TooManyStates);
		*last_sign = now;
		*done = states;
		Heartbeats::<T>::mutate(id, |list| {
			if list.is_full() {
				list.remove(0);
			}
			// There is room now.
			let _ = list.try_push(Heartbeat { states, root });
		});
		// The entry in the agenda stays: it moves on when its block comes.
		Tasks::<T>::insert(id, task);
		Self::deposit_event(Event::HeartbeatReceived { task: id, solver, states, root });
		Ok(())
	}

	pub(crate) fn do_submit_claim(
		solver: T::AccountId,
		id: TaskId,
		claim: Claim,
	) -> DispatchResult {
		let mut task = Self::live(id)?;
		let (now, deadline) = (Self::now(), task.deadline());
		let Stage::Running { job, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotRunning.into());
		};
		ensure!(job.solver == solver, Error::<T>::NotSolver);
		ensure!(now <= deadline, Error::<T>::DeadlinePassed);
		Self::check_claim(id, &task, &claim)?;
		let until = now.saturating_add(task.spec.terms.challenge);
		let attempt = task.attempt;
		Self::deposit_event(Event::ClaimSubmitted { task: id, attempt, solver, claim, until });
		task.stage = Stage::Claimed { job, claim, until, games: 0 };
		Self::store_and_schedule(id, task);
		Ok(())
	}

	fn check_claim(id: TaskId, task: &TaskOf<T>, claim: &Claim) -> Result<(), Error<T>> {
		let work = &task.spec.work;
		ensure!(claim.steps == work.steps, Error::WrongNumberOfSteps);
		ensure!(Some(claim.states) == work.states(), Error::WrongNumberOfStates);
		let contradicts = Heartbeats::<T>::get(id)
			.last()
			.is_some_and(|beat| beat.states == claim.states && beat.root != claim.root);
		ensure!(!contradicts, Error::ContradictsHeartbeat);
		Ok(())
	}

	pub(crate) fn do_finalise(id: TaskId) -> DispatchResult {
		Self::finalise_task(id, Self::live(id)?)
	}

	pub(crate) fn finalise_task(id: TaskId, task: TaskOf<T>) -> DispatchResult {
		let Stage::Claimed { job, claim, until, games } = task.stage.clone() else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(Self::now() > until, Error::<T>::DeadlineNotPassed);
		ensure!(games == 0, Error::<T>::GamesOpen);
		let requester = task.requester.clone();
		let (settled, kept) = Self::end_paid(id, task.clone(), &job)?;
		T::Stakes::release(id, &job.solver, true)?;
		let receipt = Self::receipt(&task, &job, &claim, settled.paid, kept);
		Self::deposit_event(Event::TaskFinalised {
			task: id,
			requester,
			solver: job.solver,
			paid: settled.paid,
			fee: settled.fee,
			refunded: settled.refunded,
			receipt: receipt.clone(),
		});
		Receipts::<T>::insert(id, receipt);
		Ok(())
	}

	pub(crate) fn do_remove_receipt(who: T::AccountId, id: TaskId) -> DispatchResult {
		let receipt = Receipts::<T>::get(id).ok_or(Error::<T>::UnknownReceipt)?;
		ensure!(receipt.requester == who, Error::<T>::NotRequester);
		Self::release_receipt(&receipt)?;
		Receipts::<T>::remove(id);
		let deposit = receipt.deposit;
		Self::deposit_event(Event::ReceiptRemoved { task: id, requester: who, deposit });
		Ok(())
	}

	pub(crate) fn do_report_missed_deadline(id: TaskId) -> DispatchResult {
		Self::fail_task(id, Self::live(id)?)
	}

	/// The solver missed a deadline: it pays a small share, and the task starts over.
	pub(crate) fn fail_task(id: TaskId, task: TaskOf<T>) -> DispatchResult {
		let Stage::Running { job, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotRunning.into());
		};
		ensure!(Self::now() > task.deadline(), Error::<T>::DeadlineNotPassed);
		let amount = T::Penalties::get().missed_deadline.mul_floor(job.stake);
		let half = Permill::from_percent(50).mul_floor(amount);
		let payouts = Payouts::truncate_from([(task.requester.clone(), half)].into());
		let slash = Slash { amount, payouts, fault: Fault::MissedDeadline };
		let slashed = T::Stakes::slash(id, &job.solver, slash)?;
		Self::deposit_event(Event::DeadlineMissed {
			task: id,
			attempt: task.attempt,
			solver: job.solver,
			slashed,
		});
		Self::start_over(id, task)
	}

	/// Opens the task again for the next attempt, or ends it after the last one.
	fn start_over(id: TaskId, mut task: TaskOf<T>) -> DispatchResult {
		let attempt = task.attempt.saturating_add(1);
		if attempt >= T::Limits::get().attempts {
			let requester = task.requester.clone();
			let refunded = Self::end_unpaid(id, task)?;
			Self::deposit_event(Event::TaskFailed { task: id, requester, refunded });
			return Ok(());
		}
		Heartbeats::<T>::remove(id);
		let until = Self::bidding_end(&task.spec);
		task.attempt = attempt;
		task.stage = Stage::Open { until };
		Self::store_and_schedule(id, task);
		Self::deposit_event(Event::TaskReopened { task: id, attempt, until });
		Ok(())
	}

	pub(crate) fn do_withdraw_claim(who: T::AccountId, id: TaskId) -> DispatchResult {
		let task = Self::live(id)?;
		let Stage::Claimed { job, games, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(job.solver == who, Error::<T>::NotSolver);
		ensure!(!T::Games::trace_posted(id), Error::<T>::TraceWasPosted);
		let slash = Self::withdrawal_slash(id, &job, games)?;
		let slashed = T::Stakes::slash(id, &job.solver, slash)?;
		let attempt = task.attempt;
		Self::deposit_event(Event::ClaimWithdrawn { task: id, attempt, solver: who, slashed });
		Self::start_over(id, task)
	}

	/// Closes the open games, whose challengers are paid what they spent as far as the fee goes.
	fn withdrawal_slash(
		id: TaskId,
		job: &JobOf<T>,
		games: u32,
	) -> Result<Slash<T::AccountId, BalanceOf<T>>, DispatchError> {
		let (penalties, fault) = (T::Penalties::get(), Fault::Withdrawal);
		if games.is_zero() {
			let amount = penalties.withdrawal.mul_floor(job.stake);
			return Ok(Slash { amount, payouts: Payouts::default(), fault });
		}
		let costs = T::Games::withdraw(id)?;
		let amount = penalties.disputed_withdrawal.mul_floor(job.stake);
		Ok(Slash { amount, payouts: Payouts::truncate_from(costs.into_inner()), fault })
	}
}
