//! A worker process and its pipes.

use std::{
	env,
	io::{BufReader, BufWriter, Read, Write},
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	sync::{
		mpsc::{self, Receiver, RecvTimeoutError, SyncSender, TrySendError},
		Arc,
	},
	thread::{self, JoinHandle},
	time::{Duration, Instant},
};

use assay_blobs::BlobKey;
use assay_worker_protocol::{read_message, write_message, Hello, HostMessage, WorkerMessage};

use crate::{
	logbook::{self, Logbook},
	resolver::CancelToken,
	HostConfig, HostError,
};

/// How often limits of time and cancelling are looked at.
pub(crate) const TICK: Duration = Duration::from_millis(50);

/// Messages in flight in one direction; a worker that sends more waits.
const IN_FLIGHT: usize = 64;

/// What happens to a worker.
pub(crate) enum Event {
	/// It said something.
	Said(WorkerMessage),
	/// Its output ended; why.
	Ended(String),
	/// What it asked for was looked for, by the transfer with this token.
	Resolved(BlobKey, CancelToken, Option<PathBuf>),
	/// What it published was put into the store, or not; why.
	Published(BlobKey, Result<(), String>),
}

/// A running worker. Dropping it ends it.
pub(crate) struct Worker {
	child: Child,
	/// Follows its error output.
	log: Option<JoinHandle<()>>,
	to_worker: SyncSender<HostMessage>,
	pub(crate) events: Receiver<Event>,
	/// For threads that work for the worker.
	pub(crate) event_sender: SyncSender<Event>,
}

impl Worker {
	/// Starts a worker in a folder.
	pub(crate) fn spawn(
		config: &HostConfig,
		folder: &Path,
		logs: [Arc<Logbook>; 2],
	) -> Result<Self, HostError> {
		let failed =
			|source| HostError::Spawn { path: config.worker.display().to_string(), source };
		let mut child = command(config)
			.args(&config.args)
			.env_clear()
			.envs(config.env.iter().cloned())
			.current_dir(folder)
			.stdin(Stdio::piped())
			.stdout(Stdio::piped())
			.stderr(Stdio::piped())
			.spawn()
			.map_err(failed)?;
		let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
		let (event_sender, events) = mpsc::sync_channel(IN_FLIGHT);
		let (to_worker, messages) = mpsc::sync_channel(IN_FLIGHT);
		// From here on the process is reaped whatever happens.
		let mut worker = Self { child, log: None, to_worker, events, event_sender };
		if let (Some(stdin), Some(stdout), Some(stderr)) = pipes {
			let sender = worker.event_sender.clone();
			let log = named("worker-log", move || logbook::follow(stderr, &logs));
			worker.log = Some(log.map_err(failed)?);
			named("worker-out", move || read_all(stdout, &sender)).map_err(failed)?;
			named("worker-in", move || write_all(stdin, &messages)).map_err(failed)?;
		}
		Ok(worker)
	}

	/// Waits for the greeting and checks it.
	pub(crate) fn greet(
		&self,
		timeout: Duration,
		cancel: &CancelToken,
	) -> Result<Hello, HostError> {
		let start = Instant::now();
		let event = loop {
			match self.events.recv_timeout(TICK.min(timeout)) {
				Err(RecvTimeoutError::Timeout)
					if start.elapsed() < timeout && !cancel.is_cancelled() => {},
				event => break event,
			}
		};
		let hello = match event {
			Ok(Event::Said(WorkerMessage::Hello(hello))) => hello,
			Ok(Event::Said(_)) => return Err(HostError::NoHello("it said something else".into())),
			Ok(Event::Ended(why)) => return Err(HostError::NoHello(why)),
			Ok(Event::Resolved(..) | Event::Published(..))
			| Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
				return Err(HostError::NoHello("it said nothing in time".into()));
			},
		};
		hello.check()?;
		Ok(hello)
	}

	/// Sends a message; false when the worker does not read what was sent before.
	pub(crate) fn send(&self, message: HostMessage) -> bool {
		match self.to_worker.try_send(message) {
			Ok(()) => true,
			Err(TrySendError::Full(_)) => false,
			// The end of the worker's output is about to say why.
			Err(TrySendError::Disconnected(_)) => true,
		}
	}

	/// Lets the worker exit by itself for a while; says how it did, once its last words are in the log.
	pub(crate) fn wait(&mut self, grace: Duration) -> Option<String> {
		let end = Instant::now() + grace;
		let mut exited = None;
		loop {
			if exited.is_none() {
				exited = self.child.try_wait().ok()?.map(|status| status.to_string());
			}
			let logged = self.log.as_ref().is_none_or(JoinHandle::is_finished);
			if (exited.is_some() && logged) || Instant::now() >= end {
				return exited;
			}
			// Whoever blocks on a full channel must not keep the worker from exiting.
			while self.events.try_recv().is_ok() {}
			thread::sleep(Duration::from_millis(5));
		}
	}
}

impl Drop for Worker {
	fn drop(&mut self) {
		let _ = self.child.kill();
		let _ = self.child.wait();
	}
}

/// The worker's command, at low priority where there is a `nice`.
fn command(config: &HostConfig) -> Command {
	let nice = config.nice.and_then(|by| Some((by, find("nice")?)));
	let Some((by, nice)) = nice else { return Command::new(&config.worker) };
	let mut command = Command::new(nice);
	command.arg("-n").arg(by.to_string()).arg(&config.worker);
	command
}

fn find(program: &str) -> Option<PathBuf> {
	let path = env::var_os("PATH")?;
	let mut files = env::split_paths(&path).map(|folder| folder.join(program));
	files.find(|file| file.is_file())
}

fn named(name: &str, run: impl FnOnce() + Send + 'static) -> std::io::Result<JoinHandle<()>> {
	thread::Builder::new().name(name.into()).spawn(run)
}

fn read_all(stdout: impl Read, events: &SyncSender<Event>) {
	let mut stdout = BufReader::new(stdout);
	loop {
		let (event, more) = match read_message(&mut stdout) {
			Ok(Some(message)) => (Event::Said(message), true),
			Ok(None) => (Event::Ended("its output ended".into()), false),
			Err(error) => (Event::Ended(error.to_string()), false),
		};
		if events.send(event).is_err() || !more {
			return;
		}
	}
}

fn write_all(stdin: impl Write, messages: &Receiver<HostMessage>) {
	let mut stdin = BufWriter::new(stdin);
	for message in messages {
		if write_message(&mut stdin, &message).is_err() {
			return;
		}
	}
}
