//! Builds the runtime with the feature `next` for wasm, in the folder in which the runtime's own build script has
//! built it without: its dependencies are there already.

use std::{env, path::PathBuf};
use substrate_wasm_builder::WasmBuilder;

fn main() {
	const HINT: &str = "WASM_BUILD_WORKSPACE_HINT";
	// Asked for when it runs: clones that share a target directory share the compiled script.
	let here = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
	// Where `Cargo.lock` is: the target directory may lie outside the workspace.
	if env::var_os(HINT).is_none() {
		env::set_var(HINT, here.join("../.."));
	}
	let runtime = here.with_file_name("Cargo.toml");
	WasmBuilder::new()
		.with_project(runtime)
		.expect("the runtime lies around this crate")
		.import_memory()
		.export_heap_base()
		.enable_feature("next")
		.set_file_name("assay_runtime_next.rs")
		.build();
}
