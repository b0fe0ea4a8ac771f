//! Writes `kernels/functions.cuh`, the CUDA form of the formulas in `assay_ops`. See `scripts/ptx.sh`.

use std::path::Path;

#[path = "../tests/translate/mod.rs"]
mod translate;

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let root = Path::new(env!("CARGO_MANIFEST_DIR"));
	let source =
		std::fs::read_to_string(root.join("../../primitives/ops/src/functions/generic.rs"))?;
	let text = translate::translate(&source).map_err(|unknown| unknown.0)?;
	std::fs::write(root.join("kernels/functions.cuh"), text)?;
	Ok(())
}
