//! CUDA kernels in the order that the op spec fixes, and an emulator that runs their PTX without a GPU.
//!
//! **Not yet run on a device.** The kernels compile, assemble for four generations of devices, and give
//! the reference's bits in the [`Emulator`], which executes the checked-in PTX. What calls the driver runs against one
//! whose device is the emulator (`examples/cuda`). Whether a device does the same, and how fast, is what
//! `assay-gpu-check` of `assay-conformance` finds out where there is one.
//!
//! # Parts
//!
//! - `kernels/*.cu`: the sources, with the schedule at the top of each. `scripts/ptx.sh` makes the PTX
//!   beside them; building this crate needs no CUDA toolkit.
//! - `kernels/functions.cuh`: the functions of the op spec, translated from the Rust formulas.
//! - `kernels/hopper.cu`: the same products for the tensor cores of one generation. A device of it can run them
//!   instead, where they give the same words and take no longer ([`Gpu::with_own_kernels`]).
//! - [`Plan`]: which kernels a node takes, and their arguments. It does not depend on the device.
//! - [`Device`]: runs plans. [`Gpu`] is the driver, loaded when the program runs; [`Emulator`] is Rust.
//! - [`DeviceMemory`]: buffers that stay on a device, and graphs: all that a step does, which the driver gets once and then
//!   starts with one call. What varies from step to step (records, the step's number) is in buffers.
//! - [`CudaKernels`]: [`Kernels`](assay_backend_cpu::Kernels) and their
//!   [`Memory`](assay_backend_cpu::Memory) over a device: a run's slots and values stay there, and are hashed there.
//!   Records go there through pinned memory; losses and roots come back.
//!
//! # What keeps the bits right
//!
//! - PTX is made with contraction off, from kernels that use only the intrinsics that round (`__fmaf_rn`
//!   and so on). [`ptx::faults`] finds what slipped through: the tests demand that there is none.
//! - Threads divide rows and columns, never the terms of one sum, but where the spec says how (32 lanes,
//!   blocks of 512).
//! - K of floats is masked, never padded; that of integers is padded with zeros, which change no sum.
//! - Every word that is stored as a number has its NaN made canonical.
//! - Float tensor cores are never used: their rounding differs by generation.
//!
//! ```
//! use assay_backend_cuda::CudaKernels;
//! match CudaKernels::new(0) {
//!     Ok(kernels) => println!("{}", assay_backend_cuda::Device::name(kernels.device())),
//!     Err(error) if error.is_absence() => println!("no GPU: {error}"),
//!     Err(error) => println!("a GPU that fails: {error}"),
//! }
//! ```

mod bounce;
mod device;
mod emulator;
mod generation;
mod gpu;
mod graph;
mod kernels;
mod plan;
pub mod ptx;
mod resident;
mod waiting;
mod warmup;

pub use device::{Device, DeviceError, DeviceMemory, Fill, Requirements, Span};
pub use emulator::{EmulatedMemory, Emulator};
pub use generation::{Verdict, Verdicts};
pub use gpu::Gpu;
pub use graph::Work;
pub use kernels::CudaKernels;
pub use plan::{Argument, Buffer, Launch, Plan, FOUND_WORDS, ROOT_WORDS, STEP_WORDS};
