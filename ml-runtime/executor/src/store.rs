//! The directory of a job's checkpoints: written so that a kill at any instant leaves it usable.
//!
//! A checkpoint is written to `checkpoint.tmp`, flushed to the disk, renamed to its name, and the
//! directory is flushed. So a file with a checkpoint's name is complete, unless the disk lost bytes;
//! those are found by the checksum and skipped. Names hold the step, so the newest sorts last:
//!
//! ```text
//! lock                                 held while a session runs
//! checkpoint.tmp                       being written; removed at the next start
//! checkpoint-00000000000000000400      after 400 steps
//! ```

use std::{
	collections::BTreeSet,
	fs::{self, File, TryLockError},
	io::Write,
	path::{Path, PathBuf},
	time::{Duration, Instant},
};

use crate::{
	snapshot::{Damage, Snapshot},
	state::State,
	ExecError, Job, MachineFault, Prepared,
};

const PREFIX: &str = "checkpoint-";
const TEMPORARY: &str = "checkpoint.tmp";

/// Rolling checkpoints that are kept: the newest, and the one before should that one be damaged.
const ROLLING: usize = 2;

/// When checkpoints are written, and which are kept. Changes nothing about results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckpointPolicy {
	/// Least time between two rolling checkpoints. The last state is always written.
	pub interval: Duration,
	/// Each that many committed states a checkpoint is written and kept for good, so that disputes
	/// need not replay from the start. 0: never.
	pub anchor: u32,
}

impl Default for CheckpointPolicy {
	fn default() -> Self {
		Self { interval: Duration::from_secs(2), anchor: 16 }
	}
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

	fn path(&self, step: u64) -> PathBuf {
		self.dir.join(format!("{PREFIX}{step:020}"))
	}

	/// Steps of the checkpoints, whatever state they are in.
	fn steps(&self) -> Result<BTreeSet<u64>, ExecError> {
		let mut steps = BTreeSet::new();
		for entry in fs::read_dir(&self.dir).map_err(MachineFault::io("list", &self.dir))? {
			let name = entry.map_err(MachineFault::io("list", &self.dir))?.file_name();
			let step: Option<u64> =
				name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.parse().ok());
			steps.extend(step);
		}
		Ok(steps)
	}

	/// The newest intact checkpoint of the job with at most `most` steps done. Damaged ones are skipped
	/// with a warning.
	pub(crate) fn newest(&self, job: &Prepared, most: u64) -> Result<Option<Snapshot>, ExecError> {
		for step in self.steps()?.range(..=most).rev() {
			let path = self.path(*step);
			let bytes = match fs::read(&path) {
				Ok(bytes) => bytes,
				Err(error) => {
					log::warn!("skipping {}: {error}", path.display());
					continue;
				},
			};
			match Snapshot::from_bytes(&bytes, &job.digest()).and_then(|s| fitting(s, job, *step)) {
				Ok(snapshot) => return Ok(Some(snapshot)),
				Err(damage) => log::warn!("skipping {}: {damage}", path.display()),
			}
		}
		Ok(None)
	}
}

/// Checks that a snapshot is one of the job after `step` steps: shapes, number of states, and that the
/// slots are those of the last state.
fn fitting(snapshot: Snapshot, job: &Prepared, step: u64) -> Result<Snapshot, Damage> {
	let slots = &job.program().slots;
	let shapes = slots.len() == snapshot.slots.len()
		&& slots
			.iter()
			.zip(&snapshot.slots)
			.all(|(slot, words)| slot.ty.words() == words.len() as u64);
	if !shapes || snapshot.step != step || snapshot.states.first() != Some(&job.init_root()) {
		return Err(Damage::Content);
	}
	let last = u32::try_from(snapshot.states.len() - 1).map_err(|_| Damage::Content)?;
	let regular = job.step_of_state(last) == Ok(step);
	let stopped = snapshot.non_finite.is_some_and(|at| at.checked_add(1) == Some(step));
	// Every slot, also those that no step changes: the disk may have changed them.
	let state = State::new(job.program(), step, &snapshot.slots).map_err(|_| Damage::Content)?;
	if !(regular || stopped) || snapshot.states.last() != Some(&state.root()) {
		return Err(Damage::Content);
	}
	Ok(snapshot)
}

/// A directory that a session writes to, locked against other sessions.
#[derive(Debug)]
pub(crate) struct Store {
	checkpoints: Checkpoints,
	policy: CheckpointPolicy,
	rolling: Vec<u64>,
	written: Option<Instant>,
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
		Ok(Self { checkpoints, policy, rolling: Vec::new(), written: None, _lock: lock })
	}

	pub(crate) fn checkpoints(&self) -> &Checkpoints {
		&self.checkpoints
	}

	fn is_anchor(&self, state: u32) -> bool {
		self.policy.anchor != 0 && state.is_multiple_of(self.policy.anchor)
	}

	/// Takes charge of the rolling checkpoints that earlier processes left, up to step `newest`, the one
	/// that the session goes on from: else each process that is killed would leave its own on the disk.
	/// Later ones are damaged, or of a longer job with the same states; they stay.
	pub(crate) fn adopt(&mut self, job: &Prepared, newest: u64) -> Result<(), ExecError> {
		let Job { first_step, stride, .. } = job.job();
		let is_anchor = |step: u64| {
			let (done, stride) = (step.saturating_sub(*first_step), u64::from(*stride));
			let state = done.checked_div(stride).and_then(|state| u32::try_from(state).ok());
			done.is_multiple_of(stride) && state.is_some_and(|state| self.is_anchor(state))
		};
		let left = self.checkpoints.steps()?;
		self.rolling = left.range(..=newest).copied().filter(|step| !is_anchor(*step)).collect();
		self.remove_old();
		Ok(())
	}

	/// Removes the rolling checkpoints that are no longer needed.
	fn remove_old(&mut self) {
		while self.rolling.len() > ROLLING {
			let path = self.checkpoints.path(self.rolling.remove(0));
			if let Err(error) = fs::remove_file(&path) {
				log::warn!("could not remove {}: {error}", path.display());
			}
		}
	}

	/// Whether committed state number `state` should be written now.
	pub(crate) fn is_due(&self, state: u32) -> bool {
		let long_ago = self.written.is_none_or(|at| at.elapsed() >= self.policy.interval);
		long_ago || self.is_anchor(state)
	}

	/// Writes a checkpoint, then removes rolling ones that are no longer needed.
	pub(crate) fn write(&mut self, snapshot: &Snapshot, job: &Prepared) -> Result<(), ExecError> {
		let dir = &self.checkpoints.dir;
		let (temporary, path) = (dir.join(TEMPORARY), self.checkpoints.path(snapshot.step));
		let mut file = File::create(&temporary).map_err(MachineFault::io("create", &temporary))?;
		let bytes = snapshot.to_bytes(&job.digest());
		file.write_all(&bytes).map_err(MachineFault::io("write", &temporary))?;
		file.sync_all().map_err(MachineFault::io("flush", &temporary))?;
		drop(file);
		fs::rename(&temporary, &path).map_err(MachineFault::io("rename", &temporary))?;
		let directory = File::open(dir).map_err(MachineFault::io("open", dir))?;
		directory.sync_all().map_err(MachineFault::io("flush", dir))?;
		self.written = Some(Instant::now());
		let state = u32::try_from(snapshot.states.len() - 1).unwrap_or(u32::MAX);
		if !self.is_anchor(state) {
			self.rolling.push(snapshot.step);
		}
		self.remove_old();
		Ok(())
	}
}
