//! How fast this machine trains, so that a solver does not bid for what it could only be late with.

use crate::{timing::SlotMs, Balance, BlockNumber, Dispute, Runtime, System};
use assay_host_functions::Progress;
use codec::{Decode, Encode};
use pallet_task_market::TaskOf;
use polkadot_sdk::{frame_support::traits::Get, sp_runtime::offchain::storage::StorageValueRef};

/// Where the pace of the machine is kept between blocks, with the block in which it was noted.
const KEY: &[u8] = b"assay/pace";
/// Pace of a machine that has not trained yet, in times of that by which strides are admitted.
const UNSEEN: u64 = 3;
/// Blocks after which a machine that was seen to be slow counts as unseen, a part of the way with each.
const FORGOTTEN: BlockNumber = 7_200;
/// Steps in a thousand seconds beyond which they say little of the machine: what surrounds a step takes as long.
const TINY: u32 = 10_000;
/// Blocks for fetching, for the claim and for transactions that wait.
const AROUND: BlockNumber = 12;
/// Blocks between the end of a stride and the inclusion of its heartbeat.
const SIGN: BlockNumber = 3;

/// Effort of the steps that the machine executes in one block's time, in operations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
pub struct Pace(u64);

impl Pace {
	/// As it was last seen. A slow one is forgotten by and by: a solver that bids for nothing any more would never see
	/// another.
	pub fn known() -> Self {
		let unseen = Self::admitted().saturating_mul(UNSEEN);
		let stored = StorageValueRef::persistent(KEY).get::<(u64, BlockNumber)>().ok().flatten();
		let Some((seen, at)) = stored else { return Self(unseen.max(1)) };
		let age = System::block_number().saturating_sub(at).min(FORGOTTEN);
		let missing = u128::from(unseen.saturating_sub(seen));
		let forgiven = missing.saturating_mul(age.into()).checked_div(FORGOTTEN.into());
		let forgiven = u64::try_from(forgiven.unwrap_or(0)).unwrap_or(0);
		Self(seen.saturating_add(forgiven).max(1))
	}

	fn admitted() -> u64 {
		<Runtime as pallet_dispute::Config>::Clock::get().effort_per_block
	}

	/// Takes note of a training's pace. A slower one counts at once, unless its steps are tiny, and a faster one by and
	/// by. It never falls below the pace by which strides are admitted.
	pub fn notice(task: &TaskOf<Runtime>, progress: &Progress) {
		let per_second = u128::from(task.spec.program.effort(1))
			.saturating_mul(progress.steps_per_second_milli.into());
		// Both are thousandths: of steps in a second, and of seconds in a block.
		let seen =
			per_second.saturating_mul(SlotMs::<Runtime>::get().into()).checked_div(1_000_000);
		let Some(seen) = seen.filter(|seen| *seen > 0) else { return };
		let seen = u64::try_from(seen).unwrap_or(u64::MAX);
		let Self(known) = Self::known();
		if seen < known && progress.steps_per_second_milli > TINY {
			return;
		}
		let rise = seen.saturating_sub(known).checked_div(4).unwrap_or(0);
		let pace = seen.min(known.saturating_add(rise)).max(Self::admitted());
		StorageValueRef::persistent(KEY).set(&(pace, System::block_number()));
	}

	fn blocks(self, steps: u32, task: &TaskOf<Runtime>) -> BlockNumber {
		let effort = task.spec.program.effort(steps);
		BlockNumber::try_from(effort.div_ceil(self.0)).unwrap_or(BlockNumber::MAX)
	}

	/// Blocks that all steps of a task take.
	pub fn training(self, task: &TaskOf<Runtime>) -> BlockNumber {
		self.blocks(task.spec.work.steps, task)
	}

	/// Blocks that the replays of one game about a claim to it take: two strides.
	pub fn replays(self, task: &TaskOf<Runtime>) -> BlockNumber {
		self.blocks(task.spec.work.stride.saturating_mul(2), task)
	}

	/// Whether a task can be done in time by a machine that is busy for so many blocks, with half as long again to
	/// spare, and so that every heartbeat has a stride to show.
	pub fn can_do(self, task: &TaskOf<Runtime>, busy: BlockNumber) -> bool {
		let terms = &task.spec.terms;
		let training = self.training(task);
		let all = training.saturating_add(training / 2).saturating_add(AROUND);
		let stride = self.blocks(task.spec.work.stride, task);
		busy.saturating_add(all) <= terms.training
			&& busy.saturating_add(stride).saturating_add(SIGN) <= terms.heartbeat
	}
}

/// Disputes that an account may have to serve at the same time. A clock pays for the replays of all games about the same
/// claim; for those about other claims there is only what it holds out besides, so an account takes on no more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposure {
	/// Blocks for the replays of all games that there may be.
	replays: BlockNumber,
	/// Those about one claim, at most.
	largest: BlockNumber,
	/// Games that could be open about all claims.
	places: u32,
}

impl Exposure {
	/// Games that a machine can move in while clocks run, with some room: each has several moves, and of those
	/// without a replay it makes some in each block.
	const MOST_PLACES: u32 = 64;

	/// With one more claim, behind which there is so much stake.
	pub fn and(self, pace: Pace, task: &TaskOf<Runtime>, stake: Balance) -> Self {
		let places = Dispute::places(stake);
		let replays = pace.replays(task).saturating_mul(places);
		Self {
			replays: self.replays.saturating_add(replays),
			largest: self.largest.max(replays),
			places: self.places.saturating_add(places),
		}
	}

	/// With one more game of one's own, and no others about its claim.
	pub fn and_game(self, pace: Pace, task: &TaskOf<Runtime>) -> Self {
		Self {
			replays: self.replays.saturating_add(pace.replays(task)),
			places: self.places.saturating_add(1),
			..self
		}
	}

	/// Whether all of them can be served in time: all replays but those about one claim in half of what a clock holds out
	/// beside its reserve.
	pub fn is_bearable(self) -> bool {
		let clock = <Runtime as pallet_dispute::Config>::Clock::get();
		let main = clock.base.saturating_sub(clock.reserve());
		let unpaid = self.replays.saturating_sub(self.largest);
		unpaid <= main / 2 && self.places <= Self::MOST_PLACES
	}
}
