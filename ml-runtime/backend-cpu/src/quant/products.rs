//! The innermost loop: sums of products of small integers, some terms to a word.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use super::pack::Side;

/// Sums of a tile.
pub(super) type Sums<const ROWS: usize, const LANES: usize> = [[i32; LANES]; ROWS];

/// How integers lie in the words of a panel.
pub(super) trait Layout: Send + Sync {
	/// Terms of a word, 2 or 4, from the lowest bits up.
	const TERMS: usize;

	/// Whether a panel of `B` begins with a row of what each lane's sums start from.
	const STARTS: bool;

	/// An integer within ±127 in the lowest `32 / TERMS` bits; the others are 0.
	fn bits(side: Side, integer: i32) -> u32;

	/// What the sums of a lane start from, if all its integers have this sum.
	fn start(sum: i32) -> i32;

	/// Turns a square of eight rows of eight words: rows of `from` and of `to` are so many words apart.
	///
	/// # Safety
	///
	/// As for [`Products`]. A square that is not inside its slice panics.
	#[inline(always)]
	unsafe fn turn((from, stride): (&[u32], usize), (to, width): (&mut [u32], usize)) {
		for j in 0..8 {
			for i in 0..8 {
				to[j * width + i] = from[i * stride + j];
			}
		}
	}
}

/// How they are multiplied, for a tile of `ROWS × LANES`.
///
/// # Safety
///
/// `tile` needs the instructions of the level that the type is named after. It is inlined into code that
/// [`crate::level::Level::run`] compiled for that level, or called from there, and nothing else may call it.
pub(super) trait Products<const ROWS: usize, const LANES: usize>: Layout {
	/// `sums[i][j] = Σ a[i][p] · b[p][j]`, where the product of two words is the sum of the products of
	/// their integers. The sums must fit 32 bits. Each of `a` has as many words as `b`, without its start.
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; LANES]], sums: &mut Sums<ROWS, LANES>);
}

/// Without instructions for pairs.
pub(super) struct Plain;

impl Layout for Plain {
	const TERMS: usize = 2;
	const STARTS: bool = false;

	#[inline(always)]
	fn bits(_: Side, integer: i32) -> u32 {
		integer as u32 & 0xFFFF
	}

	#[inline(always)]
	fn start(_: i32) -> i32 {
		0
	}
}

impl<const ROWS: usize, const LANES: usize> Products<ROWS, LANES> for Plain {
	#[inline(always)]
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; LANES]], sums: &mut Sums<ROWS, LANES>) {
		let low = |word: u32| i32::from(word as u16 as i16);
		let high = |word: u32| word as i32 >> 16;
		*sums = [[0; LANES]; ROWS];
		for (p, b) in b.iter().enumerate() {
			for (sums, a) in sums.iter_mut().zip(a) {
				let a = a[p];
				for (sum, b) in sums.iter_mut().zip(b) {
					*sum += low(a) * low(*b) + high(a) * high(*b);
				}
			}
		}
	}
}

/// [`Layout::turn`] with AVX2.
///
/// # Safety
///
/// The caller is compiled for a level that has it.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn turn((from, stride): (&[u32], usize), (to, width): (&mut [u32], usize)) {
	assert!(7 * stride + 8 <= from.len() && 7 * width + 8 <= to.len());
	// SAFETY: the caller has the instructions, and all 64 words of both squares are inside.
	unsafe { crate::matmul::turn_words(from.as_ptr(), stride, to.as_mut_ptr(), width) }
}

/// `vpmaddwd`: sixteen products and eight sums.
#[cfg(target_arch = "x86_64")]
pub(super) struct Avx2;

#[cfg(target_arch = "x86_64")]
impl Layout for Avx2 {
	const TERMS: usize = Plain::TERMS;
	const STARTS: bool = Plain::STARTS;

	#[inline(always)]
	fn bits(side: Side, integer: i32) -> u32 {
		Plain::bits(side, integer)
	}

	#[inline(always)]
	fn start(sum: i32) -> i32 {
		Plain::start(sum)
	}

	#[inline(always)]
	unsafe fn turn(from: (&[u32], usize), to: (&mut [u32], usize)) {
		// SAFETY: the caller has the instructions.
		unsafe { turn(from, to) };
	}
}

