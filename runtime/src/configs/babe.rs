//! Block production.

use super::election::MaxBackersPerWinner;
use crate::{constants::MAX_VALIDATORS, timing, Historical, Offences, Runtime, Session};
use polkadot_sdk::{frame_support::traits::ConstU32, pallet_babe, sp_session};

impl pallet_babe::Config for Runtime {
	type EpochDuration = timing::EpochSlots<Runtime>;
	type ExpectedBlockTime = timing::SlotMs<Runtime>;
	type EpochChangeTrigger = pallet_babe::ExternalTrigger;
	type DisabledValidators = Session;
	// The stock pallet has no generated weights; `()` is its own estimate.
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
	type MaxNominators = MaxBackersPerWinner;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_babe::EquivocationReportSystem<
		Self,
		Offences,
		Historical,
		timing::ReportLongevity<Runtime>,
	>;
}
