//! `libcuda` with the emulator as its device: what calls the driver runs here without a GPU, the very same code.
//!
//! ```sh
//! cargo build --release -p assay-backend-cuda --examples
//! LD_LIBRARY_PATH=target/release/examples assay-worker train mlp-digits.toml --data digits.bin --out run --gpu
//! ```
//!
//! In three ways it is stricter than a driver, as the emulator is stricter than a device:
//! - Nothing runs before somebody waits for it. Memory of the host that is written or given back before its copy has
//!   ended shows as a wrong result.
//! - The launches of a graph run in the order that is farthest from that in which they were added: of all that could
//!   run, always the last. An order that a graph should have demanded and did not shows as a wrong result, or as a read of
//!   words that nobody wrote.
//! - After an error of a kernel every call that waits gives an error, and the reason is on standard error.
//!
//! With `EMULATED_LAUNCHES=1000` in the environment its device fails after so many launches, with `EMULATED_GENERATION=9`
//! it is one of compute capability 9.0. With `EMULATED_SILENCE=1000` it never answers after so many launches; a call that
//! would then wait for it ends the process. With `EMULATED_FILE=/some/file` it opens that file before the first launch, and
//! fails if it cannot.
//!
//! What the driver's manual demands of whoever calls: pointers are good for what they are given for, and memory of
//! the host stays until what uses it has ended.
//!
//! It has one device, the calls that this crate makes, and no others.
// What each call does is in the manual of the driver.
#![allow(unsafe_code, non_snake_case, missing_docs, clippy::missing_safety_doc)]

mod driver;

use std::{
	cell::Cell,
	ffi::{c_char, c_int, c_uchar, c_uint, c_ulonglong, c_void, CStr},
	sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError},
};

use assay_backend_cuda::Emulator;
use cudarc::driver::sys::{
	CUcontext, CUdevice, CUdevice_attribute as Attribute, CUdeviceptr, CUevent, CUfunction,
	CUgraph, CUgraphExec, CUgraphNode, CUmodule,
	CUresult::{self, *},
	CUstream, CUDA_KERNEL_NODE_PARAMS,
};
use driver::{Driver, Function, Node, Stream, Work};

static DRIVER: LazyLock<Mutex<Driver>> = LazyLock::new(Mutex::default);

thread_local! {
	/// The context of a thread, which has none at first.
	static CURRENT: Cell<usize> = const { Cell::new(0) };
}

fn driver() -> MutexGuard<'static, Driver> {
	DRIVER.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a call gives: an error as the driver's number.
fn call(work: impl FnOnce(&mut Driver) -> Result<(), CUresult>) -> CUresult {
	work(&mut driver()).err().unwrap_or(CUDA_SUCCESS)
}

/// The same for calls that need a context.
fn in_context(work: impl FnOnce(&mut Driver) -> Result<(), CUresult>) -> CUresult {
	match CURRENT.get() {
		CONTEXT => call(work),
		_ => CUDA_ERROR_INVALID_CONTEXT,
	}
}

/// Gives a number back by a pointer that the caller promises to be good.
unsafe fn give<T>(to: *mut T, value: T) {
	// SAFETY: see above.
	unsafe { to.write(value) };
}

fn pointer<T>(handle: usize) -> *mut T {
	handle as *mut T
}

