//! What the chain does by itself, within a fixed weight per block.

use assay_primitives::{Games, Stakes, TaskId};
use frame_support::{
	pallet_prelude::{DispatchError, Weight},
	storage::with_storage_layer,
	traits::Get,
	weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{Saturating, Zero};

use crate::{
	frame_support, frame_system, sp_runtime, types::MAX_BIDS, Agenda, AgendaCursor, Config, Event,
	Pallet, Stage, Tasks, WeightInfo,
};

impl<T: Config> Pallet<T> {
	/// Weight of looking at one task, at worst.
	pub(crate) fn tick_task_weight() -> Weight {
		Self::assign_weight(MAX_BIDS)
			.max(Self::fail_weight())
			.max(Self::finalise_weight())
			.saturating_add(T::WeightInfo::tick_task())
	}

	pub(crate) fn bid_weight() -> Weight {
		T::WeightInfo::place_bid()
			.saturating_add(T::Stakes::standing_weight())
			.saturating_add(T::Stakes::release_weight())
			.saturating_add(T::Stakes::lock_weight())
	}

	/// Weight of taking back a task with so many bids, each of whose stakes is freed.
	pub(crate) fn cancel_weight(bids: u32) -> Weight {
		let releases = T::Stakes::release_weight().saturating_mul(bids.into());
		T::WeightInfo::cancel_task().saturating_add(releases)
	}

	/// Weight of ending the time for bids, of which there are so many.
	pub(crate) fn assign_weight(bids: u32) -> Weight {
		let each = T::Stakes::standing_weight().saturating_add(T::Stakes::release_weight());
		T::WeightInfo::assign().saturating_add(each.saturating_mul(bids.into()))
	}

	pub(crate) fn fail_weight() -> Weight {
		T::WeightInfo::report_missed_deadline().saturating_add(T::Stakes::slash_weight(1))
	}

	pub(crate) fn finalise_weight() -> Weight {
		let stakes = T::Stakes::release_weight().max(T::Stakes::slash_weight(1));
		T::WeightInfo::finalise()
			.max(T::WeightInfo::finalise_part())
			.saturating_add(stakes)
			.saturating_add(T::Games::last_full_weight())
	}

	/// Works off the agenda up to block `now`, oldest first, as far as the weight goes. What is left
	/// is done in the next blocks.
	pub(crate) fn tick(now: BlockNumberFor<T>) -> Weight {
		let mut meter = WeightMeter::with_limit(T::TickWeight::get());
		if meter.try_consume(T::WeightInfo::tick_base()).is_err() {
			return meter.consumed();
		}
		let mut cursor = AgendaCursor::<T>::get();
		if cursor.is_zero() {
			return meter.consumed();
		}
		while cursor <= now && meter.try_consume(T::WeightInfo::tick_bucket()).is_ok() {
			if !Self::serve_bucket(cursor, &mut meter) {
				break;
			}
			cursor.saturating_inc();
		}
		AgendaCursor::<T>::put(cursor);
		meter.consumed()
	}

	/// Whether all of the bucket was served.
	fn serve_bucket(block: BlockNumberFor<T>, meter: &mut WeightMeter) -> bool {
		let mut bucket = Agenda::<T>::take(block);
		while !bucket.is_empty() {
			// There must be room for the worst; what counts is what it comes to.
			if !meter.can_consume(Self::tick_task_weight()) {
				Agenda::<T>::insert(block, bucket);
				return false;
			}
			meter.consume(Self::look(bucket.remove(0)));
		}
		true
	}

	/// Does what is due for a task whose entry was just taken out of the agenda; returns the weight of that.
	pub(crate) fn look(id: TaskId) -> Weight {
		let Some(mut task) = Tasks::<T>::get(id) else { return T::WeightInfo::tick_task() };
		task.agenda = None;
		Tasks::<T>::insert(id, task);
		match with_storage_layer(|| Self::act(id)) {
			Ok(spent) => spent.saturating_add(T::WeightInfo::tick_task()),
			Err(error) => {
				Self::deposit_event(Event::AutomaticStepFailed { task: id, error });
				Self::tick_task_weight()
			},
		}
	}

	fn act(id: TaskId) -> Result<Weight, DispatchError> {
		let mut task = Self::live(id)?;
		if let Stage::Claimed { until, .. } = task.stage {
			let end = Self::challenge_end(&task, until);
			if let Stage::Claimed { until, .. } = &mut task.stage {
				*until = end;
			}
		}
		if Self::now() <= task.deadline() {
			Self::store_and_schedule(id, task);
			return Ok(Weight::zero());
		}
		match task.stage {
			Stage::Open { .. } => Self::assign_task(id, task),
			Stage::Running { .. } => {
				Self::fail_task(id, task)?;
				Ok(Self::fail_weight())
			},
			Stage::Claimed { games: 0, .. } => {
				Self::finalise_task(id, task)?;
				Ok(Self::finalise_weight())
			},
			// The end of the last game makes a new entry.
			Stage::Claimed { .. } => Ok(Weight::zero()),
		}
	}

	/// The first block whose bucket may not be served completely; nothing is entered before it.
	#[cfg(any(feature = "std", feature = "try-runtime"))]
	pub(crate) fn first_unserved() -> BlockNumberFor<T> {
		AgendaCursor::<T>::get().min(Self::now().saturating_add(1u32.into()))
	}
}
