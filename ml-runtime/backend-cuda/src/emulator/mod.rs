//! A GPU made of Rust: executes the checked-in PTX, thread by thread.
//!
//! It runs the very instructions that a device would run, so the schedule of every kernel (tiles, stages,
//! shared memory, warps) is tested where there is no GPU. Arithmetic is the integer code of the op spec.
//! Threads of a block run one after the other, each until it has to wait for others; blocks run in order.
//!
//! It is stricter than a device: an unknown instruction, an address outside a buffer or not aligned, a
//! word that is read before it is written or before its copy has arrived, a word of the result that is not
//! written, two threads at one word with no barrier between them, threads that wait forever, and what a product
//! of four warps is not told by a fence are all errors.

mod block;
mod group;
mod instruction;
mod memory;
mod parse;
mod program;
mod tensor;
mod warp;

use std::{collections::BTreeMap, sync::Arc};

use assay_backend_cpu::KernelError;

use crate::plan::{Argument, Buffer, Launch, Plan};
use crate::{device::no_graph, ptx, Device, DeviceError, DeviceMemory, Fill, Span, Work};
use block::Block;
pub use memory::EmulatedMemory;
use program::Kernel;

/// Executes PTX on this machine's processor, slowly.
#[derive(Clone)]
pub struct Emulator {
	kernels: Arc<BTreeMap<String, Kernel>>,
}

impl Emulator {
	/// The emulator with the kernels of this crate.
	pub fn new() -> Result<Self, DeviceError> {
		Self::with_modules(ptx::MODULES.iter().map(|module| module.text))
	}

	/// The emulator with the kernels of these PTX texts.
	pub fn with_modules<'a>(
		modules: impl IntoIterator<Item = &'a str>,
	) -> Result<Self, DeviceError> {
		let mut kernels = BTreeMap::new();
		for text in modules {
			kernels.extend(parse::parse(text).map_err(DeviceError::Fault)?);
		}
		Ok(Self { kernels: Arc::new(kernels) })
	}

	/// Runs launches that need not be those of a plan, with scratch memory of so many words each. It is for tests: the
	/// emulator notices whatever a kernel does that it may not do, a device does not.
	pub fn run(
		&self,
		scratch: &[usize],
		launches: &[Launch],
		operands: &[&[u32]],
		out: &mut [u32],
	) -> Result<(), DeviceError> {
		let mut global = EmulatedMemory::default();
		let operands: Vec<_> = operands.iter().map(|words| global.upload(words)).collect();
		let scratch: Vec<_> = scratch.iter().map(|count| global.allocate(*count)).collect();
		let result = global.allocate(out.len());
		let address = |buffer| match buffer {
			Buffer::Operand(index) => operands.get(index).copied(),
			Buffer::Scratch(index) => scratch.get(index).copied(),
			Buffer::Out => Some(result),
		};
		for launch in launches {
			self.launch(launch, address, &mut global)
				.map_err(|why| DeviceError::Fault(format!("{}: {why}", launch.kernel)))?;
		}
		out.copy_from_slice(global.download(result).map_err(DeviceError::Fault)?);
		Ok(())
	}

	/// Bytes of each parameter of a kernel, in order; `None` if there is no such kernel.
	pub fn parameters(&self, kernel: &str) -> Option<Vec<usize>> {
		let kernel = self.kernels.get(kernel)?;
		Some(kernel.each.iter().map(|(_, bytes)| *bytes).collect())
	}

	/// Runs a kernel on memory that stays, on so many blocks of so many threads, with the bytes of each parameter.
	pub fn start(
		&self,
		kernel: &str,
		(grid, threads): (u32, u32),
		parameters: &[Vec<u8>],
		memory: &mut EmulatedMemory,
	) -> Result<(), String> {
		let kernel = self.kernels.get(kernel).ok_or("there is no such kernel")?;
		if kernel.max_threads.is_some_and(|most| most != threads) {
			return Err(format!("{threads} threads are not what it is made for"));
		}
		if !kernel.each.iter().map(|(_, bytes)| *bytes).eq(parameters.iter().map(Vec::len)) {
			return Err("the arguments are not its parameters".into());
		}
		let mut bytes = vec![0; kernel.parameters];
		for ((start, length), parameter) in kernel.each.iter().zip(parameters) {
			bytes[*start..start + length].copy_from_slice(parameter);
		}
		for index in 0..grid {
			let block = Block { kernel, parameters: &bytes, index, grid, threads };
			block.run(memory).map_err(|why| format!("block {index}: {why}"))?;
		}
		memory.settle();
		Ok(())
	}

	fn launch(
		&self,
		launch: &Launch,
		address: impl Fn(Buffer) -> Option<u64>,
		global: &mut EmulatedMemory,
	) -> Result<(), String> {
		let bytes = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
		let parameters = launch.arguments.iter().map(|argument| match argument {
			Argument::Buffer(buffer) => Some(address(*buffer)?.to_le_bytes().to_vec()),
			Argument::Word(word) => Some(bytes(&[*word])),
			Argument::Window(words) => Some(bytes(words)),
			Argument::Product(words) => Some(bytes(words)),
		});
		let parameters: Option<Vec<Vec<u8>>> = parameters.collect();
		let parameters = parameters.ok_or("there is no such buffer")?;
		self.start(launch.kernel, (launch.grid, launch.threads), &parameters, global)
	}
}

