//! Contestants that run in turn, and the lines that benches print. All benches of the workspace
//! include this file.

use std::time::Instant;

/// How thoroughly a bench measures.
pub(crate) struct Bench {
	/// A smoke run: few and small measurements, whose figures say little.
	pub(crate) quick: bool,
}

impl Bench {
	/// Reads the arguments: `--quick` is a smoke run, and so is a run without the `--bench` that `cargo
	/// bench` gives. A test runner that asks for a list of tests gets an empty one.
	pub(crate) fn from_args() -> Self {
		let has = |wanted: &str| std::env::args().any(|argument| argument == wanted);
		if has("--list") {
			std::process::exit(0);
		}
		Self { quick: has("--quick") || !has("--bench") }
	}

	/// Median seconds that a call of each contestant takes. In each round every one has a turn of some
	/// calls, so that what else the machine does falls upon all of them.
	pub(crate) fn medians(&self, rounds: usize, contestants: &mut [&mut dyn FnMut()]) -> Vec<f64> {
		let (rounds, turn) = if self.quick { (1, 0.0) } else { (rounds, 0.05) };
		let mut calls = Vec::new();
		for run in contestants.iter_mut() {
			seconds(run, 1); // warms up
			calls.push((turn / seconds(run, 1)) as u32 + 1);
		}
		let mut times = vec![Vec::new(); contestants.len()];
		for _ in 0..rounds {
			for ((run, calls), times) in contestants.iter_mut().zip(&calls).zip(&mut times) {
				times.push(seconds(run, *calls));
			}
		}
		times.into_iter().map(median).collect()
	}
}

fn seconds(run: &mut impl FnMut(), calls: u32) -> f64 {
	let start = Instant::now();
	for _ in 0..calls {
		run();
	}
	start.elapsed().as_secs_f64() / f64::from(calls)
}

fn median(mut times: Vec<f64>) -> f64 {
	times.sort_by(f64::total_cmp);
	times[times.len() / 2]
}

/// Prints a figure: `name value unit`.
pub(crate) fn figure(name: &str, value: f64, unit: &str) {
	let digits = match value.abs() {
		large if large >= 100.0 => 1,
		middling if middling >= 0.1 => 2,
		_ => 4,
	};
	println!("{name} {value:.digits$} {unit}");
}

/// Prints `name/peer value x`: how many times as fast as the peer ours is, from the seconds of both.
pub(crate) fn ratio(name: &str, peer: &str, ours: f64, theirs: f64) {
	figure(&format!("{name}/{peer}"), theirs / ours, "x");
}
