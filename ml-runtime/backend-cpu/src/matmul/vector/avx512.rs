//! x86-64 with AVX-512.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use core::arch::x86_64::{
	__m512, _mm512_add_ps, _mm512_cmp_ps_mask, _mm512_fmadd_ps, _mm512_loadu_ps,
	_mm512_mask_mov_ps, _mm512_set1_ps, _mm512_setzero_ps, _mm512_storeu_ps, _mm_prefetch,
	_CMP_UNORD_Q, _MM_HINT_T0,
};

use assay_ops::CANONICAL_NAN;

use super::{Avx2, Vector};

/// Sixteen lanes.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(__m512);

impl Vector for Avx512 {
	const LANES: usize = 16;

	#[inline(always)]
	unsafe fn zero() -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm512_setzero_ps() })
	}

	#[inline(always)]
	unsafe fn load(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and `LANES` words are readable.
		Self(unsafe { _mm512_loadu_ps(from.cast()) })
	}

	#[inline(always)]
	unsafe fn splat(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and the word is readable.
		Self(unsafe { _mm512_set1_ps(*from.cast()) })
	}

	#[inline(always)]
	unsafe fn fma(self, a: Self, b: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm512_fmadd_ps(a.0, b.0, self.0) })
	}

	#[inline(always)]
	unsafe fn add(self, other: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm512_add_ps(self.0, other.0) })
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut u32) {
		// SAFETY: the caller has the instructions, and `LANES` words are writable.
		unsafe {
			let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(self.0, self.0);
			let canonical = _mm512_set1_ps(f32::from_bits(CANONICAL_NAN));
			_mm512_storeu_ps(to.cast(), _mm512_mask_mov_ps(self.0, nan, canonical));
		}
	}

	#[inline(always)]
	unsafe fn prefetch_line(word: *const u32) {
		// SAFETY: the caller has the instructions, and no address is wrong.
		unsafe { _mm_prefetch::<_MM_HINT_T0>(word.cast()) };
	}

	#[inline(always)]
	unsafe fn turn(from: *const u32, stride: usize, to: *mut u32, width: usize) {
		// SAFETY: as the trait demands; whoever has AVX-512 has AVX2.
		unsafe { Avx2::turn(from, stride, to, width) }
	}
}
