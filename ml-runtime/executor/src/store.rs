//! The directory of a job's checkpoints: written so that a kill at any instant leaves it usable.
//!
//! A checkpoint is written to `checkpoint.tmp`, flushed to the disk, renamed to its name, and the
//! directory is flushed. So a file with a checkpoint's name is complete, unless the disk lost bytes;
//! those are found by the checksum and skipped. Names hold the step, so the newest sorts last:
//!
//! ```text
//! lock                                 held while a session runs
//! checkpoint.tmp                       being written; removed at the next start
//! checkpoint-00000000000000000400      after 400 steps; goes when there are newer ones
//! checkpoint-00000000000000000500.kept after 500 steps; an anchor
//! ```

use std::{
	collections::BTreeSet,
	fs::{self, File, TryLockError},
	io::{self, Write},
	ops::RangeInclusive,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use assay_disk::Room;

use crate::{
	frame::Damage,
	policy::{least_missed, time_of, CheckpointPolicy, Fate},
	snapshot::{Content, Snapshot},
	state::State,
	ExecError, Job, MachineFault, Prepared,
};

const PREFIX: &str = "checkpoint-";
const KEPT: &str = ".kept";
const TEMPORARY: &str = "checkpoint.tmp";

/// Rolling checkpoints that are kept: the newest, and the one before should that one be damaged.
const ROLLING: usize = 2;

/// The name of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
	/// Steps done.
	pub(crate) step: u64,
	/// Whether the name says that it is an anchor.
	is_kept: bool,
}

impl Entry {
	fn of(name: &str) -> Option<Self> {
		let name = name.strip_prefix(PREFIX)?;
		let (step, is_kept) = name.strip_suffix(KEPT).map_or((name, false), |step| (step, true));
		Some(Self { step: step.parse().ok()?, is_kept })
	}
}

/// How long a checkpoint stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stay {
	/// Until there are newer ones.
	Rolling,
	/// For good, unless it is thinned out.
	Anchor,
}

/// Reads checkpoints of a directory; takes no lock and changes nothing.
#[derive(Clone, Debug)]
pub(crate) struct Checkpoints {
	dir: PathBuf,
}

impl Checkpoints {
	pub(crate) fn new(dir: &Path) -> Self {
		Self { dir: dir.into() }
	}

	fn path(&self, entry: Entry) -> PathBuf {
		let kept = if entry.is_kept { KEPT } else { "" };
		self.dir.join(format!("{PREFIX}{:020}{kept}", entry.step))
	}

	/// The checkpoints after so many steps, whatever state they are in. None without a directory.
	pub(crate) fn entries(&self, steps: RangeInclusive<u64>) -> Result<BTreeSet<Entry>, ExecError> {
		let mut entries = BTreeSet::new();
		let files = match fs::read_dir(&self.dir) {
			Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(entries),
			files => files.map_err(MachineFault::io("list", &self.dir))?,
		};
		for file in files {
			let name = file.map_err(MachineFault::io("list", &self.dir))?.file_name();
			entries.extend(name.to_str().and_then(Entry::of).filter(|at| steps.contains(&at.step)));
		}
		Ok(entries)
	}

	/// Bytes of all of them.
	pub(crate) fn bytes(&self) -> u64 {
		let entries = self.entries(0..=u64::MAX).unwrap_or_default();
		entries.into_iter().map(|entry| self.len(entry)).sum()
	}

	fn len(&self, entry: Entry) -> u64 {
		fs::metadata(self.path(entry)).map_or(0, |data| data.len())
	}

	/// The checkpoint of the job; `None`, with a warning, if it is damaged or gone.
	pub(crate) fn read(&self, job: &Prepared, entry: Entry) -> Option<Snapshot> {
		let path = self.path(entry);
		let bytes = fs::read(&path);
		let bytes =
			bytes.map_err(|error| log::warn!("skipping {}: {error}", path.display())).ok()?;
		let snapshot = Snapshot::from_bytes(&bytes, &job.digest());
		let snapshot = snapshot.and_then(|snapshot| fitting(snapshot, job, entry.step));
		snapshot.map_err(|damage| log::warn!("skipping {}: {damage}", path.display())).ok()
	}

	/// The newest intact checkpoint of the job with so many steps done. Damaged ones are skipped with a
	/// warning.
	pub(crate) fn newest(
		&self,
		job: &Prepared,
		steps: RangeInclusive<u64>,
	) -> Result<Option<Snapshot>, ExecError> {
		let entries = self.entries(steps)?;
		Ok(entries.into_iter().rev().find_map(|entry| self.read(job, entry)))
	}
}

