//! Neighbouring results in one register: the few instructions that the innermost loop consists of.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;
mod soft;

#[cfg(target_arch = "x86_64")]
pub(super) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(super) use avx512::Avx512;
#[cfg(target_arch = "aarch64")]
pub(super) use neon::Neon;
pub(super) use soft::Soft;

/// [`Vector::turn`] with AVX2, for words of any meaning.
///
/// # Safety
///
/// As for [`Vector`], and for its `turn`.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub(crate) unsafe fn turn_words(from: *const u32, stride: usize, to: *mut u32, width: usize) {
	// SAFETY: the caller vouches for the instructions and for all words.
	unsafe { Avx2::turn(from, stride, to, width) }
}

/// Words of a cache line.
const LINE_WORDS: usize = 16;

/// A register of `f32`.
///
/// # Safety
///
/// All functions need the instructions of the level that the type is named after. They are inlined into
/// code that [`crate::level::Level::run`] compiled for that level, and nothing else may call them.
pub(super) trait Vector: Copy + Send + Sync {
	/// Numbers in the register.
	const LANES: usize;

	/// All lanes `+0`.
	unsafe fn zero() -> Self;

	/// `LANES` words, all of which must be readable.
	unsafe fn load(from: *const u32) -> Self;

	/// One readable word in all lanes.
	unsafe fn splat(from: *const u32) -> Self;

	/// `self + a · b`, rounded once.
	unsafe fn fma(self, a: Self, b: Self) -> Self;

	/// `self + other`.
	unsafe fn add(self, other: Self) -> Self;

	/// Stores `LANES` words, all of which must be writable; NaN becomes canonical.
	unsafe fn store(self, to: *mut u32);

	/// Stores the first `count` lanes, at most `LANES`.
	#[inline(always)]
	unsafe fn store_some(self, to: *mut u32, count: usize) {
		// SAFETY: the caller vouches for `to`; `words` has room for the widest register.
		unsafe {
			let mut words = [0_u32; 16];
			self.store(words.as_mut_ptr());
			let (mut from, mut to, mut size) = (words.as_ptr(), to, 16);
			// A copy of unknown length would be a call.
			while size > 0 {
				if count & size != 0 {
					from.copy_to_nonoverlapping(to, size);
					(from, to) = (from.add(size), to.add(size));
				}
				size /= 2;
			}
		}
	}

	/// Prefetches the cache line of a word, which need not exist.
	#[inline(always)]
	unsafe fn prefetch_line(_: *const u32) {}

	/// Prefetches neighbouring words, which need not exist.
	#[inline(always)]
	unsafe fn prefetch(words: *const u32, count: usize) {
		for line in (0..count).step_by(LINE_WORDS) {
			// SAFETY: the caller has the instructions.
			unsafe { Self::prefetch_line(words.wrapping_add(line)) };
		}
	}

	/// Turns a square of eight rows, `stride` words apart, and writes its columns `width` words apart.
	/// All 64 words at either side must be readable and writable.
	#[inline(always)]
	unsafe fn turn(from: *const u32, stride: usize, to: *mut u32, width: usize) {
		for i in 0..8 {
			for j in 0..8 {
				// SAFETY: the caller vouches for all 64 words.
				unsafe { *to.add(j * width + i) = *from.add(i * stride + j) };
			}
		}
	}
}
