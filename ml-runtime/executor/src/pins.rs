//! Places that disputes come back to: states between committed ones, and the lists of a stride's states.
//!
//! Each move of a dispute is found by a process of its own, and all of them look at the same stride and
//! then at the same step. The first that gets there leaves a pin, and the others begin at it:
//!
//! ```text
//! pins/pin-00000000000000000437      slots after 437 steps
//! pins/states-00000000000000000400   states after each step of the stride that begins after 400 steps
//! pins/new-1234-0                    being written by process 1234
//! ```
//!
//! A file is written under another name and renamed, so what has its name is complete. It is not flushed:
//! pins save time, and a flush costs some while a clock runs. What the disk loses is found by the
//! checksum, and skipped with a warning, as is a file that another process has removed meanwhile. Nothing
//! here fails: without pins, only more is replayed.
//!
//! Of either kind the [`MOST`] used last stay, so a folder takes that many times the bytes of all slots at
//! most. A use writes the magic over itself, since that makes a file newer, and workers in their sandbox
//! may set no times.

use std::{
	cmp::Reverse,
	collections::BTreeSet,
	fs::{self, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	process,
	sync::atomic::{AtomicU64, Ordering},
	time::{Duration, SystemTime},
};

use assay_commitment::Root;
use codec::{DecodeAll, Encode};

use crate::{
	frame::{Damage, Format},
	Prepared,
};

const PINS: Kind = Kind { prefix: "pin-", format: Format { magic: b"ASSAYPIN", version: 1 } };
const STATES: Kind = Kind { prefix: "states-", format: Format { magic: b"ASSAYSTR", version: 1 } };
const TEMPORARY: &str = "new-";

/// Files of either kind that stay: four games, the most about one claim, and two places in each.
const MOST: usize = 8;

/// Age at which a file that is being written is one that a process which was killed has left.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Files of one kind.
#[derive(Clone, Copy, Debug)]
struct Kind {
	prefix: &'static str,
	format: Format,
}

/// The pins of a directory. Several processes may use them at the same time, without a lock.
#[derive(Clone, Debug)]
pub(crate) struct Pins {
	dir: PathBuf,
}

impl Pins {
	/// Those in a session's directory. Made when the first is written.
	pub(crate) fn new(dir: &Path) -> Self {
		Self { dir: dir.join("pins") }
	}

	/// Where there are pins, whatever state they are in.
	pub(crate) fn steps(&self) -> BTreeSet<u64> {
		self.files(PINS.prefix).iter().filter_map(|file| file.number).collect()
	}

	/// The slots of the job after `step` steps; `None`, with a warning, if the pin is damaged or gone.
	pub(crate) fn read(&self, job: &Prepared, step: u64) -> Option<Vec<Vec<u32>>> {
		let (at, slots): (u64, Vec<Vec<u32>>) = self.load(PINS, job, step)?;
		let types = job.program().slots.iter().map(|slot| slot.ty.words());
		let fits = at == step && types.eq(slots.iter().map(|words| words.len() as u64));
		if !fits {
			log::warn!("skipping {}: {}", self.path(PINS, step).display(), Damage::Content);
		}
		fits.then_some(slots)
	}

	/// Leaves a pin; warns if it cannot.
	pub(crate) fn write(&self, job: &Prepared, step: u64, slots: &[Vec<u32>]) {
		self.store(PINS, job, step, &(step, slots));
	}

	/// The states after each of the first `len` steps of the stride that begins after `first` steps, if
	/// they are known.
	pub(crate) fn states(&self, job: &Prepared, first: u64, len: usize) -> Option<Vec<Root>> {
		if !self.path(STATES, first).exists() {
			return None;
		}
		let (at, mut states): (u64, Vec<Root>) = self.load(STATES, job, first)?;
		// A task that ends earlier has a shorter last stride, and the same states as far as it goes.
		let fits = at == first && states.len() >= len;
		states.truncate(len);
		fits.then_some(states)
	}

	/// Leaves the states after each step of the stride that begins after `first` steps.
	pub(crate) fn write_states(&self, job: &Prepared, first: u64, states: &[Root]) {
		self.store(STATES, job, first, &(first, states));
	}

	fn path(&self, kind: Kind, number: u64) -> PathBuf {
		self.dir.join(format!("{}{number:020}", kind.prefix))
	}

	fn load<T: DecodeAll>(&self, kind: Kind, job: &Prepared, number: u64) -> Option<T> {
		let path = self.path(kind, number);
		let skip = |why: &dyn std::fmt::Display| log::warn!("skipping {}: {why}", path.display());
		let bytes = fs::read(&path).map_err(|error| skip(&error)).ok()?;
		let payload = kind.format.open(&job.digest(), &bytes);
		let content =
			payload.and_then(|payload| T::decode_all(&mut &*payload).map_err(|_| Damage::Content));
		let content = content.map_err(|damage| skip(&damage)).ok()?;
		let file = OpenOptions::new().write(true).open(&path);
		if let Err(error) = file.and_then(|mut file| file.write_all(kind.format.magic)) {
			log::debug!("{} is used and stays old: {error}", path.display());
		}
		Some(content)
	}

	fn store(&self, kind: Kind, job: &Prepared, number: u64, content: &impl Encode) {
		/// Threads of a process write at the same time too.
		static WRITTEN: AtomicU64 = AtomicU64::new(0);
		let path = self.path(kind, number);
		let unique = WRITTEN.fetch_add(1, Ordering::Relaxed);
		let temporary = self.dir.join(format!("{TEMPORARY}{}-{unique}", process::id()));
		let bytes = kind.format.seal(&job.digest(), &content.encode());
		let written = fs::create_dir_all(&self.dir)
			.and_then(|()| fs::write(&temporary, &bytes))
			.and_then(|()| fs::rename(&temporary, &path));
		if let Err(error) = written {
			log::warn!("could not write {}: {error}", path.display());
			remove(&temporary);
		}
		self.tidy(kind, &path);
	}

	/// Removes the files of a kind that were not used for the longest time, and what processes that were
	/// killed have left. `newest` stays, whatever the clock says.
	fn tidy(&self, kind: Kind, newest: &Path) {
		let mut files = self.files(kind.prefix);
		files.retain(|file| file.number.is_some() && file.path != newest);
		files.sort_by_key(|file| Reverse(file.used));
		files.iter().skip(MOST - 1).for_each(|file| remove(&file.path));
		for file in self.files(TEMPORARY) {
			if file.used.elapsed().is_ok_and(|age| age > LEFT_BEHIND) {
				remove(&file.path);
			}
		}
	}

	/// The files whose names begin so; fewer where others remove them meanwhile.
	fn files(&self, prefix: &str) -> Vec<PinFile> {
		let entries = match fs::read_dir(&self.dir) {
			Ok(entries) => entries,
			Err(error) => {
				if error.kind() != io::ErrorKind::NotFound {
					log::warn!("could not list {}: {error}", self.dir.display());
				}
				return Vec::new();
			},
		};
		let file = |entry: fs::DirEntry| {
			let name = entry.file_name();
			let number = name.to_str()?.strip_prefix(prefix)?.parse().ok();
			let used = entry.metadata().and_then(|data| data.modified()).ok()?;
			Some(PinFile { number, used, path: entry.path() })
		};
		entries.filter_map(|entry| file(entry.ok()?)).collect()
	}
}

/// A file in the directory of pins.
struct PinFile {
	/// What its name says after the prefix, if that is a number.
	number: Option<u64>,
	used: SystemTime,
	path: PathBuf,
}

fn remove(path: &Path) {
	match fs::remove_file(path) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => {
			log::warn!("could not remove {}: {error}", path.display());
		},
		_ => {},
	}
}
