//! Places that disputes come back to: states between committed ones, the lists of a stride's states, and the hashes of steps.
//!
//! Each move of a dispute is found by a process of its own, and all of them look at the same stride and
//! then at the same step. The first that gets there leaves a pin, and the others begin at it:
//!
//! ```text
//! pins/pin-00000000000000000437      slots after 437 steps
//! pins/states-00000000000000000400   states after each step of the stride that begins after 400 steps
//! pins/trace-00000000000000000437    hashes of all tiles of the step that leads from 437 steps to 438
//! pins/new-1234-0                    being written by process 1234
//! ```
//!
//! A file is written under another name and renamed, so what has its name is complete. It is not flushed:
//! pins save time, and a flush costs some while a clock runs. What the disk loses is found by the
//! checksum, and skipped with a warning, as is a file that another process has removed meanwhile. Nothing
//! here fails: without pins, only more is replayed.
//!
//! There is room for two places in each of [`GAMES`], and for so many lists and steps. Where the bytes do not suffice
//! (see [`Kind`]), pins at the beginning of a stride go before those inside, which a game comes back to
//! more often; of equals those that were not used for the longest time. A use writes the magic over itself,
//! since that makes a file newer, and workers in their sandbox may set no times.

use std::{
	collections::BTreeSet,
	fs::{self, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	process,
	sync::atomic::{AtomicU64, Ordering},
	time::{Duration, SystemTime},
};

use assay_commitment::Root;
use assay_disk::Room;
use codec::{DecodeAll, Encode};

use crate::{
	frame::{Damage, Format},
	Prepared,
};

/// As many bytes as a pin of a billion words in each game takes. A program of the most words that a task may have could have
/// pins twice as large, of slots that are renewed without any work; then half of so many games come back to theirs.
const PINS: Kind = Kind {
	prefix: "pin-",
	format: Format { magic: b"ASSAYPIN", version: 2 },
	bytes: GAMES as u64 * 4 * GIB,
};
const STATES: Kind =
	Kind { prefix: "states-", format: Format { magic: b"ASSAYSTR", version: 1 }, bytes: GIB };
/// As many bytes as the hashes of a step in each game take, of the most words that a task may have.
const TRACES: Kind =
	Kind { prefix: "trace-", format: Format { magic: b"ASSAYTRC", version: 1 }, bytes: 4 * GIB };
const GIB: u64 = 1 << 30;
const TEMPORARY: &str = "new-";

/// Games that may be open about one claim at the same time (`MAX_OPEN_GAMES` of the chain).
const GAMES: usize = 32;

/// Files of either kind that stay.
const MOST: usize = 2 * GAMES;

/// Age at which a file that is being written is one that a process which was killed has left.
const LEFT_BEHIND: Duration = Duration::from_secs(3600);

/// Files of one kind.
#[derive(Clone, Copy, Debug)]
struct Kind {
	prefix: &'static str,
	format: Format,
	/// Bytes of all of them; a quarter where the disk is short of room.
	bytes: u64,
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

	/// The slots of the job after `step` steps, without those that are kept; `None`, with a warning, if the pin is damaged or
	/// gone.
	pub(crate) fn read(&self, job: &Prepared, step: u64) -> Option<Vec<Vec<u32>>> {
		let (at, slots): (u64, Vec<Vec<u32>>) = self.load(PINS, job, step)?;
		let fits = at == step && job.fits(&slots);
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

	/// What the step after `step` steps commits to, if it was traced: the roots of the slots before it, and the hashes of the
	/// tiles of each node's output.
	pub(crate) fn trace(&self, job: &Prepared, step: u64) -> Option<(Vec<Root>, Vec<Vec<Root>>)> {
		if !self.path(TRACES, step).exists() {
			return None;
		}
		let (at, before, tiles): (u64, Vec<Root>, Vec<Vec<Root>>) = self.load(TRACES, job, step)?;
		let program = job.program();
		let expected = program.specs.iter().map(|spec| spec.ty.tiles());
		let fits = at == step
			&& before.len() == program.slots.len()
			&& expected.eq(tiles.iter().map(|tiles| tiles.len() as u64));
		fits.then_some((before, tiles))
	}

	/// Leaves what a step commits to.
	pub(crate) fn write_trace(
		&self,
		job: &Prepared,
		step: u64,
		before: &[Root],
		tiles: &[&[Root]],
	) {
		self.store(TRACES, job, step, &(step, before, tiles));
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
		let bytes = kind.format.seal(&job.digest(), content);
		let written = fs::create_dir_all(&self.dir)
			.and_then(|()| fs::write(&temporary, &bytes))
			.and_then(|()| fs::rename(&temporary, &path));
		if let Err(error) = written {
			log::warn!("could not write {}: {error}", path.display());
			remove(&temporary);
		}
		self.tidy(kind, job, &path);
	}

	/// Removes the files of a kind that are too many, and what processes that were killed have left.
	/// `newest` stays, whatever the clock says.
	fn tidy(&self, kind: Kind, job: &Prepared, newest: &Path) {
		let is_short = Room::of(&self.dir).is_ok_and(|room| room.is_short(None));
		let bytes = if is_short { kind.bytes / 4 } else { kind.bytes };
		let begins = |step: u64| kind.prefix == PINS.prefix && job.is_committed(step);
		let files = self.files(kind.prefix);
		surplus(files, newest, bytes, begins).iter().for_each(|path| remove(path));
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
			let data = entry.metadata().ok()?;
			Some(PinFile {
				number,
				used: data.modified().ok()?,
				bytes: data.len(),
				path: entry.path(),
			})
		};
		entries.filter_map(|entry| file(entry.ok()?)).collect()
	}
}

/// A file in the directory of pins.
struct PinFile {
	/// What its name says after the prefix, if that is a number.
	number: Option<u64>,
	used: SystemTime,
	bytes: u64,
	path: PathBuf,
}

/// Which files are too many if they may take so many bytes, those first that are missed least. `newest` is
/// not among them. At some steps a stride `begins`.
fn surplus(
	mut files: Vec<PinFile>,
	newest: &Path,
	bytes: u64,
	begins: impl Fn(u64) -> bool,
) -> Vec<PathBuf> {
	files.retain(|file| file.number.is_some());
	let (mut count, mut total) = (files.len(), files.iter().map(|file| file.bytes).sum::<u64>());
	files.retain(|file| file.path != newest);
	files.sort_by_key(|file| (!file.number.is_some_and(&begins), file.used));
	let mut gone = Vec::new();
	for file in files {
		if count <= MOST && total <= bytes {
			break;
		}
		(count, total) = (count - 1, total - file.bytes);
		gone.push(file.path);
	}
	gone
}

fn remove(path: &Path) {
	match fs::remove_file(path) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => {
			log::warn!("could not remove {}: {error}", path.display());
		},
		_ => {},
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	/// A file for each of these: its number, when it was used, its bytes.
	fn files(files: &[(u64, u64, u64)]) -> Vec<PinFile> {
		let file = |&(number, used, bytes): &(u64, u64, u64)| PinFile {
			number: Some(number),
			used: SystemTime::UNIX_EPOCH + Duration::from_secs(used),
			bytes,
			path: PathBuf::from(number.to_string()),
		};
		files.iter().map(file).collect()
	}

	/// The numbers that go, with strides of ten.
	fn gone(of: &[(u64, u64, u64)], newest: u64, bytes: u64) -> Vec<u64> {
		let begins = |step: u64| step.is_multiple_of(10);
		let gone = surplus(files(of), Path::new(&newest.to_string()), bytes, begins);
		gone.iter().map(|path| path.to_str().unwrap().parse().unwrap()).collect()
	}

	#[test]
	fn beginnings_of_strides_should_go_first_when_there_are_too_many_bytes() {
		let of = [(13, 1, 5), (20, 4, 5), (27, 2, 5), (10, 3, 5), (30, 0, 5)];
		assert_eq!(gone(&of, 20, 25), []);
		assert_eq!(gone(&of, 20, 24), [30]);
		assert_eq!(gone(&of, 20, 11), [30, 10, 13]);
		assert_eq!(gone(&of, 20, 0), [30, 10, 13, 27], "the newest stays");
	}

	#[test]
	fn longest_unused_should_go_when_there_are_too_many_files() {
		let of: Vec<_> = (0..70).map(|i| (10 * i + 1, i ^ 1, 1)).collect();
		assert_eq!(gone(&of, 11, u64::MAX), [1, 31, 21, 51, 41, 71]);
	}

	#[test]
	fn files_without_a_number_should_count_for_nothing_when_others_are_removed() {
		let mut of = files(&[(1, 0, 5)]);
		of.push(PinFile { number: None, path: "pin-x".into(), ..files(&[(2, 0, 9)]).remove(0) });
		assert!(surplus(of, Path::new("1"), 5, |_| false).is_empty());
	}
}
