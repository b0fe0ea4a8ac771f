//! CPU kernels in the order that the op spec fixes.
//!
//! [`Kernels`] is what executes one node of a step program: the executor is generic over it. There are
//! two implementations. [`CpuKernels`] is the fast one: floating-point hardware, wide vectors, threads.
//! [`ReferenceKernels`] asks `assay_ops` for every tile, slowly, with integers only. Their results are
//! equal on every bit, which the tests check for every operation.
//!
//! # Values
//!
//! A value is a row-major slice of `rows · cols` words; a word is the bits of an `f32`, or a `u32`.
//! (Tiles exist only in commitments and openings.)
//!
//! # What keeps the bits right
//!
//! - Rust's `+ − × ÷ √` on `f32` are those of IEEE 754, each rounded once, never contracted.
//! - The fused multiply-add is the processor's instruction, or the integer code of `assay_ops`; never
//!   a library function.
//! - Vector lanes and threads divide rows and columns, never the terms of one sum. (Blocks of 512
//!   terms are separate sums by definition and may be computed at the same time.)
//! - NaN is made canonical when a result is stored, so its payload never matters.
//! - The modes of the floating-point unit are probed on every thread
//!   ([`is_float_environment_sound`]).
//!
//! # Speed
//!
//! Loop nests are plain Rust, compiled once per [`Level`] of instructions; the level is chosen when the
//! program runs. `unsafe` is the entry into code compiled for a level, the vector tiles of the matrix product and the
//! copies for them, and what helpers borrow from the thread that they help.
//!
//! ```
//! use assay_backend_cpu::CpuKernels;
//! let kernels = CpuKernels::new(2).expect("two threads with a sound float environment");
//! println!("{:?}", kernels.level());
//! ```

mod batch;
mod broadcast;
mod chain;
mod columns;
mod cpu;
mod crew;
mod elementwise;
mod float_env;
mod functions;
mod gate;
mod indices;
mod kernels;
mod level;
mod matmul;
mod memory;
mod quant;
mod reduce;
mod reference;
mod scalar;
mod source;
mod team;
mod value;
mod window;

pub use chain::{ChainFinder, Link, Source};
pub use cpu::CpuKernels;
pub use float_env::is_float_environment_sound;
pub use kernels::{KernelError, Kernels, RecordSource, Records};
pub use level::Level;
pub use memory::{BufferId, Memory, Routine, RoutineId, Task};
pub use reference::ReferenceKernels;
