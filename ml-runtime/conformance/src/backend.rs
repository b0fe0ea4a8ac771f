//! What can be tested on this machine.

use std::fmt;

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, Level, ReferenceKernels};
use assay_backend_cuda::{CudaKernels, DeviceError};

/// Kernels and the name under which their digests appear.
pub struct Backend {
	/// A word without spaces and dots.
	pub name: String,
	/// What computes.
	pub kernels: Box<dyn Kernels>,
}

impl fmt::Debug for Backend {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		f.debug_struct("Backend").field("name", &self.name).finish_non_exhaustive()
	}
}

impl Backend {
	/// A backend under a name.
	pub fn new(name: impl Into<String>, kernels: impl Kernels + 'static) -> Self {
		Self { name: name.into(), kernels: Box::new(kernels) }
	}

	/// The reference, after it the CPU kernels at every level that the processor has, on `threads`
	/// threads, and the first NVIDIA device. One that cannot run the kernels is left out with a line on standard
	/// error, since this machine may have it for its screen.
	pub fn of_this_machine(threads: usize) -> Result<Vec<Self>, KernelError> {
		let mut all = vec![Self::new("reference", ReferenceKernels)];
		for level in Level::available() {
			all.push(Self::new(level.name(), CpuKernels::with_level(threads, level)?));
		}
		match CudaKernels::new(0) {
			Ok(kernels) => all.push(Self::new("cuda", kernels)),
			Err(DeviceError::NoDriver) => {},
			Err(error) if error.is_absence() => eprintln!("without a GPU: {error}"),
			Err(error) => return Err(KernelError::Device(error.to_string())),
		}
		Ok(all)
	}

	/// What is too slow to take part unless it is asked for: the GPU kernels, executed by the emulator.
	pub fn on_request() -> Result<Vec<Self>, KernelError> {
		let emulated = CudaKernels::emulated();
		let emulated = emulated.map_err(|error| KernelError::Device(error.to_string()))?;
		Ok(vec![Self::new("cuda-emulator", emulated)])
	}
}
