//! Which games the chain looks at in which block.
//!
//! Every open game has exactly one entry, at its deadline or, where that bucket is full, in the next
//! with room. A move that finds no room within [`SEARCH`] blocks is refused, so no game is without one.

use assay_dispute_game::GameError;
use frame_support::{
	dispatch::DispatchClass,
	pallet_prelude::{DispatchResult, Weight},
	storage::with_storage_layer,
	traits::Get,
	weights::WeightMeter,
};
use frame_system::pallet_prelude::BlockNumberFor;
use sp_runtime::traits::{One, Saturating, Zero};

use crate::{
	frame_support, frame_system, sp_runtime, Agenda, AgendaCursor, Config, DisputeOf, Disputes,
	Error, Event, GameId, Pallet, WeightInfo,
};

/// Blocks after the deadline that are searched for a place.
pub(crate) const SEARCH: u32 = 64;

/// Most bytes of a transaction that makes a move: openings of 160 KiB, and what is around them.
pub const HEAVIEST_BYTES: u32 = (160 + 4) * 1024;

/// The market admits just what a game can search.
const _: () = assert!(assay_dispute_game::MAX_LEAVES == assay_primitives::MAX_SEARCHABLE);

impl<T: Config> Pallet<T> {
	/// Stores the game and moves its entry to its deadline.
	pub(crate) fn store_and_schedule(id: GameId, mut dispute: DisputeOf<T>) -> DispatchResult {
		let deadline = dispute.game.deadline().ok_or(Error::<T>::from(GameError::GameOver))?;
		Self::unschedule(id, dispute.agenda);
		dispute.agenda = Self::enter(id, deadline.into())?;
		Disputes::<T>::insert(id, dispute);
		Ok(())
	}

	/// Enters a game at `block` or soon after, never in a bucket that was served already.
	fn enter(
		id: GameId,
		block: BlockNumberFor<T>,
	) -> Result<BlockNumberFor<T>, crate::sp_runtime::DispatchError> {
		let next = frame_system::Pallet::<T>::block_number().saturating_add(One::one());
		if AgendaCursor::<T>::get().is_zero() {
			AgendaCursor::<T>::put(next);
		}
		let mut block = block.max(next);
		for _ in 0..SEARCH {
			if Agenda::<T>::try_mutate(block, |bucket| bucket.try_push(id)).is_ok() {
				return Ok(block);
			}
			block.saturating_inc();
		}
		Err(Error::<T>::AgendaFull.into())
	}

	/// Removes a game's entry.
	pub(crate) fn unschedule(id: GameId, block: BlockNumberFor<T>) {
		Agenda::<T>::mutate_exists(block, |slot| {
			let Some(bucket) = slot else { return };
			bucket.retain(|entry| *entry != id);
			if bucket.is_empty() {
				*slot = None;
			}
		});
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
		for id in Agenda::<T>::get(block) {
			// A conviction before it in this bucket may have closed it.
			if !Disputes::<T>::contains_key(id) {
				continue;
			}
			// There must be room for the worst end; what counts is the end that it comes to.
			if !meter.can_consume(Self::ending_weight(false)) {
				return false;
			}
			match with_storage_layer(|| Self::do_expire(id)) {
				Ok(spent) => meter.consume(spent),
				Err(error) => {
					meter.consume(Self::ending_weight(false));
					Self::postpone(id, block);
					Self::deposit_event(Event::AutomaticStepFailed { game: id, error });
				},
			}
		}
		true
	}

	/// Gives a game that could not be ended another entry; `expire` ends it meanwhile.
	fn postpone(id: GameId, block: BlockNumberFor<T>) {
		Self::unschedule(id, block);
		if let Some(mut dispute) = Disputes::<T>::get(id) {
			if let Ok(entry) = Self::enter(id, block.saturating_add(SEARCH.into())) {
				dispute.agenda = entry;
				Disputes::<T>::insert(id, dispute);
			}
		}
	}

	/// Relations between the constants of the runtime.
	pub(crate) fn check_constants() {
		let clock = T::Clock::get();
		let limits = <T as frame_system::Config>::BlockWeights::get();
		assert!(
			clock.extension <= clock.reserve().saturating_div(2),
			"an extension must fit twice into the reserve of a clock"
		);
		assert!(clock.effort_per_block > 0, "replays take time");
		assert!(
			clock.base > 0 && clock.longest() < u32::MAX >> 2,
			"every game must have a clock, and end before block numbers do"
		);
		assert!(
			clock.replay_max.saturating_add(clock.extension.saturating_mul(2))
				<= clock.base.saturating_sub(clock.reserve()),
			"a clock without replays must hold out while a machine ends two replays for other games"
		);
		assert!(
			T::Tariff::get().bond_factor >= 2,
			"half of the bond, which may be paid out, must cover a defence"
		);
		assert!(T::MaxGames::get() > 0, "claims must be disputable");
		assert!(
			T::MaxGames::get() <= T::AgendaSize::get().saturating_mul(SEARCH),
			"every open game must find a place in the agenda"
		);
		assert!(
			T::TickWeight::get()
				.all_gte(T::WeightInfo::tick_base().saturating_add(Self::ending_weight(false))),
			"the agenda must be able to end a game in one block"
		);
		let heaviest = Self::ending_weight(true);
		assert!(
			limits
				.get(DispatchClass::Operational)
				.max_extrinsic
				.unwrap_or(limits.max_block)
				.all_gte(heaviest),
			"the heaviest move must fit a block"
		);
		assert!(
			Self::lane_blocks(heaviest, HEAVIEST_BYTES)
				.is_some_and(|blocks| blocks <= clock.base.saturating_sub(clock.reserve())),
			"the heaviest next moves of all games must fit the dispute lane within a clock"
		);
	}

	/// Blocks whose reserve for disputes takes a move of this weight and length from every game that can be
	/// open, while ordinary transactions fill all that is theirs. `None` where it never takes one.
	pub fn lane_blocks(weight: Weight, bytes: u32) -> Option<u32> {
		let limits = <T as frame_system::Config>::BlockWeights::get();
		let lane = limits.get(DispatchClass::Operational);
		let reserve = lane.reserved.unwrap_or(limits.max_block);
		let by_weight = reserve
			.checked_div_per_component(&weight.saturating_add(lane.base_extrinsic))
			.unwrap_or(u64::MAX);
		let length = <T as frame_system::Config>::BlockLength::get().max;
		let length = (*length.get(DispatchClass::Operational))
			.saturating_sub(*length.get(DispatchClass::Normal));
		let moves = by_weight.min(length.checked_div(bytes)?.into());
		u64::from(T::MaxGames::get())
			.checked_add(moves.checked_sub(1)?)?
			.checked_div(moves)
			.and_then(|blocks| u32::try_from(blocks).ok())
	}
}
