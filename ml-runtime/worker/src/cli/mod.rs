//! Commands, and what they have in common.

mod blobs;
mod compile;
mod curve;
mod eval;
mod export;
mod fault;
mod hex;
mod idx;
mod idx2bin;
mod inspect;
mod manifest;
mod measure;
mod memory;
mod output;
mod program;
mod records;
mod serve;
mod task;
mod terms;
mod train;

use std::{
	io::{stdout, ErrorKind, Write},
	num::NonZeroUsize,
	process::ExitCode,
};

use assay_backend_cuda::{CudaKernels, DeviceError, Gpu};
use assay_executor::Kernels;
use assay_worker::CpuKernels;
use clap::{Parser, Subcommand};

use fault::Fault;

const SHORT: &str = "Makes tasks, trains and evaluates models, and computes for a node";

const ABOUT: &str = "\
Assay pays strangers to train models and checks them bit for bit.

This program makes a task out of a manifest and a data set, does the same training on this machine, \
evaluates and converts what comes back from the chain, and computes for a node (`serve`).";

const EXAMPLES: &str = "\
Examples, from a data set to a checked model:
  assay-worker manifest --example lenet-mnist > lenet-mnist.toml
  assay-worker idx2bin --images train-images-idx3-ubyte --labels train-labels-idx1-ubyte --out mnist.bin
  assay-worker compile lenet-mnist.toml --data mnist.bin --out task/
  assay-worker train lenet-mnist.toml --data mnist.bin --out run/
  assay-worker export lenet-mnist.toml --slots 04-ARTEFACT --blobs blobs/ --out model.safetensors
  assay-worker eval lenet-mnist.toml --model model.safetensors --data test.bin

Exit codes: 0 done, 2 wrong usage, 3 refused input, 4 a fault of this machine, 5 a check that found a \
difference.";

/// The command line.
#[derive(Debug, Parser)]
#[command(name = "assay-worker", version, about = SHORT, long_about = ABOUT, after_long_help = EXAMPLES)]
struct Cli {
	/// Print one JSON document on standard output, also for errors, and nothing else.
	#[arg(long, global = true)]
	json: bool,
	/// Threads to compute with; all processors without. Changes nothing about results.
	#[arg(long, global = true, value_name = "N", value_parser = threads)]
	threads: Option<NonZeroUsize>,
	#[command(subcommand)]
	command: Command,
}

/// Most threads to compute with; far more than processors only wait for each other.
const MOST_THREADS: usize = 1024;

/// A number of threads.
fn threads(text: &str) -> Result<NonZeroUsize, String> {
	let count = text.parse().ok().filter(|count: &NonZeroUsize| count.get() <= MOST_THREADS);
	count.ok_or_else(|| format!("a number of threads is 1 to {MOST_THREADS}"))
}

#[derive(Debug, Subcommand)]
enum Command {
	Manifest(manifest::Args),
	Compile(compile::Args),
	Train(train::Args),
	Eval(eval::Args),
	Export(export::Args),
	Inspect(inspect::Args),
	Idx2bin(idx2bin::Args),
	Serve(serve::Args),
}

/// What a command has to say: the same for machines and for people.
struct Report {
	json: serde_json::Value,
	text: String,
}

/// What holds for every command.
#[derive(Clone, Copy, Debug)]
struct Common {
	json: bool,
	threads: Option<NonZeroUsize>,
}

impl Common {
	/// Kernels on as many threads as were asked for.
	fn kernels(&self) -> Result<CpuKernels, Fault> {
		let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
		let threads = self.threads.map_or_else(all, NonZeroUsize::get);
		CpuKernels::new(threads).map_err(|error| Fault::Machine { message: error.to_string() })
	}
}

// What computes. No doc comment: it would become the command's.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Machine {
	/// Compute on an NVIDIA GPU, the first one or that with this number. The result is the same; `assay-gpu-check` says
	/// whether it is on your device.
	#[arg(long, value_name = "N", num_args = 0..=1, default_missing_value = "0")]
	gpu: Option<usize>,
	/// Which kernels the GPU runs. The result is the same.
	#[arg(long, value_enum, default_value_t, value_name = "WHICH", requires = "gpu")]
	gpu_kernels: GpuKernels,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum GpuKernels {
	/// Those for all devices
	#[default]
	Common,
	/// Those of the device's generation, where a trial at the start finds them right and not slower: quantised
	/// products on Hopper. No device has run them yet; `assay-gpu-check` says what yours makes of them
	Own,
}

