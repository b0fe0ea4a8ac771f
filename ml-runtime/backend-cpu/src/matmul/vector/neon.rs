//! 64-bit ARM.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use core::arch::aarch64::{
	float32x4_t, vaddq_f32, vbslq_f32, vceqq_f32, vdupq_n_f32, vfmaq_f32, vld1q_dup_f32, vld1q_f32,
	vst1q_f32,
};

use assay_ops::CANONICAL_NAN;

use super::Vector;

/// Four lanes.
#[derive(Clone, Copy)]
pub(crate) struct Neon(float32x4_t);

impl Vector for Neon {
	const LANES: usize = 4;

	#[inline(always)]
	unsafe fn zero() -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { vdupq_n_f32(0.0) })
	}

	#[inline(always)]
	unsafe fn load(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and `LANES` words are readable.
		Self(unsafe { vld1q_f32(from.cast()) })
	}

	#[inline(always)]
	unsafe fn splat(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and the word is readable.
		Self(unsafe { vld1q_dup_f32(from.cast()) })
	}

	#[inline(always)]
	unsafe fn fma(self, a: Self, b: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { vfmaq_f32(self.0, a.0, b.0) })
	}

	#[inline(always)]
	unsafe fn add(self, other: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { vaddq_f32(self.0, other.0) })
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut u32) {
		// SAFETY: the caller has the instructions, and `LANES` words are writable.
		unsafe {
			let number = vceqq_f32(self.0, self.0);
			let canonical = vdupq_n_f32(f32::from_bits(CANONICAL_NAN));
			vst1q_f32(to.cast(), vbslq_f32(number, self.0, canonical));
		}
	}
}
