//! A worker's life.

mod behaviour;
mod engine;
mod link;
mod missing;
mod play;
mod run;
mod task;
mod tensor;
mod trouble;

use std::{
	io::{Read, Write},
	panic::{catch_unwind, AssertUnwindSafe},
	path::PathBuf,
	sync::{
		atomic::{AtomicBool, Ordering},
		mpsc::{channel, Sender},
		Arc,
	},
	thread,
};

use assay_backend_cpu::{CpuKernels, Kernels};
use assay_worker_protocol::{
	read_message, Checked, Fault, FrameError, Hello, HostMessage, Job, JobResult, Work,
	WorkerMessage,
};

pub use behaviour::{Behaviour, Honest};
use engine::Engine;
use link::{Link, Output};
use trouble::Trouble;

/// Stack of the thread that does the job.
const STACK: usize = 16 << 20;

/// What a worker may use beside its kernels.
#[derive(Debug, Default)]
pub struct Means {
	/// Bytes that the anchors of a training may take, without a number the
	/// [usual](assay_executor::Storage::training).
	pub anchor_bytes: Option<u64>,
	/// Bytes of memory that there are; a task that takes more is not begun.
	pub memory: Option<u64>,
	/// The processor, where the kernels are those of a device. If the device fails, the processor does the job, from the
	/// newest checkpoint on; if it does a step otherwise than the processor, from the beginning. The first and the last
	/// step are compared, and some between them.
	pub spare: Option<CpuKernels>,
}

/// Serves one job: greets, computes, answers pings meanwhile, and returns when the host says so or is
/// gone. The caller should then exit, since the job may still be computing.
///
/// Errors: a pipe that does not speak the protocol.
pub fn serve<K: Kernels + 'static>(
	kernels: K,
	behaviour: impl Behaviour,
	input: impl Read,
	output: impl Write + Send + 'static,
) -> Result<(), FrameError> {
	serve_with(Means::default(), kernels, behaviour, input, output)
}

/// As [`serve`], with these means.
pub fn serve_with<K: Kernels + 'static>(
	means: Means,
	kernels: K,
	behaviour: impl Behaviour,
	mut input: impl Read,
	output: impl Write + Send + 'static,
) -> Result<(), FrameError> {
	let output = Output::new(output);
	let build = concat!(env!("CARGO_PKG_NAME"), " ", env!("CARGO_PKG_VERSION"));
	output.say(&WorkerMessage::Hello(Hello::current(build)))?;
	let running = Running { output, stop: Arc::default() };
	let mut parts = Some((means, kernels, behaviour));
	let mut answers: Option<Sender<HostMessage>> = None;
	while let Some(message) = read_message(&mut input)? {
		match message {
			HostMessage::Ping => running.output.say(&WorkerMessage::Pong)?,
			HostMessage::Start { folder, job, id: _ } => match parts.take() {
				Some((means, kernels, behaviour)) => {
					let folder = folder.to_path();
					answers = Some(running.start(means, kernels, behaviour, folder, job));
				},
				None => log::warn!("a second job is ignored"),
			},
			answer @ (HostMessage::Have { .. }
			| HostMessage::Unavailable { .. }
			| HostMessage::Stored { .. }
			| HostMessage::Refused { .. }) => match &answers {
				// Nobody listens when the job has ended.
				Some(answers) => drop(answers.send(answer)),
				None => log::warn!("an answer came before there was a job"),
			},
			HostMessage::Cancel | HostMessage::Shutdown => break,
		}
	}
	Ok(())
}

/// A worker that listens. Dropping it lets the job end after its current step.
struct Running {
	output: Output,
	stop: Arc<AtomicBool>,
}

impl Drop for Running {
	fn drop(&mut self) {
		self.stop.store(true, Ordering::Relaxed);
	}
}

