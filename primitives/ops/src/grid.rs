//! How a value lies on its grid of tiles.

use crate::{ValueType, TILE};

/// Number of tiles along `n` elements.
fn tiles_along(n: u32) -> u32 {
	n.div_ceil(TILE)
}

impl ValueType {
	/// Number of elements.
	pub fn words(&self) -> u64 {
		u64::from(self.rows).saturating_mul(u64::from(self.cols))
	}

	/// Rows of the tile grid.
	pub fn tile_rows(&self) -> u32 {
		tiles_along(self.rows)
	}

	/// Columns of the tile grid.
	pub fn tile_cols(&self) -> u32 {
		tiles_along(self.cols)
	}

	/// Number of tiles. Tiles are numbered row-major over the grid, so each has 1024 words and the
	/// value's byte string has `4096 · tiles` bytes.
	pub fn tiles(&self) -> u64 {
		u64::from(self.tile_rows()).saturating_mul(u64::from(self.tile_cols()))
	}

	/// The tile that holds an element, and the element's place in it (0 to 1023, row-major). `None`
	/// outside the matrix.
	pub fn tile_of(&self, row: u32, col: u32) -> Option<(u32, u32)> {
		if row >= self.rows || col >= self.cols {
			return None;
		}
		let (tile_row, tile_col) = (row.checked_div(TILE)?, col.checked_div(TILE)?);
		let tile = tile_row.checked_mul(self.tile_cols())?.checked_add(tile_col)?;
		let place =
			row.checked_rem(TILE)?.checked_mul(TILE)?.checked_add(col.checked_rem(TILE)?)?;
		Some((tile, place))
	}

	/// The elements of a tile that lie inside the matrix. `None` if there is no such tile.
	pub fn tile_area(&self, tile: u32) -> Option<TileArea> {
		if u64::from(tile) >= self.tiles() {
			return None;
		}
		let row = tile.checked_div(self.tile_cols())?.checked_mul(TILE)?;
		let col = tile.checked_rem(self.tile_cols())?.checked_mul(TILE)?;
		Some(TileArea {
			row,
			col,
			rows: self.rows.saturating_sub(row).min(TILE),
			cols: self.cols.saturating_sub(col).min(TILE),
		})
	}
}

/// The part of a matrix that a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TileArea {
	/// First row.
	pub row: u32,
	/// First column.
	pub col: u32,
	/// Rows, 1 to 32.
	pub rows: u32,
	/// Columns, 1 to 32.
	pub cols: u32,
}

impl TileArea {
	/// The elements: (place in the tile, row, column), row-major.
	pub fn elements(self) -> impl Iterator<Item = (usize, u32, u32)> {
		(0..self.rows).flat_map(move |i| {
			(0..self.cols).map(move |j| {
				let place = i.saturating_mul(TILE).saturating_add(j) as usize;
				(place, self.row.saturating_add(i), self.col.saturating_add(j))
			})
		})
	}
}
