//! Plays random and hostile calls against the runtime: see `scripts/fuzz-runtime.sh`.

use assay_runtime_fuzzer::{
	run::{run, Plan},
	world::World,
};
use clap::Parser;
use std::{num::NonZeroU64, process::ExitCode};

/// Calls between two lines about how far the run is.
const PROGRESS: u64 = 20_000;

/// Plays random and hostile calls against the runtime and checks its invariants after each of them. Ends
/// with a table of calls and a line that starts with `FUZZ`; fails if there is a fault.
#[derive(Clone, Debug, Parser)]
#[command(name = "fuzz-runtime.sh", version)]
struct Command {
	/// Calls to play.
	#[arg(long)]
	calls: NonZeroU64,
	/// What the calls are made from. The same seed gives the same calls, whatever the threads.
	#[arg(long, default_value_t = 1)]
	seed: u64,
	/// Threads.
	#[arg(long, default_value_t = 1)]
	threads: usize,
	/// No life of the chain begins after so many minutes; 0 for no limit.
	#[arg(long, default_value_t = 0)]
	minutes: u64,
}

fn main() -> ExitCode {
	let Command { calls, seed, threads, minutes } = Command::parse();
	let plan =
		Plan { calls: calls.get(), seed, threads, minutes, progress: PROGRESS, begin: World::new };
	println!("seed={} threads={}", plan.seed, plan.threads);
	let report = run(plan);
	println!("{}", report.render());
	if report.findings.is_empty() {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	}
}
