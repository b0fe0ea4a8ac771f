//! Tensors and data sets.

use assay_commitment::{
	data_chunks, tensor_root, tile_bytes, tile_count, tile_words, ChunksOpening, DataTree,
	OpeningError, Root, TensorTree, TilesOpening, CHUNK_BYTES, MAX_CHUNKS, MAX_TILES,
};
use assay_ops::ValueType;
use codec::{Decode, Encode};

use crate::{operation::float, source::numbers, Source};

/// Strictly ascending numbers below `count`.
fn indices(source: &mut Source, count: u32, most: u32) -> Vec<u32> {
	let wanted = source.within(1, most.min(8));
	let mut chosen: Vec<u32> = (0..wanted).map(|_| source.below(count)).collect();
	chosen.sort_unstable();
	chosen.dedup();
	chosen
}

/// Tiles of a matrix.
pub(super) fn tiles(source: &mut Source) {
	let ty = float(source.size(130), source.size(130));
	let words = numbers(source.below(8), ty.words() as usize);
	let tree = TensorTree::from_words(ty, &words).expect("as many words as the type has");
	let (count, root) = (tile_count(&ty).expect("it is small"), tree.root());
	assert_eq!(tensor_root(&ty, &words), Some(root));
	leaf(source, &tree, count);
	let chosen = indices(source, count, MAX_TILES);
	let honest = tree.open_words(&chosen, &words).expect("they are in order");
	let opened = honest.verify(&root, &ty).expect("an honest opening");
	let (row, col) = (source.below(ty.rows + 1), source.below(ty.cols + 1));
	let place = (row * ty.cols + col) as usize;
	let known = ty.tile_of(row, col).is_some_and(|(tile, _)| chosen.contains(&tile));
	assert_eq!(opened.word(row, col), known.then(|| words[place]));
	dirty(source, &ty, &words);
	let Some(forged) = tiles_forged(source, &honest, root) else { return };
	let (forged, other, shape) = forged;
	let shape = ValueType { rows: ty.rows ^ shape.0, cols: ty.cols ^ shape.1, ..ty };
	match forged.verify(&other, &shape) {
		Ok(opened) => {
			assert_eq!(other, root);
			// A root does not say how many tiles there are: that follows from the program.
			for tile in opened.tiles() {
				let known = tile_bytes(&ty, &words, tile.index);
				assert_eq!(known.as_deref(), Some(&tile.bytes), "tile {}", tile.index);
			}
			let indices: Vec<u32> = opened.tiles().iter().map(|tile| tile.index).collect();
			let truth = tree.open_words(&indices, &words);
			assert!(shape.tiles() != ty.tiles() || truth.as_ref() == Some(&forged), "two proofs");
		},
		Err(_) => assert!(forged != honest || other != root || shape != ty, "a refused truth"),
	}
}

fn tiles_forged(
	source: &mut Source,
	honest: &TilesOpening,
	root: Root,
) -> Option<(TilesOpening, Root, (u32, u32))> {
	let mut forged = honest.clone();
	let mut shape = (0, 0);
	let at = source.below(honest.tiles.len() as u32) as usize;
	match source.below(7) {
		0 => forged.tiles[at].index ^= 1 << source.below(6),
		1 => forged.tiles[at].bytes[source.below(4096) as usize] ^= 1 << source.below(8),
		2 => drop(forged.tiles.remove(at)),
		3 => forged.tiles.try_push(honest.tiles[at].clone()).ok()?,
		4 => shape = (source.below(64), source.below(64)),
		5 => forged.siblings.try_push(source.choose(&[root, [0; 32]])).ok()?,
		_ => {
			// Tiles are large: only what is beside their content is worth an edit.
			let siblings = source.edited(honest.siblings.encode(), &[root]);
			forged.siblings = Decode::decode(&mut &siblings[..]).ok()?;
		},
	}
	let other = if source.below(16) == 0 { [1; 32] } else { root };
	Some((forged, other, shape))
}

