//! x86-64 with AVX-512 VNNI: four terms of both operands to a word, those of rows without signs.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use core::arch::x86_64::{
	__m512, __m512i, _mm512_add_ps, _mm512_broadcast_i32x4, _mm512_cmp_ps_mask, _mm512_cvtepi32_ps,
	_mm512_cvtps_epi32, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_mov_ps, _mm512_mul_ps,
	_mm512_packs_epi16, _mm512_packs_epi32, _mm512_permutexvar_epi32, _mm512_set1_epi32,
	_mm512_set1_epi8, _mm512_set1_ps, _mm512_setr_epi32, _mm512_setzero_si512, _mm512_shuffle_epi8,
	_mm512_storeu_ps, _mm512_storeu_si512, _mm512_xor_si512, _mm_setr_epi8, _CMP_UNORD_Q,
};

use assay_ops::CANONICAL_NAN;

use super::pack::{Side, MOST_TERMS, RUN};
use super::products::{turn, Bytes, Layout, Products, Sums, To, LIFT};

/// `vpdpbusd`: 64 products and 16 sums.
pub(super) struct Vnni;

impl Layout for Vnni {
	const TERMS: usize = Bytes::TERMS;
	const STARTS: bool = Bytes::STARTS;

	#[inline(always)]
	fn bits(side: Side, integer: i32) -> u32 {
		Bytes::bits(side, integer)
	}

	#[inline(always)]
	fn start(sum: i32) -> i32 {
		Bytes::start(sum)
	}

	#[inline(always)]
	unsafe fn words_along(side: Side, terms: &[u32; RUN], factors: [f32; 2], words: &mut [u32]) {
		// SAFETY: the caller has the instructions.
		unsafe { words_along(side, terms, factors, words) };
	}

	#[inline(always)]
	unsafe fn words_across<const LANES: usize>(
		side: Side,
		terms: [&[u32; LANES]; MOST_TERMS],
		factors: [&[f32; LANES]; 2],
		words: &mut [u32; LANES],
		sums: &mut [i32; LANES],
	) {
		// SAFETY: the caller has the instructions.
		unsafe { words_across(side, terms, factors, words, sums) };
	}

	#[inline(always)]
	unsafe fn turn(from: (&[u32], usize), to: (&mut [u32], usize)) {
		// SAFETY: the caller has the instructions.
		unsafe { turn(from, to) };
	}
}

impl<const ROWS: usize> Products<ROWS, 32> for Vnni {
	#[inline(always)]
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; 32]], sums: &mut Sums<ROWS, 32>) {
		// SAFETY: the caller has the instructions, and gives `a` as many words as `b` has after its start.
		unsafe { tile(a, b, sums) };
	}

	#[inline(always)]
	unsafe fn scaled_tile(
		a: &[&[u32]; ROWS],
		b: &[[u32; 32]],
		scales: (&[f32; ROWS], &[f32; 32]),
		to: To<'_, ROWS, 32>,
	) {
		// SAFETY: as above.
		unsafe { scaled_tile(a, b, scales, to) };
	}
}

/// The integers of four times sixteen terms as bytes: in each 128 bits four of each of the four registers.
///
/// # Safety
///
/// The processor has the instructions.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn bytes_of(side: Side, terms: [*const u32; 4], factors: [[__m512; 4]; 2]) -> __m512i {
	// SAFETY: the caller has the instructions, and sixteen words are readable at each place. Rounding is to nearest even, as
	// everywhere; what is not finite becomes the least integer.
	unsafe {
		let integers: [_; 4] = std::array::from_fn(|i| {
			let x = _mm512_mul_ps(_mm512_loadu_ps(terms[i].cast()), factors[0][i]);
			_mm512_cvtps_epi32(_mm512_mul_ps(x, factors[1][i]))
		});
		let [a, b, c, d] = integers;
		let bytes = _mm512_packs_epi16(_mm512_packs_epi32(a, b), _mm512_packs_epi32(c, d));
		match side {
			Side::Rows => _mm512_xor_si512(bytes, _mm512_set1_epi8(LIFT as i8)),
			Side::Lanes => bytes,
		}
	}
}

/// [`Layout::words_along`] of [`Vnni`].
///
/// # Safety
///
/// The processor has the instructions.
#[inline]
#[target_feature(enable = "avx512f,avx512bw")]
unsafe fn words_along(side: Side, terms: &[u32; RUN], factors: [f32; 2], words: &mut [u32]) {
	// SAFETY: the caller has the instructions; all four times sixteen terms are there, and a place for sixteen words.
	unsafe {
		let from = terms.as_ptr();
		let terms = [from, from.add(16), from.add(32), from.add(48)];
		let bytes = bytes_of(side, terms, factors.map(|factor| [_mm512_set1_ps(factor); 4]));
		let order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
		let bytes = _mm512_permutexvar_epi32(order, bytes);
		if words.len() >= RUN / 4 {
			_mm512_storeu_si512(words.as_mut_ptr().cast(), bytes);
		} else {
			let mut all = [0; RUN / 4];
			_mm512_storeu_si512(all.as_mut_ptr().cast(), bytes);
			words.copy_from_slice(&all[..words.len()]);
		}
	}
}

