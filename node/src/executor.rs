//! The executor: which worker this node has, and how it finds blobs.

use crate::blobs::{Fetcher, Watcher};
use assay_blobs::BlobKey;
use assay_executor_host::{BlobResolver, CancelToken, Host, HostConfig, BLOBS_VARIABLE};
use clap::Args;
use std::{
	env,
	path::{Path, PathBuf},
	sync::Arc,
};

/// Name of the worker's executable.
const WORKER: &str = "assay-worker";

/// Tells the driver of a GPU where its cache is.
const CACHE_VARIABLE: &str = "CUDA_CACHE_PATH";

/// Variables of the node's environment that workers see. They hold no keys, and get no others.
const PASSED_ON: &[&str] = &[
	CACHE_VARIABLE,
	// Numbers of devices mean what they mean to the node's operator.
	"CUDA_DEVICE_ORDER",
	// Where a server that shares devices among processes listens.
	"CUDA_MPS_PIPE_DIRECTORY",
	"CUDA_VISIBLE_DEVICES",
	"LD_LIBRARY_PATH",
	"PATH",
	"RAYON_NUM_THREADS",
	"RUST_BACKTRACE",
	"RUST_LOG",
];

/// Options about the worker.
#[derive(Args, Clone, Debug)]
pub(crate) struct WorkerOptions {
	/// The worker: the program that trains, checks and plays disputes for this node's solver and
	/// challenger keys. Without this option: `assay-worker` beside this binary, if it is there.
	#[arg(long, value_name = "PATH")]
	worker: Option<PathBuf>,

	/// Argument of the worker; repeat it for more. `--worker-arg=serve --worker-arg=--gpu` has it compute on an NVIDIA GPU,
	/// whose driver keeps what it makes of the kernels in the executor's folder, or where CUDA_CACHE_PATH says.
	#[arg(
		long = "worker-arg",
		value_name = "ARG",
		default_value = "serve",
		allow_hyphen_values = true
	)]
	worker_args: Vec<String>,

	/// Jobs that the worker may do at the same time, beside moves of disputes.
	#[arg(
		long,
		value_name = "N",
		default_value_t = 1,
		value_parser = clap::value_parser!(u16).range(1..=64)
	)]
	worker_jobs: u16,

	/// Run no worker.
	#[arg(long, conflicts_with_all = ["worker", "worker_args", "worker_jobs"])]
	no_worker: bool,
}

impl WorkerOptions {
	/// The worker to run, or why there is none to run.
	fn program(&self) -> Result<PathBuf, String> {
		if self.no_worker {
			return Err("--no-worker".into());
		}
		if let Some(worker) = &self.worker {
			return Ok(worker.clone());
		}
		let this = env::current_exe().map_err(|error| error.to_string())?;
		let worker = this.with_file_name(WORKER);
		match worker.is_file() {
			true => Ok(worker),
			false => Err(format!("{} does not exist; see --worker", worker.display())),
		}
	}

	fn config(&self, worker: PathBuf, base: &Path, fetcher: &Fetcher) -> HostConfig {
		let passed = |name: &&str| env::var(name).ok().map(|value| (name.to_string(), value));
		// Where a GPU's driver keeps what it makes of the kernels: else each worker would wait for that again.
		let cache = base.join("cuda").to_str().map(|path| (CACHE_VARIABLE.to_owned(), path.into()));
		let cache = cache.filter(|_| env::var_os(CACHE_VARIABLE).is_none());
		let folder = fetcher.store().folder();
		let blobs = folder.to_str().map(|path| (BLOBS_VARIABLE.to_owned(), path.into()));
		HostConfig {
			env: PASSED_ON.iter().filter_map(passed).chain(cache).chain(blobs).collect(),
			general_slots: self.worker_jobs.into(),
			..HostConfig::new(worker, base)
				.with_args(self.worker_args.clone())
				.with_resolver(fetcher.gives_up_after())
		}
	}

	/// Starts the executor, keeping its files under `base`. Without one the node still does everything
	/// else, so a worker that cannot be used costs a warning.
	pub(crate) fn start(&self, base: &Path, fetcher: Arc<Fetcher>) -> Option<Host> {
		let worker = match self.program() {
			Ok(worker) => worker,
			Err(why) => {
				log::info!("🧮 No executor: {why}");
				return None;
			},
		};
		let config = self.config(worker, base, &fetcher);
		let started = Host::probe(&config).and_then(|hello| {
			let store = fetcher.store().clone();
			Ok((hello, Host::start(config.clone(), store, NetworkResolver(fetcher))?))
		});
		match started {
			Ok((hello, host)) => {
				let (path, jobs) = (config.worker.display(), self.worker_jobs);
				log::info!("🧮 Executor: {} ({path}), {jobs} jobs at once", hello.build);
				Some(host)
			},
			Err(error) => {
				log::warn!(
					"🧮 No executor: {error}. Tasks and disputes wait until this is repaired."
				);
				None
			},
		}
	}
}

/// Finds blobs in the store, else among the peers.
struct NetworkResolver(Arc<Fetcher>);

impl BlobResolver for NetworkResolver {
	fn resolve(&self, key: &BlobKey, cancel: &CancelToken) -> Option<PathBuf> {
		self.0
			.fetch(key, &Cancel(cancel))
			.inspect_err(|error| log::warn!("the worker has to do without a blob: {error}"))
			.ok()
	}
}

struct Cancel<'a>(&'a CancelToken);

impl Watcher for Cancel<'_> {
	fn is_gone(&self) -> bool {
		self.0.is_cancelled()
	}
}
