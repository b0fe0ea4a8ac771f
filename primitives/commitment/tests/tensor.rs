//! Tensors: roots are plain BLAKE3, openings are strict and small.

use assay_commitment::{
	fold_tile_children, join_parts, part_hash, shape, tensor_parts, tensor_root, tile_bytes,
	tile_count, tile_hash, OpeningError, Root, TensorTree, TileBytes, TilesOpening, MAX_TILES,
	PART_TILES, TILE_BYTES,
};
use assay_ops::{DType, ValueType};
use codec::{Decode, Encode, MaxEncodedLen};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

fn ty(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

fn words(ty: &ValueType) -> Vec<u32> {
	(1..=ty.rows * ty.cols).map(|i| i.wrapping_mul(0x9E37_79B9) | 1).collect()
}

/// The byte string of a matrix, element by element from the definition.
fn string(ty: &ValueType, words: &[u32]) -> Vec<u8> {
	let (tile_rows, tile_cols) = (ty.rows.div_ceil(32), ty.cols.div_ceil(32));
	let mut bytes = Vec::new();
	for (tr, tc) in (0..tile_rows).flat_map(|tr| (0..tile_cols).map(move |tc| (tr, tc))) {
		for (r, c) in (0..32).flat_map(|r| (0..32).map(move |c| (tr * 32 + r, tc * 32 + c))) {
			let inside = r < ty.rows && c < ty.cols;
			let word = if inside { words[(r * ty.cols + c) as usize] } else { 0 };
			bytes.extend(word.to_le_bytes());
		}
	}
	bytes
}

/// Shapes with one tile, odd counts, exact multiples and remainders.
const SHAPES: [(u32, u32); 12] = [
	(1, 1),
	(32, 32),
	(33, 32),
	(32, 33),
	(1, 1000),
	(1000, 1),
	(70, 70),
	(96, 64),
	(31, 161),
	(224, 32),
	(544, 32),
	(100, 600),
];

#[test]
fn root_should_be_joined_from_parts_when_there_are_one_or_several() {
	for tiles in [1, 63, 64, 65, 127, 128, 129, 192, 200, 321] {
		// The last tile is not full.
		let ty = ty(32, tiles * 32 - 5);
		let words = words(&ty);
		let parts = tensor_parts(&ty).unwrap();
		assert_eq!(parts, tiles.div_ceil(PART_TILES));
		let hashes = |count| (0..count).map(|part| part_hash(&ty, &words, part)).collect();
		let hashes: Option<Vec<Root>> = hashes(parts);
		let hashes = hashes.unwrap();
		assert_eq!(join_parts(&ty, hashes.clone()), tensor_root(&ty, &words), "{tiles} tiles");
		assert_eq!(join_parts(&ty, hashes[1..].to_vec()), None);
		assert_eq!(join_parts(&ty, [&hashes[..], &hashes[..1]].concat()), None);
		assert_eq!(part_hash(&ty, &words, parts), None);
		assert_eq!(part_hash(&ty, &words, u32::MAX), None);
		assert_eq!(part_hash(&ty, &words[1..], 0), None);
	}
}

#[test]
fn root_should_be_blake3_of_the_string_when_shape_varies() {
	for (rows, cols) in SHAPES {
		let (ty, words) = (ty(rows, cols), words(&ty(rows, cols)));
		let bytes = string(&ty, &words);
		let expected: Root = blake3::hash(&bytes).into();
		assert_eq!(tensor_root(&ty, &words), Some(expected), "{rows}×{cols}");
		assert_eq!(TensorTree::from_words(ty, &words).unwrap().root(), expected, "{rows}×{cols}");
		let tiles = bytes.as_chunks::<TILE_BYTES>().0;
		assert_eq!(TensorTree::from_tiles(ty, tiles).unwrap().root(), expected);
		for (index, tile) in (0..).zip(tiles) {
			assert_eq!(*tile_bytes(&ty, &words, index).unwrap(), *tile);
		}
	}
}

#[test]
fn root_should_be_refused_when_words_do_not_fit_the_type() {
	assert_eq!(tensor_root(&ty(2, 3), &[0; 5]), None);
	assert_eq!(tensor_root(&ty(0, 3), &[]), None);
	assert!(TensorTree::from_words(ty(2, 3), &[0; 7]).is_none());
	assert!(TensorTree::from_tiles(ty(2, 3), &[[0; TILE_BYTES]; 2]).is_none());
	assert_eq!(tile_count(&ty(u32::MAX, u32::MAX)), None);
	assert_eq!(tile_bytes(&ty(2, 3), &[0; 6], 1), None);
}

#[test]
fn opening_should_give_every_word_when_verified() {
	for (rows, cols) in SHAPES {
		let (ty, words) = (ty(rows, cols), words(&ty(rows, cols)));
		let tree = TensorTree::from_words(ty, &words).unwrap();
		for index in 0..tile_count(&ty).unwrap() {
			let opening = tree.open_words(&[index], &words).unwrap();
			let opened = opening.verify(&tree.root(), &ty).unwrap();
			for (row, col) in (0..rows).flat_map(|row| (0..cols).map(move |col| (row, col))) {
				let here = row / 32 * cols.div_ceil(32) + col / 32 == index;
				let expected = here.then(|| words[(row * cols + col) as usize]);
				assert_eq!(opened.word(row, col), expected);
			}
			assert_eq!((opened.word(rows, 0), opened.word(0, cols)), (None, None));
			let leaf = tree.prove(index).unwrap();
			assert_eq!(leaf.verify(&tree.root(), &ty, index), Ok(()));
		}
	}
}

#[test]
fn words_should_be_found_to_the_end_of_a_tile_row() {
	let ty = ty(40, 70);
	let words = words(&ty);
	let tree = TensorTree::from_words(ty, &words).unwrap();
	let opening = tree.open_words(&[0, 2, 5], &words).unwrap();
	let opened = opening.verify(&tree.root(), &ty).unwrap();
	let indices: Vec<u32> = opened.tiles().iter().map(|tile| tile.index).collect();
	assert_eq!(indices, [0, 2, 5]);
	let found = |row, col, room: usize| {
		let mut out = vec![0; room];
		let found = opened.find_words(row, col, &mut out);
		found.map(|(position, count)| (position, out[..count].to_vec()))
	};
	let expected = |position, row: usize, col: usize, count: usize| {
		Some((position, words[row * 70 + col..row * 70 + col + count].to_vec()))
	};
	assert_eq!(found(3, 5, 100), expected(0, 3, 5, 27), "up to column 32");
	assert_eq!(found(3, 5, 9), expected(0, 3, 5, 9), "as much as there is room for");
	assert_eq!(found(31, 64, 100), expected(1, 31, 64, 6), "up to the edge of the matrix");
	assert_eq!(found(39, 69, 1), expected(2, 39, 69, 1));
	assert_eq!(found(3, 32, 4), None, "tile 1 is not opened");
	assert_eq!((found(40, 0, 1), found(0, 70, 1)), (None, None), "outside");
}

/// A 70 × 100 matrix (3 × 4 tiles, ragged at both edges), tiles 1, 6, 7 and 11 opened.
fn sample() -> (ValueType, Root, TilesOpening) {
	let ty = ty(70, 100);
	let words = words(&ty);
	let tree = TensorTree::from_words(ty, &words).unwrap();
	(ty, tree.root(), tree.open_words(&[1, 6, 7, 11], &words).unwrap())
}

fn error(opening: &TilesOpening) -> Option<OpeningError> {
	let (ty, root, _) = sample();
	opening.verify(&root, &ty).err()
}

#[test]
fn opening_should_be_refused_when_a_byte_is_changed() {
	let (.., good) = sample();
	assert_eq!(error(&good), None);
	for (tile, byte) in [(0, 0), (1, 4095), (2, 77)] {
		let mut opening = good.clone();
		opening.tiles[tile].bytes[byte] ^= 1;
		assert!(error(&opening).is_some());
	}
	for sibling in 0..good.siblings.len() {
		let mut opening = good.clone();
		opening.siblings[sibling][31] ^= 128;
		assert_eq!(error(&opening), Some(OpeningError::NotInRoot));
		let mut opening = good.clone();
		opening.siblings.remove(sibling);
		assert_eq!(error(&opening), Some(OpeningError::NotInRoot));
	}
	let mut opening = good.clone();
	opening.siblings.try_push([0; 32]).unwrap();
	assert_eq!(error(&opening), Some(OpeningError::NotInRoot));
}

#[test]
fn opening_should_be_refused_when_indices_are_not_strictly_ascending() {
	let (.., good) = sample();
	let mut swapped = good.clone();
	swapped.tiles.as_mut().swap(1, 2);
	assert_eq!(error(&swapped), Some(OpeningError::Unsorted));
	let mut twice = good.clone();
	let last = good.tiles[3].clone();
	twice.tiles.try_push(last).unwrap();
	assert_eq!(error(&twice), Some(OpeningError::Unsorted));
	let mut beyond = good.clone();
	beyond.tiles[3].index = 12;
	assert_eq!(error(&beyond), Some(OpeningError::OutOfRange));
	let mut moved = good.clone();
	moved.tiles[0].index = 2;
	assert_eq!(error(&moved), Some(OpeningError::NotInRoot));
	let mut empty = good;
	empty.tiles.clear();
	assert_eq!(error(&empty), Some(OpeningError::Empty));
}

#[test]
fn opening_should_be_refused_when_type_or_root_is_another() {
	let (good_ty, root, good) = sample();
	assert_eq!(good.verify(&[0; 32], &good_ty).err(), Some(OpeningError::NotInRoot));
	assert!(good.verify(&root, &ty(70, 132)).is_err());
	assert!(good.verify(&root, &ty(32, 32)).is_err());
	assert_eq!(good.verify(&root, &ty(0, 5)).err(), Some(OpeningError::OutOfRange));
}

#[test]
fn opening_should_be_refused_when_padding_is_not_zero() {
	// The tensor itself is dirty, so the hashes fit: only the rule about padding can refuse it.
	let ty = ty(40, 40);
	for (tile, word) in [(1, 8), (2, 8 * 32), (3, 7 * 32 + 8), (3, 1023)] {
		let mut tiles: Vec<TileBytes> = vec![[0; TILE_BYTES]; 4];
		tiles[tile as usize][word * 4 + 3] = 1;
		let tree = TensorTree::from_tiles(ty, &tiles).unwrap();
		let read = |index: u32| Some(Box::new(tiles[index as usize]));
		let opening = tree.open(&[tile], read).unwrap();
		let error = opening.verify(&tree.root(), &ty).err();
		assert_eq!(error, Some(OpeningError::DirtyPadding), "tile {tile} word {word}");
		// Inside the matrix the same word is welcome.
		let wide = ValueType { rows: 64, cols: 64, ..ty };
		assert!(opening.verify(&tree.root(), &wide).is_ok());
	}
}

#[test]
fn leaf_opening_should_be_refused_when_any_field_is_changed() {
	let ty = ty(70, 100);
	let tree = TensorTree::from_words(ty, &words(&ty)).unwrap();
	let good = tree.prove(5).unwrap();
	assert_eq!(good.verify(&tree.root(), &ty, 4), Err(OpeningError::NotInRoot));
	assert_eq!(good.verify(&tree.root(), &ty, 12), Err(OpeningError::OutOfRange));
	assert_eq!(good.verify(&[1; 32], &ty, 5), Err(OpeningError::NotInRoot));
	let mut leaf = good.clone();
	leaf.leaf[0] ^= 1;
	assert_eq!(leaf.verify(&tree.root(), &ty, 5), Err(OpeningError::NotInRoot));
	let mut long = good.clone();
	long.siblings.try_push([0; 32]).unwrap();
	assert_eq!(long.verify(&tree.root(), &ty, 5), Err(OpeningError::NotInRoot));
}

#[test]
fn bisection_of_a_tensor_should_reach_the_tile_hash_when_followed() {
	for tiles in [1, 2, 5, 17, 40] {
		let ty = ty(tiles * 32, 32);
		let tree = TensorTree::from_words(ty, &words(&ty)).unwrap();
		let revealed = tree.tree().reveal(0, tiles).unwrap();
		assert!(fold_tile_children(&tree.root(), tiles, true, &revealed));
		assert_eq!(fold_tile_children(&tree.root(), tiles, false, &revealed), tiles == 1);
		assert!(!fold_tile_children(&tree.root(), tiles, true, &revealed[1..]));
		let (start, len) = shape::children(tiles)[0];
		assert_eq!(tree.tree().subtree(start, len), Some(revealed[0]));
	}
}

/// Opening of a 16-tile K-block in a tensor of 2²⁰ tiles.
fn k_block(tree: &TensorTree, indices: &[u32]) -> usize {
	let opening = tree.open(indices, |_| Some(Box::new([7; TILE_BYTES]))).unwrap();
	let bytes = opening.encode();
	assert_eq!(TilesOpening::decode(&mut &bytes[..]).as_ref(), Ok(&opening));
	assert!(opening.verify(&tree.root(), tree.ty()).is_ok());
	bytes.len()
}

#[test]
fn matmul_openings_should_fit_160_kib_when_operands_have_a_million_tiles() {
	// Square, and a shape where no block is aligned to a subtree.
	for (rows, cols) in [(1024, 1024), (1020, 1028)] {
		let (ty, tiles) = (ty(rows * 32, cols * 32), rows * cols);
		let leaf = |index| tile_hash(&[7; TILE_BYTES], index, tiles).unwrap();
		let tree = TensorTree::from_hashes(ty, (0..tiles).map(leaf).collect()).unwrap();
		let (row, first) = (501, 16 * 31);
		let along: Vec<u32> = (0..16).map(|k| row * cols + first + k).collect();
		let down: Vec<u32> = (0..16).map(|k| (first + k) * cols + row).collect();
		let (along, down) = (k_block(&tree, &along), k_block(&tree, &down));
		let path = tree.prove(tiles / 3).unwrap().encode().len();
		let worst = down.max(along) * 2 + path;
		assert!(worst <= 160 * 1024, "{worst} bytes");
	}
}

#[test]
fn decoding_should_be_refused_when_counts_exceed_their_bounds() {
	let tile = [0u8; 4 + TILE_BYTES];
	let mut bytes = codec::Compact(MAX_TILES + 1).encode();
	bytes.extend(tile.repeat(MAX_TILES as usize + 1));
	bytes.push(0);
	assert!(TilesOpening::decode(&mut &bytes[..]).is_err());
	// A count with nothing behind it must not make room for what it announces.
	assert!(TilesOpening::decode(&mut &codec::Compact(u32::MAX).encode()[..]).is_err());
	assert!(TilesOpening::max_encoded_len() < 200 * 1024);
}

/// Failures are kept beside this file.
fn persistent() -> ProptestConfig {
	let file = FileFailurePersistence::WithSource("regressions");
	ProptestConfig { failure_persistence: Some(Box::new(file)), ..ProptestConfig::default() }
}

proptest! {
	#![proptest_config(persistent())]

	#[test]
	fn opening_should_verify_when_any_tiles_are_opened(
		rows in 1u32..400,
		cols in 1u32..200,
		picks in prop::collection::btree_set(0u32..80, 1..=36),
	) {
		let ty = ty(rows, cols);
		let count = tile_count(&ty).unwrap();
		let picks: Vec<u32> = picks.into_iter().filter(|pick| *pick < count).collect();
		prop_assume!(!picks.is_empty());
		let words = words(&ty);
		let tree = TensorTree::from_words(ty, &words).unwrap();
		prop_assert_eq!(tree.root(), Root::from(blake3::hash(&string(&ty, &words))));
		let opening = tree.open_words(&picks, &words).unwrap();
		let opened = opening.verify(&tree.root(), &ty).unwrap();
		for index in 0..count {
			let expected = picks.contains(&index).then(|| tile_bytes(&ty, &words, index).unwrap());
			prop_assert_eq!(opened.tile(index), expected.as_deref());
		}
	}
}

#[test]
fn tile_hash_should_be_none_when_there_is_no_such_tile() {
	let tile = [7; TILE_BYTES];
	assert!(tile_hash(&tile, 2, 3).is_some());
	assert_eq!([tile_hash(&tile, 3, 3), tile_hash(&tile, 4, 3), tile_hash(&tile, 0, 0)], [None; 3]);
}
