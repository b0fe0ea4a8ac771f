//! `exp`, `log`, `tanh` and `erf` as polynomials over the arithmetic, and what is composed of them.
//!
//! The formulas are written once, over [`Arith`], in [`generic`]. The instance here is [`SoftArith`],
//! the integer arithmetic of [`soft`]; a kernel may instantiate the same formula over hardware floats
//! and gets the same bits, because every step is one correctly rounded operation or a bit operation.
//! An instance must keep subnormals and may return any NaN where IEEE 754 asks for one.
//!
//! There are no tables and no branches on the value: special cases are selected at the end.
//!
//! **Infinite operands.** The composed functions are their formulas and nothing else, so they are NaN
//! where a formula multiplies or divides infinities away: `silu(−∞)` and `gelu(−∞)`, and the gradients
//! of both at `±∞`. For every finite operand they are finite (the gradients for finite gradients, unless
//! the product overflows): `silu` and `gelu` of large negative numbers are `−0`.

use crate::soft::{self, canonical};

pub mod generic;

/// Correctly rounded arithmetic on the bits of `f32`.
pub trait Arith {
	/// `a + b`.
	fn add(a: u32, b: u32) -> u32;
	/// `a − b`.
	fn sub(a: u32, b: u32) -> u32;
	/// `a · b`.
	fn mul(a: u32, b: u32) -> u32;
	/// `a · b + c` with one rounding.
	fn fma(a: u32, b: u32, c: u32) -> u32;
	/// `a / b`.
	fn div(a: u32, b: u32) -> u32;
}

/// The integer-only arithmetic.
#[derive(Clone, Copy, Debug)]
pub struct SoftArith;

impl Arith for SoftArith {
	#[inline(always)]
	fn add(a: u32, b: u32) -> u32 {
		soft::add(a, b)
	}
	#[inline(always)]
	fn sub(a: u32, b: u32) -> u32 {
		soft::sub(a, b)
	}
	#[inline(always)]
	fn mul(a: u32, b: u32) -> u32 {
		soft::mul(a, b)
	}
	#[inline(always)]
	fn fma(a: u32, b: u32, c: u32) -> u32 {
		soft::fma(a, b, c)
	}
	#[inline(always)]
	fn div(a: u32, b: u32) -> u32 {
		soft::div(a, b)
	}
}

/// Natural exponential. `exp(−∞) = +0`, `exp(+∞) = +∞`, overflow gives `+∞`, underflow is gradual.
pub fn exp(x: u32) -> u32 {
	generic::exp::<SoftArith>(x)
}

/// Natural logarithm. `log(±0) = −∞`, `log(+∞) = +∞`, `log(x < 0)` is NaN; subnormals count fully.
pub fn log(x: u32) -> u32 {
	generic::log::<SoftArith>(x)
}

/// Hyperbolic tangent: odd bit for bit, `tanh(±∞) = ±1`, `tanh(x) = x` where x is tiny.
pub fn tanh(x: u32) -> u32 {
	generic::tanh::<SoftArith>(x)
}

/// Error function: odd bit for bit, `erf(±∞) = ±1`, `erf(x)` is `2/√π · x` where x is tiny, rounded
/// once, subnormal results too.
pub fn erf(x: u32) -> u32 {
	generic::erf::<SoftArith>(x)
}

/// Logistic function `1 / (1 + exp(−x))`. From −88.72284 down it is `+0`, as `exp` overflows there.
pub fn sigmoid(x: u32) -> u32 {
	canonical(generic::sigmoid::<SoftArith>(x))
}

/// `x / (1 + exp(−x))`. From −88.72284 down it is `−0`; `−∞` gives NaN.
pub fn silu(x: u32) -> u32 {
	canonical(generic::silu::<SoftArith>(x))
}

/// `(x · ½) · (1 + erf(x · √½))`. From −5.527186 down it is `−0`; `−∞` gives NaN.
pub fn gelu(x: u32) -> u32 {
	canonical(generic::gelu::<SoftArith>(x))
}

/// `gradient · (1 − y²)` with `y` a result of tanh.
pub fn tanh_grad(y: u32, gradient: u32) -> u32 {
	canonical(generic::tanh_grad::<SoftArith>(y, gradient))
}

/// `gradient · (y · (1 − y))` with `y` a result of the logistic function.
pub fn sigmoid_grad(y: u32, gradient: u32) -> u32 {
	canonical(generic::sigmoid_grad::<SoftArith>(y, gradient))
}

/// Gradient of [`silu`] at `x`: `gradient · (s · (1 + x · (1 − s)))` with `s` the logistic function of
/// x. NaN at `x = ±∞`.
pub fn silu_grad(x: u32, gradient: u32) -> u32 {
	canonical(generic::silu_grad::<SoftArith>(x, gradient))
}

/// Gradient of [`gelu`] at `x`: `gradient · (Φ + x · φ)` with the distribution function and the density
/// of the normal distribution. NaN at `x = ±∞`.
pub fn gelu_grad(x: u32, gradient: u32) -> u32 {
	canonical(generic::gelu_grad::<SoftArith>(x, gradient))
}
