//! Any processor: the fused multiply-add is computed with integers.

#![allow(unsafe_code, reason = "pointers into panels")]

use super::Vector;
use crate::level::{self, Fused};
use crate::scalar::canonical;

/// Four lanes.
#[derive(Clone, Copy)]
pub(crate) struct Soft([f32; 4]);

impl Vector for Soft {
	const LANES: usize = 4;

	#[inline(always)]
	unsafe fn zero() -> Self {
		Self([0.0; 4])
	}

	#[inline(always)]
	unsafe fn load(from: *const u32) -> Self {
		// SAFETY: `LANES` words are readable.
		Self(unsafe { from.cast::<[f32; 4]>().read_unaligned() })
	}

	#[inline(always)]
	unsafe fn splat(from: *const u32) -> Self {
		// SAFETY: the word is readable.
		Self([f32::from_bits(unsafe { *from }); 4])
	}

	#[inline(always)]
	unsafe fn fma(self, a: Self, b: Self) -> Self {
		Self(std::array::from_fn(|i| level::Soft::fma(a.0[i], b.0[i], self.0[i])))
	}

	#[inline(always)]
	unsafe fn add(self, other: Self) -> Self {
		Self(std::array::from_fn(|i| self.0[i] + other.0[i]))
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut u32) {
		// SAFETY: `LANES` words are writable.
		unsafe { to.cast::<[u32; 4]>().write_unaligned(self.0.map(canonical)) }
	}
}
