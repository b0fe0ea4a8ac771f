//! A key with root's power, for test networks: the production preset sets none.

use crate::{Runtime, RuntimeCall, RuntimeEvent};
use polkadot_sdk::pallet_sudo;

impl pallet_sudo::Config for Runtime {
	type RuntimeEvent = RuntimeEvent;
	type RuntimeCall = RuntimeCall;
	type WeightInfo = pallet_sudo::weights::SubstrateWeight<Runtime>;
}
