//! What can go wrong, split by whose fault it is.

use std::{io, path::Path};

use assay_backend_cpu::KernelError;

/// Follows from the task: every honest machine that tries meets the same fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TaskFault {
	/// The task has no steps.
	#[error("the task has no steps")]
	NoSteps,
	/// The stride is 0, or there would be 2³² committed states or more.
	#[error("a stride of {stride} over {steps} steps gives no list of states")]
	BadStride {
		/// Steps of the task.
		steps: u64,
		/// Steps between committed states.
		stride: u32,
	},
	/// The initial state has another number of slots than the program.
	#[error("{got} initial slots given, the program has {expected}")]
	SlotCount {
		/// Slots of the program.
		expected: usize,
		/// Slots given.
		got: usize,
	},
	/// An initial slot does not have `rows · cols` words.
	#[error("initial slot {slot} has {got} words instead of {expected}")]
	SlotSize {
		/// Which slot.
		slot: usize,
		/// Words that its type asks for.
		expected: u64,
		/// Words given.
		got: usize,
	},
	/// The data set is empty, or not a whole number of records.
	#[error("{bytes} bytes are no records of {record_size} bytes")]
	BadData {
		/// Bytes given.
		bytes: usize,
		/// Bytes per record.
		record_size: u32,
	},
	/// A node reads beyond the records.
	#[error("node reads beyond record {record}")]
	ShortRecord {
		/// Which record.
		record: u64,
	},
	/// The program needs more memory than the caller allows.
	#[error("the program needs {needed} words of memory, {allowed} are allowed")]
	TooLarge {
		/// Words that the plan needs.
		needed: u64,
		/// Words allowed.
		allowed: u64,
	},
	/// A position that the task does not have.
	#[error("there is no such {0}")]
	OutOfRange(&'static str),
	/// An imported list is no list of this task's states.
	#[error("the list of states is malformed: {0}")]
	BadStates(&'static str),
}

/// Is this machine's: says nothing about the task, and may be gone at the next attempt.
#[derive(Debug, thiserror::Error)]
pub enum MachineFault {
	/// A file could not be read or written.
	#[error("{action} {path}: {source}")]
	Io {
		/// What was tried.
		action: &'static str,
		/// On which file.
		path: String,
		/// What the operating system said.
		source: io::Error,
	},
	/// Another process works in the same directory.
	#[error("{path} is in use by another process")]
	Busy {
		/// The directory.
		path: String,
	},
	/// The kernels did not compute, for a reason that is not in the task.
	#[error("kernels: {0}")]
	Kernels(KernelError),
	/// Kernels did a step otherwise than the processor.
	#[error("step {step} came out otherwise than on the processor")]
	Disagreement {
		/// Which step.
		step: u64,
	},
	/// The caller asked to stop.
	#[error("interrupted")]
	Interrupted,
	/// Something that the checks before the start exclude: a defect of this program.
	#[error("internal: {0}")]
	Internal(&'static str),
}

impl MachineFault {
	/// Makes an adaptor for `map_err`.
	pub(crate) fn io<'a>(
		action: &'static str,
		path: &'a Path,
	) -> impl FnOnce(io::Error) -> ExecError + 'a {
		move |source| {
			ExecError::Machine(MachineFault::Io {
				action,
				path: path.display().to_string(),
				source,
			})
		}
	}
}

/// Why something was not done.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
	/// Follows from the task.
	#[error("task: {0}")]
	Task(#[from] TaskFault),
	/// Is this machine's.
	#[error("machine: {0}")]
	Machine(#[from] MachineFault),
}

impl ExecError {
	/// Whether every honest machine meets this fault.
	pub fn is_deterministic(&self) -> bool {
		match self {
			Self::Task(_) => true,
			Self::Machine(_) => false,
		}
	}
}

impl From<KernelError> for ExecError {
	fn from(error: KernelError) -> Self {
		match error {
			KernelError::Record { index } => TaskFault::ShortRecord { record: index }.into(),
			error @ (KernelError::Shape
			| KernelError::FloatEnvironment
			| KernelError::Level
			| KernelError::Threads(_)
			| KernelError::Device(_)) => MachineFault::Kernels(error).into(),
		}
	}
}
