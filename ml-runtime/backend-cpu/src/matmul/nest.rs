//! The loops around the innermost one: which tiles, in which order, read from where.

use std::marker::PhantomData;
use std::ops::Range;

use super::pack::{View, GROUP};
use super::split::Split;
use super::tile::{tile, Place, Strip};
use super::vector::Vector;
use super::BLOCK;
use crate::level::{Fused, Task};

/// Words of the vector operand that are gone through again and again: they should stay in a core's own
/// cache.
const CACHED_WORDS: usize = 72 * 1024;

/// Some panels of the vector operand.
pub(super) struct Pack<'a, V, const WIDTH: usize> {
	view: View<'a>,
	first: usize,
	start: usize,
	terms: usize,
	out: &'a mut [u32],
	vector: PhantomData<V>,
}

impl<'a, V, const WIDTH: usize> Pack<'a, V, WIDTH> {
	/// Lanes from `first` on, `terms` terms from `start` on.
	pub(super) fn new(
		view: View<'a>,
		first: usize,
		start: usize,
		terms: usize,
		out: &'a mut [u32],
	) -> Self {
		Self { view, first, start, terms, out, vector: PhantomData }
	}
}

impl<V: Vector, const WIDTH: usize> Task for Pack<'_, V, WIDTH> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let (panels, _) = self.out.as_chunks_mut();
		self.view.pack::<V, WIDTH>(self.first, self.start..self.start + self.terms, panels);
	}
}

/// Some rows of the result, over one K-block.
pub(super) struct Piece<'a, V, const MR: usize, const NV: usize> {
	/// The product.
	pub product: Split<'a, V, MR, NV>,
	/// The vector operand in panels; empty where it is read where it lies.
	pub packed: &'a [u32],
	/// Rows of tiles.
	pub rows: Range<usize>,
	/// Columns of tiles.
	pub lanes: Range<usize>,
	/// Terms.
	pub terms: Range<usize>,
	/// First row of the result in `out`.
	pub first: usize,
	/// Whether what is in `out` is added.
	pub fold: bool,
	/// The rows of the result.
	pub out: &'a mut [u32],
	/// Room for copied rows; empty where they are read where they lie.
	pub room: &'a mut [u32],
}

impl<V: Vector, const MR: usize, const NV: usize> Task for Piece<'_, V, MR, NV> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(mut self) {
		let width = Split::<V, MR, NV>::WIDTH;
		let stretch = (CACHED_WORDS / BLOCK / width).max(1) * width;
		for from in self.lanes.clone().step_by(stretch) {
			let lanes = from..self.lanes.end.min(from + stretch);
			for row in self.rows.clone().step_by(MR) {
				if from == self.lanes.start {
					self.pack_rows(row);
				}
				for lane in lanes.clone().step_by(width) {
					self.tile(row, lane);
				}
			}
		}
	}
}

impl<V: Vector, const MR: usize, const NV: usize> Piece<'_, V, MR, NV> {
	/// Copies rows from `row` on, a group at a time, if there is room.
	#[inline(always)]
	fn pack_rows(&mut self, row: usize) {
		let (index, terms) = (row - self.rows.start, self.terms.len());
		if self.room.is_empty() || index % (GROUP * MR) != 0 {
			return;
		}
		let count = GROUP.min((self.rows.end - row).div_ceil(MR));
		let (panels, _) = self.room[index * terms..][..count * terms * MR].as_chunks_mut();
		self.product.rows.pack::<V, MR>(row, self.terms.clone(), panels);
	}

	/// Computes the tile at `row` and `lane`.
	#[inline(always)]
	fn tile(&mut self, row: usize, lane: usize) {
		let Split { turned, stride, .. } = self.product;
		let (width, terms) = (Split::<V, MR, NV>::WIDTH, self.terms.len());
		let a = if self.room.is_empty() {
			self.product.rows.strip(row, self.terms.start)
		} else {
			let words = &self.room[(row - self.rows.start) * terms..];
			Strip { words, lane_stride: 1, k_stride: MR }
		};
		// Without panels, the last lanes are computed once more, rather than lanes that do not exist.
		let from =
			if self.packed.is_empty() { lane.min(self.product.lanes.lanes - width) } else { lane };
		let b = if self.packed.is_empty() {
			self.product.lanes.strip(from, self.terms.start)
		} else {
			Strip { words: &self.packed[lane * terms..], lane_stride: 1, k_stride: width }
		};
		// Twice is the same, but not when it is added.
		let skip = if self.fold || turned { lane - from } else { 0 };
		let column = from + skip;
		let at = if turned {
			(column - self.first) * stride + row
		} else {
			(row - self.first) * stride + column
		};
		let place = Place {
			out: &mut self.out[at..],
			stride,
			fold: self.fold,
			turned,
			rows: MR.min(self.rows.end - row),
			columns: skip..width.min(self.lanes.end - from),
		};
		tile::<V, MR, NV>(a, b, terms, place);
	}
}
