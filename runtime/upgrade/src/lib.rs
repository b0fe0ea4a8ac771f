//! The runtime before and after an upgrade, as chains execute them.
//!
//! The test of this crate plays games across the upgrade from [`before`] to [`after`]. What comes after is
//! this workspace's runtime with the feature `next`: another version of the referee, whose rules differ, and
//! another form of stored games. The feature exists only inside that wasm: nothing here depends on a crate with
//! it, so no build of the workspace has it. See ADR 0023.

mod built {
	#![allow(missing_docs, unreachable_pub, dead_code, reason = "written by the wasm builder")]
	include!(concat!(env!("OUT_DIR"), "/assay_runtime_next.rs"));
}

/// What a build without wasm lacks.
const MISSING: &str = "the wasm was not built: run this without SKIP_WASM_BUILD";

/// The runtime of this workspace.
///
/// # Panics
///
/// When it was built without wasm.
pub fn before() -> &'static [u8] {
	assay_runtime::WASM_BINARY.expect(MISSING)
}

/// The runtime after it.
///
/// # Panics
///
/// When it was built without wasm.
pub fn after() -> &'static [u8] {
	built::WASM_BINARY.expect(MISSING)
}
