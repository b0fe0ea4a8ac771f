//! A worker on a thread, and a host that gives it what is in a store.
#![allow(dead_code, reason = "each test file uses a part")]

use std::{
	io::{pipe, PipeReader, PipeWriter},
	path::Path,
	thread::{self, JoinHandle},
};

use assay_backend_cpu::Kernels;
use assay_blobs::{BlobStore, Limits};
use assay_worker::{serve_with, Behaviour, CpuKernels, Honest, Means};
use assay_worker_protocol::{
	read_message, write_message, Checked, ClaimRef, FrameError, HostMessage, Job, JobResult,
	PathText, Progress, TaskContext, Trained, Work, WorkerMessage,
};
use tempfile::TempDir;

/// Kernels with one thread.
pub(crate) fn cpu() -> CpuKernels {
	CpuKernels::new(1).unwrap()
}

/// A worker, and the store and folder of its host.
pub(crate) struct Bench {
	input: Option<PipeWriter>,
	output: PipeReader,
	thread: JoinHandle<Result<(), FrameError>>,
	/// Whether the host never gives a blob up.
	pub(crate) looks_on: bool,
}

impl Bench {
	pub(crate) fn start<K: Kernels + 'static>(kernels: K, behaviour: impl Behaviour) -> Self {
		Self::start_with(Means::default(), kernels, behaviour)
	}

	pub(crate) fn start_with<K: Kernels + 'static>(
		means: Means,
		kernels: K,
		behaviour: impl Behaviour,
	) -> Self {
		let (theirs, input) = pipe().unwrap();
		let (output, their_output) = pipe().unwrap();
		let thread =
			thread::spawn(move || serve_with(means, kernels, behaviour, theirs, their_output));
		let mut bench = Self { input: Some(input), output, thread, looks_on: false };
		let WorkerMessage::Hello(hello) = bench.hear() else { panic!("no hello") };
		hello.check().unwrap();
		bench
	}

	pub(crate) fn hear(&mut self) -> WorkerMessage {
		read_message(&mut self.output).unwrap().expect("the worker speaks")
	}

	pub(crate) fn say(&mut self, message: HostMessage) {
		write_message(self.input.as_mut().unwrap(), &message).unwrap();
	}

	pub(crate) fn give(&mut self, folder: &Path, context: &TaskContext, work: Work) {
		let folder = PathText::new(folder).unwrap();
		let job = Job { context: context.clone(), work };
		self.say(HostMessage::Start { id: 1, folder, job });
	}

	/// Does what the worker asks until it ends; gives its progress and its last message.
	pub(crate) fn attend(&mut self, store: &BlobStore) -> (Vec<Progress>, WorkerMessage) {
		let mut reports = Vec::new();
		loop {
			match self.hear() {
				WorkerMessage::Progress(progress) => reports.push(progress),
				WorkerMessage::Need(key) => match store.path(&key) {
					Some(path) => {
						self.say(HostMessage::Have { key, path: PathText::new(&path).unwrap() });
					},
					None if self.looks_on => {},
					None => self.say(HostMessage::Unavailable { key }),
				},
				WorkerMessage::Publish { key, path } => {
					store.put_file_as(&key, &path.to_path()).unwrap();
					self.say(HostMessage::Stored { key });
				},
				WorkerMessage::Pong | WorkerMessage::Forgo(_) => {},
				end => return (reports, end),
			}
		}
	}

	pub(crate) fn shut_down(mut self) {
		self.say(HostMessage::Shutdown);
		self.join();
	}

	/// Ends the worker's input.
	pub(crate) fn hang_up(mut self) {
		self.input = None;
		self.join();
	}

	/// Waits until the worker has ended.
	pub(crate) fn join(self) {
		self.thread.join().unwrap().unwrap();
	}
}

/// A store and folders for workers.
pub(crate) struct Place {
	pub(crate) folder: TempDir,
	pub(crate) store: BlobStore,
}

impl Place {
	pub(crate) fn new() -> Self {
		let folder = TempDir::new().unwrap();
		let store = BlobStore::open(folder.path().join("store"), Limits::default()).unwrap();
		Self { folder, store }
	}

	pub(crate) fn run(
		&self,
		name: &str,
		context: &TaskContext,
		work: Work,
	) -> (Vec<Progress>, WorkerMessage) {
		self.run_on(cpu(), Honest, name, context, work)
	}

	/// Does a job with a worker of this kind, in a folder of this name.
	pub(crate) fn run_on<K: Kernels + 'static>(
		&self,
		kernels: K,
		behaviour: impl Behaviour,
		name: &str,
		context: &TaskContext,
		work: Work,
	) -> (Vec<Progress>, WorkerMessage) {
		self.attend(Bench::start(kernels, behaviour), name, context, work)
	}

	/// Does a job with this worker, in a folder of this name.
	pub(crate) fn attend(
		&self,
		mut bench: Bench,
		name: &str,
		context: &TaskContext,
		work: Work,
	) -> (Vec<Progress>, WorkerMessage) {
		let folder = self.folder.path().join(name);
		std::fs::create_dir_all(&folder).unwrap();
		bench.give(&folder, context, work);
		let end = bench.attend(&self.store);
		bench.shut_down();
		end
	}

	pub(crate) fn train(&self, name: &str, context: &TaskContext) -> Trained {
		match self.run(name, context, Work::Train).1 {
			WorkerMessage::Finished(JobResult::Trained(trained)) => trained,
			other => panic!("{other:?}"),
		}
	}

	pub(crate) fn check(&self, context: &TaskContext, claim: ClaimRef) -> Checked {
		match self.run("checker", context, Work::Check(claim)).1 {
			WorkerMessage::Finished(JobResult::Checked(checked)) => checked,
			other => panic!("{other:?}"),
		}
	}
}

pub(crate) fn claim_of(trained: &Trained) -> ClaimRef {
	let Trained { claim_root, states, final_state, artifact_root, .. } = trained.clone();
	ClaimRef { claim_root, states, final_state, artifact_root }
}