impl Device for Emulator {
	fn name(&self) -> String {
		"emulator".into()
	}

	fn execute(
		&self,
		plan: &Plan,
		operands: &[&[u32]],
		out: &mut [u32],
	) -> Result<(), DeviceError> {
		plan.check(operands, out.len())?;
		self.run(plan.scratch(), plan.launches(), operands, out)
	}

	fn memory(&self) -> Result<Box<dyn DeviceMemory>, DeviceError> {
		let (buffers, graphs) = (Vec::new(), Vec::new());
		Ok(Box::new(Buffers { emulator: self.clone(), buffers, graphs }))
	}
}

/// The emulator's memory between plans. Each plan gets copies of just what it may read, and writes what is put in
/// place only after it has ended.
struct Buffers {
	emulator: Emulator,
	buffers: Vec<Vec<u32>>,
	graphs: Vec<Arc<[Work]>>,
}

impl Buffers {
	fn get(&self, span: Span) -> Result<&[u32], DeviceError> {
		let words = self.buffers.get(span.buffer).and_then(|words| words.get(..span.words));
		words.ok_or_else(|| outside(span))
	}

	fn get_mut(&mut self, span: Span) -> Result<&mut [u32], DeviceError> {
		let words = self.buffers.get_mut(span.buffer);
		words.and_then(|words| words.get_mut(..span.words)).ok_or_else(|| outside(span))
	}
}

fn outside(span: Span) -> DeviceError {
	DeviceError::Fault(format!("{} words of buffer {} are outside", span.words, span.buffer))
}

impl DeviceMemory for Buffers {
	fn allocate(&mut self, words: usize) -> Result<(), DeviceError> {
		// A value that is read but was never written stands out.
		self.buffers.push(vec![0xDEAD_BEEF; words]);
		Ok(())
	}

	fn upload(&mut self, to: usize, words: &[u32]) -> Result<(), DeviceError> {
		self.get_mut(Span { buffer: to, words: words.len() })?.copy_from_slice(words);
		Ok(())
	}

	fn fill(&mut self, to: Span, fill: Fill<'_>) -> Result<(), KernelError> {
		fill(self.get_mut(to)?)
	}

	fn download(&mut self, from: Span, words: &mut [u32]) -> Result<(), DeviceError> {
		words.copy_from_slice(self.get(from)?);
		Ok(())
	}

	fn launch(&mut self, work: &Work) -> Result<(), DeviceError> {
		work.check()?;
		let mut result = vec![0; self.get(work.out)?.len()];
		let operands = work.operands.iter().map(|span| self.get(*span));
		let operands = operands.collect::<Result<Vec<_>, _>>()?;
		self.emulator.execute(&work.plan, &operands, &mut result)?;
		self.get_mut(work.out)?.copy_from_slice(&result);
		Ok(())
	}

	fn record(&mut self, work: Vec<Work>) -> Result<usize, DeviceError> {
		for work in &work {
			work.check()?;
			for span in work.operands.iter().chain([&work.out]) {
				self.get(*span)?;
			}
		}
		self.graphs.push(work.into());
		Ok(self.graphs.len() - 1)
	}

	fn replay(&mut self, graph: usize) -> Result<(), DeviceError> {
		let work = self.graphs.get(graph).cloned().ok_or_else(|| no_graph(graph))?;
		work.iter().try_for_each(|work| self.launch(work))
	}
}