#[no_mangle]
pub extern "C" fn cuInit(_: c_uint) -> CUresult {
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuDriverGetVersion(version: *mut c_int) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(version, 12_020) };
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuDeviceGet(device: *mut CUdevice, ordinal: c_int) -> CUresult {
	if ordinal != 0 {
		return CUDA_ERROR_INVALID_DEVICE;
	}
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(device, 0) };
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuDeviceGetName(
	name: *mut c_char,
	length: c_int,
	_: CUdevice,
) -> CUresult {
	let text = c"emulator behind the driver".to_bytes_with_nul();
	if (length as usize) < text.len() {
		return CUDA_ERROR_INVALID_VALUE;
	}
	// SAFETY: the caller gives what the manual demands.
	unsafe { std::ptr::copy_nonoverlapping(text.as_ptr(), name.cast(), text.len()) };
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuDeviceGetAttribute(
	value: *mut c_int,
	attribute: Attribute,
	_: CUdevice,
) -> CUresult {
	let is = match attribute {
		Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR => driver::generation(),
		Attribute::CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR => 0,
		Attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT => 1,
		Attribute::CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED => 1,
		_ => return CUDA_ERROR_NOT_SUPPORTED,
	};
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(value, is) };
	CUDA_SUCCESS
}

const CONTEXT: usize = 8;

#[no_mangle]
pub unsafe extern "C" fn cuDevicePrimaryCtxRetain(
	context: *mut CUcontext,
	_: CUdevice,
) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(context, pointer(CONTEXT)) };
	CUDA_SUCCESS
}

#[no_mangle]
pub extern "C" fn cuDevicePrimaryCtxRelease_v2(_: CUdevice) -> CUresult {
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuCtxGetCurrent(context: *mut CUcontext) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(context, pointer(CURRENT.get())) };
	CUDA_SUCCESS
}

#[no_mangle]
pub extern "C" fn cuCtxSetCurrent(context: CUcontext) -> CUresult {
	CURRENT.set(context as usize);
	CUDA_SUCCESS
}

