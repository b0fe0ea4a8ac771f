//! The innermost loop: one tile of results in registers, one K-block long.

#![allow(unsafe_code, reason = "bounds are checked once per tile, not once per term")]

use std::ops::Range;

use super::out::Out;
use super::vector::Vector;
use crate::scalar::canonical;

/// Most words of a tile.
const TILE_WORDS: usize = 12 * 32;

/// Rows of the tile that computes so many, of those that there are beside tiles of `MR`: of the last rows of a product,
/// where they are few of many.
#[inline(always)]
pub(super) const fn height<const MR: usize>(rows: usize) -> usize {
	match rows {
		0 => 0,
		..=4 if MR > 4 => 4,
		..=8 if MR > 8 => 8,
		_ => MR,
	}
}

/// Some neighbouring lanes of an operand, over the terms of a K-block.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
	/// Words, from the first term of the first lane on.
	pub words: &'a [u32],
	/// Distance between neighbouring lanes.
	pub lane_stride: usize,
	/// Distance between neighbouring terms.
	pub k_stride: usize,
}

impl Strip<'_> {
	/// Panics unless all words of `lanes` lanes and `terms` terms exist.
	#[inline(always)]
	fn check(&self, lanes: usize, terms: usize) {
		let last = (lanes - 1) * self.lane_stride + (terms - 1) * self.k_stride;
		assert!(last < self.words.len(), "a strip ends before its operand does");
	}
}

/// Where a tile of results goes.
pub(super) struct Place<'a> {
	/// Words from the tile's first result on.
	pub out: Out<'a>,
	/// Distance between rows of the result.
	pub stride: usize,
	/// Whether what was there is added to the tile.
	pub fold: bool,
	/// Whether the tile's rows are columns of the result.
	pub turned: bool,
	/// Rows of the tile that count.
	pub rows: usize,
	/// Columns of the tile that count.
	pub columns: Range<usize>,
}

/// `acc[i][j] = fma(a[i][k], b[k][j], acc[i][j])` for `terms` ascending `k`, from `+0`.
///
/// Of `a`, only the first `place.rows` lanes are read. The vector lanes are `j`; nothing is ever summed
/// across lanes.
#[inline(always)]
pub(super) fn tile<V: Vector, const MR: usize, const NV: usize>(
	a: Strip<'_>,
	b: Strip<'_>,
	terms: usize,
	place: Place<'_>,
) {
	match height::<MR>(place.rows) {
		4 => rows::<V, 4, NV>(a, b, terms, place),
		8 => rows::<V, 8, NV>(a, b, terms, place),
		_ => rows::<V, MR, NV>(a, b, terms, place),
	}
}

/// A tile of at most `MR` rows.
#[inline(always)]
fn rows<V: Vector, const MR: usize, const NV: usize>(
	a: Strip<'_>,
	b: Strip<'_>,
	terms: usize,
	mut place: Place<'_>,
) {
	let rows = place.rows;
	assert!(terms > 0 && (1..=MR).contains(&rows) && b.lane_stride == 1);
	a.check(rows, terms);
	b.check(NV * V::LANES, terms);
	// Rows that do not exist repeat the last one, and are thrown away.
	let offsets: [usize; MR] = std::array::from_fn(|i| i.min(rows - 1) * a.lane_stride);
	if NV > 1 && !place.turned {
		// A store that has to wait for its cache line makes those behind it wait. Narrow tiles are of narrow results, whose
		// rows lie one behind the other: a processor prefetches those by itself.
		let out = place.out.place();
		for row in 0..rows {
			// SAFETY: this is inlined into code compiled for the level of `V`.
			unsafe { V::prefetch(out.wrapping_add(row * place.stride), NV * V::LANES) };
		}
	}
	// SAFETY: this is inlined into code compiled for the level of `V`, and the strips were checked.
	let acc: [[V; NV]; MR] = unsafe {
		let mut acc = [[V::zero(); NV]; MR];
		let (mut a_at, mut b_at) = (a.words.as_ptr(), b.words.as_ptr());
		for _ in 0..terms {
			let mut b_k = [V::zero(); NV];
			for (j, b) in b_k.iter_mut().enumerate() {
				*b = V::load(b_at.wrapping_add(j * V::LANES));
			}
			for (acc, offset) in acc.iter_mut().zip(offsets) {
				let a_ik = V::splat(a_at.wrapping_add(offset));
				for (acc, b_kj) in acc.iter_mut().zip(b_k) {
					*acc = acc.fma(a_ik, b_kj);
				}
			}
			a_at = a_at.wrapping_add(a.k_stride);
			b_at = b_at.wrapping_add(b.k_stride);
		}
		acc
	};
	if place.turned
		|| (place.fold && place.columns != (0..NV * V::LANES))
		|| place.columns.start > 0
	{
		let mut words = [0_u32; TILE_WORDS];
		assert!(MR * NV * V::LANES <= TILE_WORDS);
		for (i, acc) in acc.iter().enumerate() {
			for (j, acc) in acc.iter().enumerate() {
				// SAFETY: as above; `words` has room for the tile.
				unsafe { acc.store(words.as_mut_ptr().add((i * NV + j) * V::LANES)) };
			}
		}
		scatter(&words, NV * V::LANES, place);
		return;
	}
	let (width, whole) = (place.columns.end, place.columns.end == NV * V::LANES);
	let last = (rows - 1) * place.stride + width - 1;
	let out = place.out.to(last);
	for (i, acc) in acc.iter().enumerate() {
		if i < rows {
			for (j, acc) in acc.iter().enumerate() {
				// SAFETY: as above; the last word of the tile is inside `out`.
				unsafe {
					let to = out.wrapping_add(i * place.stride + j * V::LANES);
					if place.fold {
						V::load(to).add(*acc).store(to);
					} else if whole {
						acc.store(to);
					} else {
						acc.store_some(to, V::LANES.min(width.saturating_sub(j * V::LANES)));
					}
				}
			}
		}
	}
}

/// Stores a tile that is turned, or a part of it that is added.
#[inline(never)]
fn scatter(words: &[u32], lanes: usize, place: Place<'_>) {
	let Place { mut out, stride, fold, turned, rows, columns } = place;
	let (down, across) = if turned { (1, stride) } else { (stride, 1) };
	for i in 0..rows {
		for j in columns.clone() {
			let (word, to) = (words[i * lanes + j], (j - columns.start) * across + i * down);
			let to = out.word(to);
			*to = if fold { canonical(f32::from_bits(*to) + f32::from_bits(word)) } else { word };
		}
	}
}
