//! The time of each block.

use crate::{timing, Babe, Runtime};
use polkadot_sdk::pallet_timestamp;

impl pallet_timestamp::Config for Runtime {
	type Moment = u64;
	type OnTimestampSet = Babe;
	type MinimumPeriod = timing::HalfSlotMs<Runtime>;
	type WeightInfo = pallet_timestamp::weights::SubstrateWeight<Runtime>;
}
