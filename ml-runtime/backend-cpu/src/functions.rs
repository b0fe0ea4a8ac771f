//! The functions of the op spec over this processor's arithmetic.

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
}

/// Natural exponential.
#[inline(always)]
pub(crate) fn exp<F: Fused>(x: f32) -> f32 {
	f32::from_bits(generic::exp::<Native<F>>(x.to_bits()))
}

/// Natural logarithm.
#[inline(always)]
pub(crate) fn log<F: Fused>(x: f32) -> f32 {
	f32::from_bits(generic::log::<Native<F>>(x.to_bits()))
}
