//! Genesis states for the tests, made by the real wasm; people, tasks and blocks for those that need them.

#[allow(dead_code)] // not every test binary needs all of them
pub(crate) mod block;
#[allow(dead_code)]
pub(crate) mod last_move;
#[allow(dead_code)]
pub(crate) mod people;
#[allow(dead_code)]
pub(crate) mod table;

use polkadot_sdk::{
	sc_chain_spec::GenesisConfigBuilderRuntimeCaller, sp_core::storage::Storage,
	sp_io::TestExternalities,
};

/// The runtime as the chain executes it.
pub(crate) fn wasm() -> &'static [u8] {
	assay_runtime::WASM_BINARY
		.expect("the wasm was not built: run this test without SKIP_WASM_BUILD")
}

/// The storage that a preset's genesis consists of.
pub(crate) fn storage(preset: &str) -> Storage {
	GenesisConfigBuilderRuntimeCaller::<()>::new(wasm())
		.get_storage_for_named_preset(Some(&preset.to_owned()))
		.unwrap_or_else(|e| panic!("preset {preset}: {e}"))
}

/// A chain at the genesis of a preset.
#[allow(dead_code)] // not every test binary needs it
pub(crate) fn chain(preset: &str) -> TestExternalities {
	TestExternalities::new(storage(preset))
}
