//! Finality.

use super::election::MaxBackersPerWinner;
use crate::{constants::MAX_VALIDATORS, timing, Historical, Offences, Runtime, RuntimeEvent};
use polkadot_sdk::{
	frame_support::{
		parameter_types,
		traits::{ConstU32, Get},
	},
	pallet_grandpa, sp_session,
};

parameter_types! {
	/// Sessions whose validator sets can still be accused: those of the bonding period.
	pub MaxSetIdSessionEntries: u64 = u64::from(timing::BondingEras::<Runtime>::get())
		.saturating_mul(u64::from(timing::SessionsPerEra::<Runtime>::get()));
}

impl pallet_grandpa::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	// The stock pallet has no generated weights; `()` is its own estimate.
	type WeightInfo = ();
	type MaxAuthorities = ConstU32<MAX_VALIDATORS>;
	type MaxNominators = MaxBackersPerWinner;
	type MaxSetIdSessionEntries = MaxSetIdSessionEntries;
	type KeyOwnerProof = sp_session::MembershipProof;
	type EquivocationReportSystem = pallet_grandpa::EquivocationReportSystem<
		Self,
		Offences,
		Historical,
		timing::ReportLongevity<Runtime>,
	>;
}
