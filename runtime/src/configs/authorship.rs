//! Who made the block: earns reward points and part of the fees.

use crate::{Babe, Runtime, Staking};
use polkadot_sdk::{pallet_authorship, pallet_session};

impl pallet_authorship::Config for Runtime {
	type FindAuthor = pallet_session::FindAccountFromAuthorIndex<Self, Babe>;
	type EventHandler = Staking;
}
