//! Options, and which runs they ask for.

mod report;

use std::{num::NonZeroUsize, process::ExitCode};

use assay_backend_cpu::KernelError;
use assay_conformance::{
	catalogue::{self, operations, UNARY},
	chains::{self, CHAIN},
	exhaustive, Backend, Operation, Size, Suite,
};
use clap::Parser;

use report::Report;

const ABOUT: &str = "\
Runs the same random cases of every operation on every backend of this machine and compares all words.

Backends are `reference` (the op spec in integers, slow and right by definition) and the CPU kernels at each \
level of instructions that the processor has: `soft`, `neon`, `dotprod`, `avx2`, `avx512`, `vnni`. For each \
operation and backend there is one line

  conformance.OPERATION.BACKEND DIGEST WORDS

with the beginning of a BLAKE3 digest over all results and the number of words in them. The digests of an \
operation are equal, or the first word that differs is shown. With the same options they are also equal on \
every other machine. After the operations comes `chain`: several of them computed as one. The last lines, \
`conformance.all.BACKEND`, have the digest of all digests, and the number of all words.";

const EXAMPLES: &str = "\
Examples:
  assay-conformance                                all operations, some seconds
  assay-conformance --long                         at least a million words of each, and large shapes
  assay-conformance --only matmul --seed 7         one operation with other cases
  assay-conformance --exhaustive tanh,erf          all 2^32 inputs of two functions; the reference takes long
  assay-conformance --exhaustive exp --backends soft,avx2
                                                   without the reference
  assay-conformance --exhaustive --one-in 16       one of each 16 neighbours, for all functions

Exit codes: 0 all equal, 1 a difference, 2 wrong usage, 4 a fault of this machine.";

/// Exit code for a difference.
const DIFFERENT: u8 = 1;
/// Exit code for a fault of this machine.
const MACHINE: u8 = 4;

/// Words of each operation's results without an option, and in the long form.
const WORDS: u64 = 100_000;
const LONG: u64 = 1_000_000;

/// Small cases of each operation, and chains, without an option and in the long form.
const SMALL: u64 = 40;
const LONG_SMALL: u64 = 400;

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "assay-conformance", version, about, long_about = ABOUT, after_long_help = EXAMPLES)]
struct Cli {
	/// Words of results to compare for each operation, at least [default: 100000, with --long 1000000].
	#[arg(long, alias = "cases", value_name = "N", conflicts_with = "exhaustive")]
	words: Option<u64>,
	/// A million words of each operation, in 400 small cases and others of thousands of rows, columns and terms.
	#[arg(long, conflicts_with = "exhaustive")]
	long: bool,
	/// Only these operations, separated by commas.
	#[arg(long, value_name = "OPERATION", value_delimiter = ',', value_parser = chosen)]
	only: Vec<Chosen>,
	/// Only these backends, separated by commas; the first one is what the others are compared with.
	/// `cuda-emulator`, the GPU kernels executed by an emulator, takes part only if it is named.
	#[arg(long, value_name = "BACKEND", value_delimiter = ',')]
	backends: Vec<String>,
	/// Where the random cases come from.
	#[arg(long, value_name = "S", default_value_t = 1)]
	seed: u64,
	/// All 2^32 inputs of these functions of one operand, separated by commas; without a name, of all.
	#[arg(long, value_name = "FUNCTION", value_delimiter = ',', num_args = 0.., conflicts_with = "only")]
	#[arg(value_parser = function)]
	exhaustive: Option<Vec<&'static str>>,
	/// With --exhaustive: one input of each N neighbours, N a power of two.
	#[arg(long, value_name = "N", default_value_t = 1, value_parser = one_in, requires = "exhaustive")]
	one_in: u64,
	/// Threads to compute with; all processors without. Changes nothing about results.
	#[arg(long, value_name = "N")]
	threads: Option<NonZeroUsize>,
	/// Print one JSON object per line.
	#[arg(long)]
	json: bool,
}

fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
	names.collect::<Vec<_>>().join(", ")
}

/// What is compared.
#[derive(Clone, Copy, Debug)]
enum Chosen {
	Operation(Operation),
	/// Several as one.
	Chain,
}

