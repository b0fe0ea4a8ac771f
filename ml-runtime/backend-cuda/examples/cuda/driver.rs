//! The driver itself: handles, streams of work, and the device's memory.

use std::{
	collections::{BTreeMap, VecDeque},
	ffi::c_void,
	path::PathBuf,
	sync::{Arc, LazyLock},
};

use assay_backend_cuda::{EmulatedMemory, Emulator};
use cudarc::driver::sys::{
	CUfunction,
	CUresult::{self, *},
};

/// A kernel of a module.
#[derive(Clone)]
pub(crate) struct Function {
	pub(crate) module: Arc<Emulator>,
	pub(crate) name: String,
}

#[derive(Clone)]
pub(crate) struct Launch {
	pub(crate) function: Function,
	pub(crate) grid: u32,
	pub(crate) threads: u32,
	pub(crate) parameters: Vec<Vec<u8>>,
}

/// A launch of a graph, and those that it waits for, by their numbers.
#[derive(Clone)]
pub(crate) struct Node {
	pub(crate) launch: Launch,
	pub(crate) awaited: Vec<usize>,
}

/// Something on a stream. Addresses of the host are numbers here.
pub(crate) enum Work {
	ToDevice { to: u64, from: usize, bytes: usize },
	FromDevice { to: usize, from: u64, bytes: usize },
	Set { to: u64, byte: u8, bytes: usize },
	Free { address: u64 },
	Launch(Launch),
	Graph(Arc<[Node]>),
}

#[derive(Default)]
pub(crate) struct Stream {
	pub(crate) waiting: VecDeque<Work>,
	/// How much work was ever queued.
	pub(crate) queued: u64,
}

/// The stream of the last record of an event, and how much work was queued before it.
pub(crate) type Mark = Option<(usize, u64)>;

/// The driver. Handles are numbers, never used twice.
#[derive(Default)]
pub(crate) struct Driver {
	pub(crate) last: usize,
	pub(crate) memory: EmulatedMemory,
	pub(crate) streams: BTreeMap<usize, Stream>,
	pub(crate) events: BTreeMap<usize, Mark>,
	pub(crate) modules: BTreeMap<usize, Arc<Emulator>>,
	pub(crate) functions: BTreeMap<usize, Function>,
	/// Memory of the host: it is of words, so that it is aligned.
	pub(crate) pinned: BTreeMap<usize, Vec<u64>>,
	pub(crate) graphs: BTreeMap<usize, Vec<Node>>,
	pub(crate) started: BTreeMap<usize, Arc<[Node]>>,
	/// Launches until now.
	launches: u64,
	pub(crate) failed: bool,
}

/// How many launches the device does before it fails, if the environment says so.
static LIFETIME: LazyLock<Option<u64>> =
	LazyLock::new(|| std::env::var("EMULATED_LAUNCHES").ok()?.parse().ok());

/// How many launches the device does before it never answers again, if the environment says so.
static VOICE: LazyLock<Option<u64>> =
	LazyLock::new(|| std::env::var("EMULATED_SILENCE").ok()?.parse().ok());

/// A file that is opened before the first launch, if the environment names one.
static FILE: LazyLock<Option<PathBuf>> =
	LazyLock::new(|| std::env::var_os("EMULATED_FILE").map(PathBuf::from));

/// The first number of the device's compute capability.
pub(crate) fn generation() -> i32 {
	let asked = std::env::var("EMULATED_GENERATION").ok();
	asked.and_then(|number| number.parse().ok()).unwrap_or(8)
}

impl Driver {
	pub(crate) fn handle(&mut self) -> usize {
		self.last += 16;
		self.last
	}

	pub(crate) fn queue(&mut self, stream: usize, work: Work) -> Result<(), CUresult> {
		let stream = self.streams.get_mut(&stream).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		stream.waiting.push_back(work);
		stream.queued += 1;
		Ok(())
	}

	/// Ends the process where a driver would wait for ever.
	pub(crate) fn answers(&self) {
		if self.is_silent() {
			eprintln!("emulated device: it never answers, and a call waits for it");
			std::process::abort();
		}
	}

	fn is_silent(&self) -> bool {
		VOICE.is_some_and(|launches| self.launches >= launches)
	}

