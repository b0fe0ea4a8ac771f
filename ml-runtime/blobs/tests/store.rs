//! The store: what is put in comes out, what is damaged does not.

use std::{fs, path::Path, sync::Arc, thread};

use assay_blobs::*;
use assay_commitment::{shape::Tree, Blake3Tree};
use tempfile::TempDir;

fn store(limits: Limits) -> (TempDir, BlobStore) {
	let folder = TempDir::new().unwrap();
	let store = BlobStore::open(folder.path().join("store"), limits).unwrap();
	(folder, store)
}

fn noise(len: usize) -> Vec<u8> {
	(0..len).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
}

fn files_in(folder: &Path) -> usize {
	fs::read_dir(folder).unwrap().count()
}

#[test]
fn store_should_return_what_was_put_when_opened_again() {
	let (folder, store) = store(Limits::default());
	let data = noise(700_000);
	let key = store.put_bytes(&data).unwrap();
	assert_eq!(key, BlobKey::Bytes(blake3::hash(&data).into()));
	let leaves = vec![[1; 32], [2; 32], [3; 32]];
	let list = store.put_list(ListTag::States, &leaves).unwrap();
	drop(store);

	let store = BlobStore::open(folder.path().join("store"), Limits::default()).unwrap();
	assert_eq!(store.read(&key, u64::MAX).unwrap(), data);
	assert_eq!(store.read_list(ListTag::States, list.root()).unwrap(), leaves);
	assert!(store.read_list(ListTag::Trace, list.root()).is_err(), "the tag is part of the key");
	let expected = [BlobEntry { key, len: 700_000 }, BlobEntry { key: list, len: 96 }];
	assert_eq!(store.ls().unwrap(), expected);
	store.verify(&key).unwrap();
	store.verify(&list).unwrap();
	assert_eq!(fs::read(store.path(&key).unwrap()).unwrap(), data);
	assert!(store.remove(&key).unwrap() && !store.remove(&key).unwrap() && !store.has(&key));
}

#[test]
fn put_file_should_refuse_other_content_when_a_key_is_given() {
	let (folder, store) = store(Limits::default());
	let path = folder.path().join("file");
	fs::write(&path, noise(300_000)).unwrap();
	let key = store.put_file(&path).unwrap();
	assert_eq!(key, bytes_key(&noise(300_000)));
	let wrong = BlobKey::Bytes([7; 32]);
	let refused = store.put_file_as(&wrong, &path);
	assert!(matches!(refused, Err(StoreError::WrongContent { found, .. }) if found == key));
	let wrong = BlobKey::List { tag: ListTag::States, root: [7; 32] };
	assert!(matches!(store.put_file_as(&wrong, &path), Err(StoreError::WrongContent { .. })));
	assert!(!store.has(&wrong));
	assert_eq!(store.ls().unwrap().len(), 1);
	assert_eq!(files_in(&folder.path().join("store/temp")), 0);
}

/// The hashes of four tiles and the key of them; of two pairs of these tiles, and the key of them.
fn tiles_and_pairs() -> [(Vec<Root>, BlobKey); 2] {
	let tiles: Vec<Root> = (0..4u8).map(|tile| *blake3::hash(&[tile]).as_bytes()).collect();
	let tree = Tree::new(Blake3Tree, tiles.clone()).unwrap();
	let pairs: Vec<Root> = [0, 2].map(|start| tree.subtree(start, 2).unwrap()).to_vec();
	[tiles, pairs].map(|hashes| (hashes.clone(), tiles_key(&hashes).unwrap()))
}

#[test]
fn tiles_should_come_out_when_they_are_put_under_their_key() {
	let (folder, store) = store(Limits::default());
	let path = folder.path().join("file");
	for (hashes, key) in tiles_and_pairs() {
		fs::write(&path, hashes.as_flattened()).unwrap();
		store.put_file_as(&key, &path).unwrap();
		assert_eq!(store.read(&key, u64::MAX).unwrap(), hashes.as_flattened());
		store.verify(&key).unwrap();
	}
	assert_eq!(store.ls().unwrap().len(), 2);
}

#[test]
fn tiles_should_be_refused_when_they_are_larger_subtrees_of_the_same_root() {
	let (folder, store) = store(Limits::default());
	let path = folder.path().join("file");
	let [(tiles, key), (pairs, of_pairs)] = tiles_and_pairs();
	assert_eq!(key.root(), of_pairs.root());
	fs::write(&path, pairs.as_flattened()).unwrap();
	let refused = store.put_file_as(&key, &path);
	assert!(matches!(refused, Err(StoreError::NotAList { len: 64 })));
	fs::write(&path, tiles.as_flattened()).unwrap();
	let refused = store.put_file_as(&of_pairs, &path);
	assert!(matches!(refused, Err(StoreError::NotAList { len: 128 })));
	let others = [pairs.clone(), pairs].concat();
	fs::write(&path, others.as_flattened()).unwrap();
	let refused = store.put_file_as(&key, &path);
	assert!(matches!(refused, Err(StoreError::WrongContent { .. })));
	assert_eq!(store.ls().unwrap(), []);
}

