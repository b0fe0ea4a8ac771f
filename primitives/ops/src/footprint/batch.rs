//! Batches of matrix products.
//!
//! A tile of the result holds parts of some products. Each reads a piece of its `A` (rows by a block of
//! terms) and of its `B` (terms by columns). Tiles are counted for all pieces of an operand together,
//! along its rows times along its columns, and for each piece alone; the smaller counts.

use super::spanned_from;
use crate::{
	op::{BatchMatMul, HeadLayout},
	program::ValueType,
	HeadShape, K_BLOCK, TILE,
};

const WIDTH: u64 = TILE as u64;

/// Tiles of both operands that a tile of the result reads.
pub(super) fn tiles(
	product: &BatchMatMul,
	a: &ValueType,
	b: &ValueType,
	out: &ValueType,
) -> Option<u64> {
	let shapes = product.shapes(a, b)?;
	let met = Met::new(product, shapes.m.into(), shapes.n.into(), out);
	let terms = Extent::Terms(shapes.k.min(K_BLOCK).into());
	let rows = Extent::Lanes { len: shapes.m.min(TILE).into(), alone: met.down == 1 };
	let cols = Extent::Lanes { len: shapes.n.min(TILE).into(), alone: met.across == 1 };
	// The rows of an `A`, or the columns of a `B`, that lies as the result are numbered as there.
	let left = Pieces {
		operand: a,
		layout: product.a,
		shape: shapes.a,
		down: if product.transpose_a { terms } else { rows },
		across: if product.transpose_a { rows } else { terms },
		same_down: product.a == product.out && !product.transpose_a,
		same_across: false,
	};
	let right = Pieces {
		operand: b,
		layout: product.b,
		shape: shapes.b,
		down: if product.transpose_b { cols } else { terms },
		across: if product.transpose_b { terms } else { cols },
		same_down: false,
		same_across: product.b == product.out && !product.transpose_b,
	};
	left.tiles(&met).checked_add(right.tiles(&met))
}

/// Matrices of the result that a tile holds parts of, at most.
struct Met {
	layout: HeadLayout,
	batch: u64,
	heads: u64,
	/// How many lie one below the other in the tile.
	down: u64,
	/// How many lie side by side.
	across: u64,
	/// What the number of the topmost is a multiple of.
	start: u64,
}

impl Met {
	fn new(product: &BatchMatMul, m: u64, n: u64, out: &ValueType) -> Self {
		let met = |size: u64, whole: u32| {
			let all = u64::from(whole).checked_div(size).unwrap_or(1);
			spanned_from(WIDTH, size, WIDTH).min(all)
		};
		let across = match product.out {
			HeadLayout::Stacked => 1,
			HeadLayout::Interleaved => met(n, out.cols),
		};
		let whole = WIDTH.checked_rem(m) == Some(0);
		let start = if whole { WIDTH.checked_div(m).unwrap_or(1) } else { 1 };
		let (batch, heads) = (product.batch.into(), product.heads.into());
		Self { layout: product.out, batch, heads, down: met(m, out.rows), across, start }
	}

	/// Sequences that the matrices belong to.
	fn items(&self) -> u64 {
		match self.layout {
			HeadLayout::Stacked => spanned_from(self.down, self.heads, self.start).min(self.batch),
			HeadLayout::Interleaved => self.down,
		}
	}
}

/// How far a piece reaches along one direction.
#[derive(Clone, Copy)]
enum Extent {
	/// Rows or columns of the result that lie in one of its matrices.
	Lanes {
		/// Their number.
		len: u64,
		/// Whether the tile meets no other matrix in this direction.
		alone: bool,
	},
	/// Terms of a block, the first of which is a multiple of 512.
	Terms(u64),
}

impl Extent {
	/// Tiles under one piece, in a matrix of `size` that lies among others of its size.
	fn piece(self, size: u64) -> u64 {
		let (Self::Lanes { len, .. } | Self::Terms(len)) = self;
		spanned_from(len, WIDTH, size)
	}

