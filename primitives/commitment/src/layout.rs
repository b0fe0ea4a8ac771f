//! How a matrix becomes a string of tiles.
//!
//! A tile is 32 × 32 words, row-major, little-endian, 4096 bytes. The tiles of a matrix are ordered
//! row-major over the tile grid. Words of an edge tile that lie beyond the matrix are zero.

use alloc::boxed::Box;
use assay_ops::{eval::Tile, TileArea, ValueType, TILE_WORDS};

/// Bytes in a tile.
pub const TILE_BYTES: usize = 4096;

/// Bytes of one row of a tile.
const ROW_BYTES: usize = 128;

/// The bytes of a tile.
pub type TileBytes = [u8; TILE_BYTES];

/// [`TileBytes`] as metadata describes them: the same encoding, in arrays short enough for clients that
/// limit their length (polkadot.js takes at most 2,048 elements).
pub type DescribedTile = [[u8; 1024]; 4];

/// Number of tiles of a matrix. `None` when the matrix is empty or has 2³² tiles or more.
pub fn tile_count(ty: &ValueType) -> Option<u32> {
	u32::try_from(ty.tiles()).ok().filter(|tiles| *tiles > 0)
}

/// Whether every word of a tile beyond its area is zero.
pub(crate) fn padding_is_zero(area: &TileArea, bytes: &TileBytes) -> bool {
	let (rows, used) = (area.rows as usize, (area.cols as usize).saturating_mul(4));
	bytes.chunks(ROW_BYTES).enumerate().all(|(row, line)| {
		let skip = if row < rows { used } else { 0 };
		line.iter().skip(skip).all(|byte| *byte == 0)
	})
}

/// Writes tile `index` of a matrix given row-major into `bytes`, which must be zero. `None` when there
/// is no such tile; `words` must have `rows · cols` words.
pub(crate) fn fill_tile(
	ty: &ValueType,
	words: &[u32],
	index: u32,
	bytes: &mut TileBytes,
) -> Option<()> {
	let area = ty.tile_area(index)?;
	let from = area.col as usize;
	let to = from.checked_add(area.cols as usize)?;
	let rows = words.chunks(ty.cols as usize).skip(area.row as usize).take(area.rows as usize);
	for (row, line) in rows.zip(bytes.chunks_mut(ROW_BYTES)) {
		for (word, bytes) in row.get(from..to)?.iter().zip(line.as_chunks_mut().0) {
			*bytes = word.to_le_bytes();
		}
	}
	Some(())
}

/// The bytes of tile `index` of a matrix given row-major. `None` when there is no such tile or the
/// number of words is not `rows · cols`.
pub fn tile_bytes(ty: &ValueType, words: &[u32], index: u32) -> Option<Box<TileBytes>> {
	if ty.words() != words.len() as u64 {
		return None;
	}
	let mut bytes = Box::new([0; TILE_BYTES]);
	fill_tile(ty, words, index, &mut bytes)?;
	Some(bytes)
}

/// The bytes of a tile given as its words.
pub fn tile_of_words(words: &Tile) -> Box<TileBytes> {
	let mut bytes = Box::new([0; TILE_BYTES]);
	for (word, bytes) in words.iter().zip(bytes.as_chunks_mut().0) {
		*bytes = word.to_le_bytes();
	}
	bytes
}

/// The words of a tile given as its bytes.
pub fn tile_words(bytes: &TileBytes) -> Tile {
	let mut words = [0; TILE_WORDS];
	for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
		*word = u32::from_le_bytes(*bytes);
	}
	words
}
