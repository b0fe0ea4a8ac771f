//! Data sets: roots are plain BLAKE3 and chunk openings are strict.

use assay_commitment::{ChunksOpening, DataTree, OpeningError, Root, MAX_CHUNKS};
use codec::{Decode, Encode};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

fn data(len: usize) -> Vec<u8> {
	(0..len).map(|i| (i * 31 + i / 251) as u8).collect()
}

#[test]
fn root_should_be_blake3_when_length_varies() {
	let lens = [1, 2, 1023, 1024, 1025, 2047, 2048, 2049, 3072, 5000, 7 * 1024 + 1, 65536, 100_001];
	for len in lens {
		let data = data(len);
		let tree = DataTree::new(&data).unwrap();
		assert_eq!(tree.root(), Root::from(blake3::hash(&data)), "{len}");
		for index in 0..len.div_ceil(1024) as u32 {
			let opening = tree.open(&[index], &data).unwrap();
			let opened = opening.verify(&tree.root(), len as u64).unwrap();
			assert_eq!(opened.chunks(), &opening.chunks[..]);
			let from = index as usize * 1024;
			let to = len.min(from + 1024);
			let mut read = vec![0; to - from];
			opened.read(from as u64, &mut read).unwrap();
			assert_eq!(read, data[from..to]);
			assert_eq!(opened.byte(to as u64), None);
			assert_eq!(opened.read(from as u64, &mut vec![0; to - from + 1]), None);
		}
	}
	assert!(DataTree::new(&[]).is_none());
}

#[test]
fn opening_should_be_refused_when_anything_is_changed() {
	let data = data(5 * 1024 + 100);
	let len = data.len() as u64;
	let tree = DataTree::new(&data).unwrap();
	let root = tree.root();
	let good = tree.open(&[1, 5], &data).unwrap();
	let error = |opening: &ChunksOpening| opening.verify(&root, len).err();
	assert_eq!(error(&good), None);

	let mut byte = good.clone();
	byte.chunks[0].bytes[3] ^= 1;
	assert_eq!(error(&byte), Some(OpeningError::NotInRoot));
	let mut short = good.clone();
	short.chunks[0].bytes.pop();
	assert_eq!(error(&short), Some(OpeningError::BadLength));
	let mut long = good.clone();
	long.chunks[1].bytes.try_push(0).unwrap();
	assert_eq!(error(&long), Some(OpeningError::BadLength));
	let mut moved = good.clone();
	moved.chunks[0].index = 2;
	assert_eq!(error(&moved), Some(OpeningError::NotInRoot));
	let mut beyond = good.clone();
	beyond.chunks[1].index = 6;
	assert_eq!(error(&beyond), Some(OpeningError::OutOfRange));
	let mut twice = good.clone();
	twice.chunks[1] = good.chunks[0].clone();
	assert_eq!(error(&twice), Some(OpeningError::Unsorted));
	let mut sibling = good.clone();
	sibling.siblings[0][0] ^= 1;
	assert_eq!(error(&sibling), Some(OpeningError::NotInRoot));
	let mut surplus = good.clone();
	surplus.siblings.try_push(root).unwrap();
	assert_eq!(error(&surplus), Some(OpeningError::NotInRoot));
	let mut empty = good.clone();
	empty.chunks.clear();
	assert_eq!(error(&empty), Some(OpeningError::Empty));

	assert!(good.verify(&root, len + 1).is_err());
	assert!(good.verify(&root, len - 1).is_err());
	assert!(good.verify(&root, len + 1024).is_err());
	assert_eq!(good.verify(&root, 0).err(), Some(OpeningError::OutOfRange));
	assert_eq!(good.verify(&root, u64::MAX).err(), Some(OpeningError::OutOfRange));
}

#[test]
fn decoding_should_be_refused_when_counts_exceed_their_bounds() {
	let data = data(1024 * 80);
	let tree = DataTree::new(&data).unwrap();
	let most: Vec<u32> = (0..MAX_CHUNKS).collect();
	let opening = tree.open(&most, &data).unwrap();
	assert_eq!(ChunksOpening::decode(&mut &opening.encode()[..]), Ok(opening));
	let more: Vec<u32> = (0..=MAX_CHUNKS).collect();
	assert_eq!(tree.open(&more, &data), None);
	let mut bytes = codec::Compact(1u32).encode();
	bytes.extend(0u32.encode());
	bytes.extend(vec![0u8; 1025].encode());
	bytes.push(0);
	assert!(ChunksOpening::decode(&mut &bytes[..]).is_err());
}

/// Failures are kept beside this file.
fn persistent() -> ProptestConfig {
	let file = FileFailurePersistence::WithSource("regressions");
	ProptestConfig { failure_persistence: Some(Box::new(file)), ..ProptestConfig::default() }
}

proptest! {
	#![proptest_config(persistent())]

	#[test]
	fn opening_should_verify_when_any_chunks_are_opened(
		len in 1usize..60_000,
		picks in prop::collection::btree_set(0u32..60, 1..40),
	) {
		let data = data(len);
		let count = len.div_ceil(1024) as u32;
		let picks: Vec<u32> = picks.into_iter().filter(|pick| *pick < count).collect();
		prop_assume!(!picks.is_empty());
		let tree = DataTree::new(&data).unwrap();
		prop_assert_eq!(tree.root(), Root::from(blake3::hash(&data)));
		let opening = tree.open(&picks, &data).unwrap();
		let opened = opening.verify(&tree.root(), len as u64).unwrap();
		for (at, byte) in data.iter().enumerate() {
			let expected = picks.contains(&(at as u32 / 1024)).then_some(*byte);
			prop_assert_eq!(opened.byte(at as u64), expected);
		}
	}
}
