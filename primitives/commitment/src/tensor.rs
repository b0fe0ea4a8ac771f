//! Tensor roots and the trees that prove tiles.

use alloc::vec::Vec;
use assay_ops::ValueType;
use blake3::hazmat::HasherExt;
use core::ops::Range;

use crate::{
	b3tree::{group_hash, Blake3Tree},
	layout::{fill_tile, tile_bytes, tile_count, TileBytes, TILE_BYTES},
	opening::{LeafOpening, Tile, TilesOpening},
	shape::{self, Tree},
	Root,
};

/// Tiles that are hashed in one go, so that BLAKE3 can work on many chunks at a time.
const BATCH: usize = 16;

/// Value of tile `index` among the `tiles` of a tensor: the leaf of the tensor's tree. `None` when
/// there is no such tile.
pub fn tile_hash(bytes: &TileBytes, index: u32, tiles: u32) -> Option<Root> {
	let offset = u64::from(index).checked_mul(TILE_BYTES as u64)?;
	(index < tiles).then(|| group_hash(bytes, offset, tiles == 1)).flatten()
}

/// Root of a matrix given row-major: plain BLAKE3 of its tiles. `None` when the number of words is not
/// `rows · cols`, or for 2³² tiles or more.
pub fn tensor_root(ty: &ValueType, words: &[u32]) -> Option<Root> {
	let tiles = tile_count(ty)?;
	Some(hash_tiles(blake3::Hasher::new(), ty, words, 0..tiles)?.finalize().into())
}

/// Puts these tiles of a matrix into a hasher.
fn hash_tiles(
	mut hasher: blake3::Hasher,
	ty: &ValueType,
	words: &[u32],
	mut indices: Range<u32>,
) -> Option<blake3::Hasher> {
	if ty.words() != words.len() as u64 {
		return None;
	}
	while !indices.is_empty() {
		let mut batch = Vec::with_capacity(BATCH);
		for index in indices.by_ref().take(BATCH) {
			batch.push([0; TILE_BYTES]);
			fill_tile(ty, words, index, batch.last_mut()?)?;
		}
		hasher.update(batch.as_flattened());
	}
	Some(hasher)
}

/// Tiles of a part, into which [`tensor_root`] can be divided: 256 KiB. The last part may have fewer.
pub const PART_TILES: u32 = 64;

/// Number of parts of a tensor. `None` for 2³² tiles or more.
pub fn tensor_parts(ty: &ValueType) -> Option<u32> {
	Some(tile_count(ty)?.div_ceil(PART_TILES))
}

/// Hash of a part of a matrix given row-major, independent of the others. `None` when there is no such part, or the
/// number of words is not `rows · cols`.
pub fn part_hash(ty: &ValueType, words: &[u32], part: u32) -> Option<Root> {
	let tiles = tile_count(ty)?;
	let first = part.checked_mul(PART_TILES).filter(|first| *first < tiles)?;
	let indices = first..first.saturating_add(PART_TILES).min(tiles);
	if indices.len() == tiles as usize {
		return tensor_root(ty, words);
	}
	let mut hasher = blake3::Hasher::new();
	hasher.set_input_offset(u64::from(first).checked_mul(TILE_BYTES as u64)?);
	Some(hash_tiles(hasher, ty, words, indices)?.finalize_non_root())
}

/// [`tile_hash`]es of a part of a matrix given row-major, independent of the others. `None` when there is no such part, or the
/// number of words is not `rows · cols`.
pub fn part_tile_hashes(ty: &ValueType, words: &[u32], part: u32) -> Option<Vec<Root>> {
	let tiles = tile_count(ty)?;
	let first = part.checked_mul(PART_TILES).filter(|first| *first < tiles)?;
	let indices = first..first.saturating_add(PART_TILES).min(tiles);
	let hash = |index| {
		let mut bytes = [0; TILE_BYTES];
		fill_tile(ty, words, index, &mut bytes)?;
		tile_hash(&bytes, index, tiles)
	};
	indices.map(hash).collect()
}

