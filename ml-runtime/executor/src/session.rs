//! Training: from the initial state, or the newest checkpoint, to the claim.

use std::{
	ops::ControlFlow,
	path::{Path, PathBuf},
	time::Instant,
};

use assay_backend_cpu::Kernels;
use assay_commitment::Root;
use assay_disk::Room;

use crate::{
	machine::Machine,
	policy::CheckpointPolicy,
	snapshot::{Content, Snapshot},
	spot::{After, SpotChecks},
	store::{Checkpoints, Stay, Store},
	ClaimList, ExecError, MachineFault, OnNonFinite, Prepared, TaskFault,
};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
	/// All steps were done, and everything stayed finite.
	Completed,
	/// The loss or a parameter was NaN or infinite after a step. Every honest run of the job ends so,
	/// with the same claim.
	NonFinite {
		/// The first step, counted from 0, that produced it.
		step: u64,
	},
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
	/// Steps of this job that are done.
	pub step: u64,
	/// Steps of this job.
	pub steps: u64,
	/// Loss of the last step, as bits of an `f32`.
	pub loss: u32,
	/// Committed states so far.
	pub states: u32,
	/// Root of their list: what a heartbeat carries.
	pub heartbeat: Root,
	/// Steps per second since this process started to run, checkpoints included.
	pub steps_per_second: f64,
	/// Where this process spent its time.
	pub pace: Pace,
}

/// What steps and commitments took, as measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Pace {
	/// Mean seconds of a step; 0 before the first.
	pub step: f64,
	/// Mean seconds of a commitment to a state; 0 before the first.
	pub commitment: f64,
}

impl Pace {
	/// The smallest stride for which commitments take at most this share (between 0 and 1) of the time;
	/// `None` before both were measured.
	pub fn stride(&self, share: f64) -> Option<u32> {
		let measured = self.step > 0.0 && self.commitment > 0.0 && share > 0.0 && share < 1.0;
		// commitment ≤ share · (stride · step + commitment)
		let stride = self.commitment * (1.0 - share) / (share * self.step);
		measured.then(|| stride.ceil().clamp(1.0, f64::from(u32::MAX)) as u32)
	}
}

/// A mean in the making.
#[derive(Clone, Copy, Debug, Default)]
struct Timer {
	seconds: f64,
	times: u32,
}

impl Timer {
	fn time<T>(&mut self, work: impl FnOnce() -> T) -> T {
		let started = Instant::now();
		let result = work();
		self.seconds += started.elapsed().as_secs_f64();
		self.times = self.times.saturating_add(1);
		result
	}

	fn mean(&self) -> f64 {
		self.seconds / f64::from(self.times.max(1))
	}
}

/// Where checkpoints go.
#[derive(Clone, Debug)]
pub struct Storage {
	/// A directory of this job's own. Created if needed.
	pub dir: PathBuf,
	/// When checkpoints are written.
	pub policy: CheckpointPolicy,
}

impl Storage {
	/// A directory of a run whose claim is to be defended. Anchors may take so many bytes; without a number
	/// 32 GiB, or half of what the disk had free without them, if that is less.
	pub fn training(dir: impl AsRef<Path>, anchor_bytes: Option<u64>) -> Self {
		let (dir, policy) = (dir.as_ref(), CheckpointPolicy::TRAINING);
		let anchor_bytes = anchor_bytes.unwrap_or_else(|| {
			let half = |room: Room| room.free.saturating_add(Checkpoints::new(dir).bytes()) / 2;
			policy.anchor_bytes.min(Room::of(dir).map_or(u64::MAX, half))
		});
		Self { dir: dir.into(), policy: CheckpointPolicy { anchor_bytes, ..policy } }
	}

	/// A directory of a run that checks a claim.
	pub fn check(dir: impl AsRef<Path>) -> Self {
		Self { dir: dir.as_ref().into(), policy: CheckpointPolicy::CHECK }
	}
}

/// A training run in progress.
#[derive(Debug)]
pub struct Session<K> {
	job: Prepared,
	kernels: K,
	machine: Machine,
	claim: ClaimList,
	loss: u32,
	non_finite: Option<u64>,
	store: Option<Store>,
	checks: Option<SpotChecks>,
	/// Step of the newest checkpoint on the disk.
	saved: Option<u64>,
	/// When and at which step this process started.
	started: (Instant, u64),
	steps: Timer,
	commitments: Timer,
}