impl Machine {
	/// The kernels of a GPU if one was asked for, else those of the CPU.
	fn kernels(self, common: &Common) -> Result<Box<dyn Kernels>, Fault> {
		match self.device() {
			Ok(Some(kernels)) => Ok(Box::new(kernels)),
			Ok(None) => Ok(Box::new(common.kernels()?)),
			Err(error) => Err(Fault::Device { message: error.to_string() }),
		}
	}

	/// The kernels of a GPU, if one was asked for.
	fn device(self) -> Result<Option<CudaKernels<Gpu>>, DeviceError> {
		let Some(index) = self.gpu else { return Ok(None) };
		// All kernels are loaded at once: in a sandbox the driver could not look for its files later.
		if std::env::var_os("CUDA_MODULE_LOADING").is_none() {
			std::env::set_var("CUDA_MODULE_LOADING", "EAGER");
		}
		let gpu = match self.gpu_kernels {
			GpuKernels::Common => Gpu::new(index)?,
			GpuKernels::Own => Gpu::with_own_kernels(index)?.0,
		};
		CudaKernels::on(gpu).map(Some)
	}
}

// How much a training keeps for disputes about it. No doc comment: it would become the command's.
#[derive(Clone, Copy, Debug, clap::Args)]
struct Anchors {
	/// GiB that the checkpoints of a training may take which stay for disputes about it. Without this
	/// option 32, or half of what the disk has free when it starts, if that is less. Checkpoints more than
	/// four minutes of steps apart are kept beyond it, as long as the disk has room.
	#[arg(long, value_name = "GIB")]
	anchor_gib: Option<u32>,
}

impl Anchors {
	fn bytes(self) -> Option<u64> {
		self.anchor_gib.map(|gib| u64::from(gib) << 30)
	}
}

/// Runs the command line of this process.
pub(crate) fn main() -> ExitCode {
	let Cli { json, threads, command } = match Cli::try_parse() {
		Ok(cli) => cli,
		Err(error) => return misused(&error),
	};
	let common = Common { json, threads };
	let report = match command {
		Command::Manifest(args) => manifest::run(&args),
		Command::Compile(args) => compile::run(&args, &common),
		Command::Train(args) => train::run(&args, &common),
		Command::Eval(args) => eval::run(&args, &common),
		Command::Export(args) => export::run(&args),
		Command::Inspect(args) => inspect::run(&args),
		Command::Idx2bin(args) => idx2bin::run(&args),
		// Its standard output belongs to the host.
		Command::Serve(args) => {
			return serve::run(&args, &common)
				.map_or_else(|fault| complain(fault, false), |()| ExitCode::SUCCESS);
		},
	};
	match report {
		Ok(report) if json => say(&format!("{:#}", report.json)),
		Ok(report) => say(&report.text),
		Err(fault) => complain(fault, json),
	}
}

/// Prints what clap has to say: help, or why the command line is none. What came before `--json` may be wrong, so that
/// it is looked for by itself.
fn misused(error: &clap::Error) -> ExitCode {
	let code = u8::try_from(error.exit_code()).unwrap_or(u8::MAX);
	if !error.use_stderr() || !std::env::args_os().any(|argument| argument == "--json") {
		// Nobody is left to tell if this fails.
		let _ = error.print();
		return ExitCode::from(code);
	}
	let text = error.to_string();
	let (message, help) = text.split_once("\n\n").unwrap_or((&text, ""));
	let message = message.strip_prefix("error: ").unwrap_or(message);
	say(&format!(
		"{:#}",
		serde_json::json!({ "error": {
			"code": "assay::usage",
			"message": message.trim(),
			"help": help.trim(),
			"exitCode": code,
		} })
	));
	ExitCode::from(code)
}

/// Prints a result. Whoever does not read it to its end has what it wants.
fn say(text: &str) -> ExitCode {
	let mut out = stdout().lock();
	match writeln!(out, "{text}").and_then(|()| out.flush()) {
		Err(error) if error.kind() != ErrorKind::BrokenPipe => {
			eprintln!("the result could not be printed: {error}");
			ExitCode::from(Fault::Machine { message: String::new() }.exit_code())
		},
		_ => ExitCode::SUCCESS,
	}
}

/// Says what went wrong: to people on standard error, to machines on standard output.
fn complain(fault: Fault, json: bool) -> ExitCode {
	let code = fault.exit_code();
	if json {
		say(&format!("{:#}", fault.to_json()));
	} else {
		eprintln!("{:?}", miette::Report::new(fault));
	}
	ExitCode::from(code)
}