impl Running {
	/// Starts the job on a thread of its own.
	fn start<K: Kernels + 'static>(
		&self,
		Means { anchor_bytes, memory, spare }: Means,
		kernels: K,
		behaviour: impl Behaviour,
		folder: PathBuf,
		job: Job,
	) -> Sender<HostMessage> {
		let (sender, answers) = channel();
		let (output, stop) = (self.output.clone(), self.stop.clone());
		let mut link = Link::new(output, answers, stop, folder);
		(link.anchor_bytes, link.memory) = (anchor_bytes, memory);
		let work = move || {
			// A defect of this program must not pass for a result.
			let result =
				catch_unwind(AssertUnwindSafe(|| do_job(&link, kernels, spare, &behaviour, &job)));
			let message = match result {
				Ok(Ok(result)) => WorkerMessage::Finished(result),
				Ok(Err(Trouble::Gone)) => return,
				Ok(Err(trouble)) => WorkerMessage::Failed(trouble.fault()),
				Err(_) => WorkerMessage::Failed(Fault::Machine("the worker panicked".into())),
			};
			let _ = link.say(&message);
		};
		let thread = thread::Builder::new().name("job".into()).stack_size(STACK);
		if let Err(error) = thread.spawn(work) {
			let fault = Fault::Machine(format!("no thread for the job: {error}").into());
			let _ = self.output.say(&WorkerMessage::Failed(fault));
		}
		sender
	}
}

/// Does a job; with the spare kernels if there are some and the others fail.
fn do_job(
	link: &Link,
	kernels: impl Kernels,
	spare: Option<CpuKernels>,
	behaviour: &impl Behaviour,
	job: &Job,
) -> Result<JobResult, Trouble> {
	let spare = spare.map(Arc::new);
	let engine = Engine { kernels: &kernels, witness: spare.as_ref() };
	match (run_job(link, engine, behaviour, job), &spare) {
		(Err(trouble @ (Trouble::Device(_) | Trouble::Wrong { .. })), Some(spare)) => {
			// What of it still runs should end, and its memory be free.
			drop(kernels);
			log::warn!("{trouble}; the processor does the job");
			if matches!(trouble, Trouble::Wrong { .. }) {
				// Earlier processes may have computed with it.
				link.begin_again()?;
			}
			run_job(link, Engine { kernels: &**spare, witness: None }, behaviour, job)
		},
		(result, _) => result,
	}
}

fn run_job(
	link: &Link,
	engine: Engine<impl Kernels>,
	behaviour: &impl Behaviour,
	job: &Job,
) -> Result<JobResult, Trouble> {
	let prepared = task::prepare(link, &job.context).inspect(|job| behaviour.prepared(job));
	// What others hold this machine to.
	let computes = matches!(&job.work, Work::Train | Work::Check(_) | Work::Play { .. });
	let prepared = prepared.and_then(|job| if computes { engine.trusted(job) } else { Ok(job) });
	match &job.work {
		Work::Train => {
			let trained = run::train(link, &prepared?, engine, behaviour)?;
			Ok(JobResult::Trained(trained))
		},
		Work::Prepare => match prepared {
			Err(lacking @ (Trouble::Missing { .. } | Trouble::Memory { .. })) => {
				Ok(JobResult::Wait { reason: lacking.to_string().into() })
			},
			other => other.map(|_| JobResult::Ready),
		},
		Work::HandIn => {
			let trained = run::hand_in(link, &prepared?, engine, behaviour)?;
			let nothing = || JobResult::Wait { reason: "not even a stride is done".into() };
			Ok(trained.map_or_else(nothing, JobResult::Trained))
		},
		Work::Check(claim) => {
			let checked = prepared.and_then(|job| run::check(link, &job, engine, behaviour, claim));
			let checked = match checked {
				Err(missing @ Trouble::Missing { .. }) => {
					Checked::Unavailable { what: missing.to_string().into() }
				},
				other => other?,
			};
			Ok(JobResult::Checked(behaviour.checked(checked)))
		},
		Work::Play { game, .. } => {
			let played = prepared.and_then(|prepared| {
				play::play(link, &job.context, prepared, engine, behaviour, game)
			});
			match played {
				Err(missing @ Trouble::Missing { .. }) => {
					Ok(JobResult::Wait { reason: missing.to_string().into() })
				},
				other => other,
			}
		},
	}
}