	/// Tiles under all pieces that lie above or beside each other in one such place. Where the result has
	/// several matrices in a tile, one piece may be the end of the place and another its beginning.
	fn pieces(self, size: u64) -> u64 {
		match self {
			Self::Lanes { alone: false, .. } => {
				let each = spanned_from(WIDTH.saturating_sub(1), WIDTH, size);
				spanned_from(size, WIDTH, size).min(each.saturating_mul(2))
			},
			Self::Lanes { alone: true, .. } | Self::Terms(_) => self.piece(size),
		}
	}
}

/// Some runs of neighbouring places for matrices, along one direction of a value.
#[derive(Clone, Copy)]
struct Runs {
	count: u64,
	/// Places of each run.
	places: u64,
}

impl Runs {
	/// Tiles under the pieces in all places, each of which is `size` long.
	fn tiles(self, extent: Extent, size: u64) -> u64 {
		let apart = self.places.saturating_mul(extent.pieces(size));
		let whole = spanned_from(self.places.saturating_mul(size), WIDTH, size);
		self.count.saturating_mul(apart.min(whole))
	}
}

/// The pieces of one operand.
struct Pieces<'a> {
	operand: &'a ValueType,
	layout: HeadLayout,
	shape: HeadShape,
	/// Of each piece, in storage.
	down: Extent,
	across: Extent,
	/// Whether the rows that are read are those of the tile of the result, which are those of a tile.
	same_down: bool,
	/// The same for columns.
	same_across: bool,
}

impl Pieces<'_> {
	fn tiles(&self, met: &Met) -> u64 {
		let together = self.rows(met).saturating_mul(self.cols(met));
		let alone = self.down.piece(self.shape.rows.into()).saturating_mul(self.piece_across());
		together.min(met.down.saturating_mul(met.across).saturating_mul(alone))
	}

	/// Rows of tiles.
	fn rows(&self, met: &Met) -> u64 {
		if self.same_down {
			return 1;
		}
		let tiles = self.runs_down(met).tiles(self.down, self.shape.rows.into());
		tiles.min(self.operand.tile_rows().into())
	}

	/// Columns of tiles.
	fn cols(&self, met: &Met) -> u64 {
		if self.same_across {
			return 1;
		}
		let tiles = match (self.layout, self.across) {
			(HeadLayout::Stacked, Extent::Terms(_)) => self.piece_across(),
			(HeadLayout::Stacked, Extent::Lanes { .. }) | (HeadLayout::Interleaved, _) => {
				Runs { count: 1, places: self.places_across(met) }
					.tiles(self.across, self.shape.cols.into())
			},
		};
		tiles.min(self.operand.tile_cols().into())
	}

	/// Columns of tiles under one piece.
	fn piece_across(&self) -> u64 {
		match (self.layout, self.across) {
			// Every matrix starts at column 0, and every block of terms at a tile.
			(HeadLayout::Stacked, Extent::Terms(terms)) => terms.div_ceil(WIDTH),
			(HeadLayout::Stacked, Extent::Lanes { .. }) | (HeadLayout::Interleaved, _) => {
				self.across.piece(self.shape.cols.into())
			},
		}
	}

	/// Where the operand's matrices lie from top to bottom.
	fn runs_down(&self, met: &Met) -> Runs {
		let all = met.across == met.heads;
		match (self.layout, met.layout) {
			(HeadLayout::Stacked, HeadLayout::Stacked) => Runs { count: 1, places: met.down },
			(HeadLayout::Stacked, HeadLayout::Interleaved) if all => {
				Runs { count: 1, places: met.down.saturating_mul(met.across) }
			},
			(HeadLayout::Stacked, HeadLayout::Interleaved) => {
				Runs { count: met.down, places: met.across }
			},
			(HeadLayout::Interleaved, _) => Runs { count: 1, places: met.items() },
		}
	}

	/// How many lie from left to right.
	fn places_across(&self, met: &Met) -> u64 {
		match (self.layout, met.layout) {
			(HeadLayout::Stacked, _) => 1,
			(HeadLayout::Interleaved, HeadLayout::Interleaved) => met.across,
			(HeadLayout::Interleaved, HeadLayout::Stacked) if met.items() == 1 => met.down,
			// The last heads of a sequence and the first of the next.
			(HeadLayout::Interleaved, HeadLayout::Stacked) => met.heads,
		}
	}
}
