//! Openings of tensors.

use alloc::vec::Vec;
use assay_ops::{ValueType, TILE};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	b3tree::Blake3Tree,
	layout::{padding_is_zero, tile_count, DescribedTile, TileBytes, TILE_BYTES},
	shape::{fold, MAX_DEPTH},
	tensor::tile_hash,
	Root,
};

/// Most tiles in one opening. A K-block of a matrix product needs 16 of each operand.
pub const MAX_TILES: u32 = 36;

/// Most siblings in an opening of tiles: 36 leaves anywhere in a tree of depth 32 have fewer than
/// 36 · (32 − 5) + 28. A K-block in 2²⁰ tiles has about 170.
pub const MAX_TILE_SIBLINGS: u32 = 1024;

/// Why an opening is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub enum OpeningError {
	/// Nothing is opened.
	#[codec(index = 0)]
	Empty,
	/// The indices are not strictly ascending.
	#[codec(index = 1)]
	Unsorted,
	/// An index is not below the number of leaves, or the opened string cannot exist.
	#[codec(index = 2)]
	OutOfRange,
	/// A chunk does not have the length that it must have.
	#[codec(index = 3)]
	BadLength,
	/// A word beyond the matrix is not zero.
	#[codec(index = 4)]
	DirtyPadding,
	/// The number of siblings is wrong, or the root that follows is another.
	#[codec(index = 5)]
	NotInRoot,
}

/// One tile and its place.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct Tile {
	/// Index in the tile grid, row-major.
	pub index: u32,
	/// Content.
	pub bytes: TileBytes,
}

impl TypeInfo for Tile {
	type Identity = Self;

	fn type_info() -> scale_info::Type {
		let fields = scale_info::build::Fields::named()
			.field(|field| field.ty::<u32>().name("index").type_name("u32"))
			.field(|field| field.ty::<DescribedTile>().name("bytes").type_name("TileBytes"));
		let path = scale_info::Path::new("Tile", module_path!());
		scale_info::Type::builder().path(path).composite(fields)
	}
}

/// Proof of the content of some tiles of a tensor.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct TilesOpening {
	/// The tiles, indices strictly ascending.
	pub tiles: BoundedVec<Tile, ConstU32<MAX_TILES>>,
	/// Hashes of the largest subtrees that hold none of the tiles, in order of position.
	pub siblings: BoundedVec<Root, ConstU32<MAX_TILE_SIBLINGS>>,
}

impl TilesOpening {
	/// Checks that the tensor with this root and type has these tiles.
	pub fn verify(&self, root: &Root, ty: &ValueType) -> Result<OpenedTiles<'_>, OpeningError> {
		let count = tile_count(ty).ok_or(OpeningError::OutOfRange)?;
		check_order(self.tiles.iter().map(|tile| tile.index), count)?;
		let mut leaves = Vec::with_capacity(self.tiles.len());
		for tile in &self.tiles {
			let area = ty.tile_area(tile.index).ok_or(OpeningError::OutOfRange)?;
			if !padding_is_zero(&area, &tile.bytes) {
				return Err(OpeningError::DirtyPadding);
			}
			let hash = tile_hash(&tile.bytes, tile.index, count);
			leaves.push((tile.index, hash.ok_or(OpeningError::OutOfRange)?));
		}
		let folded = fold(&Blake3Tree, count, &leaves, &self.siblings);
		if folded.as_ref() != Some(root) {
			return Err(OpeningError::NotInRoot);
		}
		Ok(OpenedTiles { ty: *ty, tiles: &self.tiles })
	}
}

/// Refuses indices that are none, not strictly ascending, or not below `len`.
pub(crate) fn check_order(
	indices: impl Iterator<Item = u32>,
	len: u32,
) -> Result<(), OpeningError> {
	let mut last = None;
	for index in indices {
		if last.is_some_and(|last| last >= index) {
			return Err(OpeningError::Unsorted);
		}
		last = Some(index);
	}
	match last {
		None => Err(OpeningError::Empty),
		Some(last) if last >= len => Err(OpeningError::OutOfRange),
		Some(_) => Ok(()),
	}
}

/// Tiles that are proven to be in a tensor.
#[derive(Clone, Copy, Debug)]
pub struct OpenedTiles<'a> {
	ty: ValueType,
	tiles: &'a [Tile],
}

impl<'a> OpenedTiles<'a> {
	/// The tiles, in order of index.
	pub fn tiles(&self) -> &'a [Tile] {
		self.tiles
	}

	/// Content of the tile with this index; `None` when it was not opened.
	pub fn tile(&self, index: u32) -> Option<&'a TileBytes> {
		self.find_tile(index).map(|(_, bytes)| bytes)
	}

	fn find_tile(&self, index: u32) -> Option<(usize, &'a TileBytes)> {
		let position = self.tiles.binary_search_by_key(&index, |tile| tile.index).ok()?;
		Some((position, &self.tiles.get(position)?.bytes))
	}

	/// The word at `(row, col)` of the matrix; `None` when outside or not opened.
	pub fn word(&self, row: u32, col: u32) -> Option<u32> {
		self.find_word(row, col).map(|(_, word)| word)
	}

	/// [`OpenedTiles::word`] with the position in [`OpenedTiles::tiles`] of the tile that holds it.
	pub fn find_word(&self, row: u32, col: u32) -> Option<(usize, u32)> {
		let (index, place) = self.ty.tile_of(row, col)?;
		let (position, bytes) = self.find_tile(index)?;
		let word = bytes.as_chunks().0.get(place as usize)?;
		Some((position, u32::from_le_bytes(*word)))
	}

	/// Fills `words` with those from `(row, col)` on, up to the end of the row in the tile; the position of
	/// the tile in [`OpenedTiles::tiles`], and how many words were written. `None` when outside or not opened.
	pub fn find_words(&self, row: u32, col: u32, words: &mut [u32]) -> Option<(usize, usize)> {
		let (index, place) = self.ty.tile_of(row, col)?;
		let (position, bytes) = self.find_tile(index)?;
		let wanted = u32::try_from(words.len()).unwrap_or(u32::MAX);
		let in_tile = TILE.saturating_sub(place.checked_rem(TILE)?);
		let count = wanted.min(in_tile).min(self.ty.cols.saturating_sub(col)) as usize;
		let source = bytes.as_chunks().0.get(place as usize..)?;
		for (word, bytes) in words.get_mut(..count)?.iter_mut().zip(source) {
			*word = u32::from_le_bytes(*bytes);
		}
		Some((position, count))
	}
}

/// Proof of the hash of one tile, without its content.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LeafOpening {
	/// The [`tile_hash`] of the tile.
	pub leaf: Root,
	/// Siblings along its way to the top, in order of position.
	pub siblings: BoundedVec<Root, ConstU32<MAX_DEPTH>>,
}

impl LeafOpening {
	/// Checks that tile `index` of the tensor with this root and type has the hash `leaf`.
	///
	/// The hash is of 4 KiB of *some* bytes: nothing is said about their padding.
	pub fn verify(&self, root: &Root, ty: &ValueType, index: u32) -> Result<(), OpeningError> {
		let tiles =
			tile_count(ty).filter(|tiles| index < *tiles).ok_or(OpeningError::OutOfRange)?;
		let folded = fold(&Blake3Tree, tiles, &[(index, self.leaf)], &self.siblings);
		(folded.as_ref() == Some(root)).then_some(()).ok_or(OpeningError::NotInRoot)
	}
}

const _: () = assert!(TILE_BYTES == assay_ops::TILE_WORDS * 4);
