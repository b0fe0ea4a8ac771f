//! Builds the runtime a second time, for wasm, and embeds it as `WASM_BINARY`.
//!
//! The metadata hash (`CheckMetadataHash`) needs the finished metadata, hence a third compilation:
//! only release builds ask for it, with the feature `metadata-hash`.

#[cfg(feature = "std")]
fn main() {
	name_workspace();
	let builder = substrate_wasm_builder::WasmBuilder::init_with_defaults();
	#[cfg(feature = "metadata-hash")]
	let builder = builder.enable_metadata_hash("ASY", 12);
	builder.build();
}

/// The wasm build runs this script as well, and has nothing left to build.
#[cfg(not(feature = "std"))]
fn main() {}

/// Says where `Cargo.lock` is: the target directory may lie outside the workspace, where the builder
/// would not find it and would resolve other versions.
#[cfg(feature = "std")]
fn name_workspace() {
	const HINT: &str = "WASM_BUILD_WORKSPACE_HINT";
	if std::env::var_os(HINT).is_none() {
		// Asked for when it runs: clones that share a target directory share the compiled script.
		let here = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it");
		std::env::set_var(HINT, std::path::Path::new(&here).join(".."));
	}
}
