//! x86-64 with AVX2 and FMA.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use core::arch::x86_64::{
	__m256, _mm256_add_ps, _mm256_blendv_ps, _mm256_broadcast_ss, _mm256_cmp_ps, _mm256_fmadd_ps,
	_mm256_loadu2_m128, _mm256_loadu_ps, _mm256_set1_ps, _mm256_setzero_ps, _mm256_shuffle_ps,
	_mm256_storeu_ps, _mm256_unpackhi_ps, _mm256_unpacklo_ps, _mm_prefetch, _CMP_UNORD_Q,
	_MM_HINT_T0,
};

use assay_ops::CANONICAL_NAN;

use super::Vector;

/// Eight lanes.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(__m256);

impl Vector for Avx2 {
	const LANES: usize = 8;

	#[inline(always)]
	unsafe fn zero() -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm256_setzero_ps() })
	}

	#[inline(always)]
	unsafe fn load(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and `LANES` words are readable.
		Self(unsafe { _mm256_loadu_ps(from.cast()) })
	}

	#[inline(always)]
	unsafe fn splat(from: *const u32) -> Self {
		// SAFETY: the caller has the instructions, and the word is readable.
		Self(unsafe { _mm256_broadcast_ss(&*from.cast()) })
	}

	#[inline(always)]
	unsafe fn fma(self, a: Self, b: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm256_fmadd_ps(a.0, b.0, self.0) })
	}

	#[inline(always)]
	unsafe fn add(self, other: Self) -> Self {
		// SAFETY: the caller has the instructions.
		Self(unsafe { _mm256_add_ps(self.0, other.0) })
	}

	#[inline(always)]
	unsafe fn store(self, to: *mut u32) {
		// SAFETY: the caller has the instructions, and `LANES` words are writable.
		unsafe {
			let nan = _mm256_cmp_ps::<_CMP_UNORD_Q>(self.0, self.0);
			let canonical = _mm256_set1_ps(f32::from_bits(CANONICAL_NAN));
			_mm256_storeu_ps(to.cast(), _mm256_blendv_ps(self.0, canonical, nan));
		}
	}

	#[inline(always)]
	unsafe fn prefetch_line(word: *const u32) {
		// SAFETY: the caller has the instructions, and no address is wrong.
		unsafe { _mm_prefetch::<_MM_HINT_T0>(word.cast()) };
	}

	#[inline(always)]
	unsafe fn turn(from: *const u32, stride: usize, to: *mut u32, width: usize) {
		// SAFETY: the caller has the instructions, and vouches for the words of both squares.
		unsafe {
			// Line i of a half: four words of row i, and the same four of row i + 4.
			let mut halves = [[_mm256_setzero_ps(); 4]; 2];
			for (half, lines) in halves.iter_mut().enumerate() {
				for (i, line) in lines.iter_mut().enumerate() {
					let low = from.add(i * stride + 4 * half).cast();
					let high = from.add((i + 4) * stride + 4 * half).cast();
					*line = _mm256_loadu2_m128(high, low);
				}
			}
			for (half, [a, b, c, d]) in halves.into_iter().enumerate() {
				let (ab_low, ab_high) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
				let (cd_low, cd_high) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
				let columns = [
					_mm256_shuffle_ps::<0b01_00_01_00>(ab_low, cd_low),
					_mm256_shuffle_ps::<0b11_10_11_10>(ab_low, cd_low),
					_mm256_shuffle_ps::<0b01_00_01_00>(ab_high, cd_high),
					_mm256_shuffle_ps::<0b11_10_11_10>(ab_high, cd_high),
				];
				for (j, column) in columns.into_iter().enumerate() {
					_mm256_storeu_ps(to.add((4 * half + j) * width).cast(), column);
				}
			}
		}
	}
}
