//! Builds the runtime with the feature `next` for wasm, in the folder in which the runtime's own build script has
//! built it without: its dependencies are there already.

use std::path::Path;
use substrate_wasm_builder::WasmBuilder;

fn main() {
	const HINT: &str = "WASM_BUILD_WORKSPACE_HINT";
	// Where `Cargo.lock` is: the target directory may lie outside the workspace.
	if std::env::var_os(HINT).is_none() {
		std::env::set_var(HINT, concat!(env!("CARGO_MANIFEST_DIR"), "/../.."));
	}
	let runtime = Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("Cargo.toml");
	WasmBuilder::new()
		.with_project(runtime)
		.expect("the runtime lies around this crate")
		.import_memory()
		.export_heap_base()
		.enable_feature("next")
		.set_file_name("assay_runtime_next.rs")
		.build();
}
