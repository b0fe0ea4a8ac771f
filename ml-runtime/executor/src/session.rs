//! Training: from the initial state, or the newest checkpoint, to the claim.

use std::{
	ops::ControlFlow,
	path::{Path, PathBuf},
	time::Instant,
};

use assay_backend_cpu::Kernels;
use assay_commitment::Root;

use crate::{
	machine::Machine,
	snapshot::Snapshot,
	state::is_finite,
	store::{CheckpointPolicy, Store},
	ClaimList, ExecError, MachineFault, OnNonFinite, Prepared,
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
	/// A directory and the default policy.
	pub fn new(dir: impl AsRef<Path>) -> Self {
		Self { dir: dir.as_ref().into(), policy: CheckpointPolicy::default() }
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
	/// Step of the newest checkpoint on the disk.
	saved: Option<u64>,
	/// When and at which step this process started.
	started: (Instant, u64),
}

impl<K: Kernels> Session<K> {
	/// Starts the job, or goes on from its newest intact checkpoint.
	pub fn start(job: Prepared, kernels: K, storage: Option<Storage>) -> Result<Self, ExecError> {
		let store = storage.map(|storage| Store::open(&storage.dir, storage.policy)).transpose()?;
		let found = match &store {
			Some(store) => store.checkpoints().newest(&job, job.end_step())?,
			None => None,
		};
		let saved = found.as_ref().map(|snapshot| snapshot.step);
		let snapshot = found.unwrap_or_else(|| Snapshot {
			step: job.job().first_step,
			loss: 0,
			non_finite: None,
			states: vec![job.init_root()],
			slots: job.job().initial.clone(),
		});
		let Snapshot { step, loss, non_finite, states, slots } = snapshot;
		let claim = ClaimList::from_states(states)?;
		let machine = Machine::resume(&job, step, slots);
		let started = (Instant::now(), step);
		Ok(Self { job, kernels, machine, claim, loss, non_finite, store, saved, started })
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

	/// Content of every slot now; after the end, the artefact.
	pub fn slots(&self) -> &[Vec<u32>] {
		&self.machine.slots
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
		}
	}

	/// Runs one step; after a stride also commits to the state, and writes a checkpoint if one is due.
	/// Does nothing after the end.
	///
	/// After an error in a kernel nothing has changed; after one on the disk the step is done and only
	/// the checkpoint is missing. In both cases the session may go on.
	pub fn step(&mut self) -> Result<(), ExecError> {
		if self.outcome().is_some() {
			return self.checkpoint();
		}
		self.loss = self.machine.advance(&self.job, &self.kernels)?;
		let program = self.job.program();
		if self.non_finite.is_none() && !is_finite(program, self.loss, &self.machine.slots) {
			self.non_finite = Some(self.machine.step - 1);
		}
		let ended = self.outcome().is_some();
		if !ended && !self.job.is_committed(self.machine.step) {
			return Ok(());
		}
		let state = self.job.state(self.machine.step, &self.machine.slots)?;
		self.claim.push(state.root())?;
		let index = (self.claim.states().len() - 1) as u32;
		if ended || self.store.as_ref().is_some_and(|store| store.is_due(index)) {
			self.checkpoint()?;
		}
		Ok(())
	}

	/// Runs to the end. `observe` is called after every step and may stop the run.
	pub fn run(
		&mut self,
		mut observe: impl FnMut(&Self) -> ControlFlow<()>,
	) -> Result<Outcome, ExecError> {
		loop {
			if let Some(outcome) = self.outcome() {
				self.checkpoint()?;
				return Ok(outcome);
			}
			self.step()?;
			if observe(self).is_break() {
				return Err(MachineFault::Interrupted.into());
			}
		}
	}

	/// Writes the state to the disk if it is a committed one and not there yet.
	fn checkpoint(&mut self) -> Result<(), ExecError> {
		let Some(store) = &mut self.store else { return Ok(()) };
		if self.saved == Some(self.machine.step) {
			return Ok(());
		}
		let snapshot = Snapshot {
			step: self.machine.step,
			loss: self.loss,
			non_finite: self.non_finite,
			states: self.claim.states().to_vec(),
			slots: self.machine.slots.clone(),
		};
		store.write(&snapshot, &self.job)?;
		self.saved = Some(snapshot.step);
		Ok(())
	}
}
