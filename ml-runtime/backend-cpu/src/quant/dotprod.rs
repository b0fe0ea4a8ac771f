//! 64-bit ARM with products of bytes: four terms of both operands to a word, with their signs.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use super::pack::Side;
use super::products::{Layout, Products, Sums};

/// Four bytes to a word.
pub(super) struct SignedBytes;

impl Layout for SignedBytes {
	const TERMS: usize = 4;
	const STARTS: bool = false;

	#[inline(always)]
	fn bits(_: Side, integer: i32) -> u32 {
		integer as u32 & 0xFF
	}

	#[inline(always)]
	fn start(_: i32) -> i32 {
		0
	}
}

/// The same as [`Dotprod`] without its instructions, one step of them after the other.
#[cfg(test)]
impl<const ROWS: usize, const LANES: usize> Products<ROWS, LANES> for SignedBytes {
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; LANES]], sums: &mut Sums<ROWS, LANES>) {
		sums.0 = [[0; LANES]; ROWS];
		for (p, b) in b.iter().enumerate() {
			for (sums, a) in sums.0.iter_mut().zip(a) {
				let a = a[p];
				for (sum, b) in sums.iter_mut().zip(b) {
					let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
					*sum +=
						bytes.map(|(a, b)| i32::from(a as i8) * i32::from(b as i8)).sum::<i32>();
				}
			}
		}
	}
}

/// `sdot`: 16 products and 4 sums.
#[cfg(target_arch = "aarch64")]
pub(super) struct Dotprod;

#[cfg(target_arch = "aarch64")]
impl Layout for Dotprod {
	const TERMS: usize = SignedBytes::TERMS;
	const STARTS: bool = SignedBytes::STARTS;

	#[inline(always)]
	fn bits(side: Side, integer: i32) -> u32 {
		SignedBytes::bits(side, integer)
	}

	#[inline(always)]
	fn start(sum: i32) -> i32 {
		SignedBytes::start(sum)
	}
}

#[cfg(target_arch = "aarch64")]
impl<const ROWS: usize> Products<ROWS, 16> for Dotprod {
	#[inline(always)]
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; 16]], sums: &mut Sums<ROWS, 16>) {
		use core::arch::aarch64::{vdupq_n_s32, vdupq_n_u32, vld1q_u32, vst1q_s32};
		debug_assert!(a.iter().all(|a| a.len() >= b.len()));
		// SAFETY: the caller has the instructions, and gives `a` as many words as `b`; every load is of four of the sixteen
		// words of a row, and every store to four of the sixteen words of a row of sums.
		unsafe {
			let mut acc = [[vdupq_n_s32(0); 4]; ROWS];
			for (p, b) in b.iter().enumerate() {
				let b = b.as_ptr();
				let b =
					[vld1q_u32(b), vld1q_u32(b.add(4)), vld1q_u32(b.add(8)), vld1q_u32(b.add(12))];
				for (acc, a) in acc.iter_mut().zip(a) {
					let a = vdupq_n_u32(*a.get_unchecked(p));
					for (acc, b) in acc.iter_mut().zip(b) {
						*acc = dot(*acc, a, b);
					}
				}
			}
			for (sums, acc) in sums.0.iter_mut().zip(acc) {
				for (sums, acc) in sums.as_chunks_mut::<4>().0.iter_mut().zip(acc) {
					vst1q_s32(sums.as_mut_ptr(), acc);
				}
			}
		}
	}
}

/// `acc[i] + Σ a[i][t] · b[i][t]` of the four bytes `t` of each word `i`. The library's name for it,
/// `vdotq_s32`, is not stable yet.
///
/// # Safety
///
/// The processor has `dotprod`.
#[cfg(target_arch = "aarch64")]
#[inline(always)]
unsafe fn dot(
	mut acc: core::arch::aarch64::int32x4_t,
	a: core::arch::aarch64::uint32x4_t,
	b: core::arch::aarch64::uint32x4_t,
) -> core::arch::aarch64::int32x4_t {
	// SAFETY: the caller has the instruction, which changes one register and nothing else.
	unsafe {
		core::arch::asm!(
			".arch_extension dotprod",
			"sdot {acc:v}.4s, {a:v}.16b, {b:v}.16b",
			acc = inout(vreg) acc,
			a = in(vreg) a,
			b = in(vreg) b,
			options(pure, nomem, nostack, preserves_flags),
		);
	}
	acc
}
