//! A host over a fake worker, in a folder of its own.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
	path::PathBuf,
	sync::Arc,
	thread,
	time::{Duration, Instant},
};

use assay_blobs::{BlobStore, Limits};
use assay_executor_host::{Host, HostConfig, StoreResolver};
use assay_host_functions::{
	Checked, ClaimRef, Executor, Fault, Job, JobResult, JobStatus, Side, TaskContext, Work,
};
use codec::Encode;
use tempfile::TempDir;

pub(crate) struct Bench {
	pub(crate) folder: TempDir,
	pub(crate) config: HostConfig,
	pub(crate) store: Arc<BlobStore>,
}

impl Bench {
	/// With a worker that behaves so, and impatient limits.
	pub(crate) fn new(mode: &str) -> Self {
		let folder = TempDir::new().unwrap();
		let worker = PathBuf::from(env!("CARGO_BIN_EXE_assay-fake-worker"));
		let mut config = HostConfig::new(worker, folder.path().join("host"));
		config.args = vec![mode.into()];
		config.ping_every = Duration::from_millis(200);
		config.silence_limit = Duration::from_millis(1500);
		config.hello_timeout = Duration::from_millis(1500);
		config.exit_grace = Duration::from_millis(500);
		config.max_tries = 3;
		config.first_pause = Duration::from_millis(5);
		config.retry_after = Duration::ZERO;
		// However full this machine is.
		config.reserve = Some(0);
		let store = BlobStore::open(folder.path().join("store"), Limits::default()).unwrap();
		Self { folder, config, store: Arc::new(store) }
	}

	pub(crate) fn start(&self) -> Host {
		let resolver = StoreResolver(self.store.clone());
		Host::start(self.config.clone(), self.store.clone(), resolver).unwrap()
	}

	/// The end of one job on a new host.
	pub(crate) fn run(&self, job: &Job) -> JobStatus {
		let host = self.start();
		end_of(&host, submit(&host, job))
	}
}

pub(crate) fn submit(host: &Host, job: &Job) -> u64 {
	host.submit(&job.encode()).unwrap()
}

/// Waits until the job has ended.
pub(crate) fn end_of(host: &Host, id: u64) -> JobStatus {
	wait_for(|| {
		Some(host.status(id)).filter(|status| status.is_final() || *status == JobStatus::Unknown)
	})
}

pub(crate) fn wait_for<T>(mut look: impl FnMut() -> Option<T>) -> T {
	let start = Instant::now();
	loop {
		if let Some(found) = look() {
			return found;
		}
		assert!(start.elapsed() < Duration::from_secs(60), "nothing happened");
		thread::sleep(Duration::from_millis(5));
	}
}

pub(crate) fn wait_until_running(host: &Host, id: u64) {
	wait_for(|| match host.status(id) {
		JobStatus::Running(progress) => (progress.step > 0).then_some(()),
		_ => None,
	});
}

fn job(task: u32, work: Work) -> Job {
	let context = TaskContext {
		genesis: [1; 32],
		task,
		attempt: 0,
		program: vec![0; 200_000].try_into().unwrap(),
		seed: [2; 32],
		first_step: 0,
		steps: 10,
		stride: 5,
		records: 100,
		record_size: 65,
		data_root: [3; 32],
		init_root: [4; 32],
		init_slots: [5; 32],
	};
	Job { context, work }
}

pub(crate) fn train(task: u32) -> Job {
	job(task, Work::Train)
}

pub(crate) fn check(task: u32) -> Job {
	let claim =
		ClaimRef { claim_root: [6; 32], states: 3, final_state: [7; 32], artifact_root: [8; 32] };
	job(task, Work::Check(claim))
}

pub(crate) fn play(task: u32) -> Job {
	let (game, public) = (vec![1, 2, 3], vec![]);
	let (game, public) = (game.try_into().unwrap(), public.try_into().unwrap());
	job(task, Work::Play { game, side: Side::Challenger, public })
}

pub(crate) fn prepare(task: u32) -> Job {
	job(task, Work::Prepare)
}

pub(crate) fn hand_in(task: u32) -> Job {
	job(task, Work::HandIn)
}

pub(crate) fn checked(checked: Checked) -> JobStatus {
	JobStatus::Done(JobResult::Checked(checked))
}

/// What the machine's fault says.
pub(crate) fn machine_fault(status: &JobStatus) -> String {
	match status {
		JobStatus::Failed(Fault::Machine(why)) => why.to_string(),
		other => panic!("{other:?}"),
	}
}

/// Processes that run the worker with this argument in a folder below this one.
pub(crate) fn workers_in(bench: &Bench) -> usize {
	let processes = std::fs::read_dir("/proc").unwrap().flatten();
	let folder = bench.folder.path().canonicalize().unwrap();
	let inside = |path: PathBuf| {
		std::fs::read_link(path.join("cwd")).is_ok_and(|folder_of| folder_of.starts_with(&folder))
	};
	processes.filter(|process| inside(process.path())).count()
}