impl<K: Kernels> Session<K> {
	/// Starts the job, or goes on from its newest intact checkpoint.
	pub fn start(job: Prepared, kernels: K, storage: Option<Storage>) -> Result<Self, ExecError> {
		let store = storage.map(|storage| Store::open(&storage.dir, storage.policy));
		let mut store = store.transpose()?;
		let found = match &store {
			Some(store) => store.checkpoints().newest(&job, 0..=job.end_step())?,
			None => None,
		};
		let saved = found.as_ref().map(|snapshot| snapshot.step);
		if let (Some(store), Some(newest)) = (&mut store, saved) {
			store.adopt(&job, newest)?;
		}
		let snapshot = found.unwrap_or_else(|| Snapshot::first(&job));
		let Snapshot { step, loss, non_finite, states, slots } = snapshot;
		let claim = ClaimList::from_states(states)?;
		let machine = Machine::resume(&job, &kernels, step, slots)?;
		let started = (Instant::now(), step);
		let (steps, commitments) = (Timer::default(), Timer::default());
		Ok(Self {
			job,
			kernels,
			machine,
			claim,
			loss,
			non_finite,
			store,
			checks: None,
			saved,
			started,
			steps,
			commitments,
		})
	}

	/// From now on the processor does some steps again. A step that comes out otherwise ends the run with
	/// [`MachineFault::Disagreement`]; states that were committed to before may then be wrong, too.
	pub fn spot_checked(self, checks: SpotChecks) -> Self {
		Self { checks: Some(checks), ..self }
	}

	/// The job.
	pub fn job(&self) -> &Prepared {
		&self.job
	}

	/// Number of the next step: how many were done, ever.
	pub fn steps_done(&self) -> u64 {
		self.machine.step
	}

	/// The committed states so far.
	pub fn claim(&self) -> &ClaimList {
		&self.claim
	}

	/// Content of every slot now; after the end, the artefact. Fetched from where the kernels keep it.
	pub fn slots(&mut self) -> Result<Vec<&[u32]>, ExecError> {
		Ok(self.job.whole(self.machine.slots()?))
	}

	/// How the run ended, or `None` while there is something to do.
	pub fn outcome(&self) -> Option<Outcome> {
		let stopped =
			self.non_finite.is_some() && self.job.job().on_non_finite == OnNonFinite::Stop;
		let done = self.machine.step == self.job.end_step() || stopped;
		done.then_some(match self.non_finite {
			Some(step) => Outcome::NonFinite { step },
			None => Outcome::Completed,
		})
	}

	/// Loss of the last step, as bits of an `f32`; 0 before the first.
	pub fn loss(&self) -> u32 {
		self.loss
	}

	/// How far the run is.
	pub fn progress(&self) -> Progress {
		let (instant, step) = self.started;
		let seconds = instant.elapsed().as_secs_f64().max(1e-9);
		Progress {
			step: self.machine.step - self.job.job().first_step,
			steps: self.job.job().steps,
			loss: self.loss,
			states: self.claim.states().len() as u32,
			heartbeat: self.claim.root(),
			steps_per_second: (self.machine.step - step) as f64 / seconds,
			pace: Pace { step: self.steps.mean(), commitment: self.commitments.mean() },
		}
	}

	/// Runs one step; after a stride also commits to the state, and writes a checkpoint if one is due.
	/// Does nothing after the end.
	///
	/// After an error in a kernel nothing has changed; after one on the disk the step is done and only
	/// the checkpoint is missing. In both cases the session may go on. Only where values are in a device's
	/// memory it does not: after an error of the device every call gives that error. Nor should it after a
	/// [`MachineFault::Disagreement`].
	pub fn step(&mut self) -> Result<(), ExecError> {
		match (self.do_step(), &mut self.checks) {
			// What a device did before it failed may have been wrong.
			(Err(error), Some(checks)) => checks.finish().and(Err(error)),
			(done, _) => done,
		}
	}

