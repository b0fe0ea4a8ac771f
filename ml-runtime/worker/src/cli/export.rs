//! `export`: from the blobs of an artefact to a model file.

use std::path::PathBuf;

use assay_blobs::{BlobKey, StateManifest};
use assay_candle::read_slots;
use assay_commitment::TILE_BYTES;
use serde_json::json;

use super::{
	blobs,
	fault::Fault,
	hex::hex,
	task::{read, Task},
	train::write_model,
	Report,
};

const EXAMPLES: &str = "\
Example:
  assay-worker export mlp-digits.toml --slots run/blobs/04-<artefact root> --step 300 \\
      --blobs run/blobs --out model.safetensors

Every tensor is checked against the root in the list. Compare the printed artefact root and state root \
with `artifactRoot` and `finalState` of the claim on the chain.";

/// Make a model file out of a fetched artefact.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// The task manifest (TOML).
	manifest: PathBuf,
	/// The list of the state's tensors: the blob `04-…` that the claim's artefact root names.
	#[arg(long, value_name = "FILE")]
	slots: PathBuf,
	/// Steps done in that state: for a claim, its first step and its steps [default: the manifest's].
	#[arg(long, value_name = "N")]
	step: Option<u64>,
	/// The folder with the tensors, each named as its root.
	#[arg(long, value_name = "DIR")]
	blobs: PathBuf,
	/// The model file to write.
	#[arg(long, value_name = "FILE")]
	out: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Report, Fault> {
	let task = Task::load(&args.manifest)?;
	let file = &args.slots;
	let step = args.step.unwrap_or(task.manifest.task.steps.into());
	let unknown = |_| Fault::UnknownFile { path: file.display().to_string() };
	let bytes = read(file, StateManifest::MAX_BYTES)?;
	let state = StateManifest::from_bytes(step, &bytes).map_err(unknown)?;
	let largest = task.program.slots.iter().map(|slot| slot.ty.tiles()).max().unwrap_or_default();
	let slots = read_slots(&task.program.slots, &state, |root| {
		let path = blobs::find(&args.blobs, &BlobKey::Bytes(*root)).map_err(Trouble::Fault)?;
		read(&path, largest * TILE_BYTES as u64).map_err(Trouble::Fault)
	});
	let slots = slots.map_err(|trouble| match trouble {
		Trouble::Fault(fault) => fault,
		Trouble::Border(error) => Fault::model(file)(error),
	})?;
	let state_root = state.state_root();
	write_model(&args.out, &task, &slots, &state_root)?;
	let json = json!({
		"step": state.step,
		"stateRoot": hex(&state_root),
		"artifactRoot": hex(state.key().root()),
		"parameters": task.compiled.parameters.len(),
		"tensors": slots.len(),
		"out": args.out.display().to_string(),
	});
	let text = format!(
		"step           {}\nstate root     {}\nartefact root  {}\nwritten        {}",
		state.step,
		hex(&state_root),
		hex(state.key().root()),
		args.out.display(),
	);
	Ok(Report { json, text })
}

/// Either a file or what is in it.
enum Trouble {
	Fault(Fault),
	Border(assay_candle::Error),
}

impl From<assay_candle::Error> for Trouble {
	fn from(error: assay_candle::Error) -> Self {
		Self::Border(error)
	}
}
