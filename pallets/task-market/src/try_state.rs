//! The invariants of the crate docs, by number.

use alloc::collections::{BTreeMap, BTreeSet};

use assay_ops::OPSETS;
use assay_primitives::{Claim, Stakes, TaskId, MAX_OPEN_GAMES};
use frame_support::{ensure, traits::fungible::InspectHold};
use sp_runtime::{
	traits::{Saturating, Zero},
	TryRuntimeError,
};

use crate::{
	frame_support, sp_runtime, Agenda, BalanceOf, Bids, Config, Heartbeats, HoldReason, NextTask,
	Pallet, Receipts, Stage, TaskOf, Tasks,
};

impl<T: Config> Pallet<T> {
	/// Checks every invariant against the whole state.
	pub fn do_try_state() -> Result<(), TryRuntimeError> {
		Self::check_holds()?;
		for (id, task) in Tasks::<T>::iter() {
			Self::check_rows(id, &task)?;
			Self::check_stake(id, &task)?;
			ensure!(
				id < NextTask::<T>::get() && !Receipts::<T>::contains_key(id),
				"invariant 5: a task with a wrong id, or with a receipt"
			);
		}
		ensure!(
			Receipts::<T>::iter_keys().all(|id| id < NextTask::<T>::get()),
			"invariant 5: a receipt with a wrong id"
		);
		ensure!(
			Bids::<T>::iter_keys()
				.chain(Heartbeats::<T>::iter_keys())
				.all(Tasks::<T>::contains_key),
			"invariant 2: rows without a task"
		);
		Self::check_agenda()
	}

	fn check_holds() -> Result<(), TryRuntimeError> {
		let mut sums = BTreeMap::<T::AccountId, (BalanceOf<T>, BalanceOf<T>)>::new();
		for task in Tasks::<T>::iter_values() {
			let (escrow, deposit) = sums.entry(task.requester).or_default();
			*escrow = escrow.saturating_add(task.escrow);
			*deposit = deposit.saturating_add(task.deposit);
		}
		for receipt in Receipts::<T>::iter_values() {
			let (_, deposit) = sums.entry(receipt.requester).or_default();
			*deposit = deposit.saturating_add(receipt.deposit);
		}
		for (who, (escrow, deposit)) in sums {
			let held = |reason: HoldReason| T::Currency::balance_on_hold(&reason.into(), &who);
			ensure!(
				held(HoldReason::Escrow) == escrow && held(HoldReason::Deposit) == deposit,
				"invariant 1: balance on hold differs from the books"
			);
		}
		Ok(())
	}

	fn check_rows(id: TaskId, task: &TaskOf<T>) -> Result<(), TryRuntimeError> {
		let (bids, beats) = (Bids::<T>::get(id), Heartbeats::<T>::get(id));
		let open = matches!(task.stage, Stage::Open { .. });
		ensure!(
			(open && beats.is_empty()) || (!open && bids.is_empty()),
			"invariant 2: rows of another stage"
		);
		let bidders: BTreeSet<_> = bids.iter().map(|bid| bid.solver.clone()).collect();
		ensure!(
			bidders.len() == bids.len()
				&& bids.iter().all(|bid| bid.price <= task.spec.terms.reward),
			"invariant 6: two bids of one solver, or one above the reward"
		);
		ensure!(
			beats.iter().zip(beats.iter().skip(1)).all(|(a, b)| a.states < b.states),
			"invariant 6: a heartbeat without progress"
		);
		ensure!(task.games() <= MAX_OPEN_GAMES, "invariant 6: too many games");
		ensure!(
			OPSETS.contains(&task.spec.program.opset),
			"invariant 9: a task whose operation set this runtime does not have"
		);
		let work = &task.spec.work;
		let part = |claim: &Claim| {
			work.part(claim.steps).and_then(|part| part.states()) == Some(claim.states)
		};
		ensure!(
			work.begins_consistently() && task.claim().is_none_or(part),
			"invariant 7: a task that begins nowhere, or a claim of no part of it"
		);
		let reward = task.spec.terms.reward;
		ensure!(
			task.escrow >= reward.saturating_add(Self::fee_on(reward)),
			"invariant 8: an escrow that does not cover the reward and its fee"
		);
		Ok(())
	}

	fn check_stake(id: TaskId, task: &TaskOf<T>) -> Result<(), TryRuntimeError> {
		match task.job() {
			Some(job) => ensure!(
				T::Stakes::locked(id, &job.solver) == Some(job.stake) && !job.stake.is_zero(),
				"invariant 3: a job without its stake"
			),
			None => ensure!(
				Bids::<T>::get(id).iter().all(|bid| T::Stakes::locked(id, &bid.solver).is_some()),
				"invariant 3: a bid without its stake"
			),
		}
		Ok(())
	}

	fn check_agenda() -> Result<(), TryRuntimeError> {
		let mut entries = BTreeMap::new();
		for (block, bucket) in Agenda::<T>::iter() {
			ensure!(
				block >= Self::first_unserved() && !bucket.is_empty(),
				"invariant 4: a bucket that is never looked at, or an empty one"
			);
			for id in bucket {
				ensure!(
					entries.insert(id, block).is_none(),
					"invariant 4: two entries of one task"
				);
			}
		}
		for (id, task) in Tasks::<T>::iter() {
			ensure!(
				entries.remove(&id) == task.agenda,
				"invariant 4: a task and its agenda differ"
			);
		}
		ensure!(entries.is_empty(), "invariant 4: an entry without a task");
		Ok(())
	}
}
