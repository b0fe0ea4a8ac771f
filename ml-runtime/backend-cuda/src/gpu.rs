//! An NVIDIA device, through the driver that is found when the program runs.

mod recorded;

use std::collections::{btree_map::Entry, BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use assay_backend_cpu::KernelError;
use cudarc::driver::{
	result, sys, CudaContext, CudaFunction, CudaModule, CudaSlice, CudaStream, DevicePtr,
	DriverError, LaunchConfig, PinnedHostSlice, PushKernelArg,
};
use cudarc::nvrtc::Ptx;

use crate::bounce::Bounce;
use crate::device::no_graph;
use crate::graph::Shared;
use crate::plan::{Argument, Buffer, Launch, Plan};
use crate::waiting::{Waiting, PATIENCE};
use crate::{ptx, Device, DeviceError, DeviceMemory, Fill, Requirements, Span, Work};
use recorded::Graph;

/// A device with the kernels of this crate loaded. Clones are the same device, and share a stream.
///
/// One that does not answer for 100 seconds is given up, with everything on it: nothing waits for it again, not even to give
/// back what it has, and every later call returns [`DeviceError::Silent`].
#[derive(Clone)]
pub struct Gpu {
	pub(crate) context: Arc<CudaContext>,
	stream: Arc<CudaStream>,
	functions: Arc<BTreeMap<&'static str, CudaFunction>>,
	bounce: Arc<Bounce>,
	waiting: Arc<Waiting>,
}

fn missing(launch: &Launch) -> DeviceError {
	DeviceError::Fault(format!("{}: a kernel or an argument is missing", launch.kernel))
}

impl From<DriverError> for DeviceError {
	fn from(error: DriverError) -> Self {
		DeviceError::Driver(text(error))
	}
}

/// What the driver calls an error, and its number.
///
/// A driver newer than `cudarc` may return a number that its `CUresult` lacks. By the letter of Rust that is undefined
/// where `cudarc` gets it, which no caller can mend. So nothing here asks which of the known ones it is, as printing
/// it would, by a table: the driver is asked, which knows its own.
fn text(error: DriverError) -> String {
	let number = error.0 as u32;
	match (error.error_name(), error.error_string()) {
		(Ok(name), Ok(why)) => {
			format!("{} ({number}): {}", name.to_string_lossy(), why.to_string_lossy())
		},
		(Err(_), _) | (_, Err(_)) => format!("error {number}, which it does not know itself"),
	}
}

/// Whether the driver's library is on this machine. Nothing of `cudarc` may be called without it.
#[allow(unsafe_code)]
fn is_driver_present() -> bool {
	// SAFETY: opens and closes NVIDIA's library; its initialisers touch nothing of this program.
	unsafe { sys::is_culib_present() }
}

/// What a device and its driver have. It asks for nothing that old drivers do not know.
#[allow(unsafe_code)]
fn requirements(index: usize) -> Result<Requirements, DriverError> {
	use sys::CUdevice_attribute::{
		CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR as MAJOR,
		CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR as MINOR,
	};
	result::init()?;
	let number = i32::try_from(index);
	let number = number.map_err(|_| DriverError(sys::CUresult::CUDA_ERROR_INVALID_DEVICE))?;
	let device = result::device::get(number)?;
	// SAFETY: the driver has just named this device.
	let attribute = |name| unsafe { result::device::get_attribute(device, name) };
	let mut version = 0;
	// SAFETY: the driver writes one number.
	unsafe { sys::cuDriverGetVersion(&raw mut version) }.result()?;
	Ok(Requirements {
		capability: (attribute(MAJOR)?, attribute(MINOR)?),
		// 12.4 is 12040.
		cuda: (version / 1000, version % 1000 / 10),
	})
}

/// The kernels of a module, translated for the device.
pub(crate) fn load(
	context: &Arc<CudaContext>,
	module: &ptx::Module,
) -> Result<Arc<CudaModule>, DeviceError> {
	let loaded = context.load_module(Ptx::from_src(module.text));
	loaded.map_err(|error| {
		DeviceError::Driver(format!("the kernels of {}.ptx: {}", module.name, text(error)))
	})
}

impl Gpu {
	/// The device with this number, from 0, if it can run the kernels.
	pub fn new(index: usize) -> Result<Self, DeviceError> {
		Ok(Self::open(index)?.0)
	}

	/// The device, and its compute capability.
	pub(crate) fn open(index: usize) -> Result<(Self, (i32, i32)), DeviceError> {
		if !is_driver_present() {
			return Err(DeviceError::NoDriver);
		}
		let absent = |error: DriverError| DeviceError::NoDevice { index, reason: text(error) };
		let has = requirements(index).map_err(absent)?;
		has.check(index)?;
		// From here on it is there: what fails is a failure.
		let context = CudaContext::new(index)?;
		// With a stream besides the default one, `cudarc` records an event after each use of memory, unless it is told not
		// to. `GpuMemory` depends on that: the event of pinned memory tells when it may be written again.
		let stream = context.new_stream()?;
		if !context.is_managing_stream_synchronization() {
			return Err(DeviceError::Driver("cudarc does not record events".into()));
		}
		let mut functions = BTreeMap::new();
		for module in ptx::MODULES {
			let loaded = load(&context, &module)?;
			for name in module.kernels() {
				functions.insert(name, loaded.load_function(name)?);
			}
		}
		let (functions, bounce) = (Arc::new(functions), Arc::default());
		let waiting = Arc::new(Waiting::new(PATIENCE));
		Ok((Self { context, stream, functions, bounce, waiting }, has.capability))
	}

	/// The same device, given up when it does not answer for so long.
	pub fn with_patience(self, patience: Duration) -> Self {
		Self { waiting: Arc::new(Waiting::new(patience)), ..self }
	}

	/// The same device with another kernel of this name.
	pub(crate) fn with(&self, name: &'static str, function: CudaFunction) -> Self {
		let mut functions = (*self.functions).clone();
		functions.insert(name, function);
		Self { functions: Arc::new(functions), ..self.clone() }
	}

	/// Waits for everything on the stream, then says what failed. `CudaStream::synchronize` would wait for ever; and would not
	/// wait if an earlier error had been noted, such as one of a drop; here that one comes after the wait.
	#[allow(unsafe_code)]
	fn wait(&self) -> Result<(), DeviceError> {
		self.waiting.check()?;
		// SAFETY: `self` holds the context, so it has not been destroyed.
		let bound = unsafe { result::ctx::set_current(self.context.cu_ctx()) };
		let waited = self.waiting.until(|| {
			// SAFETY: `self` holds the stream, too. If the driver refuses to say, the context is broken (or gone at the
			// end of the process), and nothing of it runs any more.
			match unsafe { sys::cuStreamQuery(self.stream.cu_stream()) } {
				sys::CUresult::CUDA_ERROR_NOT_READY => Ok(false),
				answer => Ok(answer.result().map(|()| true)?),
			}
		});
		if self.waiting.check().is_err() {
			self.abandon();
			return waited;
		}
		let noted = self.context.check_err();
		bound?;
		waited?;
		Ok(noted?)
	}

	/// Gives nothing back that the device has: the driver would wait for it.
	fn abandon(&self) {
		let Self { context, stream, functions, bounce, waiting: _ } = self.clone();
		std::mem::forget((context, stream, functions, bounce));
	}

	/// How long one run of a plan takes on the device, the mean of so many after as many that do not
	/// count; without the time to copy operands and result, and without that of the calls: the driver knows all runs as a
	/// whole.
	pub fn time(
		&self,
		plan: &Plan,
		operands: &[&[u32]],
		runs: u32,
	) -> Result<Duration, DeviceError> {
		let (mut memory, work) = self.place(plan, operands)?;
		let all = memory.record(vec![work; runs.max(1) as usize])?;
		memory.replay(all)?;
		self.wait()?;
		let start = std::time::Instant::now();
		memory.replay(all)?;
		self.wait()?;
		Ok(start.elapsed() / runs.max(1))
	}

	/// Memory that has the operands of a plan and room for its result, and the work on them.
	fn place(&self, plan: &Plan, operands: &[&[u32]]) -> Result<(GpuMemory, Work), DeviceError> {
		plan.check(operands, plan.out())?;
		let mut memory = GpuMemory::new(self)?;
		let mut spans = Vec::with_capacity(operands.len());
		for (buffer, words) in operands.iter().enumerate() {
			memory.allocate(words.len())?;
			memory.upload(buffer, words)?;
			spans.push(Span { buffer, words: words.len() });
		}
		memory.allocate(plan.out())?;
		let out = Span { buffer: operands.len(), words: plan.out() };
		Ok((memory, Work { plan: plan.clone(), operands: spans, out }))
	}

	fn launch_all<'a>(
		&self,
		plan: &Plan,
		buffers: impl Fn(Buffer) -> Option<&'a CudaSlice<u32>>,
	) -> Result<(), DeviceError> {
		plan.launches().iter().try_for_each(|launch| self.launch(launch, &buffers))
	}

	fn function(&self, launch: &Launch) -> Result<&CudaFunction, DeviceError> {
		self.functions.get(launch.kernel).ok_or_else(|| missing(launch))
	}

	#[allow(unsafe_code)]
	fn launch<'a>(
		&self,
		launch: &Launch,
		buffers: impl Fn(Buffer) -> Option<&'a CudaSlice<u32>>,
	) -> Result<(), DeviceError> {
		let missing = || missing(launch);
		let function = self.function(launch)?;
		let mut builder = self.stream.launch_builder(function);
		for argument in &launch.arguments {
			match argument {
				Argument::Buffer(buffer) => builder.arg(buffers(*buffer).ok_or_else(missing)?),
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
		// SAFETY: the launch is of a plan, which only this crate makes. It gives each kernel the arguments and the block that
		// it is made for; the buffers have at least the words that it says (`Plan::check`, `Plan::check_spans` and
		// `GpuMemory::get` compare them), and the result is no operand. The emulator checks arguments and blocks, and
		// that no kernel leaves its buffers, for every kernel and for shapes of every kind of tail. All work of a
		// `Gpu` is on one stream, so it runs in order.
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
		plan.check(operands, out.len())?;
		let (mut memory, work) = self.place(plan, operands)?;
		memory.launch(&work)?;
		memory.download(work.out, out)
	}

	fn memory(&self) -> Result<Box<dyn DeviceMemory>, DeviceError> {
		Ok(Box::new(GpuMemory::new(self)?))
	}
}

/// Buffers on the device that stay.
struct GpuMemory {
	gpu: Gpu,
	graphs: Vec<Graph>,
	buffers: Vec<CudaSlice<u32>>,
	/// Memory of plans between their launches. All plans use the same, since they run one after the other.
	scratch: Vec<Arc<CudaSlice<u32>>>,
	/// Pinned memory of the host for each span that is filled, by buffer and words: while one is on its way, the next is
	/// filled.
	staging: BTreeMap<(usize, usize), PinnedHostSlice<u32>>,
	/// Those that may still be on their way.
	sent: BTreeSet<(usize, usize)>,
}

fn outside(span: Span) -> DeviceError {
	DeviceError::Fault(format!("{} words of buffer {} are outside", span.words, span.buffer))
}

impl GpuMemory {
	fn new(gpu: &Gpu) -> Result<Self, DeviceError> {
		gpu.waiting.check()?;
		let (graphs, buffers, scratch) = (Vec::new(), Vec::new(), Vec::new());
		let (staging, sent) = (BTreeMap::new(), BTreeSet::new());
		Ok(Self { gpu: gpu.clone(), graphs, buffers, scratch, staging, sent })
	}

	fn wait(&mut self) -> Result<(), DeviceError> {
		self.gpu.wait()?;
		self.sent.clear();
		Ok(())
	}

	fn shared(&self, shared: Shared) -> Option<&CudaSlice<u32>> {
		match shared {
			Shared::Buffer(index) => self.buffers.get(index),
			Shared::Scratch(index) => self.scratch.get(index).map(|scratch| &**scratch),
		}
	}

	fn get(&self, span: Span) -> Result<&CudaSlice<u32>, DeviceError> {
		let buffer = self.buffers.get(span.buffer).filter(|buffer| buffer.len() >= span.words);
		buffer.ok_or_else(|| outside(span))
	}

	/// Makes the scratch memory as large as a plan needs it. What was there before is freed after the launches
	/// that use it; graphs keep theirs.
	#[allow(unsafe_code)]
	fn reserve(&mut self, plan: &Plan) -> Result<(), DeviceError> {
		for (index, words) in plan.scratch().iter().enumerate() {
			if self.scratch.get(index).is_some_and(|scratch| scratch.len() >= *words) {
				continue;
			}
			if index < self.scratch.len() {
				// Some drivers wait, without limit, when what is replaced is given back.
				self.wait()?;
			}
			// SAFETY: the words are not initialised, and no launch of a plan reads a word of scratch memory
			// that one before it has not written, which the emulator checks for every plan.
			let scratch = Arc::new(unsafe { self.gpu.stream.alloc::<u32>(*words) }?);
			match self.scratch.get_mut(index) {
				Some(before) => *before = scratch,
				None => self.scratch.push(scratch),
			}
		}
		Ok(())
	}

	/// Pinned memory for a span.
	#[allow(unsafe_code)]
	fn staging(&mut self, span: Span) -> Result<&mut PinnedHostSlice<u32>, DriverError> {
		match self.staging.entry((span.buffer, span.words)) {
			Entry::Occupied(entry) => Ok(entry.into_mut()),
			Entry::Vacant(entry) => {
				// SAFETY: words are valid whatever their bits are, and whoever fills the memory writes every one of
				// them before it is copied.
				let pinned = unsafe { self.gpu.context.alloc_pinned::<u32>(span.words) }?;
				Ok(entry.insert(pinned))
			},
		}
	}

	/// Copies the pinned memory of a span to it.
	fn send(&mut self, to: Span) -> Result<(), DeviceError> {
		let pinned = self.staging.get(&(to.buffer, to.words));
		let (Some(pinned), Some(buffer)) = (pinned, self.buffers.get_mut(to.buffer)) else {
			return Err(outside(to));
		};
		let sent = self.gpu.stream.memcpy_htod(pinned, buffer);
		// That the event after the copy could not be recorded is only noted. Nothing else says when the memory may be
		// written again, so this waits.
		let noted = self.gpu.context.check_err();
		self.sent.insert((to.buffer, to.words));
		sent.and(noted).map_err(|error| self.wait().err().unwrap_or_else(|| error.into()))
	}
}

impl Drop for GpuMemory {
	fn drop(&mut self) {
		// The device may still read pinned memory, whose own drop does not wait if an earlier error has been noted.
		// What failed was the error of a call, or is of no interest any more.
		let _ = self.gpu.wait();
		if self.gpu.waiting.check().is_err() {
			// The device may come back to all this at any time; and to give it back is to wait for the device.
			std::mem::forget(std::mem::take(&mut self.graphs));
			std::mem::forget(std::mem::take(&mut self.buffers));
			std::mem::forget(std::mem::take(&mut self.scratch));
			std::mem::forget(std::mem::take(&mut self.staging));
		}
	}
}

impl DeviceMemory for GpuMemory {
	fn allocate(&mut self, words: usize) -> Result<(), DeviceError> {
		self.gpu.waiting.check()?;
		self.buffers.push(self.gpu.stream.alloc_zeros::<u32>(words)?);
		Ok(())
	}

	fn upload(&mut self, to: usize, words: &[u32]) -> Result<(), DeviceError> {
		let span = Span { buffer: to, words: words.len() };
		self.get(span)?;
		let buffer = self.buffers.get_mut(to).ok_or_else(|| outside(span))?;
		let gpu = &self.gpu;
		gpu.waiting.check()?;
		gpu.bounce.send(&gpu.stream, words, buffer, || gpu.wait())
	}

	fn fill(&mut self, to: Span, fill: Fill<'_>) -> Result<(), KernelError> {
		self.get(to)?;
		self.gpu.waiting.check()?;
		// Until the copy before it has left this memory, for which `cudarc` would wait without limit.
		if self.sent.contains(&(to.buffer, to.words)) {
			self.wait()?;
		}
		let pinned = self.staging(to).map_err(DeviceError::from)?;
		fill(pinned.as_mut_slice().map_err(DeviceError::from)?)?;
		Ok(self.send(to)?)
	}

	fn download(&mut self, from: Span, words: &mut [u32]) -> Result<(), DeviceError> {
		let (gpu, buffer) = (&self.gpu, self.get(from)?);
		gpu.waiting.check()?;
		let words = words.get_mut(..from.words).ok_or_else(|| outside(from))?;
		gpu.bounce.fetch(&gpu.stream, buffer, words, || gpu.wait())
	}

	fn launch(&mut self, work: &Work) -> Result<(), DeviceError> {
		self.gpu.waiting.check()?;
		work.check()?;
		self.reserve(&work.plan)?;
		for span in work.operands.iter().chain([&work.out]) {
			self.get(*span)?;
		}
		self.gpu.launch_all(&work.plan, |buffer| self.shared(work.shared(buffer)?))
	}

	fn record(&mut self, work: Vec<Work>) -> Result<usize, DeviceError> {
		self.gpu.waiting.check()?;
		for work in &work {
			work.check()?;
			self.reserve(&work.plan)?;
			for span in work.operands.iter().chain([&work.out]) {
				self.get(*span)?;
			}
		}
		let address = |work: &Work, buffer| {
			let (address, _) = self.shared(work.shared(buffer)?)?.device_ptr(&self.gpu.stream);
			Some(address)
		};
		self.graphs.push(Graph::new(&self.gpu, &work, address, self.scratch.clone())?);
		Ok(self.graphs.len() - 1)
	}

	fn replay(&mut self, graph: usize) -> Result<(), DeviceError> {
		self.gpu.waiting.check()?;
		self.graphs.get(graph).ok_or_else(|| no_graph(graph))?.start(&self.gpu)
	}
}

#[cfg(test)]
mod tests {
	use super::sys::CUresult;

	#[test]
	fn errors_of_new_drivers_should_be_among_those_that_cudarc_knows() {
		let errors = [
			CUresult::CUDA_ERROR_CONTAINED,
			CUresult::CUDA_ERROR_TENSOR_MEMORY_LEAK,
			CUresult::CUDA_ERROR_STREAM_DETACHED,
			CUresult::CUDA_ERROR_GRAPH_RECAPTURE_FAILURE,
		];
		assert_eq!(errors.map(|error| error as u32), [226, 721, 917, 918]);
	}
}