/// [`Layout::words_across`] of [`Vnni`], for a multiple of sixteen lanes.
///
/// # Safety
///
/// The processor has the instructions.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
unsafe fn words_across<const LANES: usize>(
	side: Side,
	terms: [&[u32; LANES]; MOST_TERMS],
	factors: [&[f32; LANES]; 2],
	words: &mut [u32; LANES],
	sums: &mut [i32; LANES],
) {
	const { assert!(LANES.is_multiple_of(16)) };
	// SAFETY: the caller has the instructions; every load and store is of sixteen of as many words as there are lanes.
	unsafe {
		let order = _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
		let order = _mm512_broadcast_i32x4(order);
		for lane in (0..LANES).step_by(16) {
			let factors = factors.map(|all| [_mm512_loadu_ps(all.as_ptr().add(lane)); 4]);
			let bytes = bytes_of(side, terms.map(|all| all.as_ptr().add(lane)), factors);
			let bytes = _mm512_shuffle_epi8(bytes, order);
			_mm512_storeu_si512(words.as_mut_ptr().add(lane).cast(), bytes);
			if side == Side::Lanes {
				let sums: *mut i32 = sums.as_mut_ptr().add(lane);
				let before = _mm512_loadu_si512(sums.cast());
				let sum = dpbusd(before, _mm512_set1_epi8(1), bytes);
				_mm512_storeu_si512(sums.cast(), sum);
			}
		}
	}
}

/// The sums of a tile of [`Vnni`] in registers, inlined into functions that have no others.
///
/// # Safety
///
/// The processor has the instructions, and each of `a` has as many words as `b` has after its start.
#[inline(always)]
unsafe fn sums_of<const ROWS: usize>(a: &[&[u32]; ROWS], b: &[[u32; 32]]) -> [[__m512i; 2]; ROWS] {
	debug_assert!(a.iter().all(|a| a.len() + 1 >= b.len()));
	let Some((start, b)) = b.split_first() else {
		// SAFETY: as above.
		return [[unsafe { _mm512_setzero_si512() }; 2]; ROWS];
	};
	let a: [*const u32; ROWS] = std::array::from_fn(|i| a[i].as_ptr());
	// SAFETY: as above; every load is of sixteen of the 32 words of a row.
	unsafe {
		let start = [
			_mm512_loadu_si512(start.as_ptr().cast()),
			_mm512_loadu_si512(start.as_ptr().add(16).cast()),
		];
		let mut acc = [start; ROWS];
		for (p, b) in b.iter().enumerate() {
			let b = [
				_mm512_loadu_si512(b.as_ptr().cast()),
				_mm512_loadu_si512(b.as_ptr().add(16).cast()),
			];
			for (acc, a) in acc.iter_mut().zip(a) {
				let a = _mm512_set1_epi32(*a.add(p) as i32);
				acc[0] = dpbusd(acc[0], a, b[0]);
				acc[1] = dpbusd(acc[1], a, b[1]);
			}
		}
		acc
	}
}

/// The tile of [`Vnni`], a function of its own: inlined, its registers are spilled in the innermost loop.
///
/// # Safety
///
/// As [`sums_of`].
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn tile<const ROWS: usize>(a: &[&[u32]; ROWS], b: &[[u32; 32]], sums: &mut Sums<ROWS, 32>) {
	// SAFETY: as the caller promises; every store is to sixteen of the 32 words of a row of sums.
	unsafe {
		for (sums, acc) in sums.0.iter_mut().zip(sums_of(a, b)) {
			_mm512_storeu_si512(sums.as_mut_ptr().cast(), acc[0]);
			_mm512_storeu_si512(sums.as_mut_ptr().add(16).cast(), acc[1]);
		}
	}
}

/// The scaled tile of [`Vnni`]: sums that never leave registers.
///
/// # Safety
///
/// As [`sums_of`].
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn scaled_tile<const ROWS: usize>(
	a: &[&[u32]; ROWS],
	b: &[[u32; 32]],
	(row_scales, lane_scales): (&[f32; ROWS], &[f32; 32]),
	to: To<'_, ROWS, 32>,
) {
	let To { room, fold, out } = to;
	let before: *mut f32 = room.0.as_mut_ptr().cast();
	let (words, stride): (*mut f32, usize) = match out {
		Some((words, stride)) => {
			let last = ROWS.saturating_sub(1).saturating_mul(stride);
			assert!(last.saturating_add(32) <= words.len(), "a place for all rows");
			(words.as_mut_ptr().cast(), stride)
		},
		None => (before, 32),
	};
	let canonical = _mm512_set1_ps(f32::from_bits(CANONICAL_NAN));
	// SAFETY: as the caller promises; every load and store is of sixteen of the 32 words of a row, which are inside.
	unsafe {
		let acc = sums_of(a, b);
		for (half, at) in [0, 16].into_iter().enumerate() {
			let lane_scales = _mm512_loadu_ps(lane_scales.as_ptr().add(at));
			for (i, acc) in acc.iter().enumerate() {
				let x = _mm512_mul_ps(_mm512_cvtepi32_ps(acc[half]), _mm512_set1_ps(row_scales[i]));
				let mut x = _mm512_mul_ps(x, lane_scales);
				if fold {
					x = _mm512_add_ps(_mm512_loadu_ps(before.add(i * 32 + at)), x);
				}
				let nan = _mm512_cmp_ps_mask::<_CMP_UNORD_Q>(x, x);
				_mm512_storeu_ps(words.add(i * stride + at), _mm512_mask_mov_ps(x, nan, canonical));
			}
		}
	}
}

/// `acc[i] + Σ a[i][t] · b[i][t]` of the four bytes `t` of each word `i`. The library's `_mm512_dpbusd_epi32` is the
/// same, but the compiler copies its sums from register to register.
///
/// # Safety
///
/// The processor has the instruction.
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dpbusd(mut acc: __m512i, a: __m512i, b: __m512i) -> __m512i {
	// SAFETY: the caller has the instruction, which changes one register and nothing else.
	unsafe {
		core::arch::asm!(
			"vpdpbusd {acc}, {a}, {b}",
			acc = inout(zmm_reg) acc,
			a = in(zmm_reg) a,
			b = in(zmm_reg) b,
			options(pure, nomem, nostack, preserves_flags),
		);
	}
	acc
}
