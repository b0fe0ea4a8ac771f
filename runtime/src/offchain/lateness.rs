//! Whether an attempt will miss its deadline, so that its solver hands in a part while it can.

use crate::{timing::SlotMs, Runtime, System};
use alloc::vec::Vec;
use assay_host_functions::Progress;
use assay_primitives::{Attempt, TaskId};
use codec::Encode;
use pallet_task_market::{Stage, TaskOf};
use polkadot_sdk::{
	frame_support::traits::Get,
	sp_runtime::{offchain::storage::StorageValueRef, traits::UniqueSaturatedInto},
};

/// Blocks before the deadline in which a solver looks whether it will be late, at least: time to hand in,
/// in transactions that may have to wait.
const LEAST_MARGIN: u32 = 8;
/// The same as a part of the time for training: a sixteenth.
const MARGIN_SHARE: u32 = 16;

/// What a node knows about the lateness of one attempt. It is remembered, because the training that it
/// was seen from is stopped then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode)]
pub struct Lateness {
	task: TaskId,
	attempt: Attempt,
}

impl Lateness {
	/// Of the present attempt at a task.
	pub fn of(id: TaskId, task: &TaskOf<Runtime>) -> Self {
		Self { task: id, attempt: task.attempt }
	}

	fn key(&self) -> Vec<u8> {
		(b"assay/late/", self).encode()
	}

	/// Whether it was found before that the attempt will be late.
	pub fn is_known(&self) -> bool {
		StorageValueRef::persistent(&self.key()).get::<bool>().ok().flatten().unwrap_or(false)
	}

	/// Notes that it will.
	pub fn remember(&self) {
		StorageValueRef::persistent(&self.key()).set(&true);
	}

	/// Whether a training at this pace will not be done in time. Near the deadline only, since the pace
	/// changes; and by half of the time that is left, since the claim must still be included.
	pub fn is_certain(&self, task: &TaskOf<Runtime>, progress: &Progress) -> bool {
		let Stage::Running { until, .. } = task.stage else { return false };
		let left = until.saturating_sub(System::block_number());
		let share = task.spec.terms.training.checked_div(MARGIN_SHARE).unwrap_or(0);
		if left > share.max(LEAST_MARGIN) {
			return false;
		}
		let steps = u64::from(progress.steps.saturating_sub(progress.step));
		let needed_ms = steps
			.saturating_mul(1_000_000)
			.checked_div(progress.steps_per_second_milli.into())
			.unwrap_or(u64::MAX);
		let slot: u64 = SlotMs::<Runtime>::get().unique_saturated_into();
		needed_ms > u64::from(left).saturating_mul(slot).saturating_div(2)
	}
}
