//! `assay-runtime-fuzzer --calls N [--seed S] [--threads T] [--minutes M]`: see `scripts/fuzz-runtime.sh`.

use assay_runtime_fuzzer::{
	run::{run, Plan},
	world::World,
};
use std::process::ExitCode;

const USAGE: &str = "usage: assay-runtime-fuzzer --calls N [--seed S] [--threads T] [--minutes M]";

/// Calls between two lines about how far the run is.
const PROGRESS: u64 = 20_000;

fn plan(arguments: impl Iterator<Item = String>) -> Result<Plan, String> {
	let mut plan =
		Plan { calls: 0, seed: 1, threads: 1, progress: PROGRESS, minutes: 0, begin: World::new };
	let mut arguments = arguments;
	while let Some(name) = arguments.next() {
		let value = arguments.next().ok_or_else(|| format!("{name} lacks a value"))?;
		let number: u64 = value.parse().map_err(|_| format!("{name} {value}: not a number"))?;
		match name.as_str() {
			"--calls" => plan.calls = number,
			"--seed" => plan.seed = number,
			"--minutes" => plan.minutes = number,
			"--threads" => plan.threads = number as usize,
			_ => return Err(format!("unknown argument {name}")),
		}
	}
	if plan.calls == 0 {
		return Err("--calls must be at least 1".into());
	}
	Ok(plan)
}

fn main() -> ExitCode {
	let plan = match plan(std::env::args().skip(1)) {
		Ok(plan) => plan,
		Err(fault) => {
			eprintln!("error: {fault}\n{USAGE}");
			return ExitCode::from(2);
		},
	};
	println!("seed={} threads={}", plan.seed, plan.threads);
	let report = run(plan);
	println!("{}", report.render());
	if report.findings.is_empty() {
		ExitCode::SUCCESS
	} else {
		ExitCode::FAILURE
	}
}
