//! Training, claiming, and what happens when a solver fails or finishes.

use alloc::vec::Vec;

use assay_ops::OPSETS;
use assay_primitives::{
	Claim, ClaimEnds, Fault, Games, Heartbeat, Payouts, Root, Slash, Slashed, Stakes, TaskId, Work,
};
use frame_support::{
	ensure,
	pallet_prelude::{DispatchError, DispatchResult, Weight},
	traits::Get,
};
use sp_runtime::{
	traits::{Saturating, Zero},
	Perbill,
};

use crate::{
	frame_support, posting_impls::HALF, sp_runtime, BalanceOf, Config, Error, Event, Heartbeats,
	JobOf, Pallet, Receipts, Stage, TaskOf, Tasks,
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
		ends: &ClaimEnds,
	) -> DispatchResult {
		let mut task = Self::live(id)?;
		let (now, deadline) = (Self::now(), task.deadline());
		let Stage::Running { job, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotRunning.into());
		};
		ensure!(job.solver == solver, Error::<T>::NotSolver);
		ensure!(now <= deadline, Error::<T>::DeadlinePassed);
		Self::check_claim(id, &task, &claim)?;
		ends.check(&task.spec.work, &claim).map_err(Error::<T>::from)?;
		let until = now.saturating_add(task.spec.terms.challenge);
		let attempt = task.attempt;
		Self::deposit_event(Event::ClaimSubmitted { task: id, attempt, solver, claim, until });
		task.stage = Stage::Claimed { job, claim, until, games: 0 };
		Self::store_and_schedule(id, task);
		Ok(())
	}

	fn check_claim(id: TaskId, task: &TaskOf<T>, claim: &Claim) -> Result<(), Error<T>> {
		let part = task.spec.work.part(claim.steps).ok_or(Error::WrongNumberOfSteps)?;
		ensure!(Some(claim.states) == part.states(), Error::WrongNumberOfStates);
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
		let end = Self::challenge_end(&task, until);
		ensure!(Self::now() > end, Error::<T>::DeadlineNotPassed);
		ensure!(games == 0, Error::<T>::GamesOpen);
		if !OPSETS.contains(&task.spec.program.opset) {
			Self::renew_window(id, task);
			return Ok(());
		}
		if let Some(rest) = task.spec.work.rest(&claim) {
			return Self::finalise_part(id, task, &job, rest);
		}
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

	/// Begins the challenge window again: a runtime without the task's operation set takes no dispute, so nobody had
	/// a chance to open one.
	fn renew_window(id: TaskId, mut task: TaskOf<T>) {
		let end = Self::now().saturating_add(task.spec.terms.challenge);
		if let Stage::Claimed { until, .. } = &mut task.stage {
			*until = end;
		}
		Self::store_and_schedule(id, task);
		Self::deposit_event(Event::WindowRenewed { task: id, until: end });
	}

	/// The claim of a part stands: its solver is paid by the share of the steps, and what is left
	/// becomes the task.
	fn finalise_part(
		id: TaskId,
		mut task: TaskOf<T>,
		job: &JobOf<T>,
		rest: Work,
	) -> DispatchResult {
		let steps = task.spec.work.steps.saturating_sub(rest.steps);
		// In units of a billionth: `Balance` need not hold more.
		let share = Perbill::from_rational(steps, task.spec.work.steps);
		let (paid, fee) = Self::pay(&mut task, &job.solver, share.mul_floor(job.price))?;
		let left = Perbill::from_rational(rest.steps, task.spec.work.steps);
		let terms = &mut task.spec.terms;
		// Not more for a step than before: who bids low to win cannot name its price for the last one.
		terms.reward = left.mul_ceil(terms.reward).min(terms.reward.saturating_sub(paid));
		task.spec.work = rest;
		let slashed = Self::slash_late(id, &task, job, true)?;
		Self::deposit_event(Event::PartPaid {
			task: id,
			attempt: task.attempt,
			solver: job.solver.clone(),
			steps,
			paid,
			fee,
			slashed,
			work: rest,
		});
		Self::start_over(id, task)
	}

	/// Takes the share of a missed deadline from the stake behind the task. Half of it is for the
	/// requester if the solver had begun; else all of it burns, so that nobody gains by a task that
	/// cannot be done.
	fn slash_late(
		id: TaskId,
		task: &TaskOf<T>,
		job: &JobOf<T>,
		begun: bool,
	) -> Result<Slashed<BalanceOf<T>>, DispatchError> {
		let amount = job.penalties.missed_deadline.mul_floor(job.stake);
		let payouts = match begun {
			true => Self::half_for_requester(task, amount),
			false => Payouts::default(),
		};
		let slash = Slash { amount, payouts, fault: Fault::MissedDeadline };
		T::Stakes::slash(id, &job.solver, slash)
	}

	/// Half of what a solver loses for the requester's lost time.
	fn half_for_requester(
		task: &TaskOf<T>,
		amount: BalanceOf<T>,
	) -> Payouts<T::AccountId, BalanceOf<T>> {
		Payouts::truncate_from([(task.requester.clone(), HALF.mul_floor(amount))].into())
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

	/// The solver missed a deadline: it pays a small share, and the task starts over from the state at
	/// which this attempt began.
	pub(crate) fn fail_task(id: TaskId, task: TaskOf<T>) -> DispatchResult {
		let Stage::Running { job, states, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotRunning.into());
		};
		ensure!(Self::now() > task.deadline(), Error::<T>::DeadlineNotPassed);
		// Its first state alone every solver can commit to, whatever it lacks.
		let slashed = Self::slash_late(id, &task, &job, states > 1)?;
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

	/// Returns the weight of it.
	pub(crate) fn do_withdraw_claim(
		who: T::AccountId,
		id: TaskId,
	) -> Result<Weight, DispatchError> {
		let task = Self::live(id)?;
		let Stage::Claimed { job, games, .. } = task.stage.clone() else {
			return Err(Error::<T>::NotClaimed.into());
		};
		ensure!(job.solver == who, Error::<T>::NotSolver);
		ensure!(!T::Games::trace_posted(id), Error::<T>::TraceWasPosted);
		let slash = Self::withdrawal_slash(id, &task, &job, games)?;
		let slashed = T::Stakes::slash(id, &job.solver, slash)?;
		let attempt = task.attempt;
		Self::deposit_event(Event::ClaimWithdrawn { task: id, attempt, solver: who, slashed });
		Self::start_over(id, task)?;
		Ok(Self::withdraw_claim_weight(games))
	}

	/// Of what an undisputed claim costs the requester, whose time was lost, gets half. Else the open games close, and
	/// their challengers are paid what they spent, as far as it goes; what is left of half of it goes to the requester
	/// and, in equal parts, to the challengers.
	fn withdrawal_slash(
		id: TaskId,
		task: &TaskOf<T>,
		job: &JobOf<T>,
		games: u32,
	) -> Result<Slash<T::AccountId, BalanceOf<T>>, DispatchError> {
		let (penalties, fault) = (job.penalties, Fault::Withdrawal);
		if games.is_zero() {
			let amount = penalties.withdrawal.mul_floor(job.stake);
			return Ok(Slash { amount, payouts: Self::half_for_requester(task, amount), fault });
		}
		let costs = T::Games::withdraw(id)?;
		let spent =
			costs.iter().fold(BalanceOf::<T>::zero(), |sum, cost| sum.saturating_add(cost.1));
		let amount = spent
			.saturating_mul(penalties.cost_multiple.into())
			.max(penalties.disputed_withdrawal.mul_floor(job.stake))
			.min(job.stake);
		let share = HALF.mul_floor(HALF.mul_floor(amount).saturating_sub(spent));
		let parts = u32::try_from(costs.len()).unwrap_or(u32::MAX);
		let each = Perbill::from_rational(1, parts.max(1)).mul_floor(share);
		let mut payouts: Vec<_> = costs
			.into_iter()
			.map(|(challenger, cost)| (challenger, cost.saturating_add(each)))
			.collect();
		payouts.push((task.requester.clone(), share));
		Ok(Slash { amount, payouts: Payouts::truncate_from(payouts), fault })
	}
}
