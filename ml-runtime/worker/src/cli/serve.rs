//! `serve`: one job for a node, over standard input and output.

use std::{
	env,
	io::{stdin, stdout},
	path::PathBuf,
	thread,
};

use assay_backend_cuda::DeviceError;
use assay_executor::Kernels;
use assay_worker::{Gap, Honest, Means, Sandbox};
use assay_worker_protocol::BLOBS_VARIABLE;

use super::{fault::Fault, memory, Anchors, Common, Machine};

/// Do one job for a node, which speaks over standard input and output. Nodes start it themselves, in
/// the folder of the task: the only one that is written to.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
	/// Whether to give up network, other programs and other files before the job is read. Files can be
	/// read only in the folder that the variable ASSAY_BLOBS names, and in the task's.
	#[arg(long, value_enum, default_value_t, value_name = "MODE")]
	sandbox: Wanted,
	#[command(flatten)]
	machine: Machine,
	#[command(flatten)]
	anchors: Anchors,
}

#[derive(Clone, Copy, Debug, Default, clap::ValueEnum)]
enum Wanted {
	/// All of it, else do no work
	Required,
	/// As much as this machine and the host allow, with a warning about the rest
	#[default]
	Auto,
	/// Nothing
	Off,
}

impl Wanted {
	/// Enters; if the driver of a GPU has been opened, that is a gap.
	fn enter(self, with_gpu: bool) -> Result<(), Fault> {
		let folder = PathBuf::from(".");
		let blobs = env::var_os(BLOBS_VARIABLE).map(PathBuf::from);
		let gaps = match self {
			Self::Required | Self::Auto => {
				let (devices, reads) = match with_gpu {
					true => (Sandbox::gpu_devices(), Sandbox::gpu_reads()),
					false => (Vec::new(), Vec::new()),
				};
				let gaps = Sandbox { folder, blobs, devices, reads }.enter();
				gaps.into_iter().chain(with_gpu.then_some(Gap::Driver)).collect()
			},
			Self::Off => Vec::new(),
		};
		for gap in gaps {
			match self {
				Self::Required => return Err(Fault::Machine { message: gap.to_string() }),
				Self::Auto | Self::Off => log::warn!("{gap}"),
			}
		}
		Ok(())
	}
}

pub(crate) fn run(args: &Args, common: &Common) -> Result<(), Fault> {
	assay_worker::log_to_stderr();
	// How many processors there are is read from files, and threads that run already stay outside.
	let threads = common.threads.or_else(|| thread::available_parallelism().ok());
	let common = Common { threads, ..*common };
	let memory = memory::total();
	// A driver opens files that the sandbox denies.
	let (device, opened) = match args.machine.device() {
		Ok(device) => (device, args.machine.gpu.is_some()),
		Err(error) => {
			log::warn!("{error}; the processor does the job");
			(None, error != DeviceError::NoDriver)
		},
	};
	// Some of them only when the device computes.
	let device = device.filter(|device| match device.warm_up() {
		Ok(()) => true,
		Err(error) => {
			log::warn!("{error}; the processor does the job");
			false
		},
	});
	args.sandbox.enter(opened)?;
	let cpu = common.kernels()?;
	let (spare, kernels): (_, Box<dyn Kernels>) = match device {
		Some(device) => (Some(cpu), Box::new(device)),
		None => (None, Box::new(cpu)),
	};
	let means = Means { anchor_bytes: args.anchors.bytes(), memory, spare };
	let served = assay_worker::serve_with(means, kernels, Honest, stdin().lock(), stdout());
	served.map_err(|error| Fault::Machine { message: error.to_string() })
}