/// Checks that a snapshot is one of the job after `step` steps: shapes, number of states, and that the
/// slots are those of the last state.
fn fitting(snapshot: Snapshot, job: &Prepared, step: u64) -> Result<Snapshot, Damage> {
	let begins = snapshot.states.first() == Some(&job.init_root());
	if !job.fits(&snapshot.slots) || snapshot.step != step || !begins {
		return Err(Damage::Content);
	}
	let last = u32::try_from(snapshot.states.len() - 1).map_err(|_| Damage::Content)?;
	let regular = job.step_of_state(last) == Ok(step);
	let stopped = snapshot.non_finite.is_some_and(|at| at.checked_add(1) == Some(step));
	let known = |slot| job.known_root(slot);
	let state = State::new(job.program(), step, &snapshot.slots, known);
	let state = state.map_err(|_| Damage::Content)?;
	if snapshot.states.last() != Some(&state.root()) {
		return Err(Damage::Content);
	}
	if !(regular || stopped) {
		return Err(Damage::BetweenStates);
	}
	Ok(snapshot)
}

/// A directory that a session writes to, locked against other sessions.
#[derive(Debug)]
pub(crate) struct Store {
	checkpoints: Checkpoints,
	policy: CheckpointPolicy,
	/// In ascending order, as are the anchors.
	rolling: Vec<Entry>,
	anchors: Vec<Entry>,
	/// Anchors that earlier processes left.
	at_start: usize,
	/// When the last checkpoint was written, and how long that took.
	written: Option<(Instant, Duration)>,
	/// Held, not used: the operating system releases the lock when the process ends, however it ends.
	_lock: File,
}

impl Store {
	/// Creates the directory if needed, locks it, and removes what an interrupted write left.
	pub(crate) fn open(dir: &Path, policy: CheckpointPolicy) -> Result<Self, ExecError> {
		fs::create_dir_all(dir).map_err(MachineFault::io("create", dir))?;
		let path = dir.join("lock");
		let lock = File::create(&path).map_err(MachineFault::io("create", &path))?;
		match lock.try_lock() {
			Ok(()) => {},
			Err(TryLockError::WouldBlock) => {
				return Err(MachineFault::Busy { path: dir.display().to_string() }.into());
			},
			Err(TryLockError::Error(error)) => return Err(MachineFault::io("lock", &path)(error)),
		}
		let temporary = dir.join(TEMPORARY);
		if temporary.exists() {
			fs::remove_file(&temporary).map_err(MachineFault::io("remove", &temporary))?;
		}
		let checkpoints = Checkpoints::new(dir);
		let (rolling, anchors) = (Vec::new(), Vec::new());
		Ok(Self { checkpoints, policy, rolling, anchors, at_start: 0, written: None, _lock: lock })
	}

	pub(crate) fn checkpoints(&self) -> &Checkpoints {
		&self.checkpoints
	}

	/// Takes charge of the checkpoints that earlier processes left, up to step `newest`, the one that the
	/// session goes on from: else each process that is killed would leave its own on the disk. Later ones
	/// are damaged, or of a longer job with the same states; they stay.
	pub(crate) fn adopt(&mut self, job: &Prepared, newest: u64) -> Result<(), ExecError> {
		let Job { first_step, stride, .. } = job.job();
		let is_anchor = |entry: &Entry| {
			let (done, stride) = (entry.step.saturating_sub(*first_step), u64::from(*stride));
			let state = done.checked_div(stride).and_then(|state| u32::try_from(state).ok());
			// Earlier versions told anchors by their number.
			let counts = state.is_some_and(|state| self.policy.counts(state));
			entry.is_kept || (done.is_multiple_of(stride) && counts)
		};
		let left = self.checkpoints.entries(0..=newest)?;
		(self.anchors, self.rolling) = left.into_iter().partition(is_anchor);
		self.at_start = self.anchors.len();
		self.remove_old();
		Ok(())
	}

	/// Removes the rolling checkpoints that are no longer needed.
	fn remove_old(&mut self) {
		while self.rolling.len() > ROLLING {
			let entry = self.rolling.remove(0);
			self.remove(entry);
		}
	}

	/// The anchor that is missed least, its place and the gap that it leaves.
	fn least_missed(&self, job: &Prepared) -> Option<(usize, u64)> {
		let steps: Vec<u64> = self.anchors.iter().map(|anchor| anchor.step).collect();
		least_missed(job.job().first_step, &steps)
	}

	/// Removes anchors that are too many, after one of so many bytes was written.
	fn thin_out(&mut self, job: &Prepared, bytes: u64, seconds_per_step: f64) {
		while let Some((index, gap)) = self.least_missed(job) {
			let (gap, anchors) = (time_of(gap, seconds_per_step), (self.anchors.len(), bytes));
			match self.policy.fate(anchors, self.at_start, gap, self.is_short()) {
				Fate::Stays => return,
				Fate::Goes => self.remove_anchor(index),
				Fate::MakesRoom => {
					self.warn_of(gap);
					return self.remove_anchor(index);
				},
			}
		}
	}

