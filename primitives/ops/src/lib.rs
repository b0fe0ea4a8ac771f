//! What every operation means, bit for bit.
//!
//! A training step is a [`Program`]: a static list of [`Node`]s in single-assignment form over
//! matrices of 32-bit words. This crate says which operations exist ([`Op`]), which shapes they take
//! ([`infer`](Op::infer)), and what each element of each result is ([`eval`]). Chain, executor and
//! tests all use these definitions; kernels that are faster must equal them on every bit.
//!
//! **No floating-point arithmetic happens here.** An `f32` is its 32 bits, and the only arithmetic on
//! it is the integer-only code of [`soft`], so the result does not depend on the machine, the compiler
//! or the wasm engine.
//!
//! Terms: a *value* is the output of a node; every value is a matrix of `rows × cols` words; a *tile*
//! is a 32 × 32 piece of it, padded with zero words at the edges.
#![cfg_attr(not(feature = "std"), no_std)]
#![cfg_attr(
	not(test),
	deny(
		clippy::unwrap_used,
		clippy::expect_used,
		clippy::panic,
		clippy::indexing_slicing,
		clippy::arithmetic_side_effects,
		clippy::float_arithmetic,
		clippy::cast_possible_truncation,
		clippy::wildcard_enum_match_arm
	)
)]

extern crate alloc;

mod check;
mod cost;
pub mod eval;
mod footprint;
pub mod functions;
mod grid;
mod heads;
mod message;
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts variant indices; nothing here is written by hand"
)]
mod op;
pub mod philox;
mod program;
pub mod quant;
mod shape;
pub mod shuffle;
pub mod soft;
mod spec;
pub mod step;
mod window;

pub use check::{CheckedProgram, Limits, ProgramError};
pub use cost::{effort, Cost};
pub use grid::TileArea;
pub use heads::{BatchShape, Head, HeadShape};
pub use op::{
	BatchMatMul, Binary, Broadcast, HeadLayout, Op, QuantFormat, RecordFormat, Unary, Window,
};
pub use program::{
	DType, Inputs, Node, NodeId, Program, Slot, ValueType, MAX_INPUTS, MAX_NODES, MAX_SLOTS,
};
pub use shape::ShapeError;
pub use spec::{Fold, NodeSpec, Operand};

/// Version of the operation set. Part of every task; any change of meaning needs a new one.
pub const OPSET_VERSION: u16 = 1;

/// The operation sets that this build admits, oldest first. One stays as long as a task names it: a claim is
/// judged by the set that its task was posted with (ADR 0023).
pub const OPSETS: &[u16] = if cfg!(feature = "next") { &[1, 2] } else { &[OPSET_VERSION] };

/// The normative description of the operation set in words.
pub const OP_TABLE: &str = include_str!("op_table.txt");

/// BLAKE3 of [`OP_TABLE`]. Part of every task.
pub const OPSET_HASH: [u8; 32] = [
	0xC7, 0x24, 0x60, 0x06, 0xB5, 0xDD, 0x69, 0x49, 0x33, 0xAE, 0xA7, 0x35, 0x5D, 0xE3, 0x2D, 0x97,
	0x06, 0x36, 0x42, 0x39, 0xBC, 0x9F, 0x0C, 0x78, 0x78, 0x1A, 0x03, 0xDA, 0x82, 0xF4, 0xF0, 0xF8,
];

/// Rows and columns of a tile.
pub const TILE: u32 = 32;

/// Words in a tile.
pub const TILE_WORDS: usize = 1024;

/// Terms of a reduction that are accumulated in one go; longer reductions fold block results.
pub const K_BLOCK: u32 = 512;

/// Columns that a sum or maximum of a row takes in one go.
pub const ROW_BLOCK: u32 = 1024;

/// The one NaN that is ever stored.
pub const CANONICAL_NAN: u32 = 0x7FC0_0000;