	fn do_step(&mut self) -> Result<(), ExecError> {
		if self.outcome().is_some() {
			return self.checkpoint(Stay::Rolling);
		}
		self.loss = self.steps.time(|| self.machine.advance(&self.job, &self.kernels))?;
		let finite = self.machine.is_finite(&self.job, self.loss);
		if self.non_finite.is_none() && !finite {
			self.non_finite = Some(self.machine.step - 1);
		}
		let ended = self.outcome().is_some();
		let committed = ended || self.job.is_committed(self.machine.step);
		let checked = match &mut self.checks {
			Some(checks) => checks.is_due()? || ended,
			None => false,
		};
		if !committed && !checked {
			return Ok(());
		}
		let state = self.commitments.time(|| self.machine.state(&self.job, &self.kernels))?.root();
		if committed {
			self.claim.push(state)?;
		}
		if let Some(checks) = self.checks.as_mut().filter(|_| checked) {
			let after = After { loss: self.loss, finite, state };
			let before = self.machine.before(&self.job)?;
			checks.begin(&self.job, self.machine.step - 1, before, after)?;
			if ended {
				checks.finish()?;
			}
		}
		if !committed {
			return Ok(());
		}
		let index = (self.claim.states().len() - 1) as u32;
		let (step, seconds) = (self.machine.step, self.steps.mean());
		let due = |store: &Store| store.due(&self.job, index, step, seconds);
		// No stride begins in the last state.
		let due = match ended {
			true => Some(Stay::Rolling),
			false => self.store.as_ref().and_then(due),
		};
		due.map_or(Ok(()), |stay| self.checkpoint(stay))
	}

	/// Runs to the end. `observe` is called after every step and may stop the run.
	pub fn run(
		&mut self,
		mut observe: impl FnMut(&Self) -> ControlFlow<()>,
	) -> Result<Outcome, ExecError> {
		loop {
			if let Some(outcome) = self.outcome() {
				self.checkpoint(Stay::Rolling)?;
				return Ok(outcome);
			}
			self.step()?;
			if observe(self).is_break() {
				return Err(MachineFault::Interrupted.into());
			}
		}
	}

	/// Writes the state to the disk if it is a committed one and not there yet.
	fn checkpoint(&mut self, stay: Stay) -> Result<(), ExecError> {
		let Some(store) = &mut self.store else { return Ok(()) };
		if self.saved == Some(self.machine.step) {
			return Ok(());
		}
		let step = self.machine.step;
		let snapshot = Content {
			step,
			loss: self.loss,
			non_finite: self.non_finite,
			states: self.claim.states(),
			slots: self.machine.slots()?,
		};
		store.write(snapshot, &self.job, stay, self.steps.mean())?;
		self.saved = Some(step);
		Ok(())
	}

	/// Ends the session and leaves an anchor at committed state number `state`: a dispute about the stride
	/// that begins there has nothing to replay before it. Runs again what no checkpoint is near enough for.
	pub fn keep(self, state: u32) -> Result<(), ExecError> {
		let Self { job, kernels, machine, claim, non_finite, store, .. } = self;
		let (step, ended) = (job.step_of_state(state)?, machine.step);
		// Its memory is needed.
		drop(machine);
		let Some(mut store) = store else { return Ok(()) };
		if step == job.job().first_step || step == ended {
			// These stay anyway.
			return Ok(());
		}
		let states = claim.states().get(..=state as usize);
		let states = states.ok_or(TaskFault::OutOfRange("committed state"))?;
		let found = store.checkpoints().newest(&job, job.job().first_step..=step)?;
		let found = found.unwrap_or_else(|| Snapshot::first(&job));
		let (mut loss, mut machine) =
			(found.loss, Machine::resume(&job, &kernels, found.step, found.slots)?);
		while machine.step < step {
			loss = machine.advance(&job, &kernels)?;
		}
		let non_finite = non_finite.filter(|at| *at < step);
		let slots = machine.slots()?;
		store.keep(Content { step, loss, non_finite, states, slots }, &job)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn stride_should_keep_commitments_below_the_share_when_both_are_measured() {
		let pace = Pace { step: 0.010, commitment: 0.003 };
		let stride = pace.stride(0.02).unwrap();
		let share = |stride: u32| 0.003 / (f64::from(stride) * 0.010 + 0.003);
		assert!(share(stride) <= 0.02 && share(stride - 1) > 0.02, "{stride}");
		assert_eq!(Pace { step: 1.0, commitment: 1e-9 }.stride(0.02), Some(1));
	}

	#[test]
	fn stride_should_be_unknown_when_nothing_was_measured() {
		assert_eq!(Pace::default().stride(0.02), None);
		assert_eq!(Pace { step: 1.0, commitment: 1.0 }.stride(0.0), None);
	}
}