	/// Makes room where the disk has none for so many bytes.
	fn make_room(&mut self, job: &Prepared, bytes: u64, seconds_per_step: f64) {
		if self.room().is_none_or(|room| room.free >= bytes) {
			return;
		}
		if let Some((index, gap)) = self.least_missed(job) {
			self.warn_of(time_of(gap, seconds_per_step));
			self.remove_anchor(index);
		}
	}

	fn room(&self) -> Option<Room> {
		let dir = &self.checkpoints.dir;
		let unknown = |error| log::warn!("cannot tell the room for {}: {error}", dir.display());
		Room::of(dir).map_err(unknown).ok()
	}

	fn is_short(&self) -> bool {
		self.room().is_some_and(|room| room.is_short(self.policy.reserve))
	}

	fn warn_of(&self, gap: Duration) {
		log::warn!(
			"the disk of {} is short of room, so a dispute may have to replay {} s of steps; more than {} s \
			can lose it by silence. Free some room, or move the folder to a larger disk",
			self.checkpoints.dir.display(),
			gap.as_secs(),
			self.policy.furthest.as_secs()
		);
	}

	fn remove_anchor(&mut self, index: usize) {
		let entry = self.anchors.remove(index);
		self.remove(entry);
	}

	fn remove(&self, entry: Entry) {
		let path = self.checkpoints.path(entry);
		if let Err(error) = fs::remove_file(&path) {
			log::warn!("could not remove {}: {error}", path.display());
		}
	}

	/// Whether committed state number `state`, after `step` steps, should be written now, and for how
	/// long, if a step takes so many seconds.
	pub(crate) fn due(
		&self,
		job: &Prepared,
		state: u32,
		step: u64,
		seconds_per_step: f64,
	) -> Option<Stay> {
		let last = self.anchors.last().map_or(job.job().first_step, |anchor| anchor.step);
		let since = time_of(step.saturating_sub(last), seconds_per_step);
		if self.policy.is_anchor(state, since) {
			return Some(Stay::Anchor);
		}
		let rested = |(at, took): (Instant, Duration)| at.elapsed() >= self.policy.pause(took);
		self.written.is_none_or(rested).then_some(Stay::Rolling)
	}

	/// Writes a checkpoint, then removes those that are no longer needed if a step takes so many seconds.
	pub(crate) fn write(
		&mut self,
		snapshot: Content<'_>,
		job: &Prepared,
		stay: Stay,
		seconds_per_step: f64,
	) -> Result<(), ExecError> {
		let started = Instant::now();
		let entry = Entry { step: snapshot.step, is_kept: stay == Stay::Anchor };
		let bytes = snapshot.to_bytes(&job.digest());
		self.make_room(job, bytes.len() as u64, seconds_per_step);
		self.put(entry, &bytes)?;
		self.written = Some((Instant::now(), started.elapsed()));
		match stay {
			Stay::Rolling => {
				self.rolling.push(entry);
				self.remove_old();
			},
			Stay::Anchor => {
				self.anchors.push(entry);
				self.thin_out(job, bytes.len() as u64, seconds_per_step);
			},
		}
		Ok(())
	}

	/// Leaves an anchor that no other goes for, between those that there are.
	pub(crate) fn keep(&mut self, snapshot: Content<'_>, job: &Prepared) -> Result<(), ExecError> {
		let entry = Entry { step: snapshot.step, is_kept: true };
		self.put(entry, &snapshot.to_bytes(&job.digest()))?;
		let place = self.anchors.partition_point(|anchor| *anchor < entry);
		if self.anchors.get(place) != Some(&entry) {
			self.anchors.insert(place, entry);
		}
		Ok(())
	}

	/// Writes a file that is there whole or not at all, also after the power fails.
	fn put(&self, entry: Entry, bytes: &[u8]) -> Result<(), ExecError> {
		let dir = &self.checkpoints.dir;
		let (temporary, path) = (dir.join(TEMPORARY), self.checkpoints.path(entry));
		let mut file = File::create(&temporary).map_err(MachineFault::io("create", &temporary))?;
		file.write_all(bytes).map_err(MachineFault::io("write", &temporary))?;
		file.sync_all().map_err(MachineFault::io("flush", &temporary))?;
		drop(file);
		fs::rename(&temporary, &path).map_err(MachineFault::io("rename", &temporary))?;
		let directory = File::open(dir).map_err(MachineFault::io("open", dir))?;
		directory.sync_all().map_err(MachineFault::io("flush", dir))
	}
}
