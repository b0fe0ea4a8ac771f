//! Builds the runtime a second time, for wasm, and embeds it as `WASM_BINARY`.
//!
//! The metadata hash (`CheckMetadataHash`) needs the finished metadata, hence a third compilation:
//! only release builds ask for it, with the feature `metadata-hash`.

#[cfg(all(feature = "std", feature = "metadata-hash"))]
fn main() {
	substrate_wasm_builder::WasmBuilder::init_with_defaults()
		.enable_metadata_hash("ASY", 12)
		.build();
}

#[cfg(all(feature = "std", not(feature = "metadata-hash")))]
fn main() {
	substrate_wasm_builder::WasmBuilder::init_with_defaults().build();
}

/// The wasm build runs this script as well, and has nothing left to build.
#[cfg(not(feature = "std"))]
fn main() {}
