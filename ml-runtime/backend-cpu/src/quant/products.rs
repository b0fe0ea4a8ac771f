//! The innermost loop: sums of products of small integers, some terms to a word.

#![allow(unsafe_code, reason = "instructions of the processor and pointers into panels")]

use super::pack::{integer_of, narrow, rounded, word_of, Side, MOST_TERMS, RUN};
use crate::scalar::canonical;

/// Words of a tile. No register's worth of them lies in two cache lines.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct Aligned<T, const ROWS: usize, const LANES: usize>(pub(super) [[T; LANES]; ROWS]);

/// Sums of a tile.
pub(super) type Sums<const ROWS: usize, const LANES: usize> = Aligned<i32, ROWS, LANES>;

/// How integers lie in the words of a panel.
pub(super) trait Layout: Send + Sync + Sized {
	/// Terms of a word, 2 or 4, from the lowest bits up.
	const TERMS: usize;

	/// Whether a panel of `B` begins with a row of what each lane's sums start from.
	const STARTS: bool;

	/// An integer within ±127, of which no more than the lowest `32 / TERMS` bits count, in these bits; the others are 0.
	fn bits(side: Side, integer: i32) -> u32;

	/// What the sums of a lane start from, if all its integers have this sum.
	fn start(sum: i32) -> i32;

	/// The sum of all integers in some words of a lane, if `B`'s panels have starts: they are bytes then.
	#[inline(always)]
	fn sum(words: &[u32]) -> i32 {
		let mut sum = 0;
		for word in words {
			for byte in word.to_le_bytes() {
				sum += i32::from(byte as i8);
			}
		}
		sum
	}

	/// Writes the words of eight-bit integers, as many as there is room for: of neighbouring terms of a lane.
	///
	/// # Safety
	///
	/// As for [`Products`].
	#[inline(always)]
	unsafe fn words_along(side: Side, terms: &[u32; RUN], factors: [f32; 2], words: &mut [u32]) {
		let [one, two] = factors;
		let mut bits = [0; RUN];
		for (bits, term) in bits.iter_mut().zip(terms) {
			*bits = Self::bits(side, rounded(*term, one, two));
		}
		narrow(&bits, Self::TERMS, words);
	}

	/// Writes a word of eight-bit integers of each lane, of as many terms as a word has, and adds them to the sums of
	/// their lanes if those are wanted.
	///
	/// # Safety
	///
	/// As for [`Products`].
	#[inline(always)]
	unsafe fn words_across<const LANES: usize>(
		side: Side,
		terms: [&[u32; LANES]; MOST_TERMS],
		[ones, twos]: [&[f32; LANES]; 2],
		words: &mut [u32; LANES],
		sums: &mut [i32; LANES],
	) {
		for lane in 0..LANES {
			let mut integers = [0; MOST_TERMS];
			for slot in 0..Self::TERMS {
				integers[slot] = rounded(terms[slot][lane], ones[lane], twos[lane]);
				if Self::STARTS {
					sums[lane] += integer_of(integers[slot]);
				}
			}
			words[lane] = word_of::<Self>(side, integers);
		}
	}

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

	/// Stores these sums times the scales of rows and lanes, where nothing is rounded, or adds them to what is there.
	#[inline(always)]
	unsafe fn scaled_tile(
		a: &[&[u32]; ROWS],
		b: &[[u32; LANES]],
		(row_scales, lane_scales): (&[f32; ROWS], &[f32; LANES]),
		mut to: To<'_, ROWS, LANES>,
	) {
		let mut sums = Aligned([[0; LANES]; ROWS]);
		// SAFETY: as the caller promises.
		unsafe { Self::tile(a, b, &mut sums) };
		for (i, (sums, row_scale)) in sums.0.iter().zip(row_scales).enumerate() {
			let (fold, (before, words)) = (to.fold, to.row(i));
			for lane in 0..LANES {
				let x = sums[lane] as f32 * row_scale * lane_scales[lane];
				words[lane] = folded(x, fold, before[lane]);
			}
		}
	}
}

/// Where the results of a tile go, and what they are added to.
pub(super) struct To<'a, const ROWS: usize, const LANES: usize> {
	/// Results so far, kept near: bits of `f32`.
	pub(super) room: &'a mut Aligned<u32, ROWS, LANES>,
	/// Whether the results are added to them, or are the first.
	pub(super) fold: bool,
	/// Where the sums go, from the first on, and the words from a row to the next; else they stay in the room.
	pub(super) out: Option<(&'a mut [u32], usize)>,
}

impl<const ROWS: usize, const LANES: usize> To<'_, ROWS, LANES> {
	/// The results so far of a row, and its place.
	#[inline(always)]
	pub(super) fn row(&mut self, row: usize) -> ([u32; LANES], &mut [u32; LANES]) {
		let room = &mut self.room.0[row];
		let before = *room;
		match &mut self.out {
			None => (before, room),
			Some((words, stride)) => match words[row * *stride..].first_chunk_mut() {
				Some(words) => (before, words),
				None => unreachable!("there is a place for all lanes of a row"),
			},
		}
	}
}

/// What is stored for a block's result where `before` is that of the blocks before, if there are any.
#[inline(always)]
pub(super) fn folded(x: f32, fold: bool, before: u32) -> u32 {
	if fold {
		canonical(f32::from_bits(before) + x)
	} else {
		canonical(x)
	}
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
		sums.0 = [[0; LANES]; ROWS];
		for (p, b) in b.iter().enumerate() {
			for (sums, a) in sums.0.iter_mut().zip(a) {
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
pub(super) unsafe fn turn((from, stride): (&[u32], usize), (to, width): (&mut [u32], usize)) {
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
			for (sums, acc) in sums.0.iter_mut().zip(acc) {
				_mm256_storeu_si256(sums.as_mut_ptr().cast(), acc[0]);
				_mm256_storeu_si256(sums.as_mut_ptr().add(8).cast(), acc[1]);
			}
		}
	}
}

/// What is added to the integers of rows, so that they are bytes without a sign.
#[cfg(any(test, target_arch = "x86_64"))]
pub(super) const LIFT: i32 = 128;

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
			Side::Rows => integer.wrapping_add(LIFT) as u32 & 0xFF,
			Side::Lanes => integer as u32 & 0xFF,
		}
	}

	#[inline(always)]
	fn start(sum: i32) -> i32 {
		sum.wrapping_mul(-LIFT)
	}
}

/// The same as `Vnni` without its instructions, one step of them after the other.
#[cfg(test)]
impl<const ROWS: usize, const LANES: usize> Products<ROWS, LANES> for Bytes {
	unsafe fn tile(a: &[&[u32]; ROWS], b: &[[u32; LANES]], sums: &mut Sums<ROWS, LANES>) {
		sums.0 = [b[0].map(|start| start as i32); ROWS];
		for (p, b) in b.iter().skip(1).enumerate() {
			for (sums, a) in sums.0.iter_mut().zip(a) {
				let a = a[p];
				for (sum, b) in sums.iter_mut().zip(b) {
					let bytes = a.to_le_bytes().into_iter().zip(b.to_le_bytes());
					*sum += bytes.map(|(a, b)| i32::from(a) * i32::from(b as i8)).sum::<i32>();
				}
			}
		}
	}
}
