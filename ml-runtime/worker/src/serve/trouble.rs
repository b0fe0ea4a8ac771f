//! Why a job has no result.

use assay_backend_cpu::KernelError;
use assay_executor::{ExecError, MachineFault};
use assay_worker_protocol::{BlobKey, Fault};

/// Why a job has no result.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum Trouble {
	/// Every machine would end here.
	#[error("{0}")]
	Task(String),
	/// Is this machine's.
	#[error("{0}")]
	Machine(String),
	/// Is that of a device which computes for this machine.
	#[error("{0}")]
	Device(String),
	/// A device does not compute what the processor does.
	#[error("the device does step {step} otherwise than the processor")]
	Wrong {
		/// Which step.
		step: u64,
	},
	/// The task does not fit into memory.
	#[error("the task takes {needed} bytes of memory, this machine has {most}")]
	Memory {
		/// Bytes that it takes.
		needed: u64,
		/// Bytes that there are.
		most: u64,
	},
	/// A blob cannot be had.
	#[error("{what} ({key}) cannot be had")]
	Missing {
		/// What it is to the task.
		what: &'static str,
		/// Its key.
		key: BlobKey,
	},
	/// Nobody waits for the result any more.
	#[error("the host is gone")]
	Gone,
}

impl Trouble {
	/// As the host is told.
	pub(crate) fn fault(&self) -> Fault {
		match self {
			Self::Task(why) => Fault::Task(why.as_str().into()),
			Self::Machine(_)
			| Self::Device(_)
			| Self::Wrong { .. }
			| Self::Memory { .. }
			| Self::Missing { .. }
			| Self::Gone => Fault::Machine(self.to_string().into()),
		}
	}
}

impl From<ExecError> for Trouble {
	fn from(error: ExecError) -> Self {
		match error {
			ExecError::Task(fault) => Self::Task(fault.to_string()),
			ExecError::Machine(MachineFault::Kernels(error @ KernelError::Device(_))) => {
				Self::Device(error.to_string())
			},
			ExecError::Machine(MachineFault::Disagreement { step }) => Self::Wrong { step },
			ExecError::Machine(fault) => Self::Machine(fault.to_string()),
		}
	}
}