	/// Runs what was queued first, and says whether there was nothing.
	pub(crate) fn query(&mut self, stream: usize) -> Result<(), CUresult> {
		let waiting = self.streams.get(&stream).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		let (count, queued) = (waiting.waiting.len() as u64, waiting.queued);
		if count == 0 || self.failed {
			return self.run(stream, queued);
		}
		if !self.is_silent() {
			self.run(stream, queued - count + 1)?;
		}
		Err(CUDA_ERROR_NOT_READY)
	}

	/// Runs what was queued first, until so much is done.
	pub(crate) fn run(&mut self, stream: usize, until: u64) -> Result<(), CUresult> {
		loop {
			let waiting = self.streams.get(&stream).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
			if self.failed {
				return Err(CUDA_ERROR_LAUNCH_FAILED);
			}
			if waiting.queued - waiting.waiting.len() as u64 >= until {
				return Ok(());
			}
			self.answers();
			let waiting = self.streams.get_mut(&stream).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
			let work = waiting.waiting.pop_front().ok_or(CUDA_ERROR_UNKNOWN)?;
			if let Err(why) = self.work(work) {
				eprintln!("emulated device: {why}");
				self.failed = true;
			}
		}
	}

	pub(crate) fn run_all(&mut self, stream: usize) -> Result<(), CUresult> {
		self.run(stream, self.streams.get(&stream).ok_or(CUDA_ERROR_INVALID_HANDLE)?.queued)
	}

	fn work(&mut self, work: Work) -> Result<(), String> {
		match work {
			Work::ToDevice { to, from, bytes } => {
				// SAFETY: whoever queued the copy promised that so many bytes are there until it has run.
				let words = unsafe { std::slice::from_raw_parts(from as *const u32, bytes / 4) };
				self.memory.write(to, words)
			},
			Work::FromDevice { to, from, bytes } => {
				// SAFETY: as above, and that nobody else uses them.
				let words = unsafe { std::slice::from_raw_parts_mut(to as *mut u32, bytes / 4) };
				self.memory.read(from, words)
			},
			Work::Set { to, byte, bytes } => {
				self.memory.write(to, &vec![u32::from_le_bytes([byte; 4]); bytes / 4])
			},
			Work::Free { address } => self.memory.free(address),
			Work::Launch(launch) => self.launch(&launch),
			Work::Graph(nodes) => self.graph(&nodes),
		}
	}

	fn launch(&mut self, launch: &Launch) -> Result<(), String> {
		if let (0, Some(path)) = (self.launches, &*FILE) {
			std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
		}
		if LIFETIME.is_some_and(|lifetime| self.launches >= lifetime) {
			return Err(format!("it was to fail after {} launches", self.launches));
		}
		self.launches += 1;
		let Function { module, name } = &launch.function;
		let result =
			module.start(name, (launch.grid, launch.threads), &launch.parameters, &mut self.memory);
		result.map_err(|why| format!("{name}: {why}"))
	}

	fn graph(&mut self, nodes: &[Node]) -> Result<(), String> {
		let mut done = vec![false; nodes.len()];
		for _ in nodes {
			let can_run = |index: &usize| {
				!done[*index] && nodes[*index].awaited.iter().all(|node| done[*node])
			};
			let next = (0..nodes.len()).rev().find(can_run).ok_or("a graph with a cycle")?;
			self.launch(&nodes[next].launch)?;
			done[next] = true;
		}
		Ok(())
	}

	/// Reads the arguments of a kernel.
	pub(crate) unsafe fn read(
		&self,
		function: CUfunction,
		grid: [u32; 3],
		block: [u32; 3],
		parameters: *mut *mut c_void,
	) -> Result<Launch, CUresult> {
		let function = self.functions.get(&(function as usize)).cloned();
		let function = function.ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		let [(grid, 1, 1), (threads, 1, 1)] = [grid, block].map(|[x, y, z]| (x, y, z)) else {
			return Err(CUDA_ERROR_INVALID_VALUE);
		};
		let sizes = function.module.parameters(&function.name).ok_or(CUDA_ERROR_NOT_FOUND)?;
		let bytes = |(index, size): (usize, usize)| {
			// SAFETY: the caller promises that there is a pointer to each parameter that the kernel has.
			unsafe {
				let at = (*parameters.add(index)).cast::<u8>();
				std::slice::from_raw_parts(at, size).to_vec()
			}
		};
		let parameters = sizes.into_iter().enumerate().map(bytes).collect();
		Ok(Launch { function, grid, threads, parameters })
	}
}
