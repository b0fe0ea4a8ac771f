//! The requester's money: escrow and deposits, all on hold in its own account.

use assay_primitives::{Receipt, Root, TaskId};
use codec::MaxEncodedLen;
use frame_support::{
	pallet_prelude::{DispatchError, DispatchResult},
	traits::{
		fungible::MutateHold,
		tokens::{Fortitude::Force, Precision::Exact, Restriction},
		Get,
	},
};
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	frame_support, sp_runtime, BalanceOf, BidList, Bids, Config, HeartbeatList, Heartbeats,
	HoldReason, Job, Pallet, ReceiptOf, TaskOf, Tasks,
};

/// How an escrow was divided: `paid + fee + refunded` is all of it.
pub(crate) struct Settlement<Balance> {
	pub(crate) paid: Balance,
	pub(crate) fee: Balance,
	pub(crate) refunded: Balance,
}

impl<T: Config> Pallet<T> {
	fn deposit_for(rows: u32, bytes: usize) -> BalanceOf<T> {
		let prices = T::Prices::get();
		let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
		let by_rows = prices.row_deposit.saturating_mul(rows.into());
		prices.byte_deposit.saturating_mul(bytes.into()).saturating_add(by_rows)
	}

	/// Deposit for a receipt.
	pub(crate) fn receipt_deposit() -> BalanceOf<T> {
		Self::deposit_for(1, ReceiptOf::<T>::max_encoded_len())
	}

	/// Deposit for the rows of a live task, and for the receipt that takes their place.
	pub(crate) fn task_deposit() -> BalanceOf<T> {
		let bytes = TaskOf::<T>::max_encoded_len()
			.saturating_add(BidList::<T::AccountId, BalanceOf<T>>::max_encoded_len())
			.saturating_add(HeartbeatList::max_encoded_len())
			.saturating_add(TaskId::max_encoded_len());
		Self::deposit_for(4, bytes).max(Self::receipt_deposit())
	}

	/// The fee on a payment.
	pub(crate) fn fee_on(price: BalanceOf<T>) -> BalanceOf<T> {
		T::Prices::get().fee.mul_floor(price)
	}

	/// Holds escrow and deposit of a new task.
	pub(crate) fn fund(
		requester: &T::AccountId,
		escrow: BalanceOf<T>,
		deposit: BalanceOf<T>,
	) -> DispatchResult {
		T::Currency::hold(&HoldReason::Escrow.into(), requester, escrow)?;
		T::Currency::hold(&HoldReason::Deposit.into(), requester, deposit)
	}

	fn release(reason: HoldReason, who: &T::AccountId, amount: BalanceOf<T>) -> DispatchResult {
		T::Currency::release(&reason.into(), who, amount, Exact).map(drop)
	}

	/// Ends a task that nobody is paid for: its rows go, escrow and deposit are free again.
	/// Returns the escrow.
	pub(crate) fn end_unpaid(
		id: TaskId,
		mut task: TaskOf<T>,
	) -> Result<BalanceOf<T>, DispatchError> {
		Self::release(HoldReason::Escrow, &task.requester, task.escrow)?;
		Self::release(HoldReason::Deposit, &task.requester, task.deposit)?;
		Self::remove_rows(id, &mut task);
		Ok(task.escrow)
	}

	/// Pays the solver out of the escrow and burns the fee. Returns both, and takes them off the
	/// task's escrow.
	pub(crate) fn pay(
		task: &mut TaskOf<T>,
		solver: &T::AccountId,
		price: BalanceOf<T>,
	) -> Result<(BalanceOf<T>, BalanceOf<T>), DispatchError> {
		let reason = HoldReason::Escrow.into();
		let from = &task.requester;
		let paid = price.min(task.escrow);
		if !paid.is_zero() {
			let mode = Restriction::Free;
			T::Currency::transfer_on_hold(&reason, from, solver, paid, Exact, mode, Force)?;
		}
		let rest = task.escrow.saturating_sub(paid);
		let fee = Self::fee_on(paid).min(rest);
		if !fee.is_zero() {
			T::Currency::burn_held(&reason, from, fee, Exact, Force)?;
		}
		task.escrow = rest.saturating_sub(fee);
		Ok((paid, fee))
	}

	/// Pays the solver, burns the fee, gives the rest back, and frees the deposit except what the
	/// receipt needs. Removes the task's rows. Returns also the deposit that is kept.
	pub(crate) fn end_paid(
		id: TaskId,
		mut task: TaskOf<T>,
		job: &Job<T::AccountId, BalanceOf<T>>,
	) -> Result<(Settlement<BalanceOf<T>>, BalanceOf<T>), DispatchError> {
		let (paid, fee) = Self::pay(&mut task, &job.solver, job.price)?;
		let refunded = task.escrow;
		Self::release(HoldReason::Escrow, &task.requester, refunded)?;
		let kept = Self::receipt_deposit().min(task.deposit);
		Self::release(HoldReason::Deposit, &task.requester, task.deposit.saturating_sub(kept))?;
		Self::remove_rows(id, &mut task);
		Ok((Settlement { paid, fee, refunded }, kept))
	}

	/// Frees the deposit of a receipt.
	pub(crate) fn release_receipt(receipt: &ReceiptOf<T>) -> DispatchResult {
		Self::release(HoldReason::Deposit, &receipt.requester, receipt.deposit)
	}

	fn remove_rows(id: TaskId, task: &mut TaskOf<T>) {
		Self::unschedule(id, task);
		Bids::<T>::remove(id);
		Heartbeats::<T>::remove(id);
		Tasks::<T>::remove(id);
	}

	/// The receipt of a paid task.
	pub(crate) fn receipt(
		task: &TaskOf<T>,
		job: &Job<T::AccountId, BalanceOf<T>>,
		claim: &assay_primitives::Claim,
		paid: BalanceOf<T>,
		deposit: BalanceOf<T>,
	) -> ReceiptOf<T> {
		let program_root: Root = task.spec.program.root;
		Receipt {
			requester: task.requester.clone(),
			solver: job.solver.clone(),
			program_root,
			claim_root: claim.root,
			final_state: claim.final_state,
			artifact_root: claim.artifact_root,
			paid,
			block: Self::now(),
			deposit,
		}
	}
}
