//! What computes a job.

use std::{path::Path, sync::Arc};

use assay_backend_cpu::{CpuKernels, Kernels};
use assay_executor::{agree, agree_on, ExecError, Prepared, Session, SpotChecks, Storage};

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

	/// Whether the witness does the last step of a run as it was done; the run is in this folder.
	pub(crate) fn confirms<S: Kernels>(
		&self,
		session: &Session<S>,
		folder: &Path,
	) -> Result<(), Trouble> {
		let (job, states) = (session.job(), session.claim().states());
		let last = session.steps_done().checked_sub(1).zip(states.last());
		match (self.witness, last) {
			(Some(witness), Some((step, state))) => {
				let agree = agree_on(job, (step, state), self.kernels, &**witness, folder)?;
				if agree {
					Ok(())
				} else {
					Err(Trouble::Wrong { step })
				}
			},
			_ => Ok(()),
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
