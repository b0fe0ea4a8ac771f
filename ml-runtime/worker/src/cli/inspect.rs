//! `inspect`: what is in a file.

use std::path::{Path, PathBuf};

use assay_blobs::StateManifest;
use assay_candle::Model;
use codec::DecodeAll;
use serde_json::{json, Value};

use super::{
	compile::recommended_stride,
	fault::Fault,
	hex::hex,
	program,
	task::{read, Task},
	Report,
};

const EXAMPLES: &str = "\
Examples:
  assay-worker inspect mlp-digits.toml              what a manifest compiles to
  assay-worker inspect task/program.scale           nodes, shapes, cost, worst tile
  assay-worker inspect run/model.safetensors        tensors and shapes
  assay-worker inspect run/blobs/04-<artefact root> a state: roots of its tensors

What a file is follows from its content. A list of roots has no mark; whether it is one, its name in a store says.";

/// Largest file that is read.
const MOST: u64 = 16 << 30;

/// Say what is in a program, manifest, model file or list of a state's tensors.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// The file.
	file: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<Report, Fault> {
	let path = &args.file;
	let bytes = read(path, MOST)?;
	// Programs, states and model files hold zero bytes, manifests do not.
	if let Some(text) = std::str::from_utf8(&bytes).ok().filter(|text| !text.contains('\0')) {
		return manifest(&Task::parse(path, text)?);
	}
	if let Ok(program) = assay_ops::Program::decode_all(&mut &bytes[..]) {
		let checked = program::check(&program)?;
		return program::report("program", bytes.len(), &checked);
	}
	// Such a list has no mark of its own, but a model file's first bytes are those of no tensor root.
	match (model(path, &bytes), StateManifest::from_bytes(0, &bytes)) {
		(Err(_), Ok(state)) => Ok(tensors(path, &state)),
		(model, _) => model,
	}
}

fn manifest(task: &Task) -> Result<Report, Fault> {
	let length = codec::Encode::encoded_size(&task.compiled.program);
	let mut report = program::report("manifest", length, &task.program)?;
	let about = &task.manifest.task;
	let data = &task.manifest.data;
	let parameters = &task.compiled.parameters;
	let stride = recommended_stride(&task.program, about.steps);
	report.json["task"] = json!({
		"name": about.name,
		"steps": about.steps,
		"stride": about.stride,
		"batch": about.batch,
		"seed": hex(&about.seed),
		"records": data.records,
		"recordSize": data.record_size,
		"recommendedStride": stride,
		"parameters": parameters.iter().map(|p| json!({ "name": p.name, "shape": p.shape }))
			.collect::<Vec<_>>(),
	});
	let heading = format!(
		"task {}: {} steps of {} records, stride {} (recommended, by estimate: {stride})\n\
		data: {} records of {} bytes\n",
		about.name, about.steps, about.batch, about.stride, data.records, data.record_size,
	);
	let shapes: String =
		parameters.iter().map(|p| format!("parameter {:<12} {:?}\n", p.name, p.shape)).collect();
	report.text = format!("{heading}{shapes}{}", report.text);
	Ok(report)
}

fn tensors(path: &Path, state: &StateManifest) -> Report {
	let roots: Vec<String> = state.slots.iter().map(|root| hex(root)).collect();
	let key = hex(state.key().root());
	let name = path.file_name().unwrap_or_default().to_string_lossy();
	// A store names each blob after its content.
	let is_named_so = name == state.key().to_string();
	let json = json!({
		"kind": "slots",
		"certain": is_named_so,
		"artifactRoot": key,
		"tensors": roots,
	});
	let heading = match is_named_so {
		true => "tensors of a state",
		false => {
			"a number of 32-byte words. If they are the roots of a state's tensors (its file in a store would be named \
			after the artefact root), these are"
		},
	};
	let mut text = format!("{heading}\nartefact root  {key}");
	for (slot, root) in roots.iter().enumerate() {
		text.push_str(&format!("\ntensor {slot:<8}{root}"));
	}
	Report { json, text }
}

fn model(path: &Path, bytes: &[u8]) -> Result<Report, Fault> {
	let unknown = |_| Fault::UnknownFile { path: path.display().to_string() };
	let tensors = Model::list(bytes).map_err(unknown)?;
	let noted = Model::noted_state_root(bytes).map_err(unknown)?;
	let count = |shape: &[usize]| shape.iter().product::<usize>();
	let numbers: usize = tensors.iter().map(|(_, _, shape)| count(shape)).sum();
	let listed: Vec<Value> = tensors
		.iter()
		.map(|(name, dtype, shape)| json!({ "name": name, "dtype": dtype, "shape": shape }))
		.collect();
	let json = json!({
		"kind": "model",
		"notedStateRoot": noted,
		"numbers": numbers,
		"tensors": listed,
	});
	let mut text = format!("model file: {} tensors, {numbers} numbers", tensors.len());
	if let Some(noted) = noted {
		text.push_str(&format!("\nsays that it is from state {noted} (not checked)"));
	}
	for (name, dtype, shape) in &tensors {
		text.push_str(&format!("\n{name:<14} {dtype} {shape:?}"));
	}
	Ok(Report { json, text })
}
