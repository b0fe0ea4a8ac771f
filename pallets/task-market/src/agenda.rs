//! Which tasks the chain itself looks at in which block.
//!
//! Each live task has at most one entry. An entry says "look at me", not "my deadline is here": the
//! deadline may have moved on with a heartbeat, and then the task is entered again. A bucket that is
//! full passes the task on to the next block with room; where no such block is near, the task has no
//! entry and waits for one of the permissionless calls.

use assay_primitives::TaskId;
use frame_support::traits::Get;
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating, Zero};

use crate::{
	frame_support, frame_system, sp_runtime, Agenda, AgendaCursor, Config, Event, Pallet, TaskOf,
	Tasks,
};

impl<T: Config> Pallet<T> {
	/// First block after the deadline, or the next block when that is over.
	fn look_at(task: &TaskOf<T>) -> BlockNumberFor<T> {
		task.deadline().max(Self::now()).saturating_add(One::one())
	}

	/// Stores the task and moves its entry to where its stage asks for.
	pub(crate) fn store_and_schedule(id: TaskId, mut task: TaskOf<T>) {
		if AgendaCursor::<T>::get().is_zero() {
			AgendaCursor::<T>::put(Self::now().saturating_add(One::one()));
		}
		Self::unschedule(id, &mut task);
		let mut block = Self::look_at(&task);
		for _ in 0..T::AgendaSearch::get() {
			if Agenda::<T>::try_mutate(block, |bucket| bucket.try_push(id)).is_ok() {
				task.agenda = Some(block);
				break;
			}
			block.saturating_inc();
		}
		if task.agenda.is_none() {
			Self::deposit_event(Event::AgendaFull { task: id });
		}
		Tasks::<T>::insert(id, task);
	}

	/// Removes the task's entry, if it has one.
	pub(crate) fn unschedule(id: TaskId, task: &mut TaskOf<T>) {
		let Some(block) = task.agenda.take() else { return };
		Agenda::<T>::mutate_exists(block, |slot| {
			let Some(bucket) = slot else { return };
			bucket.retain(|entry| *entry != id);
			if bucket.is_empty() {
				*slot = None;
			}
		});
	}
}
