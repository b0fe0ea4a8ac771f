//! An NVIDIA device, through the driver that is found when the program runs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cudarc::driver::{
	sys, CudaContext, CudaFunction, CudaSlice, CudaStream, DriverError, LaunchConfig, PushKernelArg,
};
use cudarc::nvrtc::Ptx;

use crate::plan::{Argument, Buffer, Launch, Plan};
use crate::{ptx, Device, DeviceError};

/// A device with the kernels of this crate loaded.
pub struct Gpu {
	context: Arc<CudaContext>,
	stream: Arc<CudaStream>,
	functions: BTreeMap<&'static str, CudaFunction>,
}

/// The buffers of a plan on the device.
struct Buffers {
	operands: Vec<CudaSlice<u32>>,
	scratch: Vec<CudaSlice<u32>>,
	out: CudaSlice<u32>,
}

impl Buffers {
	fn get(&self, buffer: Buffer) -> Option<&CudaSlice<u32>> {
		match buffer {
			Buffer::Operand(index) => self.operands.get(index),
			Buffer::Scratch(index) => self.scratch.get(index),
			Buffer::Out => Some(&self.out),
		}
	}
}

impl From<DriverError> for DeviceError {
	fn from(error: DriverError) -> Self {
		DeviceError::Driver(error.to_string())
	}
}

/// Whether the driver's library is on this machine. Nothing of `cudarc` may be called without it.
#[allow(unsafe_code)]
fn is_driver_present() -> bool {
	// SAFETY: opens and closes NVIDIA's library; its initialisers touch nothing of this program.
	unsafe { sys::is_culib_present() }
}

impl Gpu {
	/// The device with this number, from 0.
	pub fn new(index: usize) -> Result<Self, DeviceError> {
		if !is_driver_present() {
			return Err(DeviceError::NoDriver);
		}
		let context = CudaContext::new(index)
			.map_err(|error| DeviceError::NoDevice { index, reason: error.to_string() })?;
		let stream = context.new_stream()?;
		let mut functions = BTreeMap::new();
		for module in ptx::MODULES {
			let loaded = context.load_module(Ptx::from_src(module.text))?;
			for name in module.kernels() {
				functions.insert(name, loaded.load_function(name)?);
			}
		}
		Ok(Self { context, stream, functions })
	}

	/// How long one run of a plan takes on the device, the mean of so many after one that does not
	/// count; without the time to copy operands and result.
	pub fn time(
		&self,
		plan: &Plan,
		operands: &[&[u32]],
		words: usize,
		runs: u32,
	) -> Result<Duration, DeviceError> {
		let buffers = self.buffers(plan, operands, words)?;
		self.launch_all(plan, &buffers)?;
		self.stream.synchronize()?;
		let start = std::time::Instant::now();
		for _ in 0..runs {
			self.launch_all(plan, &buffers)?;
		}
		self.stream.synchronize()?;
		Ok(start.elapsed() / runs.max(1))
	}

	fn buffers(
		&self,
		plan: &Plan,
		operands: &[&[u32]],
		words: usize,
	) -> Result<Buffers, DeviceError> {
		let upload = |words: &&[u32]| self.stream.clone_htod(*words);
		let zeros = |count: usize| self.stream.alloc_zeros::<u32>(count);
		Ok(Buffers {
			operands: operands.iter().map(upload).collect::<Result<_, _>>()?,
			scratch: plan.scratch.iter().copied().map(zeros).collect::<Result<_, _>>()?,
			out: zeros(words)?,
		})
	}

	fn launch_all(&self, plan: &Plan, buffers: &Buffers) -> Result<(), DeviceError> {
		plan.launches.iter().try_for_each(|launch| self.launch(launch, buffers))
	}

	#[allow(unsafe_code)]
	fn launch(&self, launch: &Launch, buffers: &Buffers) -> Result<(), DeviceError> {
		let missing = || DeviceError::Fault(format!("{}: an argument is missing", launch.kernel));
		let function = self.functions.get(launch.kernel).ok_or_else(missing)?;
		let mut builder = self.stream.launch_builder(function);
		for argument in &launch.arguments {
			match argument {
				Argument::Buffer(buffer) => builder.arg(buffers.get(*buffer).ok_or_else(missing)?),
				Argument::Word(word) => builder.arg(word),
				Argument::Window(words) => builder.arg(words),
				Argument::Product(words) => builder.arg(words),
			};
		}
		let config = LaunchConfig {
			grid_dim: (launch.grid, 1, 1),
			block_dim: (launch.threads, 1, 1),
			shared_mem_bytes: 0,
		};
		// SAFETY: the plan gives each kernel the arguments and the block that it is made for, and buffers
		// as long as the node's types say (`CudaKernels::run` compares them); the emulator checks both,
		// and that no kernel leaves its buffers, for every kernel and for shapes of every kind of tail.
		// All work of a `Gpu` is on one stream, so it runs in order.
		unsafe { builder.launch(config) }?;
		Ok(())
	}
}

impl Device for Gpu {
	fn name(&self) -> String {
		self.context.name().unwrap_or_else(|error| format!("a device without a name: {error}"))
	}

	fn execute(
		&self,
		plan: &Plan,
		operands: &[&[u32]],
		out: &mut [u32],
	) -> Result<(), DeviceError> {
		let buffers = self.buffers(plan, operands, out.len())?;
		self.launch_all(plan, &buffers)?;
		self.stream.memcpy_dtoh(&buffers.out, out)?;
		self.stream.synchronize()?;
		Ok(())
	}
}
