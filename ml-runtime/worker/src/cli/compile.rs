//! `compile`: from manifest and data set to everything that posting a task needs.

use std::{fmt::Write, path::PathBuf};

use assay_blobs::BlobKey;
use assay_candle::StateBlobs;
use assay_commitment::{claim, TILE_BYTES};
use assay_compiler::COMPILER_VERSION;
use assay_executor::{peak_words, OnNonFinite};
use assay_ops::{CheckedProgram, OPSET_HASH, OPSET_VERSION};
use codec::Encode;
use serde_json::{json, Value};

use super::{
	blobs::Listing, fault::Fault, hex::hex, measure, memory, output::NewFolder, task::Task, terms,
	Common, Machine, Report,
};

const EXAMPLES: &str = "\
Example:
  assay-worker compile mlp-digits.toml --data digits.bin --reward 100 --out task/

writes
  task/program.scale   the step program, SCALE-encoded
  task/task.json       `program`, `work`, `terms` and `allowed` for the chain's `post_task`; roots and cost
  task/blobs/<key>     what must be put into a blob store: data set, initial state and its tensors

The same manifest and data always give the same files, byte for byte.";

/// Make a task out of a manifest and its data set.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Args {
	/// The task manifest (TOML).
	manifest: PathBuf,
	/// The data set: records one after the other, without a header.
	#[arg(long, value_name = "FILE")]
	data: PathBuf,
	/// A model file (safetensors, f32) whose tensors training starts from, by name. Parameters that it
	/// does not have start as the manifest says.
	#[arg(long, value_name = "FILE")]
	weights: Option<PathBuf>,
	/// What is paid for the training at most, in ASY (such as 2.5): solvers bid below it. Without, the
	/// proposed terms have no reward yet.
	#[arg(long, value_name = "ASY", value_parser = terms::units)]
	reward: Option<u128>,
	/// Time some steps on this machine and recommend the stride for which committing takes 2 % of the time here. What
	/// is measured is printed and not written; without this option the recommendation is an estimate for a server.
	#[arg(long)]
	measure: bool,
	#[command(flatten)]
	machine: Machine,
	/// A new folder for the result.
	#[arg(long, value_name = "DIR")]
	out: PathBuf,
}

/// Largest list of states that is recommended: 128 KiB to publish and to search in a dispute.
const MOST_STATES: u64 = 4096;

/// What a server's core needs, roughly, in picoseconds: to hash a byte of a state (cutting it into
/// tiles included), for a scalar operation in vector code, and to move a byte. Ratios matter only.
const PER_HASHED_BYTE: u64 = 500;
const PER_FLOP: u64 = 40;
const PER_MOVED_BYTE: u64 = 150;

/// Share of the time that committing to states may take: one fiftieth.
const HASHING_SHARE: u64 = 50;

/// A stride for which committing costs about a fiftieth of the training, and the list stays short, if the chain admits it,
/// or the nearest that it does.
pub(crate) fn recommended_stride(program: &CheckedProgram, steps: u32) -> u32 {
	let tiles: u64 = program.slots.iter().map(|slot| slot.ty.tiles()).sum();
	let hashing = tiles.saturating_mul(TILE_BYTES as u64 * PER_HASHED_BYTE * HASHING_SHARE);
	let moving = program.cost.bytes.saturating_mul(PER_MOVED_BYTE);
	let step = program.cost.flops.saturating_mul(PER_FLOP).saturating_add(moving);
	let cheap = hashing.div_ceil(step.max(1));
	let short = u64::from(steps).div_ceil(MOST_STATES);
	let stride = u32::try_from(cheap.max(short)).unwrap_or(u32::MAX);
	terms::admitted_stride(&program.cost, steps, stride)
}

