//! IEEE 754 binary32 in integers: round to nearest, ties to even, subnormals kept.
//!
//! Every function takes and returns the 32 bits of an `f32`. A NaN operand of any payload is accepted;
//! a NaN result is always [`CANONICAL_NAN`]. The results are those of conforming hardware on every
//! other bit, which the tests check on mixed distributions against the processor and against
//! `rustc_apfloat`.
//!
//! Inside, a finite non-zero number is `sig · 2^e2` with a 64-bit significand, and one function,
//! [`round::pack`], rounds. A product of two significands has 48 bits, so 64 bits always suffice: what
//! is shifted out below is kept as one sticky bit.

mod arith;
mod factor;
mod order;
mod round;
mod scale;

pub use arith::{add, div, fma, mul, sqrt, sub};
pub use factor::{fma_of, Factor};
pub use order::{canonical, from_u32, gt, is_nan, neg, order_key};
pub use scale::{floor_log2, round_scaled, scaled};

/// Bits of `1.0`.
pub const ONE: u32 = 0x3F80_0000;

/// Bits of `−1.0`.
pub const MINUS_ONE: u32 = 0xBF80_0000;

/// Bits of `+∞`.
pub const INFINITY: u32 = 0x7F80_0000;

/// Bits of `−∞`.
pub const MINUS_INFINITY: u32 = 0xFF80_0000;

pub use crate::CANONICAL_NAN;

pub(crate) const SIGN: u32 = 0x8000_0000;
pub(crate) const FRACTION: u32 = 0x007F_FFFF;
pub(crate) const HIDDEN: u32 = 0x0080_0000;
