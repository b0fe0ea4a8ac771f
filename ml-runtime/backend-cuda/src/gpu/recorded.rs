//! All the launches of a step as one graph of the driver.

use std::sync::Arc;

use cudarc::driver::{result, sys, CudaFunction, CudaSlice, DriverError};

use super::{missing, Gpu};
use crate::graph::waits;
use crate::plan::{Argument, Buffer, Launch};
use crate::{DeviceError, Work};

/// Work that the driver knows as a whole. Its buffers are those of the [`GpuMemory`] that has it.
pub(super) struct Graph {
	started: sys::CUgraphExec,
	gpu: Gpu,
	/// Its memory between launches.
	_scratch: Vec<Arc<CudaSlice<u32>>>,
}

// SAFETY: a graph belongs to its context, which any thread may use, and is never used by two at a time: `GpuMemory`,
// which owns it, starts and drops it by exclusive reference.
#[allow(unsafe_code)]
unsafe impl Send for Graph {}

/// A graph in the making.
struct Draft(sys::CUgraph);

impl Draft {
	#[allow(unsafe_code)]
	fn new() -> Result<Self, DriverError> {
		let mut graph = std::ptr::null_mut();
		// SAFETY: the driver writes one pointer.
		unsafe { sys::cuGraphCreate(&raw mut graph, 0) }.result()?;
		Ok(Self(graph))
	}

	/// Adds a launch that waits for these. `addresses` has that of each buffer among the arguments, in order.
	#[allow(unsafe_code)]
	fn add(
		&mut self,
		function: &CudaFunction,
		launch: &Launch,
		addresses: &[sys::CUdeviceptr],
		awaited: &[sys::CUgraphNode],
	) -> Result<sys::CUgraphNode, DeviceError> {
		let mut addresses = addresses.iter();
		let mut arguments = Vec::with_capacity(launch.arguments.len());
		for argument in &launch.arguments {
			let at: *const core::ffi::c_void = match argument {
				Argument::Buffer(_) => {
					std::ptr::from_ref(addresses.next().ok_or_else(|| missing(launch))?).cast()
				},
				Argument::Word(word) => std::ptr::from_ref(word).cast(),
				Argument::Window(words) => words.as_ptr().cast(),
				Argument::Product(words) => words.as_ptr().cast(),
			};
			arguments.push(at.cast_mut());
		}
		let parameters = sys::CUDA_KERNEL_NODE_PARAMS {
			func: function.cu_function(),
			gridDimX: launch.grid,
			gridDimY: 1,
			gridDimZ: 1,
			blockDimX: launch.threads,
			blockDimY: 1,
			blockDimZ: 1,
			sharedMemBytes: 0,
			kernelParams: arguments.as_mut_ptr(),
			extra: std::ptr::null_mut(),
			kern: std::ptr::null_mut(),
			ctx: std::ptr::null_mut(),
		};
		let mut node = std::ptr::null_mut();
		// SAFETY: `self.0` is a graph until it is dropped, `awaited` are nodes of it, and the driver copies the arguments,
		// whose values live until it has. That the kernel may be run on them: see `Gpu::launch`; the buffers are
		// compared with the plan before, and live as long as the graph, with which `GpuMemory` has them.
		unsafe {
			let (first, count) = (awaited.as_ptr(), awaited.len());
			sys::cuGraphAddKernelNode_v2(&raw mut node, self.0, first, count, &raw const parameters)
		}
		.result()?;
		Ok(node)
	}
}

impl Drop for Draft {
	#[allow(unsafe_code)]
	fn drop(&mut self) {
		// SAFETY: it is a graph that nobody uses any more; what was made of it is the driver's own copy.
		let _ = unsafe { result::graph::destroy(self.0) };
	}
}

impl Graph {
	/// Gives the driver all the work. `address` has the address of what a piece of work means by a buffer.
	#[allow(unsafe_code)]
	pub(super) fn new(
		gpu: &Gpu,
		work: &[Work],
		address: impl Fn(&Work, Buffer) -> Option<sys::CUdeviceptr>,
		scratch: Vec<Arc<CudaSlice<u32>>>,
	) -> Result<Self, DeviceError> {
		gpu.context.bind_to_thread()?;
		let mut draft = Draft::new()?;
		let launches = work
			.iter()
			.flat_map(|work| work.plan.launches().iter().map(move |launch| (work, launch)));
		let mut nodes: Vec<sys::CUgraphNode> = Vec::new();
		for ((work, launch), awaited) in launches.zip(waits(work)) {
			let buffers = launch.arguments.iter().filter_map(|argument| match argument {
				Argument::Buffer(buffer) => Some(address(work, *buffer)),
				Argument::Word(_) | Argument::Window(_) | Argument::Product(_) => None,
			});
			let addresses: Option<Vec<_>> = buffers.collect();
			let addresses = addresses.ok_or_else(|| missing(launch))?;
			let awaited: Vec<_> = awaited.into_iter().map(|index| nodes[index]).collect();
			nodes.push(draft.add(gpu.function(launch)?, launch, &addresses, &awaited)?);
		}
		// SAFETY: it is a graph.
		let started =
			unsafe { result::graph::instantiate(draft.0, sys::CUgraphInstantiate_flags(0)) }?;
		Ok(Self { started, gpu: gpu.clone(), _scratch: scratch })
	}

	#[allow(unsafe_code)]
	pub(super) fn start(&self, gpu: &Gpu) -> Result<(), DeviceError> {
		gpu.context.bind_to_thread()?;
		// SAFETY: both are there as long as `self`; all other work on the buffers is on the same stream.
		Ok(unsafe { result::graph::launch(self.started, gpu.stream.cu_stream()) }?)
	}
}

impl Drop for Graph {
	#[allow(unsafe_code)]
	fn drop(&mut self) {
		// `GpuMemory` has waited for it. What fails here is of no interest any more.
		let _ = self.gpu.context.bind_to_thread();
		// SAFETY: nobody uses it any more.
		let _ = unsafe { result::graph::exec_destroy(self.started) };
	}
}
