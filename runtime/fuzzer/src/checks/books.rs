//! The invariants of our pallets, checked whenever something changed that they depend on.
//!
//! A check is a function of the storage that it reads. As long as nothing in the parts that it read
//! changes, its answer cannot change, and it is not asked again. So every call is followed by every
//! check, at the price of those that the call can have touched.

use super::Ledger;
use crate::{
	fault::{guarded, Fault, Rule},
	store::{part, Change, Part, Store},
};
use assay_runtime::{Balance, ComputeStaking, Dispute, Runtime, RuntimeHoldReason, TaskMarket};
use codec::Encode;
use pallet_compute_staking::{HoldReason as StakeReason, Locks, Solvers};
use pallet_dispute::{Disputes, HoldReason as BondReason};
use pallet_task_market::{Bids, HoldReason as TaskReason, Receipts, Tasks};
use std::collections::BTreeSet;

/// Sums of rows, by reason of the holds that must equal them.
type Sums = Vec<(Vec<u8>, Balance)>;

/// Checks a pallet.
type Check = fn() -> Result<Sums, String>;

/// One check; rows that holds must equal are its answer.
struct Book {
	name: &'static str,
	check: Check,
	reads: BTreeSet<Part>,
	fresh: bool,
	sums: Sums,
}

/// All checks.
pub struct Books(Vec<Book>);

fn staking() -> Result<Sums, String> {
	ComputeStaking::do_try_state().map_err(|fault| format!("{fault:?}"))?;
	let (mut stake, mut deposit) = (0, 0);
	for solver in Solvers::<Runtime>::iter_values() {
		stake += solver.held();
		deposit += solver.deposit;
	}
	let reason = |reason: StakeReason| RuntimeHoldReason::from(reason).encode();
	Ok(vec![(reason(StakeReason::Stake), stake), (reason(StakeReason::Registration), deposit)])
}

fn market() -> Result<Sums, String> {
	TaskMarket::do_try_state().map_err(|fault| format!("{fault:?}"))?;
	let (mut escrow, mut deposit) = (0, 0);
	let mut locks = 0;
	for (id, task) in Tasks::<Runtime>::iter() {
		escrow += task.escrow;
		deposit += task.deposit;
		locks += Bids::<Runtime>::get(id).len() + usize::from(task.job().is_some());
	}
	if Locks::<Runtime>::iter().count() != locks {
		return Err("stake is locked for what is neither a job nor a bid".into());
	}
	for receipt in Receipts::<Runtime>::iter_values() {
		deposit += receipt.deposit;
	}
	let reason = |reason: TaskReason| RuntimeHoldReason::from(reason).encode();
	Ok(vec![(reason(TaskReason::Escrow), escrow), (reason(TaskReason::Deposit), deposit)])
}

fn dispute() -> Result<Sums, String> {
	Dispute::do_try_state().map_err(|fault| format!("{fault:?}"))?;
	let bonds = Disputes::<Runtime>::iter_values().map(|dispute| dispute.bond).sum();
	Ok(vec![(RuntimeHoldReason::from(BondReason::Bond).encode(), bonds)])
}

impl Default for Books {
	fn default() -> Self {
		let checks: [(&str, Check); 3] =
			[("ComputeStaking", staking), ("TaskMarket", market), ("Dispute", dispute)];
		let book = |(name, check)| Book {
			name,
			check,
			reads: BTreeSet::new(),
			fresh: false,
			sums: Vec::new(),
		};
		Self(checks.map(book).into())
	}
}

impl Books {
	/// Something changed: what depends on it must be checked again.
	pub fn note(&mut self, change: &Change<'_>) {
		let part = part(change.key);
		for book in &mut self.0 {
			book.fresh = book.fresh && !book.reads.contains(&part);
		}
	}

	/// All must be checked again.
	pub fn forget(&mut self) {
		self.0.iter_mut().for_each(|book| book.fresh = false);
	}

	/// Checks what is not known to hold.
	pub fn check(&mut self, store: &mut Store, ledger: &Ledger) -> Result<(), Fault> {
		for book in &mut self.0 {
			if !book.fresh {
				let (answer, reads) = guarded(|| store.watch(book.check))?;
				book.reads = reads;
				book.sums = answer.map_err(|fault| Fault::new(Rule::TryState, book.name, fault))?;
				book.fresh = true;
			}
			for (reason, rows) in &book.sums {
				let held = ledger.of(reason);
				if held != *rows {
					let detail = format!("reason {reason:?}: {held} held, {rows} in rows");
					return Err(Fault::new(Rule::HoldsHaveRows, book.name, detail));
				}
			}
		}
		Ok(())
	}
}
