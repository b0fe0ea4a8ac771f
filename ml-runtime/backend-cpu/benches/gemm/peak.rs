//! As many operations as a product has, on registers alone: what no product can exceed.

#![allow(unsafe_code, reason = "instructions of the processor")]

use assay_backend_cpu::Level;

/// Registers that are added to: more than additions are under way at the same time.
#[cfg(target_arch = "x86_64")]
const SUMS: usize = 12;

/// What the operations are done with.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
	/// Multiplications and additions of `f32`, in one instruction.
	Singles,
	/// Products of bytes, and their sums.
	Bytes,
}

/// A call of the result does that many operations; none where there is nothing to compare with.
pub(crate) fn peak(level: Level, numbers: Numbers, operations: f64) -> Option<Box<dyn FnMut()>> {
	#[cfg(target_arch = "x86_64")]
	{
		let (each, run): (usize, unsafe fn(usize)) = match (level, numbers) {
			(Level::Avx512 | Level::Vnni, Numbers::Singles) => (2 * 16, x86::singles_512),
			(Level::Avx2, Numbers::Singles) => (2 * 8, x86::singles_256),
			(Level::Vnni, Numbers::Bytes) => (2 * 64, x86::bytes_512),
			_ => return None,
		};
		assert!(Level::available().contains(&level), "this processor has no {level:?}");
		let rounds = operations as usize / (each * SUMS);
		// SAFETY: the processor has the level's instructions.
		Some(Box::new(move || unsafe { run(rounds) }))
	}
	#[cfg(not(target_arch = "x86_64"))]
	{
		let _ = (level, numbers, operations);
		None
	}
}

#[cfg(target_arch = "x86_64")]
mod x86 {
	use core::arch::x86_64::{
		_mm256_fmadd_ps, _mm256_set1_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_set1_epi32,
		_mm512_set1_ps,
	};
	use std::hint::black_box;

	use super::SUMS;

	/// # Safety
	///
	/// The processor has AVX-512.
	#[target_feature(enable = "avx512f")]
	pub(super) unsafe fn singles_512(rounds: usize) {
		let (factor, mut sums) = (_mm512_set1_ps(black_box(0.5)), [_mm512_set1_ps(1.0); SUMS]);
		for _ in 0..rounds {
			for sum in &mut sums {
				*sum = _mm512_fmadd_ps(*sum, factor, factor);
			}
		}
		black_box(sums);
	}

	/// # Safety
	///
	/// The processor has AVX2 and FMA.
	#[target_feature(enable = "avx2,fma")]
	pub(super) unsafe fn singles_256(rounds: usize) {
		let (factor, mut sums) = (_mm256_set1_ps(black_box(0.5)), [_mm256_set1_ps(1.0); SUMS]);
		for _ in 0..rounds {
			for sum in &mut sums {
				*sum = _mm256_fmadd_ps(*sum, factor, factor);
			}
		}
		black_box(sums);
	}

	/// # Safety
	///
	/// The processor has AVX-512 VNNI.
	#[target_feature(enable = "avx512f,avx512vnni")]
	pub(super) unsafe fn bytes_512(rounds: usize) {
		let (ones, mut sums) =
			(_mm512_set1_epi32(black_box(0x0101_0101)), [_mm512_set1_epi32(0); SUMS]);
		for _ in 0..rounds {
			for sum in &mut sums {
				*sum = _mm512_dpbusd_epi32(*sum, ones, ones);
			}
		}
		black_box(sums);
	}
}