fn all() -> Vec<Chosen> {
	operations().into_iter().map(Chosen::Operation).chain([Chosen::Chain]).collect()
}

fn chosen(name: &str) -> Result<Chosen, String> {
	if name == CHAIN {
		return Ok(Chosen::Chain);
	}
	let known = || operations().into_iter().map(|operation| operation.name).chain([CHAIN]);
	let found = catalogue::operation(name).map(Chosen::Operation);
	found.ok_or_else(|| format!("there are {}", names(known())))
}

fn function(name: &str) -> Result<&'static str, String> {
	let known = || format!("there are {}", names(UNARY.iter().map(|(name, _)| *name)));
	UNARY.iter().find(|(known, _)| *known == name).map(|(name, _)| *name).ok_or_else(known)
}

fn one_in(text: &str) -> Result<u64, String> {
	let number: u64 = text.parse().map_err(|error| format!("{error}"))?;
	let fits = number.is_power_of_two() && number <= exhaustive::ALL / exhaustive::CHUNK;
	fits.then_some(number).ok_or_else(|| "a power of two of at most 4096 is needed".into())
}

/// Why nothing was run.
enum Refusal {
	Usage(String),
	Machine(String),
}

impl Cli {
	/// The backends that are asked for, in that order.
	fn backends(&self) -> Result<Vec<Backend>, Refusal> {
		let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
		let threads = self.threads.map_or_else(all, NonZeroUsize::get);
		let refused = |error: KernelError| Refusal::Machine(error.to_string());
		let mut here = Backend::of_this_machine(threads).map_err(refused)?;
		if self.backends.is_empty() {
			return Ok(here);
		}
		here.extend(Backend::on_request().map_err(refused)?);
		let mut chosen = Vec::new();
		for name in &self.backends {
			let Some(at) = here.iter().position(|backend| backend.name == *name) else {
				let known = names(here.iter().map(|backend| backend.name.as_str()));
				return Err(Refusal::Usage(format!(
					"there is no backend `{name}` left of {known}"
				)));
			};
			chosen.push(here.remove(at));
		}
		Ok(chosen)
	}

	fn run(&self, backends: &[Backend]) -> bool {
		let mut report = Report::new(self.json);
		if let Some(functions) = &self.exhaustive {
			let asked = |name: &str| functions.is_empty() || functions.contains(&name);
			let inputs = exhaustive::Inputs { one_in: self.one_in };
			for (name, function) in UNARY.into_iter().filter(|(name, _)| asked(name)) {
				let bar = report.bar(name, inputs.chunks());
				let result = exhaustive::run(function, backends, inputs, || bar.inc(1));
				bar.finish_and_clear();
				report.add(name, result);
			}
			return report.finish();
		}
		let words = self.words.unwrap_or(if self.long { LONG } else { WORDS });
		let (size, cases) =
			if self.long { (Size::Large, LONG_SMALL) } else { (Size::Medium, SMALL) };
		// Of few words there are few cases.
		let cases = cases.min(words);
		let suite = Suite { seed: self.seed, cases, words, size };
		let chosen = if self.only.is_empty() { all() } else { self.only.clone() };
		let bar = report.bar("operations", chosen.len() as u64);
		for chosen in chosen {
			let (name, result) = match chosen {
				Chosen::Operation(operation) => (operation.name, suite.run(&operation, backends)),
				Chosen::Chain => (CHAIN, chains::run(self.seed, cases, size, backends)),
			};
			bar.suspend(|| report.add(name, result));
			bar.inc(1);
		}
		bar.finish_and_clear();
		report.finish()
	}
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
	let cli = Cli::parse();
	match cli.backends() {
		Ok(backends) if cli.run(&backends) => ExitCode::SUCCESS,
		Ok(_) => ExitCode::from(DIFFERENT),
		Err(Refusal::Usage(message)) => {
			eprintln!("error: {message}");
			ExitCode::from(2)
		},
		Err(Refusal::Machine(message)) => {
			eprintln!("error: {message}");
			ExitCode::from(MACHINE)
		},
	}
}
