//! Misbehaviour of validators, handed on to staking.

use crate::{Runtime, RuntimeEvent, Staking};
use polkadot_sdk::{pallet_offences, pallet_session};

impl pallet_offences::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type IdentificationTuple = pallet_session::historical::IdentificationTuple<Self>;
	type OnOffenceHandler = Staking;
}