#[no_mangle]
pub extern "C" fn cuCtxSynchronize() -> CUresult {
	call(|driver| {
		let streams: Vec<_> = driver.streams.keys().copied().collect();
		streams.into_iter().try_for_each(|stream| driver.run_all(stream))
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuStreamCreate(stream: *mut CUstream, _: c_uint) -> CUresult {
	in_context(|driver| {
		let handle = driver.handle();
		driver.streams.insert(handle, Stream::default());
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(stream, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuStreamQuery(stream: CUstream) -> CUresult {
	call(|driver| driver.query(stream as usize))
}

#[no_mangle]
pub extern "C" fn cuStreamSynchronize(stream: CUstream) -> CUresult {
	call(|driver| driver.run_all(stream as usize))
}

#[no_mangle]
pub extern "C" fn cuStreamDestroy_v2(stream: CUstream) -> CUresult {
	call(|driver| {
		driver.run_all(stream as usize)?;
		driver.streams.remove(&(stream as usize));
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuStreamWaitEvent(stream: CUstream, event: CUevent, _: c_uint) -> CUresult {
	call(|driver| {
		let mark = *driver.events.get(&(event as usize)).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		match mark.filter(|(other, _)| *other != stream as usize) {
			Some((other, until)) => driver.run(other, until),
			None => Ok(()),
		}
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuEventCreate(event: *mut CUevent, _: c_uint) -> CUresult {
	in_context(|driver| {
		let handle = driver.handle();
		driver.events.insert(handle, None);
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(event, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuEventRecord(event: CUevent, stream: CUstream) -> CUresult {
	call(|driver| {
		let queued = driver.streams.get(&(stream as usize)).map(|stream| stream.queued);
		let queued = queued.ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		let mark = driver.events.get_mut(&(event as usize)).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		*mark = Some((stream as usize, queued));
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuEventSynchronize(event: CUevent) -> CUresult {
	call(|driver| {
		let mark = *driver.events.get(&(event as usize)).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		mark.map_or(Ok(()), |(stream, until)| driver.run(stream, until))
	})
}

#[no_mangle]
pub extern "C" fn cuEventDestroy_v2(event: CUevent) -> CUresult {
	call(|driver| {
		driver.events.remove(&(event as usize)).map(drop).ok_or(CUDA_ERROR_INVALID_HANDLE)
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuMemAllocAsync(
	address: *mut CUdeviceptr,
	bytes: usize,
	_: CUstream,
) -> CUresult {
	in_context(|driver| {
		if bytes == 0 || !bytes.is_multiple_of(4) {
			return Err(CUDA_ERROR_INVALID_VALUE);
		}
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(address, driver.memory.allocate(bytes / 4)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuMemFreeAsync(address: CUdeviceptr, stream: CUstream) -> CUresult {
	call(|driver| driver.queue(stream as usize, Work::Free { address }))
}

#[no_mangle]
pub unsafe extern "C" fn cuMemHostAlloc(
	memory: *mut *mut c_void,
	bytes: usize,
	_: c_uint,
) -> CUresult {
	in_context(|driver| {
		let mut words = vec![0xDEAD_BEEF_DEAD_BEEF_u64; bytes.div_ceil(8)];
		let address = words.as_mut_ptr();
		driver.pinned.insert(address as usize, words);
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(memory, address.cast()) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuMemFreeHost(memory: *mut c_void) -> CUresult {
	call(|driver| {
		driver.answers();
		driver.pinned.remove(&(memory as usize)).map(drop).ok_or(CUDA_ERROR_INVALID_VALUE)
	})
}

#[no_mangle]
pub extern "C" fn cuMemsetD8Async(
	to: CUdeviceptr,
	byte: c_uchar,
	bytes: usize,
	stream: CUstream,
) -> CUresult {
	in_context(|driver| driver.queue(stream as usize, Work::Set { to, byte, bytes }))
}

#[no_mangle]
pub extern "C" fn cuMemcpyHtoDAsync_v2(
	to: CUdeviceptr,
	from: *const c_void,
	bytes: usize,
	stream: CUstream,
) -> CUresult {
	let from = from as usize;
	in_context(|driver| driver.queue(stream as usize, Work::ToDevice { to, from, bytes }))
}

#[no_mangle]
pub extern "C" fn cuMemcpyDtoHAsync_v2(
	to: *mut c_void,
	from: CUdeviceptr,
	bytes: usize,
	stream: CUstream,
) -> CUresult {
	let to = to as usize;
	in_context(|driver| driver.queue(stream as usize, Work::FromDevice { to, from, bytes }))
}

#[no_mangle]
pub unsafe extern "C" fn cuModuleLoadData(module: *mut CUmodule, image: *const c_void) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	let text = unsafe { CStr::from_ptr(image.cast()) }.to_str().map_err(|_| CUDA_ERROR_INVALID_PTX);
	in_context(|driver| {
		let emulator = Emulator::with_modules([text?]).map_err(|_| CUDA_ERROR_INVALID_PTX)?;
		let handle = driver.handle();
		driver.modules.insert(handle, Arc::new(emulator));
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(module, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuModuleUnload(module: CUmodule) -> CUresult {
	call(|driver| {
		driver.modules.remove(&(module as usize)).map(drop).ok_or(CUDA_ERROR_INVALID_HANDLE)
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuModuleGetFunction(
	function: *mut CUfunction,
	module: CUmodule,
	name: *const c_char,
) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	let name = unsafe { CStr::from_ptr(name) }.to_string_lossy().into_owned();
	call(|driver| {
		let module = driver.modules.get(&(module as usize)).cloned();
		let module = module.ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		module.parameters(&name).ok_or(CUDA_ERROR_NOT_FOUND)?;
		let handle = driver.handle();
		driver.functions.insert(handle, Function { module, name });
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(function, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuLaunchKernel(
	function: CUfunction,
	grid_x: c_uint,
	grid_y: c_uint,
	grid_z: c_uint,
	block_x: c_uint,
	block_y: c_uint,
	block_z: c_uint,
	_shared: c_uint,
	stream: CUstream,
	parameters: *mut *mut c_void,
	_extra: *mut *mut c_void,
) -> CUresult {
	in_context(|driver| {
		let (grid, block) = ([grid_x, grid_y, grid_z], [block_x, block_y, block_z]);
		// SAFETY: the caller gives what the manual demands.
		let launch = unsafe { driver.read(function, grid, block, parameters) }?;
		driver.queue(stream as usize, Work::Launch(launch))
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuGraphCreate(graph: *mut CUgraph, _: c_uint) -> CUresult {
	in_context(|driver| {
		let handle = driver.handle();
		driver.graphs.insert(handle, Vec::new());
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(graph, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuGraphDestroy(graph: CUgraph) -> CUresult {
	call(|driver| {
		driver.graphs.remove(&(graph as usize)).map(drop).ok_or(CUDA_ERROR_INVALID_HANDLE)
	})
}

/// The handle of a graph's node is its number, plus one.
#[no_mangle]
pub unsafe extern "C" fn cuGraphAddKernelNode_v2(
	node: *mut CUgraphNode,
	graph: CUgraph,
	awaited: *const CUgraphNode,
	count: usize,
	parameters: *const CUDA_KERNEL_NODE_PARAMS,
) -> CUresult {
	in_context(|driver| {
		// SAFETY: the caller gives what the manual demands.
		let p = unsafe { &*parameters };
		let grid = [p.gridDimX, p.gridDimY, p.gridDimZ];
		let block = [p.blockDimX, p.blockDimY, p.blockDimZ];
		// SAFETY: the caller gives what the manual demands.
		let launch = unsafe { driver.read(p.func, grid, block, p.kernelParams) }?;
		let nodes = driver.graphs.get_mut(&(graph as usize)).ok_or(CUDA_ERROR_INVALID_HANDLE)?;
		let awaited = match count {
			0 => &[][..],
			// SAFETY: the caller gives what the manual demands.
			_ => unsafe { std::slice::from_raw_parts(awaited, count) },
		};
		let known = |handle: &CUgraphNode| {
			(*handle as usize).checked_sub(1).filter(|index| *index < nodes.len())
		};
		let awaited: Option<Vec<_>> = awaited.iter().map(known).collect();
		nodes.push(Node { launch, awaited: awaited.ok_or(CUDA_ERROR_INVALID_VALUE)? });
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(node, pointer(nodes.len())) };
		Ok(())
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuGraphInstantiateWithFlags(
	started: *mut CUgraphExec,
	graph: CUgraph,
	flags: c_ulonglong,
) -> CUresult {
	in_context(|driver| {
		let nodes = driver.graphs.get(&(graph as usize)).filter(|_| flags == 0);
		let nodes: Arc<[Node]> = nodes.ok_or(CUDA_ERROR_INVALID_VALUE)?.clone().into();
		let handle = driver.handle();
		driver.started.insert(handle, nodes);
		// SAFETY: the caller gives what the manual demands.
		unsafe { give(started, pointer(handle)) };
		Ok(())
	})
}

#[no_mangle]
pub extern "C" fn cuGraphLaunch(started: CUgraphExec, stream: CUstream) -> CUresult {
	in_context(|driver| {
		let nodes = driver.started.get(&(started as usize)).cloned();
		driver.queue(stream as usize, Work::Graph(nodes.ok_or(CUDA_ERROR_INVALID_HANDLE)?))
	})
}

#[no_mangle]
pub extern "C" fn cuGraphExecDestroy(started: CUgraphExec) -> CUresult {
	call(|driver| {
		driver.started.remove(&(started as usize)).map(drop).ok_or(CUDA_ERROR_INVALID_HANDLE)
	})
}

#[no_mangle]
pub unsafe extern "C" fn cuGetErrorName(_: CUresult, name: *mut *const c_char) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(name, c"error".as_ptr()) };
	CUDA_SUCCESS
}

#[no_mangle]
pub unsafe extern "C" fn cuGetErrorString(_: CUresult, text: *mut *const c_char) -> CUresult {
	// SAFETY: the caller gives what the manual demands.
	unsafe { give(text, c"an error of the emulated driver".as_ptr()) };
	CUDA_SUCCESS
}
