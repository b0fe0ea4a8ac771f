//! The loops around the innermost one: which tiles, in which order, read from where.

use std::marker::PhantomData;
use std::ops::Range;

use super::out::Out;
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

/// Lanes of the vector operand in panels, one after the other.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a> {
	/// Their words; none if the operand is read where it lies.
	pub words: &'a [u32],
	/// The first of the lanes.
	pub first: usize,
}

/// How the operand is read whose lanes are rows of tiles.
pub(super) enum Rows<'a> {
	/// Where it lies.
	There,
	/// In this room, to which it is copied a few rows at a time: those of a part.
	Room(&'a mut [u32]),
	/// Where all rows of the part have been copied to.
	Copied(&'a [u32]),
}

/// A part of a product: some terms of some results.
pub(super) struct Part {
	/// Rows of tiles.
	pub rows: Range<usize>,
	/// Columns of tiles.
	pub lanes: Range<usize>,
	/// Terms, those of one K-block.
	pub terms: Range<usize>,
	/// Whether what is there is added.
	pub fold: bool,
}

/// A part that is computed.
pub(super) struct Piece<'a, V, const MR: usize, const NV: usize> {
	/// The product.
	pub product: Split<'a, V, MR, NV>,
	/// Which part of it.
	pub part: Part,
	/// The vector operand.
	pub panels: Panels<'a>,
	/// Rows of the result.
	pub out: Out<'a>,
	/// The first row of the result in `out`.
	pub first: usize,
	/// The operand whose lanes are rows of tiles.
	pub rows: Rows<'a>,
}

impl<V: Vector, const MR: usize, const NV: usize> Task for Piece<'_, V, MR, NV> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(mut self) {
		let width = Split::<V, MR, NV>::WIDTH;
		let stretch = (CACHED_WORDS / BLOCK / width).max(1) * width;
		for from in self.part.lanes.clone().step_by(stretch) {
			let lanes = from..self.part.lanes.end.min(from + stretch);
			for row in self.part.rows.clone().step_by(MR) {
				if from == self.part.lanes.start {
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
		let (index, terms) = (row - self.part.rows.start, self.part.terms.len());
		let room = match &mut self.rows {
			Rows::Room(room) if index % (GROUP * MR) == 0 => room,
			_ => return,
		};
		let count = GROUP.min((self.part.rows.end - row).div_ceil(MR));
		let (panels, _) = room[index * terms..][..count * terms * MR].as_chunks_mut();
		self.product.rows.pack::<V, MR>(row, self.part.terms.clone(), panels);
	}

	/// Computes the tile at `row` and `lane`.
	#[inline(always)]
	fn tile(&mut self, row: usize, lane: usize) {
		let Split { turned, stride, .. } = self.product;
		let (width, terms) = (Split::<V, MR, NV>::WIDTH, self.part.terms.len());
		let copied = match &self.rows {
			Rows::There => None,
			Rows::Room(words) => Some(&**words),
			Rows::Copied(words) => Some(*words),
		};
		let a = match copied {
			None => self.product.rows.strip(row, self.part.terms.start),
			Some(words) => {
				let words = &words[(row - self.part.rows.start) * terms..];
				Strip { words, lane_stride: 1, k_stride: MR }
			},
		};
		// Without panels, the last lanes are computed once more, rather than lanes that do not exist.
		let from = if self.panels.words.is_empty() {
			lane.min(self.product.lanes.lanes - width)
		} else {
			lane
		};
		let b = if self.panels.words.is_empty() {
			self.product.lanes.strip(from, self.part.terms.start)
		} else {
			let words = &self.panels.words[(lane - self.panels.first) * terms..];
			Strip { words, lane_stride: 1, k_stride: width }
		};
		// Twice is the same, but not when it is added.
		let skip = if self.part.fold || turned { lane - from } else { 0 };
		let column = from + skip;
		let at = if turned {
			(column - self.first) * stride + row
		} else {
			(row - self.first) * stride + column
		};
		let place = Place {
			out: self.out.from(at),
			stride,
			fold: self.part.fold,
			turned,
			rows: MR.min(self.part.rows.end - row),
			columns: skip..width.min(self.part.lanes.end - from),
		};
		tile::<V, MR, NV>(a, b, terms, place);
	}
}
