//! The innermost loop: sums of products of pairs.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use super::{LANES, ROWS};

/// Sums of a tile.
pub(super) type Sums = [[i32; LANES]; ROWS];

/// How pairs of 16-bit integers are multiplied.
///
/// # Safety
///
/// `tile` needs the instructions of the level that the type is named after. It is inlined into code that
/// [`crate::level::Level::run`] compiled for that level, and nothing else may call it.
pub(super) trait Pairs: Send + Sync {
	/// `sums[i][j] = Σ a[p][i] · b[p][j]`, where the product of two words is the sum of the products of
	/// their halves. The sums must fit 32 bits.
	unsafe fn tile(a: &[[u32; ROWS]], b: &[[u32; LANES]]) -> Sums;
}

/// Without instructions for pairs.
pub(super) struct Plain;

impl Pairs for Plain {
	#[inline(always)]
	unsafe fn tile(a: &[[u32; ROWS]], b: &[[u32; LANES]]) -> Sums {
		let low = |word: u32| i32::from(word as u16 as i16);
		let high = |word: u32| word as i32 >> 16;
		let mut sums = [[0; LANES]; ROWS];
		for (a, b) in a.iter().zip(b) {
			for (sums, a) in sums.iter_mut().zip(a) {
				for (sum, b) in sums.iter_mut().zip(b) {
					*sum += low(*a) * low(*b) + high(*a) * high(*b);
				}
			}
		}
		sums
	}
}

/// `vpmaddwd`: sixteen products and eight sums.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Pairs for Avx2 {
	#[inline(always)]
	unsafe fn tile(a: &[[u32; ROWS]], b: &[[u32; LANES]]) -> Sums {
		use core::arch::x86_64::{
			_mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32,
			_mm256_setzero_si256, _mm256_storeu_si256,
		};
		// SAFETY: the caller has the instructions; every load is of eight of the sixteen words of a row, and
		// every store to eight of the sixteen words of a row of sums.
		unsafe {
			let mut acc = [[_mm256_setzero_si256(); 2]; ROWS];
			for (a, b) in a.iter().zip(b) {
				let b = [
					_mm256_loadu_si256(b.as_ptr().cast()),
					_mm256_loadu_si256(b.as_ptr().add(8).cast()),
				];
				for (acc, a) in acc.iter_mut().zip(a) {
					let a = _mm256_set1_epi32(*a as i32);
					acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, b[0]));
					acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, b[1]));
				}
			}
			let mut sums = [[0; LANES]; ROWS];
			for (sums, acc) in sums.iter_mut().zip(acc) {
				_mm256_storeu_si256(sums.as_mut_ptr().cast(), acc[0]);
				_mm256_storeu_si256(sums.as_mut_ptr().add(8).cast(), acc[1]);
			}
			sums
		}
	}
}