/// The [`tensor_root`] of a matrix from the hashes of all its parts, in order. `None` when there are more or fewer.
pub fn join_parts(ty: &ValueType, hashes: Vec<Root>) -> Option<Root> {
	if tensor_parts(ty)? as usize != hashes.len() {
		return None;
	}
	Tree::new(Blake3Tree, hashes)?.top()
}

/// Whether `revealed` are the [`shape::children`] of a subtree of `len` tiles with this hash; `whole`
/// says that it is the whole tensor, whose hash is the tensor root. A single tile is revealed as its
/// [`tile_hash`].
pub fn fold_tile_children(subtree: &Root, len: u32, whole: bool, revealed: &[Root]) -> bool {
	shape::fold_children(&Blake3Tree, len, whole, revealed).as_ref() == Some(subtree)
}

/// The tree of a tensor with all its nodes in memory.
#[derive(Clone, Debug)]
pub struct TensorTree {
	ty: ValueType,
	tree: Tree<Blake3Tree>,
}

impl TensorTree {
	/// Tree of a matrix given row-major. `None` when the number of words is not `rows · cols`, or for
	/// 2³² tiles or more.
	pub fn from_words(ty: ValueType, words: &[u32]) -> Option<Self> {
		let tiles = tile_count(&ty)?;
		let leaf = |index| tile_hash(&*tile_bytes(&ty, words, index)?, index, tiles);
		Self::from_hashes(ty, (0..tiles).map(leaf).collect::<Option<_>>()?)
	}

	/// Tree of a tensor given tile by tile. `None` when the number of tiles does not fit the type.
	/// Padding is taken as it comes, so that faulty tensors have trees as well.
	pub fn from_tiles<'a>(
		ty: ValueType,
		tiles: impl IntoIterator<Item = &'a TileBytes>,
	) -> Option<Self> {
		let count = tile_count(&ty)?;
		let leaf = |(index, bytes)| tile_hash(bytes, index, count);
		Self::from_hashes(ty, (0..).zip(tiles).map(leaf).collect::<Option<_>>()?)
	}

	/// Tree of a tensor from its [`tile_hash`]es. `None` when their number does not fit the type.
	pub fn from_hashes(ty: ValueType, hashes: Vec<Root>) -> Option<Self> {
		if tile_count(&ty)? as usize != hashes.len() {
			return None;
		}
		Some(Self { ty, tree: Tree::new(Blake3Tree, hashes)? })
	}

	/// Type of the tensor.
	pub fn ty(&self) -> &ValueType {
		&self.ty
	}

	/// Root of the tensor.
	pub fn root(&self) -> Root {
		self.tree.top().unwrap_or_default() // A tensor has at least one tile.
	}

	/// The tree, for the subtree hashes of bisection.
	pub fn tree(&self) -> &Tree<Blake3Tree> {
		&self.tree
	}

	/// Proof of the hash of one tile. `None` when there is no such tile.
	pub fn prove(&self, index: u32) -> Option<LeafOpening> {
		let leaf = self.tree.subtree(index, 1)?;
		let siblings = self.tree.siblings(&[index])?.try_into().ok()?;
		Some(LeafOpening { leaf, siblings })
	}

	/// Proof of the content of some tiles, whose bytes `read` gives. `None` unless the indices are
	/// strictly ascending, in range, and between 1 and [`crate::MAX_TILES`].
	pub fn open(
		&self,
		indices: &[u32],
		mut read: impl FnMut(u32) -> Option<alloc::boxed::Box<TileBytes>>,
	) -> Option<TilesOpening> {
		let siblings = self.tree.siblings(indices)?.try_into().ok()?;
		let tile = |index: &u32| Some(Tile { index: *index, bytes: *read(*index)? });
		let tiles: Vec<Tile> = indices.iter().map(tile).collect::<Option<_>>()?;
		Some(TilesOpening { tiles: tiles.try_into().ok()?, siblings })
	}

	/// [`TensorTree::open`] for a matrix given row-major.
	pub fn open_words(&self, indices: &[u32], words: &[u32]) -> Option<TilesOpening> {
		self.open(indices, |index| tile_bytes(&self.ty, words, index))
	}
}
