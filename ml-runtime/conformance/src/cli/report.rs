//! What is printed.

use assay_conformance::{Fault, Outcome};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

/// Hexadecimal digits of a digest in a line for people.
const PREFIX: usize = 16;

/// Prints outcomes as they come, and counts faults.
pub(crate) struct Report {
	json: bool,
	faults: usize,
	operations: usize,
	/// Of each backend, in order: all digests, and the number of words.
	all: Vec<(String, blake3::Hasher, u64)>,
}

impl Report {
	pub(crate) fn new(json: bool) -> Self {
		Self { json, faults: 0, operations: 0, all: Vec::new() }
	}

	/// A progress bar on standard error; it is hidden where that is no terminal.
	pub(crate) fn bar(&self, name: &str, length: u64) -> ProgressBar {
		let bar = if self.json { ProgressBar::hidden() } else { ProgressBar::new(length) };
		bar.set_length(length);
		if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {pos}/{len} ETA {eta}") {
			bar.set_style(style);
		}
		bar.set_message(name.to_owned());
		bar
	}

	/// Prints what an operation came to.
	pub(crate) fn add(&mut self, operation: &str, result: Result<Vec<Outcome>, Fault>) {
		self.operations += 1;
		match result {
			Ok(outcomes) => {
				outcomes.iter().for_each(|outcome| self.line(operation, outcome));
				self.count(&outcomes);
			},
			Err(fault) => {
				self.faults += 1;
				if self.json {
					let fault = fault.to_string();
					println!("{}", json!({ "operation": operation, "fault": fault }));
				} else {
					println!("conformance.{operation} fault {fault}");
				}
			},
		}
	}

	/// Adds an operation to what is said in the end.
	fn count(&mut self, outcomes: &[Outcome]) {
		if self.all.is_empty() {
			let fresh = |outcome: &Outcome| (outcome.backend.clone(), blake3::Hasher::new(), 0);
			self.all = outcomes.iter().map(fresh).collect();
		}
		for ((_, hasher, words), outcome) in self.all.iter_mut().zip(outcomes) {
			hasher.update(outcome.digest.as_bytes());
			*words += outcome.words;
		}
	}

	fn line(&self, operation: &str, outcome: &Outcome) {
		let Outcome { backend, digest, words, cases: _ } = outcome;
		let digest = digest.to_hex();
		if self.json {
			let digest = digest.as_str();
			let object = json!({
				"operation": operation,
				"backend": backend,
				"digest": digest,
				"words": words,
			});
			println!("{object}");
		} else {
			println!("conformance.{operation}.{backend} {} {words}", &digest[..PREFIX]);
		}
	}

	/// Prints the last line; whether there was no fault.
	pub(crate) fn finish(self) -> bool {
		if self.faults == 0 && self.operations > 1 {
			for (backend, hasher, words) in self.all.clone() {
				let outcome = Outcome { backend, digest: hasher.finalize(), words, cases: 0 };
				self.line("all", &outcome);
			}
		}
		let Self { json, faults, operations, .. } = self;
		if json {
			println!("{}", json!({ "operations": operations, "faults": faults }));
		} else {
			eprintln!("{operations} operations, {faults} with a fault");
		}
		faults == 0
	}
}
