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

extern crate alloc;

mod op;
mod program;

pub use op::{Binary, Broadcast, Op, RecordFormat, Unary, Window};
pub use program::{
	DType, Inputs, Node, NodeId, Program, Slot, ValueType, MAX_INPUTS, MAX_NODES, MAX_SLOTS,
};

/// Version of the operation set. Part of every task; any change of meaning needs a new one.
pub const OPSET_VERSION: u16 = 1;

/// Rows and columns of a tile.
pub const TILE: u32 = 32;

/// Words in a tile.
pub const TILE_WORDS: usize = 1024;

/// Terms of a reduction that are accumulated in one go; longer reductions fold block results.
pub const K_BLOCK: u32 = 512;

/// The one NaN that is ever stored.
pub const CANONICAL_NAN: u32 = 0x7FC0_0000;
