//! How fast this machine trains, so that a solver does not bid for what it could only be late with.

use crate::{timing::SlotMs, BlockNumber, Runtime};
use assay_host_functions::Progress;
use codec::{Decode, Encode};
use pallet_task_market::TaskOf;
use polkadot_sdk::{frame_support::traits::Get, sp_runtime::offchain::storage::StorageValueRef};

/// Where the pace of the machine is kept between blocks.
const KEY: &[u8] = b"assay/pace";
/// Pace of a machine that has not trained yet, in times of that by which strides are admitted.
const UNSEEN: u64 = 10;
/// Blocks for fetching, for the claim and for transactions that wait.
const AROUND: BlockNumber = 12;
/// Blocks between the end of a stride and the inclusion of its heartbeat.
const SIGN: BlockNumber = 3;

/// Weighted operations that the machine executes in one block's time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pace(u64);

impl Pace {
	/// As it was last seen.
	pub fn known() -> Self {
		let seen = StorageValueRef::persistent(KEY).get::<u64>().ok().flatten();
		Self(seen.unwrap_or_else(|| Self::admitted().saturating_mul(UNSEEN)).max(1))
	}

	fn admitted() -> u64 {
		<Runtime as pallet_dispute::Config>::Clock::get().flops_per_block
	}

	/// Takes note of a training's pace. A slower one counts at once, a faster one by and by. It never falls below the pace
	/// by which strides are admitted: tiny steps take as long as larger ones, and a solver that bids for nothing any
	/// more would never see another pace.
	pub fn notice(task: &TaskOf<Runtime>, progress: &Progress) {
		let per_second = u128::from(task.spec.program.flops)
			.saturating_mul(progress.steps_per_second_milli.into());
		// Both are thousandths: of steps in a second, and of seconds in a block.
		let seen =
			per_second.saturating_mul(SlotMs::<Runtime>::get().into()).checked_div(1_000_000);
		let Some(seen) = seen.filter(|seen| *seen > 0) else { return };
		let seen = u64::try_from(seen).unwrap_or(u64::MAX);
		let Self(known) = Self::known();
		let rise = seen.saturating_sub(known).checked_div(4).unwrap_or(0);
		let pace = seen.min(known.saturating_add(rise)).max(Self::admitted());
		StorageValueRef::persistent(KEY).set(&pace);
	}

	fn blocks(self, steps: u64, task: &TaskOf<Runtime>) -> BlockNumber {
		let work = task.spec.program.flops.saturating_mul(steps);
		BlockNumber::try_from(work.div_ceil(self.0)).unwrap_or(BlockNumber::MAX)
	}

	/// Blocks that all steps of a task take.
	pub fn training(self, task: &TaskOf<Runtime>) -> BlockNumber {
		self.blocks(task.spec.work.steps.into(), task)
	}

	/// Whether a task can be done in time by a machine that is busy for so many blocks, with half as long again to
	/// spare, and so that every heartbeat has a stride to show.
	pub fn can_do(self, task: &TaskOf<Runtime>, busy: BlockNumber) -> bool {
		let terms = &task.spec.terms;
		let training = self.training(task);
		let all = training.saturating_add(training / 2).saturating_add(AROUND);
		let stride = self.blocks(task.spec.work.stride.into(), task);
		busy.saturating_add(all) <= terms.training
			&& busy.saturating_add(stride).saturating_add(SIGN) <= terms.heartbeat
	}
}
