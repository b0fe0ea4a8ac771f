//! The functions of the op spec over this processor's arithmetic.
//!
//! The formulas are those of [`generic`], so the bits are too. Where a function gives NaN it may be
//! any NaN; kernels make it canonical when they store it.

use std::marker::PhantomData;

use assay_ops::functions::{generic, Arith};

use crate::level::Fused;

struct Native<F>(PhantomData<F>);

impl<F: Fused> Arith for Native<F> {
	#[inline(always)]
	fn add(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) + f32::from_bits(b)).to_bits()
	}

	#[inline(always)]
	fn sub(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) - f32::from_bits(b)).to_bits()
	}

	#[inline(always)]
	fn mul(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) * f32::from_bits(b)).to_bits()
	}

	#[inline(always)]
	fn fma(a: u32, b: u32, c: u32) -> u32 {
		F::fma(f32::from_bits(a), f32::from_bits(b), f32::from_bits(c)).to_bits()
	}

	#[inline(always)]
	fn div(a: u32, b: u32) -> u32 {
		(f32::from_bits(a) / f32::from_bits(b)).to_bits()
	}
}

/// Wrappers that take and return floats: the formula of the same name.
macro_rules! over_floats {
	($($(#[$doc:meta])+ $name:ident($($operand:ident),+);)+) => {
		$(
			$(#[$doc])+
			#[inline(always)]
			pub(crate) fn $name<F: Fused>($($operand: f32),+) -> f32 {
				f32::from_bits(generic::$name::<Native<F>>($($operand.to_bits()),+))
			}
		)+
	};
}

over_floats! {
	/// Natural exponential.
	exp(x);
	/// Natural logarithm.
	log(x);
	/// Hyperbolic tangent.
	tanh(x);
	/// Error function.
	erf(x);
	/// Logistic function.
	sigmoid(x);
	/// Sigmoid-weighted unit.
	silu(x);
	/// Gaussian error linear unit.
	gelu(x);
	/// Gradient of tanh, given its result.
	tanh_grad(y, gradient);
	/// Gradient of the logistic function, given its result.
	sigmoid_grad(y, gradient);
	/// Gradient of the sigmoid-weighted unit at `x`.
	silu_grad(x, gradient);
	/// Gradient of the Gaussian error linear unit at `x`.
	gelu_grad(x, gradient);
}
