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
const MOST_ABANDONED: usize = 16;

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
	/// Bytes that the anchors of a training may take.
	pub(crate) anchor_bytes: Option<u64>,
	/// Blobs that were asked for and are not waited for any more. Their answers may still come.
	abandoned: RefCell<BTreeSet<BlobKey>>,
}

impl Link {
	/// The link of a job that works in this folder.
	pub(crate) fn new(
		output: Output,
		answers: Receiver<HostMessage>,
		stop: Arc<AtomicBool>,
		folder: PathBuf,
	) -> Self {
		let abandoned = RefCell::default();
		Self { output, answers, stop, folder, anchor_bytes: None, abandoned }
	}

	/// Whether somebody still waits for the result.
	pub(crate) fn is_wanted(&self) -> bool {
		!self.stop.load(Ordering::Relaxed)
	}

	pub(crate) fn say(&self, message: &WorkerMessage) -> Result<(), Trouble> {
		self.output.say(message).map_err(|_| Trouble::Gone)
	}

	fn ask(&self, message: &WorkerMessage) -> Result<HostMessage, Trouble> {
		self.say(message)?;
		self.answer(None)?.ok_or(Trouble::Gone)
	}

	/// The next answer that somebody waits for; `None` if there is none until `end`.
	fn answer(&self, end: Option<Instant>) -> Result<Option<HostMessage>, Trouble> {
		loop {
			let answer = match end {
				None => self.answers.recv().map_err(|_| RecvTimeoutError::Disconnected),
				Some(end) => {
					self.answers.recv_timeout(end.saturating_duration_since(Instant::now()))
				},
			};
			match answer {
				Ok(HostMessage::Have { key, .. } | HostMessage::Unavailable { key })
					if self.abandoned.borrow_mut().remove(&key) => {},
				Ok(answer) => return Ok(Some(answer)),
				Err(RecvTimeoutError::Timeout) => return Ok(None),
				Err(RecvTimeoutError::Disconnected) => return Err(Trouble::Gone),
			}
		}
	}

	/// The file of a blob; `None` when it cannot be had, or the host has not found it within `limit`.
	fn file(&self, key: BlobKey, limit: Option<Duration>) -> Result<Option<PathBuf>, Trouble> {
		// The host still looks for what was asked for, and answers once.
		let is_asked = self.abandoned.borrow_mut().remove(&key);
		if !is_asked {
			if limit.is_some() && self.abandoned.borrow().len() >= MOST_ABANDONED {
				return Ok(None);
			}
			self.say(&WorkerMessage::Need(key))?;
		}
		match self.answer(limit.map(|limit| Instant::now() + limit))? {
			Some(HostMessage::Have { key: of, path }) if of == key => Ok(Some(path.to_path())),
			Some(HostMessage::Unavailable { key: of }) if of == key => Ok(None),
			Some(_) => Err(Trouble::Machine("the host answers what was not asked".into())),
			None => {
				self.abandoned.borrow_mut().insert(key);
				Ok(None)
			},
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
	/// within `limit`. Without one the host decides how long it looks for them.
	pub(crate) fn leaves_within(
		&self,
		key: BlobKey,
		limit: Option<Duration>,
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
		let answer = self.ask(&WorkerMessage::Publish { key, path: told });
		let _ = fs::remove_file(&path);
		match answer? {
			HostMessage::Stored { key: of } if of == key => Ok(()),
			HostMessage::Refused { key: of, reason } if of == key => {
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
