//! What runs kernels: a GPU, or the emulator.

use std::fmt;

use crate::plan::Plan;

/// Runs the kernels of a plan.
pub trait Device: Send + Sync {
	/// What it is, for people.
	fn name(&self) -> String;

	/// Runs the launches of a plan in order, on these operands, and copies the result to `out`.
	fn execute(&self, plan: &Plan, operands: &[&[u32]], out: &mut [u32])
		-> Result<(), DeviceError>;
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
	/// The driver refused something.
	Driver(String),
	/// A kernel did what no kernel may do (the emulator finds such things).
	Fault(String),
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
			Self::Driver(reason) => write!(f, "the NVIDIA driver: {reason}"),
			Self::Fault(reason) => write!(f, "a kernel is wrong: {reason}"),
		}
	}
}

impl std::error::Error for DeviceError {}
