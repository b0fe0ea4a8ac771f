//! What runs kernels: a GPU, or the emulator.

use std::{fmt, time::Duration};

use assay_backend_cpu::KernelError;

use crate::{plan::Plan, Work};

impl Plan {
	/// Refuses operands, and so many words of a result, that are not the plan's.
	pub(crate) fn check(&self, operands: &[&[u32]], out: usize) -> Result<(), DeviceError> {
		self.check_words(operands.iter().map(|words| words.len()), out)
	}

	/// The same on a device, where the result must also be none of the operands.
	pub(crate) fn check_spans(&self, operands: &[Span], out: Span) -> Result<(), DeviceError> {
		if operands.iter().any(|operand| operand.buffer == out.buffer) {
			return Err(DeviceError::Fault("a result would overwrite its operand".into()));
		}
		self.check_words(operands.iter().map(|operand| operand.words), out.words)
	}

	fn check_words(
		&self,
		operands: impl Iterator<Item = usize>,
		out: usize,
	) -> Result<(), DeviceError> {
		if out == self.out() && operands.eq(self.operands().iter().copied()) {
			return Ok(());
		}
		Err(DeviceError::Fault("a value does not have the words of its plan".into()))
	}
}

/// Runs the kernels of a plan. What does not have the words that the plan says is refused.
pub trait Device: Send + Sync {
	/// What it is, for people.
	fn name(&self) -> String;

	/// Runs the launches of a plan in order, on these operands, and copies the result to `out`.
	fn execute(&self, plan: &Plan, operands: &[&[u32]], out: &mut [u32])
		-> Result<(), DeviceError>;

	/// Memory on the device.
	fn memory(&self) -> Result<Box<dyn DeviceMemory>, DeviceError>;
}

/// The beginning of a buffer: its number, by the order of allocation, and so many words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
	/// The buffer.
	pub buffer: usize,
	/// Words from its beginning on.
	pub words: usize,
}

/// Writes words for a device, or says why it cannot.
pub type Fill<'a> = &'a mut dyn FnMut(&mut [u32]) -> Result<(), KernelError>;

/// Buffers on a device. Work is done in the order of the calls; only [`DeviceMemory::upload`] and
/// [`DeviceMemory::download`] wait for it.
pub trait DeviceMemory: Send {
	/// Allocates the next buffer, with any content.
	fn allocate(&mut self, words: usize) -> Result<(), DeviceError>;

	/// Copies words to the beginning of a buffer, and waits for it: for what comes once.
	fn upload(&mut self, to: usize, words: &[u32]) -> Result<(), DeviceError>;

	/// Has a span's words written in memory of the host that the device reads at full speed, and copies them: for
	/// what comes again and again.
	fn fill(&mut self, to: Span, fill: Fill<'_>) -> Result<(), KernelError>;

	/// Copies a span, which is as long as `words`, to the host.
	fn download(&mut self, from: Span, words: &mut [u32]) -> Result<(), DeviceError>;

	/// Runs the launches of a plan in order.
	fn launch(&mut self, work: &Work) -> Result<(), DeviceError>;

	/// Makes a graph of work that is done again and again, and gives its number, by the order of making. Nothing runs.
	fn record(&mut self, work: Vec<Work>) -> Result<usize, DeviceError>;

	/// Does the work of a graph, with the result that it has when done in order.
	fn replay(&mut self, graph: usize) -> Result<(), DeviceError>;
}

pub(crate) fn no_graph(graph: usize) -> DeviceError {
	DeviceError::Fault(format!("there is no graph {graph}"))
}

/// Why a device does not do what it was asked to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeviceError {
	/// This machine has no NVIDIA driver.
	NoDriver,
	/// The driver is there, but there is no such device.
	NoDevice {
		/// Number of the device that was asked for.
		index: usize,
		/// What the driver says.
		reason: String,
	},
	/// The device, or its driver, is too old for the kernels.
	TooOld {
		/// Number of the device.
		index: usize,
		/// What it has.
		has: Requirements,
	},
	/// A value, or what is needed to compute it, has more words than a kernel can count.
	TooLarge,
	/// The driver refused something.
	Driver(String),
	/// The device has not done its work after so long. It is not waited for again, and gets no other work.
	Silent(Duration),
	/// A kernel did what no kernel may do (the emulator finds such things).
	Fault(String),
}

