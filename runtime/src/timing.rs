//! The rhythm of the chain, fixed at genesis.
//!
//! Slot length, epoch length, sessions per era and the bonding period are storage, not constants, so
//! that one wasm serves production (6 s slots, days) and test networks (2 s slots, minutes). Nothing
//! can change them after genesis: the pallet has no calls, and BABE requires a constant epoch.
//!
//! The types next to the pallet ([`SlotMs`], [`EpochSlots`], …) are `Get`s for other pallets' configs.

pub use pallet::*;

use crate::constants::*;
use codec::{Decode, Encode, MaxEncodedLen};
use core::marker::PhantomData;
use frame_support::traits::Get;
use polkadot_sdk::{frame_support, sp_staking};
use scale_info::TypeInfo;

/// Lengths that were chosen at genesis. The default is production.
#[derive(Clone, Copy, Debug, Decode, Encode, Eq, MaxEncodedLen, PartialEq, TypeInfo)]
pub struct Rhythm {
	/// Milliseconds of a slot; a block has at most one.
	pub slot_duration_ms: u64,
	/// Slots of an epoch, which is also a session.
	pub epoch_slots: u64,
	/// Sessions of an era: how often validators are elected and paid.
	pub sessions_per_era: u32,
	/// Eras for which unbonding stake stays slashable.
	pub bonding_eras: u32,
}

impl Default for Rhythm {
	fn default() -> Self {
		Self {
			slot_duration_ms: PRODUCTION_SLOT_MS,
			epoch_slots: PRODUCTION_EPOCH_SLOTS,
			sessions_per_era: PRODUCTION_SESSIONS_PER_ERA,
			bonding_eras: PRODUCTION_BONDING_ERAS,
		}
	}
}

impl Rhythm {
	/// Says what is wrong with these lengths, if anything.
	pub fn check(&self) -> Result<(), &'static str> {
		if self.slot_duration_ms < 1_000 || !self.slot_duration_ms.is_multiple_of(2) {
			return Err("slot_duration_ms must be even and at least 1000");
		}
		if self.epoch_slots < 2 {
			return Err("epoch_slots must be at least 2");
		}
		if self.sessions_per_era == 0 {
			return Err("sessions_per_era must not be zero");
		}
		if self.bonding_eras == 0 {
			return Err("bonding_eras must not be zero");
		}
		Ok(())
	}
}

/// Holds the [`Rhythm`].
#[frame_support::pallet]
pub mod pallet {
	use super::*;
	use frame_support::pallet_prelude::*;

	const STORAGE_VERSION: StorageVersion = StorageVersion::new(1);

	/// The pallet.
	#[pallet::pallet]
	#[pallet::storage_version(STORAGE_VERSION)]
	pub struct Pallet<T>(_);

	/// Needs nothing beyond the system.
	#[pallet::config]
	pub trait Config: polkadot_sdk::frame_system::Config {}

	/// The lengths chosen at genesis; production when genesis chose none.
	#[pallet::storage]
	pub type Lengths<T> = StorageValue<_, Rhythm, ValueQuery>;

	/// Lengths to start with, each as in [`Rhythm`].
	#[pallet::genesis_config]
	pub struct GenesisConfig<T: Config> {
		/// Milliseconds of a slot.
		pub slot_duration_ms: u64,
		/// Slots of an epoch.
		pub epoch_slots: u64,
		/// Sessions of an era.
		pub sessions_per_era: u32,
		/// Eras for which unbonding stake stays slashable.
		pub bonding_eras: u32,
		/// The runtime, known by type only.
		#[serde(skip)]
		pub _config: PhantomData<T>,
	}

	impl<T: Config> Default for GenesisConfig<T> {
		fn default() -> Self {
			Rhythm::default().into()
		}
	}

	impl<T: Config> From<Rhythm> for GenesisConfig<T> {
		fn from(rhythm: Rhythm) -> Self {
			let Rhythm { slot_duration_ms, epoch_slots, sessions_per_era, bonding_eras } = rhythm;
			Self {
				slot_duration_ms,
				epoch_slots,
				sessions_per_era,
				bonding_eras,
				_config: PhantomData,
			}
		}
	}

	#[pallet::genesis_build]
	impl<T: Config> BuildGenesisConfig for GenesisConfig<T> {
		fn build(&self) {
			let rhythm = Rhythm {
				slot_duration_ms: self.slot_duration_ms,
				epoch_slots: self.epoch_slots,
				sessions_per_era: self.sessions_per_era,
				bonding_eras: self.bonding_eras,
			};
			if let Err(reason) = rhythm.check() {
				panic!("timing in genesis: {reason}");
			}
			Lengths::<T>::put(rhythm);
		}
	}
}

/// Milliseconds of a slot.
pub struct SlotMs<T>(PhantomData<T>);
impl<T: Config> Get<u64> for SlotMs<T> {
	fn get() -> u64 {
		Lengths::<T>::get().slot_duration_ms
	}
}

/// Half a slot: the least time between the timestamps of two blocks, from which BABE derives its
/// slot.
pub struct HalfSlotMs<T>(PhantomData<T>);
impl<T: Config> Get<u64> for HalfSlotMs<T> {
	fn get() -> u64 {
		SlotMs::<T>::get() / 2
	}
}

/// Slots of an epoch.
pub struct EpochSlots<T>(PhantomData<T>);
impl<T: Config> Get<u64> for EpochSlots<T> {
	fn get() -> u64 {
		Lengths::<T>::get().epoch_slots
	}
}

/// Sessions of an era.
pub struct SessionsPerEra<T>(PhantomData<T>);
impl<T: Config> Get<sp_staking::SessionIndex> for SessionsPerEra<T> {
	fn get() -> sp_staking::SessionIndex {
		Lengths::<T>::get().sessions_per_era
	}
}

/// Eras for which unbonding stake stays slashable.
pub struct BondingEras<T>(PhantomData<T>);
impl<T: Config> Get<sp_staking::EraIndex> for BondingEras<T> {
	fn get() -> sp_staking::EraIndex {
		Lengths::<T>::get().bonding_eras
	}
}

/// Eras between an offence and its slash, in which a wrong slash can be cancelled: a quarter of the
/// bonding period, so none on networks that bond for less than four eras.
pub struct SlashDeferEras<T>(PhantomData<T>);
impl<T: Config> Get<sp_staking::EraIndex> for SlashDeferEras<T> {
	fn get() -> sp_staking::EraIndex {
		Lengths::<T>::get().bonding_eras / 4
	}
}

/// Slots for which a report of an equivocation is worth including: the whole bonding period.
pub struct ReportLongevity<T>(PhantomData<T>);
impl<T: Config> Get<u64> for ReportLongevity<T> {
	fn get() -> u64 {
		let lengths = Lengths::<T>::get();
		u64::from(lengths.bonding_eras)
			.saturating_mul(u64::from(lengths.sessions_per_era))
			.saturating_mul(lengths.epoch_slots)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn rhythm_should_be_accepted_when_it_is_production() {
		assert_eq!(Rhythm::default().check(), Ok(()));
	}

	#[test]
	fn rhythm_should_be_refused_when_a_length_makes_no_sense() {
		let bad = [
			Rhythm { slot_duration_ms: 999, ..Default::default() },
			Rhythm { slot_duration_ms: 2_001, ..Default::default() },
			Rhythm { epoch_slots: 1, ..Default::default() },
			Rhythm { sessions_per_era: 0, ..Default::default() },
			Rhythm { bonding_eras: 0, ..Default::default() },
		];
		for rhythm in bad {
			assert!(rhythm.check().is_err(), "{rhythm:?}");
		}
	}
}
