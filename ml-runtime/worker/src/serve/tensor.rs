//! Tensors as blobs: the string of tiles.

use assay_commitment::{tile_bytes, tile_words, TILE_BYTES};
use assay_ops::{ValueType, TILE};

/// The words of a matrix, row-major, from its string of tiles; `None` when the length is not that of
/// the type. Padding is not looked at.
pub(crate) fn words_of_tiles(ty: &ValueType, bytes: &[u8]) -> Option<Vec<u32>> {
	let (tiles, rest) = bytes.as_chunks::<TILE_BYTES>();
	if !rest.is_empty() || tiles.len() as u64 != ty.tiles() {
		return None;
	}
	let mut words = vec![0; ty.words() as usize];
	for (index, tile) in (0..).zip(tiles) {
		let (area, tile) = (ty.tile_area(index)?, tile_words(tile));
		let lines = words.chunks_exact_mut(ty.cols as usize).skip(area.row as usize);
		let rows = tile.chunks_exact(TILE as usize).take(area.rows as usize);
		for (line, row) in lines.zip(rows) {
			let (from, cols) = (area.col as usize, area.cols as usize);
			line[from..from + cols].copy_from_slice(&row[..cols]);
		}
	}
	Some(words)
}

/// The string of tiles of a matrix; `None` when the words are not `rows · cols`.
pub(crate) fn tiles_of_words(ty: &ValueType, words: &[u32]) -> Option<Vec<u8>> {
	let mut bytes = Vec::with_capacity(ty.tiles() as usize * TILE_BYTES);
	for index in 0..u32::try_from(ty.tiles()).ok()? {
		bytes.extend_from_slice(&tile_bytes(ty, words, index)?[..]);
	}
	Some(bytes)
}

#[cfg(test)]
mod tests {
	use assay_commitment::tensor_root;
	use assay_ops::DType;

	use super::*;

	#[test]
	fn tensor_should_survive_when_written_as_tiles_and_read() {
		for (rows, cols) in [(1, 1), (32, 32), (33, 70), (100, 5)] {
			let ty = ValueType { dtype: DType::F32, rows, cols };
			let words: Vec<u32> = (0..rows * cols).map(|i| i * 7 + 1).collect();
			let bytes = tiles_of_words(&ty, &words).unwrap();
			assert_eq!(tensor_root(&ty, &words), Some(blake3_of(&bytes)));
			assert_eq!(words_of_tiles(&ty, &bytes), Some(words));
			assert_eq!(words_of_tiles(&ty, &bytes[1..]), None);
		}
	}

	fn blake3_of(bytes: &[u8]) -> [u8; 32] {
		*assay_blobs::bytes_key(bytes).root()
	}
}
