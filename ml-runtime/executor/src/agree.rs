//! Whether two backends compute the same.

use std::path::Path;

use assay_backend_cpu::Kernels;
use assay_commitment::Root;

use crate::{machine::Machine, spot::After, ExecError, Prepared, Replay};

/// Whether two backends do the first step of a job alike: the same loss and the same state after it.
///
/// All backends are meant to; this finds the machine, driver or defect for which it is not so, with the job's own
/// operations and shapes, before anything depends on it. It takes a step of both.
pub fn agree(job: &Prepared, one: &impl Kernels, other: &impl Kernels) -> Result<bool, ExecError> {
	Ok(first_step(job, one)? == first_step(job, other)?)
}

/// Whether a witness does a step of a run as the run in this directory did, which had this state after it. The kernels
/// take it from the nearest checkpoint to the state before the step.
pub fn agree_on(
	job: &Prepared,
	(step, after): (u64, &Root),
	kernels: &impl Kernels,
	witness: &impl Kernels,
	dir: &Path,
) -> Result<bool, ExecError> {
	let before = Replay::new(job.clone(), kernels, Some(dir)).into_slots(step)?;
	let mut machine = Machine::resume(job, witness, step, before)?;
	Ok(After::next(job, witness, &mut machine)?.state == *after)
}

fn first_step(job: &Prepared, kernels: &impl Kernels) -> Result<After, ExecError> {
	After::next(job, kernels, &mut Machine::start(job, kernels)?)
}
