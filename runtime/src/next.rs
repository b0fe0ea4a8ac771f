//! The runtime that the test of upgrades upgrades to. It is built by the crate `assay-upgrade` alone, and
//! never runs a network: see ADR 0023.

use crate::{
	apis,
	frame_support::{traits::OnRuntimeUpgrade, weights::Weight},
	sp_version::{self, RuntimeVersion},
	Runtime,
};
use pallet_dispute::migrations::{NameRuntime, V0ToV1};

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
pub type Migrations = Checked;

/// The migration, with the checks that tools make before and after it. This runtime makes them itself: if one
/// fails it has no first block.
pub struct Checked;

impl OnRuntimeUpgrade for Checked {
	fn on_runtime_upgrade() -> Weight {
		let before = NameRuntime::<Runtime>::rows_before().expect("every stored game decodes");
		let weight = V0ToV1::<Runtime>::on_runtime_upgrade();
		NameRuntime::<Runtime>::check_after(&before).expect("no game changes on the way");
		weight
	}
}
