//! Re-execution: states inside a stride, and whole steps with all values.

use std::path::Path;

use assay_backend_cpu::Kernels;
use assay_commitment::Root;

use crate::{
	machine::Machine, state::State, store::Checkpoints, trace::Trace, ExecError, Prepared,
	TaskFault,
};

/// Runs parts of a job again, from the nearest checkpoint before them.
///
/// Keeps the place where it was, so that looking at ascending steps replays nothing twice.
#[derive(Debug)]
pub struct Replay<K> {
	job: Prepared,
	kernels: K,
	checkpoints: Option<Checkpoints>,
	machine: Option<Machine>,
}

impl<K: Kernels> Replay<K> {
	/// Replays a job. `dir` is the directory of a session of the same job, running or ended; without
	/// one, replays start from the initial state.
	pub fn new(job: Prepared, kernels: K, dir: Option<&Path>) -> Self {
		let checkpoints = dir.filter(|dir| dir.is_dir()).map(Checkpoints::new);
		Self { job, kernels, checkpoints, machine: None }
	}

	/// The job.
	pub fn job(&self) -> &Prepared {
		&self.job
	}

	/// Goes to the state after `step` steps.
	fn seek(&mut self, step: u64) -> Result<&mut Machine, ExecError> {
		if !(self.job.job().first_step..=self.job.end_step()).contains(&step) {
			return Err(TaskFault::OutOfRange("step").into());
		}
		let here = self.machine.take().filter(|machine| machine.step <= step);
		let near = match &self.checkpoints {
			Some(checkpoints) => checkpoints.newest(&self.job, 0..=step)?,
			None => None,
		};
		let near = near.filter(|near| here.as_ref().is_none_or(|here| here.step < near.step));
		let mut machine = match (near, here) {
			(Some(near), _) => {
				Machine::resume(&self.job, &self.kernels, near.step, near.slots)?
			},
			(None, Some(here)) => here,
			(None, None) => Machine::start(&self.job, &self.kernels)?,
		};
		while machine.step < step {
			machine.advance(&self.job, &self.kernels)?;
		}
		Ok(self.machine.insert(machine))
	}

	/// The commitments of the state after `step` steps.
	pub fn state(&mut self, step: u64) -> Result<State, ExecError> {
		let job = self.job.clone();
		self.seek(step)?.state(&job)
	}

	/// Content of every slot after `step` steps.
	pub fn slots(&mut self, step: u64) -> Result<&[Vec<u32>], ExecError> {
		self.seek(step)?.slots()
	}

	/// The states after each step of stride `stride`, that is between the committed states `stride` and
	/// `stride + 1`: from the first step up to and including the latter.
	pub fn inner_states(&mut self, stride: u32) -> Result<Vec<Root>, ExecError> {
		let first = self.job.step_of_state(stride)?;
		let next = stride.checked_add(1).ok_or(TaskFault::OutOfRange("stride"))?;
		let last = self.job.step_of_state(next)?;
		(first + 1..=last).map(|step| Ok(self.state(step)?.root())).collect()
	}

	/// Runs step `step` (counted from 0) and keeps the output of every node.
	pub fn trace(&mut self, step: u64) -> Result<Trace, ExecError> {
		if step >= self.job.end_step() {
			return Err(TaskFault::OutOfRange("step").into());
		}
		let slots = self.seek(step)?.slots()?.to_vec();
		Trace::run(&self.job, &self.kernels, step, slots)
	}
}
