//! Whether two backends compute the same.

use assay_backend_cpu::Kernels;

use crate::{machine::Machine, spot::After, ExecError, Prepared};

/// Whether two backends do the first step of a job alike: the same loss and the same state after it.
///
/// All backends are meant to; this finds the machine, driver or defect for which it is not so, with the job's own
/// operations and shapes, before anything depends on it. It takes a step of both.
pub fn agree(job: &Prepared, one: &impl Kernels, other: &impl Kernels) -> Result<bool, ExecError> {
	Ok(first_step(job, one)? == first_step(job, other)?)
}

fn first_step(job: &Prepared, kernels: &impl Kernels) -> Result<After, ExecError> {
	After::next(job, kernels, &mut Machine::start(job, kernels)?)
}