#[test]
fn tiles_should_be_moved_aside_when_their_file_has_become_shorter() {
	let (folder, store) = store(Limits::default());
	let path = folder.path().join("file");
	let [(tiles, key), (pairs, _)] = tiles_and_pairs();
	fs::write(&path, tiles.as_flattened()).unwrap();
	store.put_file_as(&key, &path).unwrap();
	fs::write(store.path(&key).unwrap(), pairs.as_flattened()).unwrap();
	assert!(matches!(store.verify(&key), Err(StoreError::Damaged(damaged)) if damaged == key));
	assert!(!store.has(&key));
}

#[test]
fn store_should_refuse_blobs_when_they_are_empty_or_too_large() {
	let limits = Limits { max_blob: 1000, max_list: 64, max_store: 1500 };
	let (_folder, store) = store(limits);
	assert!(matches!(store.put_bytes(&[]), Err(StoreError::Empty)));
	let large = store.put_bytes(&noise(1001));
	assert!(matches!(large, Err(StoreError::TooLarge { len: 1001, max: 1000 })));
	let long = store.put_list(ListTag::Slots, &[[0; 32]; 3]);
	assert!(matches!(long, Err(StoreError::TooLarge { len: 96, max: 64 })));
	let key = store.put_bytes(&noise(1000)).unwrap();
	assert!(matches!(store.put_bytes(&noise(999)), Err(StoreError::Full { used: 1000, .. })));
	assert!(store.put_bytes(&noise(1000)).is_ok(), "what is there needs no room");
	store.remove(&key).unwrap();
	store.put_bytes(&noise(999)).unwrap();
	assert!(store.put_bytes(&noise(501)).is_ok());
}

#[test]
fn verify_should_move_a_blob_aside_when_it_is_damaged() {
	for len in [40, 600_000] {
		for damage in [|data: &mut Vec<u8>| data[20] ^= 1, |data: &mut Vec<u8>| data.truncate(9)] {
			let (folder, store) = store(Limits::default());
			let mut data = noise(len);
			let key = store.put_bytes(&data).unwrap();
			damage(&mut data);
			fs::write(store.path(&key).unwrap(), &data).unwrap();
			assert!(
				matches!(store.verify(&key), Err(StoreError::Damaged(damaged)) if damaged == key)
			);
			assert!(!store.has(&key));
			assert_eq!(files_in(&folder.path().join("store/quarantine")), 1);
			assert!(matches!(store.verify(&key), Err(StoreError::Missing(_))));
			assert_eq!(store.put_bytes(&noise(len)).unwrap(), key);
			store.verify(&key).unwrap();
		}
	}
}

#[test]
fn serve_should_not_send_a_chunk_when_the_blob_is_damaged() {
	let (_folder, store) = store(Limits::default());
	let mut data = noise(600_000);
	let key = store.put_bytes(&data).unwrap();
	data[300_000] ^= 1;
	fs::write(store.path(&key).unwrap(), &data).unwrap();
	let request = |chunk| BlobRequest { key, chunk };
	assert!(matches!(serve(&store, &request(ChunkIndex::At(0))), BlobResponse::Chunk(_)));
	assert_eq!(serve(&store, &request(ChunkIndex::At(3))), BlobResponse::OutOfRange);
	assert_eq!(serve(&store, &request(ChunkIndex::At(1))), BlobResponse::NotFound);
	assert!(!store.has(&key));
}

#[test]
fn serve_should_make_the_tree_anew_when_its_file_is_lost_or_damaged() {
	let (folder, store) = store(Limits::default());
	let key = store.put_bytes(&noise(900_000)).unwrap();
	let tree = folder.path().join("store/trees").join(key.to_string());
	let request = BlobRequest { key, chunk: ChunkIndex::At(2) };
	let expected = serve(&store, &request);
	assert!(matches!(expected, BlobResponse::Chunk(_)));
	let good = fs::read(&tree).unwrap();
	for bad in [None, Some(vec![]), Some(vec![0xff; 40]), Some(good[..65].to_vec())] {
		match bad {
			None => fs::remove_file(&tree).unwrap(),
			Some(bad) => fs::write(&tree, bad).unwrap(),
		}
		let store = BlobStore::open(folder.path().join("store"), Limits::default()).unwrap();
		assert_eq!(serve(&store, &request), expected);
		assert_eq!(fs::read(&tree).unwrap(), good);
	}
}

#[test]
fn put_should_keep_one_whole_blob_when_many_write_it_at_once() {
	let (_folder, store) = store(Limits::default());
	let store = Arc::new(store);
	let data = Arc::new(noise(1_000_000));
	let writers: Vec<_> = (0..8)
		.map(|_| {
			let (store, data) = (store.clone(), data.clone());
			thread::spawn(move || store.put_bytes(&data).unwrap())
		})
		.collect();
	let keys: Vec<_> = writers.into_iter().map(|writer| writer.join().unwrap()).collect();
	assert!(keys.iter().all(|key| *key == keys[0]));
	assert_eq!(store.ls().unwrap().len(), 1);
	store.verify(&keys[0]).unwrap();
}

#[test]
fn ls_should_leave_out_files_that_are_not_blobs() {
	let (folder, store) = store(Limits::default());
	for name in ["README", "..hidden", &"AB".repeat(32), "00-"] {
		fs::write(folder.path().join("store/blobs").join(name), b"x").unwrap();
	}
	assert_eq!(store.ls().unwrap(), []);
}