/// The costs of a program, for JSON.
pub(crate) fn cost(program: &CheckedProgram) -> Value {
	let cost = &program.cost;
	json!({
		"flops": cost.flops,
		"bytes": cost.bytes,
		"words": cost.words,
		"peakWords": peak_words(program),
		"worstTileFootprint": cost.worst_tile_footprint,
		"maxBlocks": cost.max_blocks,
	})
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<Report, Fault> {
	let task = Task::load(&args.manifest)?;
	let data = task.training_data(&args.data)?;
	NewFolder::check(&args.out)?;
	let about = &task.manifest.task;
	let (slots, kept) = task.initial(args.weights.as_deref())?;
	let init = StateBlobs::new(0, &task.program.slots, &slots);
	let init = init.map_err(Fault::model(&args.manifest))?;
	let pace = match args.measure {
		true => {
			memory::check(&task, args.machine)?;
			let job = task.job(data.clone(), slots.clone(), about.steps, OnNonFinite::Continue);
			Some(measure::measure(job, args.machine, common)?)
		},
		false => None,
	};
	let program = task.compiled.program.encode();
	let data_key = BlobKey::Bytes(data.root());

	let folder = NewFolder::create(&args.out)?;
	let mut listed = Listing::default();
	if let Some(name) = listed.add("data", &data_key, data.bytes()) {
		folder.add(name, data.bytes())?;
	}
	for (index, (key, bytes)) in init.blobs().enumerate() {
		let what = if index == 0 { "initSlots" } else { "initTensor" };
		if let Some(name) = listed.add(what, &key, &bytes) {
			folder.add(name, &bytes)?;
		}
	}
	folder.add("program.scale", &program)?;
	let mut json = json!({
		"name": about.name,
		"program": hex(&program),
		"work": {
			"dataRoot": hex(data_key.root()),
			"records": task.manifest.data.records,
			"recordSize": task.manifest.data.record_size,
			"firstStep": 0,
			"initRoot": hex(&init.manifest.state_root()),
			"initSlots": hex(init.manifest.key().root()),
			"seed": hex(&about.seed),
			"steps": about.steps,
			"stride": about.stride,
		},
		"terms": terms::propose(&task.program.cost, about.steps, about.stride, args.reward),
		"warnings": terms::warnings(&task.program.cost, program.len(), about.steps, about.stride),
		"allowed": [],
		"programRoot": hex(&task.commitment.root),
		"nodes": task.commitment.nodes,
		"slots": task.commitment.slots,
		"notInWeights": kept,
		"states": claim::states_len(about.steps.into(), about.stride),
		"cost": cost(&task.program),
		"recommendedStride": recommended_stride(&task.program, about.steps),
		"compiler": COMPILER_VERSION,
		"opset": OPSET_VERSION,
		"opsetHash": hex(&OPSET_HASH),
		"blobs": listed.entries(),
	});
	folder.add("task.json", format!("{json:#}\n").as_bytes())?;
	folder.finish()?;
	if let Some(pace) = pace {
		json["measured"] = measure::json(&pace, &task);
	}
	let text = summary(args, &task, program.len(), &json);
	Ok(Report { json, text })
}

/// Names of parameters that a model file does not have.
pub(crate) fn missing(names: &Value) -> String {
	let names: Vec<&str> =
		names.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
	match names.len() {
		0 => String::new(),
		_ => format!(", but not {}", names.join(", ")),
	}
}

/// The result for people.
fn summary(args: &Args, task: &Task, program: usize, json: &Value) -> String {
	let about = &task.manifest.task;
	let mut text = String::new();
	let mut line = |name: &str, value: String| {
		let _ = writeln!(text, "{name:<14}{value}"); // Writing to a string does not fail.
	};
	let root = |value: &Value| value.as_str().unwrap_or_default().to_owned();
	line("task", about.name.clone());
	let (nodes, slots) = (task.commitment.nodes, task.commitment.slots);
	line("program", format!("{program} bytes, {nodes} nodes, {slots} slots"));
	line("program root", root(&json["programRoot"]));
	line("data root", root(&json["work"]["dataRoot"]));
	line("init root", root(&json["work"]["initRoot"]));
	line("init slots", root(&json["work"]["initSlots"]));
	if let Some(path) = &args.weights {
		line("starts from", format!("{}{}", path.display(), missing(&json["notInWeights"])));
	}
	let recommended = match json["measured"]["recommendedStride"].as_u64() {
		Some(stride) => format!("recommended on this machine: {stride}"),
		None => format!("recommended, by estimate: {}", json["recommendedStride"]),
	};
	line("steps", format!("{}, stride {} ({recommended})", about.steps, about.stride));
	let (flops, bytes) = (task.program.cost.flops as f64, task.program.cost.bytes as f64);
	let memory = memory::bytes(peak_words(&task.program).saturating_mul(4));
	line(
		"a step",
		format!("{:.2} Mflop, {:.2} MB moved, {memory} of memory", flops / 1e6, bytes / 1e6),
	);
	if let Some(seconds) = json["measured"]["stepSeconds"].as_f64() {
		line("measured", format!("{:.3} ms a step", seconds * 1e3));
	}
	let terms = &json["terms"];
	let (training, challenge) = (&terms["training"], &terms["challenge"]);
	let reward = if args.reward.is_some() { "" } else { ", no reward yet (--reward ASY)" };
	line("terms", format!("{training} blocks to train, {challenge} to challenge{reward}"));
	for warning in json["warnings"].as_array().into_iter().flatten().filter_map(Value::as_str) {
		line("warning", warning.to_owned());
	}
	let worst = task.program.cost.worst_tile_footprint;
	line("worst tile", format!("reads {worst} of at most 36 tiles"));
	let count = json["blobs"].as_array().map_or(0, Vec::len);
	line("written", format!("{}, {count} blobs to put into a store", args.out.display()));
	text.trim_end().to_owned()
}