impl DeviceError {
	/// Whether there is nothing to run kernels on, rather than something that fails: what can do without a GPU then
	/// does without.
	pub fn is_absence(&self) -> bool {
		match self {
			Self::NoDriver | Self::NoDevice { .. } | Self::TooOld { .. } => true,
			Self::TooLarge | Self::Driver(_) | Self::Silent(_) | Self::Fault(_) => false,
		}
	}
}

/// What decides whether a device can run the kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
	/// The device's compute capability, major and minor.
	pub capability: (i32, i32),
	/// The version of CUDA that the driver is for, major and minor.
	pub cuda: (i32, i32),
}

/// What the kernels need: their PTX has `.target sm_80` and `.version 8.0`, which came with CUDA 12.0.
pub(crate) const NEEDED: Requirements = Requirements { capability: (8, 0), cuda: (12, 0) };

impl Requirements {
	/// Refuses a device that has less than is needed.
	pub(crate) fn check(self, index: usize) -> Result<(), DeviceError> {
		if self.capability < NEEDED.capability || self.cuda < NEEDED.cuda {
			return Err(DeviceError::TooOld { index, has: self });
		}
		Ok(())
	}
}

impl fmt::Display for Requirements {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let ((major, minor), (cuda, update)) = (self.capability, self.cuda);
		write!(f, "compute capability {major}.{minor} and a driver for CUDA {cuda}.{update}")
	}
}

impl fmt::Display for DeviceError {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::NoDriver => {
				f.write_str("no NVIDIA driver found: the library libcuda is not on this machine")
			},
			Self::NoDevice { index, reason } => {
				write!(f, "the NVIDIA driver has no device number {index}: {reason}")
			},
			Self::TooOld { index, has } => write!(
				f,
				"the NVIDIA device number {index} cannot run the kernels: they need {NEEDED} or newer, it has {has}"
			),
			Self::TooLarge => f.write_str("a value is too large for the kernels of a device"),
			Self::Driver(reason) => write!(f, "the NVIDIA driver: {reason}"),
			Self::Silent(patience) => write!(f, "no answer from the device within {patience:?}"),
			Self::Fault(reason) => write!(f, "a kernel is wrong: {reason}"),
		}
	}
}

impl std::error::Error for DeviceError {}

/// The executor's view of an error of the device.
impl From<DeviceError> for KernelError {
	fn from(error: DeviceError) -> Self {
		KernelError::Device(error.to_string())
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn device_should_be_refused_when_it_or_its_driver_is_too_old() {
		let check = |capability, cuda| Requirements { capability, cuda }.check(1);
		for (capability, cuda) in [((8, 0), (12, 0)), ((8, 6), (12, 9)), ((12, 0), (13, 0))] {
			assert_eq!(check(capability, cuda), Ok(()));
		}
		for (capability, cuda) in [((7, 5), (12, 4)), ((8, 0), (11, 8)), ((5, 2), (9, 0))] {
			let error = check(capability, cuda).expect_err("it is too old");
			assert!(error.is_absence(), "{error}");
		}
		assert_eq!(
			check((7, 5), (12, 4)).expect_err("it is too old").to_string(),
			"the NVIDIA device number 1 cannot run the kernels: they need compute capability 8.0 and a driver for \
			CUDA 12.0 or newer, it has compute capability 7.5 and a driver for CUDA 12.4"
		);
	}

	#[test]
	fn needs_should_be_those_of_the_ptx_when_it_is_made_anew() {
		for module in crate::ptx::MODULES {
			assert!(module.text.contains("\n.version 8.0\n"), "{}", module.name);
			assert!(module.text.contains("\n.target sm_80\n"), "{}", module.name);
		}
	}
}