/// A proof of the hash of one tile.
fn leaf(source: &mut Source, tree: &TensorTree, count: u32) {
	let index = source.below(count);
	let honest = (index, tree.root(), tree.prove(index).expect("there is such a tile"));
	assert_eq!(honest.2.verify(&honest.1, tree.ty(), index), Ok(()));
	let forged = source.edited(honest.encode(), &[honest.1, honest.2.leaf]);
	let Ok(forged) = Decode::decode(&mut &forged[..]) else { return };
	let (index, root, opening): (u32, Root, assay_commitment::LeafOpening) = forged;
	if opening.verify(&root, tree.ty(), index).is_ok() {
		assert_eq!((root, Some(opening)), (tree.root(), tree.prove(index)), "tile {index}");
	}
}

/// A committed tensor whose padding is not zero opens nothing.
fn dirty(source: &mut Source, ty: &ValueType, words: &[u32]) {
	let count = tile_count(ty).expect("it is small");
	let tile = |index| tile_bytes(ty, words, index).expect("there is such a tile");
	let mut tiles: Vec<_> = (0..count).map(tile).collect();
	let (at, place) = (source.below(count), source.below(1024));
	let area = ty.tile_area(at).expect("there is such a tile");
	let inside = place / 32 < area.rows && place % 32 < area.cols;
	tiles[at as usize][4 * place as usize] ^= 1;
	let tree = TensorTree::from_tiles(*ty, tiles.iter().map(|tile| &**tile)).expect("all tiles");
	let opening = tree.open(&[at], |index| Some(tiles[index as usize].clone())).expect("a tile");
	let expected = if inside { Ok(()) } else { Err(OpeningError::DirtyPadding) };
	assert_eq!(opening.verify(&tree.root(), ty).map(drop), expected);
	assert_eq!(tile_words(&tiles[at as usize]).len(), 1024);
}

/// Chunks of a data set.
pub(super) fn chunks(source: &mut Source) {
	let len = source.within(1, 9) as usize * 1024 - source.below(1024) as usize;
	let data: Vec<u8> =
		numbers(source.below(8), len).iter().map(|word| (word >> 3) as u8).collect();
	let tree = DataTree::new(&data).expect("it is not empty");
	let (root, count) = (tree.root(), data_chunks(len as u64).expect("it is not empty"));
	assert_eq!(root, *blake3::hash(&data).as_bytes());
	let chosen = indices(source, count, MAX_CHUNKS);
	let honest = tree.open(&chosen, &data).expect("they are in order");
	let opened = honest.verify(&root, len as u64).expect("an honest opening");
	let at = source.below(len as u32 + 2);
	let known = (at as usize) < len && chosen.contains(&(at / CHUNK_BYTES));
	assert_eq!(opened.byte(at.into()), known.then(|| data[at as usize]));
	let claimed = source.choose(&[len, len, len + 1, len - 1, len ^ 1024, 0]) as u64;
	let forged = source.edited(honest.encode(), &[root]);
	let Ok(forged) = ChunksOpening::decode(&mut &forged[..]) else { return };
	match forged.verify(&root, claimed) {
		Ok(opened) => {
			for chunk in opened.chunks() {
				let known = data.chunks(CHUNK_BYTES as usize).nth(chunk.index as usize);
				assert_eq!(known, Some(&chunk.bytes[..]), "chunk {}", chunk.index);
			}
			// Only the last chunk proves the length.
			let indices: Vec<u32> = opened.chunks().iter().map(|chunk| chunk.index).collect();
			let last = data_chunks(claimed).map(|count| count - 1);
			assert!(claimed == len as u64 || indices.last().copied() != last, "a forged length");
			let truth = tree.open(&indices, &data);
			assert!(claimed != len as u64 || truth.as_ref() == Some(&forged), "two proofs");
		},
		Err(_) => assert!(forged != honest || claimed != len as u64, "a refused truth"),
	}
}
