//! What computes a job.

use std::sync::Arc;

use assay_backend_cpu::{CpuKernels, Kernels};
use assay_executor::{agree, ExecError, Prepared, Session, SpotChecks, Storage};

use super::trouble::Trouble;

/// Kernels, and the processor beside them where they are a device's.
#[derive(Debug)]
pub(crate) struct Engine<'a, K> {
	pub(crate) kernels: &'a K,
	/// Does some of what the kernels do again, to find that they err.
	pub(crate) witness: Option<&'a Arc<CpuKernels>>,
}

impl<K> Clone for Engine<'_, K> {
	fn clone(&self) -> Self {
		*self
	}
}

impl<K> Copy for Engine<'_, K> {}

impl<'a, K: Kernels> Engine<'a, K> {
	/// The job, if the kernels do its first step as the witness does.
	pub(crate) fn trusted(&self, job: Prepared) -> Result<Prepared, Trouble> {
		match self.witness {
			Some(witness) if !agree(&job, self.kernels, &**witness)? => {
				Err(Trouble::Wrong { step: job.job().first_step })
			},
			_ => Ok(job),
		}
	}

	/// A run of the job, from where an earlier process left it, with spot checks where there is a witness.
	pub(crate) fn session(
		&self,
		job: &Prepared,
		storage: Storage,
	) -> Result<Session<&'a K>, ExecError> {
		let session = Session::start(job.clone(), self.kernels, Some(storage))?;
		Ok(match self.witness {
			Some(witness) => session.spot_checked(SpotChecks::new(witness.clone())),
			None => session,
		})
	}
}