#[cfg(target_arch = "x86_64")]
impl<const ROWS: usize> Products<ROWS, 16> for Avx2 {
	#[inline(always)]
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; 16]], sums: &mut Sums<ROWS, 16>) {
		use core::arch::x86_64::{
			_mm256_add_epi32, _mm256_loadu_si256, _mm256_madd_epi16, _mm256_set1_epi32,
			_mm256_setzero_si256, _mm256_storeu_si256,
		};
		debug_assert!(a.iter().all(|a| a.len() >= b.len()));
		// SAFETY: the caller has the instructions, and gives `a` as many words as `b`; every load is of eight of the sixteen
		// words of a row, and every store to eight of the sixteen words of a row of sums.
		unsafe {
			let mut acc = [[_mm256_setzero_si256(); 2]; ROWS];
			for (p, b) in b.iter().enumerate() {
				let b = [
					_mm256_loadu_si256(b.as_ptr().cast()),
					_mm256_loadu_si256(b.as_ptr().add(8).cast()),
				];
				for (acc, a) in acc.iter_mut().zip(a) {
					let a = _mm256_set1_epi32(*a.get_unchecked(p) as i32);
					acc[0] = _mm256_add_epi32(acc[0], _mm256_madd_epi16(a, b[0]));
					acc[1] = _mm256_add_epi32(acc[1], _mm256_madd_epi16(a, b[1]));
				}
			}
			for (sums, acc) in sums.iter_mut().zip(acc) {
				_mm256_storeu_si256(sums.as_mut_ptr().cast(), acc[0]);
				_mm256_storeu_si256(sums.as_mut_ptr().add(8).cast(), acc[1]);
			}
		}
	}
}

/// What is added to the integers of rows, so that they are bytes without a sign.
#[cfg(any(test, target_arch = "x86_64"))]
const LIFT: i32 = 128;

/// Four bytes to a word, those of rows lifted: as `vpdpbusd` wants them. Sums start from what the lift
/// adds, with the other sign.
#[cfg(any(test, target_arch = "x86_64"))]
pub(super) struct Bytes;

#[cfg(any(test, target_arch = "x86_64"))]
impl Layout for Bytes {
	const TERMS: usize = 4;
	const STARTS: bool = true;

	#[inline(always)]
	fn bits(side: Side, integer: i32) -> u32 {
		match side {
			Side::Rows => (integer + LIFT) as u32 & 0xFF,
			Side::Lanes => integer as u32 & 0xFF,
		}
	}

	#[inline(always)]
	fn start(sum: i32) -> i32 {
		-LIFT * sum
	}
}

/// The same as [`Vnni`] without its instructions, one step of them after the other.
#[cfg(test)]
impl<const ROWS: usize, const LANES: usize> Products<ROWS, LANES> for Bytes {
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; LANES]], sums: &mut Sums<ROWS, LANES>) {
		*sums = [b[0].map(|start| start as i32); ROWS];
		for (p, b) in b.iter().skip(1).enumerate() {
			for (sums, a) in sums.iter_mut().zip(a) {
				let a = a[p];
				for (sum, b) in sums.iter_mut().zip(b) {
					let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
					*sum += bytes.map(|(a, b)| i32::from(a) * i32::from(b as i8)).sum::<i32>();
				}
			}
		}
	}
}

/// `vpdpbusd`: 64 products and 16 sums.
#[cfg(target_arch = "x86_64")]
pub(super) struct Vnni;

#[cfg(target_arch = "x86_64")]
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
	unsafe fn turn(from: (&[u32], usize), to: (&mut [u32], usize)) {
		// SAFETY: the caller has the instructions.
		unsafe { turn(from, to) };
	}
}

#[cfg(target_arch = "x86_64")]
impl<const ROWS: usize> Products<ROWS, 32> for Vnni {
	#[inline(always)]
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; 32]], sums: &mut Sums<ROWS, 32>) {
		// SAFETY: the caller has the instructions, and gives `a` as many words as `b` has after its start.
		unsafe { vnni(a, b, sums) };
	}
}

/// The tile of [`Vnni`], a function of its own: inlined, its registers are spilled in the innermost loop.
///
/// # Safety
///
/// The processor has the instructions, and each of `a` has as many words as `b` has after its start.
#[cfg(target_arch = "x86_64")]
#[inline(never)]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn vnni<const ROWS: usize>(a: &[&[u32]; ROWS], b: &[[u32; 32]], sums: &mut Sums<ROWS, 32>) {
	use core::arch::x86_64::{_mm512_loadu_si512, _mm512_set1_epi32, _mm512_storeu_si512};
	debug_assert!(a.iter().all(|a| a.len() + 1 >= b.len()));
	let Some((start, b)) = b.split_first() else { return };
	let a: [*const u32; ROWS] = std::array::from_fn(|i| a[i].as_ptr());
	// SAFETY: as above; every load is of sixteen of the 32 words of a row, and every store to sixteen of the 32 words of
	// a row of sums.
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
		for (sums, acc) in sums.iter_mut().zip(acc) {
			_mm512_storeu_si512(sums.as_mut_ptr().cast(), acc[0]);
			_mm512_storeu_si512(sums.as_mut_ptr().add(16).cast(), acc[1]);
		}
	}
}

/// `acc[i] + Σ a[i][t] · b[i][t]` of the four bytes `t` of each word `i`. The library's `_mm512_dpbusd_epi32` is the
/// same, but the compiler copies its sums from register to register.
///
/// # Safety
///
/// The processor has the instruction.
#[cfg(target_arch = "x86_64")]
#[inline]
#[target_feature(enable = "avx512f,avx512vnni")]
unsafe fn dpbusd(
	mut acc: core::arch::x86_64::__m512i,
	a: core::arch::x86_64::__m512i,
	b: core::arch::x86_64::__m512i,
) -> core::arch::x86_64::__m512i {
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
