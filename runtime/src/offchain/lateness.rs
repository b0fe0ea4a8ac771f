//! Whether an attempt will miss its deadline, so that its solver hands in a part while it can.

use crate::{BlockNumber, Runtime, System};
use alloc::vec::Vec;
use assay_host_functions::Progress;
use assay_primitives::{Attempt, TaskId};
use codec::{Decode, Encode};
use pallet_task_market::{Stage, TaskOf};
use polkadot_sdk::sp_runtime::offchain::storage::StorageValueRef;

/// Blocks before the deadline in which a solver looks whether it will be late, at least: time to see its
/// pace, and to hand in by transactions that may have to wait.
const LEAST_MARGIN: BlockNumber = 12;
/// The same as a part of the time for training: a sixteenth.
const MARGIN_SHARE: BlockNumber = 16;
/// Blocks in which the pace is seen, at least.
const LOOK: BlockNumber = 2;

/// What a node remembers about the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Seen {
	/// How far it was when the end came near.
	Step(BlockNumber, u32),
	/// It will be late: the training was stopped.
	Late,
}

/// One attempt, near its end.
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

	fn seen(&self) -> Option<Seen> {
		StorageValueRef::persistent(&self.key()).get().ok().flatten()
	}

	fn note(&self, seen: Seen) {
		StorageValueRef::persistent(&self.key()).set(&seen);
	}

	/// Whether it was found before that the attempt will be late.
	pub fn is_known(&self) -> bool {
		self.seen() == Some(Seen::Late)
	}

	/// Notes that it will.
	pub fn remember(&self) {
		self.note(Seen::Late);
	}

	/// Whether a training that is so far will not be done in time. Near the deadline only, and by the pace
	/// that is seen there, block by block: a worker that hangs says nothing of its speed. Half of the
	/// time that is left must suffice, since the claim must still be included.
	pub fn is_certain(&self, task: &TaskOf<Runtime>, progress: &Progress) -> bool {
		let Stage::Running { until, .. } = task.stage else { return false };
		let now = System::block_number();
		let left = until.saturating_sub(now);
		let share = task.spec.terms.training.checked_div(MARGIN_SHARE).unwrap_or(0);
		if left > share.max(LEAST_MARGIN) {
			return false;
		}
		let Some(Seen::Step(since, step)) = self.seen() else {
			self.note(Seen::Step(now, progress.step));
			return false;
		};
		let looked = now.saturating_sub(since);
		let done = u64::from(progress.step.saturating_sub(step));
		let missing = u64::from(progress.steps.saturating_sub(progress.step));
		looked >= LOOK
			&& missing.saturating_mul(looked.into()).saturating_mul(2)
				> done.saturating_mul(left.into())
	}
}
