//! The job's side of the pipes.

use std::{
	cell::RefCell,
	collections::BTreeSet,
	fs::{self, File},
	io::{self, Write},
	path::{Path, PathBuf},
	process,
	sync::{
		atomic::{AtomicBool, Ordering},
		mpsc::{Receiver, RecvTimeoutError},
		Arc, Mutex, PoisonError,
	},
	time::{Duration, Instant},
};

use assay_blobs::{bytes_key, list_key, tiles_key};
use assay_worker_protocol::{
	write_message, BlobKey, FrameError, HostMessage, ListTag, PathText, Root, WorkerMessage,
};

use super::trouble::Trouble;

/// Age at which a blob on its way to the host is one that nobody takes there any more.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Blobs that the host may look for at the same time while nobody waits for them. Fewer than a host allows.
const MOST_FORGONE: usize = 16;

/// Folder, in that of the task, of runs of which a wrong device has no part.
const AGAIN: &str = "again";

/// How long to wait for a blob.
pub(crate) struct Limit<'a> {
	/// At most.
	pub(crate) most: Duration,
	/// How often to say how long the wait is already.
	pub(crate) every: Duration,
	/// Whom to say it.
	pub(crate) tell: &'a dyn Fn(Duration),
}

impl Limit<'_> {
	/// How much of the wait is left, and after how much of it to look at the clock again.
	fn left(&self, waited: Duration) -> (Duration, Duration) {
		let left = self.most.saturating_sub(waited);
		(left, left.min(self.every))
	}
}

/// The pipe to the host, shared by the job and whoever answers pings.
#[derive(Clone)]
pub(crate) struct Output(Arc<Mutex<Box<dyn Write + Send>>>);

impl Output {
	pub(crate) fn new(pipe: impl Write + Send + 'static) -> Self {
		Self(Arc::new(Mutex::new(Box::new(pipe))))
	}

	pub(crate) fn say(&self, message: &WorkerMessage) -> Result<(), FrameError> {
		let mut pipe = self.0.lock().unwrap_or_else(PoisonError::into_inner);
		write_message(&mut *pipe, message)
	}
}

/// What a job may do with its host: one request at a time.
pub(crate) struct Link {
	output: Output,
	/// Answers to requests.
	answers: Receiver<HostMessage>,
	/// Set when nobody waits for the job any more.
	stop: Arc<AtomicBool>,
	/// Folder of the task.
	pub(crate) folder: PathBuf,
	/// Folder of its runs: the same, or the one in it for what is done again.
	runs: RefCell<PathBuf>,
	/// Bytes that the anchors of a training may take.
	pub(crate) anchor_bytes: Option<u64>,
	/// Bytes of memory that a task may take.
	pub(crate) memory: Option<u64>,
	/// Blobs that were asked for and are not waited for any more. Their answers may still come.
	forgone: RefCell<BTreeSet<BlobKey>>,
}

impl Link {
	/// The link of a job that works in this folder.
	pub(crate) fn new(
		output: Output,
		answers: Receiver<HostMessage>,
		stop: Arc<AtomicBool>,
		folder: PathBuf,
	) -> Self {
		let again = folder.join(AGAIN);
		let runs = RefCell::new(if again.is_dir() { again } else { folder.clone() });
		let (anchor_bytes, memory, forgone) = (None, None, RefCell::default());
		Self { output, answers, stop, folder, runs, anchor_bytes, memory, forgone }
	}

	/// The folder of a run of this name.
	pub(crate) fn run(&self, name: &str) -> PathBuf {
		self.runs.borrow().join(name)
	}

	/// From now on, in this process and in later ones, nothing that runs of the task left is gone on from.
	pub(crate) fn begin_again(&self) -> Result<(), Trouble> {
		let again = self.folder.join(AGAIN);
		fs::create_dir_all(&again).map_err(io_trouble(&again))?;
		*self.runs.borrow_mut() = again;
		Ok(())
	}

	/// Whether somebody still waits for the result.
	pub(crate) fn is_wanted(&self) -> bool {
		!self.stop.load(Ordering::Relaxed)
	}

	pub(crate) fn say(&self, message: &WorkerMessage) -> Result<(), Trouble> {
		self.output.say(message).map_err(|_| Trouble::Gone)
	}

