//! The runtime that the test of upgrades upgrades to. It is built by the crate `assay-upgrade` alone, and
//! never runs a network: see ADR 0023.

use crate::{apis, Runtime};
use polkadot_sdk::sp_version::{self, RuntimeVersion};

/// Identity of the runtime after this one.
#[sp_version::runtime_version]
pub const VERSION: RuntimeVersion = RuntimeVersion {
	spec_name: alloc::borrow::Cow::Borrowed("assay"),
	impl_name: alloc::borrow::Cow::Borrowed("assay"),
	authoring_version: 1,
	spec_version: 2,
	impl_version: 0,
	apis: apis::RUNTIME_API_VERSIONS,
	transaction_version: 1,
	system_version: 1,
};

/// What its first block does to the storage of the one before.
pub type Migrations = (pallet_dispute::migrations::V0ToV1<Runtime>,);
