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
/// States without which there is nothing to hand in: those around a stride.
const LEAST_STATES: u32 = 2;

/// What a node remembers about the end of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
enum Seen {
	/// How far it was when the end came near.
	Step(BlockNumber, u32),
	/// It will be late: what is done is handed in.
	Late,
}

/// The end of one attempt. What is remembered about it is of this deadline only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lateness {
	task: TaskId,
	attempt: Attempt,
	until: BlockNumber,
	training: BlockNumber,
}

impl Lateness {
	/// Of the present attempt at a task; `None` where nobody trains.
	pub fn of(id: TaskId, task: &TaskOf<Runtime>) -> Option<Self> {
		let Stage::Running { until, .. } = task.stage else { return None };
		let training = task.spec.terms.training;
		Some(Self { task: id, attempt: task.attempt, until, training })
	}

	fn key(&self) -> Vec<u8> {
		(b"assay/late/", self.task, self.attempt, self.until).encode()
	}

	fn seen(&self) -> Option<Seen> {
		StorageValueRef::persistent(&self.key()).get().ok().flatten()
	}

	fn note(&self, seen: Seen) {
		StorageValueRef::persistent(&self.key()).set(&seen);
	}

	fn left(&self) -> BlockNumber {
		self.until.saturating_sub(System::block_number())
	}

	/// Whether it was found before that the attempt will be late.
	pub fn is_known(&self) -> bool {
		self.seen() == Some(Seen::Late)
	}

	/// Notes that it will.
	pub fn remember(&self) {
		self.note(Seen::Late);
	}

	/// Forgets what was noted: the training goes on.
	pub fn forget(&self) {
		StorageValueRef::persistent(&self.key()).clear();
	}

	/// Whether the deadline is near.
	pub fn is_near(&self) -> bool {
		let share = self.training.checked_div(MARGIN_SHARE).unwrap_or(0);
		self.left() <= share.max(LEAST_MARGIN)
	}

	/// Looks at a training that is so far: whether it will not be done in time.
	///
	/// Near the deadline only, and by the pace that is seen there, block by block: a worker that hangs
	/// says nothing of its speed. Half of the time that is left must suffice, since the claim must
	/// still be included; a training of which no step was seen to end has as long to show one.
	pub fn look(&self, progress: &Progress) -> bool {
		let speaks = progress.steps > 0;
		if !self.is_near() || !speaks || progress.states < LEAST_STATES {
			return false;
		}
		let now = System::block_number();
		let Some(Seen::Step(since, step)) = self.seen() else {
			self.note(Seen::Step(now, progress.step));
			return false;
		};
		let (looked, left) = (now.saturating_sub(since), self.left());
		let done = progress.step.saturating_sub(step);
		let missing = progress.steps.saturating_sub(progress.step);
		match done {
			0 => missing > 0 && looked.saturating_mul(2) >= left,
			_ => looked >= LOOK && is_too_slow((done, looked), (missing, left)),
		}
	}
}

/// Whether at a pace of so many steps in so many blocks, those that are missing take more than half of
/// the blocks that are left.
fn is_too_slow((done, looked): (u32, u32), (missing, left): (u32, u32)) -> bool {
	let needed = u64::from(missing).saturating_mul(looked.into()).saturating_mul(2);
	needed > u64::from(done).saturating_mul(left.into())
}