	/// The next answer, but none that comes late: one about another blob than this, the awaited one.
	/// `None` if there is none until `end`.
	fn answer(
		&self,
		awaited: Option<&BlobKey>,
		end: Option<Instant>,
	) -> Result<Option<HostMessage>, Trouble> {
		loop {
			let answer = match end {
				None => self.answers.recv().map_err(|_| RecvTimeoutError::Disconnected),
				Some(end) => {
					self.answers.recv_timeout(end.saturating_duration_since(Instant::now()))
				},
			};
			match answer {
				Ok(HostMessage::Have { key, .. } | HostMessage::Unavailable { key })
					if awaited != Some(&key) =>
				{
					self.forgone.borrow_mut().remove(&key);
				},
				Ok(answer) => return Ok(Some(answer)),
				Err(RecvTimeoutError::Timeout) => return Ok(None),
				Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Gone),
			}
		}
	}

	/// The file of a blob; `None` when it cannot be had, or the host has not found it within the limit.
	fn file(&self, key: BlobKey, limit: Option<Limit>) -> Result<Option<PathBuf>, Trouble> {
		// Of what was forgone the host may know already where it is.
		let is_sought = self.forgone.borrow_mut().remove(&key);
		let is_full = self.forgone.borrow().len() >= MOST_FORGONE;
		if limit.is_some() && !is_sought && is_full {
			return Ok(None);
		}
		self.say(&WorkerMessage::Need(key))?;
		match self.wait(&key, limit.as_ref())? {
			Some(HostMessage::Have { path, .. }) => Ok(Some(path.to_path())),
			Some(HostMessage::Unavailable { .. }) => Ok(None),
			Some(_) => Err(Trouble::Machine("the host answers what was not asked".into())),
			None => {
				self.say(&WorkerMessage::Forgo(key))?;
				self.forgone.borrow_mut().insert(key);
				Ok(None)
			},
		}
	}

	/// The answer about a blob that was asked for; `None` if there is none within the limit.
	fn wait(&self, key: &BlobKey, limit: Option<&Limit>) -> Result<Option<HostMessage>, Trouble> {
		let Some(limit) = limit else { return self.answer(Some(key), None) };
		let started = Instant::now();
		loop {
			let (left, wait) = limit.left(started.elapsed());
			let answer = self.answer(Some(key), Some(Instant::now() + wait))?;
			if answer.is_some() || wait == left {
				return Ok(answer);
			}
			(limit.tell)(started.elapsed());
		}
	}

	/// A string of bytes, checked; `None` when it cannot be had.
	pub(crate) fn bytes(&self, root: &Root) -> Result<Option<Vec<u8>>, Trouble> {
		let key = BlobKey::Bytes(*root);
		let Some(path) = self.file(key, None)? else { return Ok(None) };
		let bytes = fs::read(&path).map_err(io_trouble(&path))?;
		same(&key, &bytes_key(&bytes)).map(|()| Some(bytes))
	}

	/// A string of bytes that the job cannot do without.
	pub(crate) fn need(&self, what: &'static str, root: &Root) -> Result<Vec<u8>, Trouble> {
		self.bytes(root)?.ok_or(Trouble::Missing { what, key: BlobKey::Bytes(*root) })
	}

	/// The leaves of a list, checked; `None` when it cannot be had.
	pub(crate) fn list(&self, tag: ListTag, root: &Root) -> Result<Option<Vec<Root>>, Trouble> {
		self.leaves_within(BlobKey::List { tag, root: *root }, None)
	}

	/// The leaves of a list or the tiles of a tensor, checked; `None` when they cannot be had, or not
	/// within the limit. Without one the host decides how long it looks for them.
	pub(crate) fn leaves_within(
		&self,
		key: BlobKey,
		limit: Option<Limit>,
	) -> Result<Option<Vec<Root>>, Trouble> {
		let Some(path) = self.file(key, limit)? else { return Ok(None) };
		let bytes = fs::read(&path).map_err(io_trouble(&path))?;
		let (leaves, rest) = bytes.as_chunks::<32>();
		let found = match key {
			BlobKey::Bytes(_) => None,
			BlobKey::List { tag, .. } => Some(list_key(tag, leaves)),
			BlobKey::Tiles { .. } => tiles_key(leaves),
		};
		match found.filter(|_| rest.is_empty()) {
			Some(found) => same(&key, &found).map(|()| Some(leaves.to_vec())),
			None => Err(Trouble::Machine(format!("blob {key} is damaged"))),
		}
	}

	/// Hands a blob over and waits until the host has it.
	pub(crate) fn publish(&self, key: BlobKey, bytes: &[u8]) -> Result<(), Trouble> {
		let folder = self.folder.join("out");
		fs::create_dir_all(&folder).and_then(|()| tidy(&folder)).map_err(io_trouble(&folder))?;
		let path = folder.join(format!("{key}.{}", process::id()));
		File::create(&path)
			.and_then(|mut file| file.write_all(bytes))
			.map_err(io_trouble(&path))?;
		let told = PathText::new(&path)
			.ok_or_else(|| Trouble::Machine("the path of the task's folder is too long".into()))?;
		self.say(&WorkerMessage::Publish { key, path: told })?;
		let answer = self.answer(None, None);
		let _ = fs::remove_file(&path);
		match answer? {
			Some(HostMessage::Stored { key: of }) if of == key => Ok(()),
			Some(HostMessage::Refused { key: of, reason }) if of == key => {
				Err(Trouble::Machine(format!("the host refuses blob {key}: {reason}")))
			},
			_ => Err(Trouble::Machine("the host answers what was not asked".into())),
		}
	}
}

fn same(expected: &BlobKey, found: &BlobKey) -> Result<(), Trouble> {
	match expected == found {
		true => Ok(()),
		false => Err(Trouble::Machine(format!("blob {expected} is damaged: it is {found}"))),
	}
}

/// Removes what workers that were killed have left.
fn tidy(folder: &Path) -> io::Result<()> {
	for entry in fs::read_dir(folder)? {
		let entry = entry?;
		// Another worker may have removed it.
		let age = entry.metadata().and_then(|data| data.modified()).ok();
		if age.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > LEFT_BEHIND) {
			let _ = fs::remove_file(entry.path());
		}
	}
	Ok(())
}

fn io_trouble(path: &Path) -> impl FnOnce(io::Error) -> Trouble + '_ {
	move |error| Trouble::Machine(format!("{}: {error}", path.display()))
}
