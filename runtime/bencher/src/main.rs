//! `assay-bencher`: measures the calls of a pallet in the runtime's wasm, and writes its weights.
//!
//! `scripts/weights.sh` builds the wasm that it needs, one with `runtime-benchmarks`, and runs it.
//!
//! # Design
//! The stock tool, `frame-benchmarking-cli`, would bring more than a hundred crates that the node
//! does not have, the relay chain's and XCM's among them, and change features of what all else
//! builds on. This one calls the same runtime API on the same state backend and fits the results
//! with the same analysis, nearly all of which the node is built of already. It knows less: the size
//! of a proof is what was recorded, not an estimate of the largest; blocks here do not limit it.
//!
//! `wasm` runs the runtime, `measure` decides what is run how often, `render` writes Rust.

mod measure;
mod render;
mod wasm;

use clap::Parser;
use measure::Effort;
use std::{fs, path::PathBuf, process::ExitCode};
use wasm::Wasm;

/// Measures the calls of one pallet and writes its weights.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
	/// The runtime's wasm, built with the feature `runtime-benchmarks`.
	#[arg(long, value_name = "FILE")]
	runtime: PathBuf,

	/// The pallet, as `define_benchmarks!` names it.
	#[arg(long, value_name = "NAME")]
	pallet: String,

	/// How many values of each parameter are tried.
	#[arg(
		long,
		value_name = "N",
		default_value_t = 20,
		value_parser = clap::value_parser!(u32).range(2..)
	)]
	steps: u32,

	/// How often each of them is timed.
	#[arg(
		long,
		value_name = "N",
		default_value_t = 5,
		value_parser = clap::value_parser!(u32).range(1..)
	)]
	repeat: u32,

	/// What the head of the file says about how, when and where it was made.
	#[arg(long, value_name = "TEXT")]
	made_by: String,

	/// Where the weights go.
	#[arg(long, value_name = "FILE")]
	output: PathBuf,
}

fn run(options: &Options) -> Result<(), String> {
	let code = fs::read(&options.runtime)
		.map_err(|error| format!("{}: {error}", options.runtime.display()))?;
	let wasm = Wasm::new(code)?;
	let effort = Effort { steps: options.steps, repeat: options.repeat };
	let calls = measure::pallet(&wasm, &options.pallet, effort)?;
	let text = render::weights(&options.pallet, &options.made_by, &calls);
	fs::write(&options.output, text)
		.map_err(|error| format!("{}: {error}", options.output.display()))
}

fn main() -> ExitCode {
	// The runtime says why it panicked in its log.
	polkadot_sdk::sp_tracing::try_init_simple();
	match run(&Options::parse()) {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		},
	}
}
