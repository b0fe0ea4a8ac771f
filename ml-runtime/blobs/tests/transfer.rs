//! Transfer: an honest peer's blob arrives, a liar's does not.

use std::{fs, sync::Arc};

use assay_blobs::*;
use codec::{Compact, Decode, DecodeAll, Encode, MaxEncodedLen};
use proptest::prelude::*;
use tempfile::TempDir;

const CHUNK: usize = CHUNK_BYTES as usize;

fn store(limits: Limits) -> (TempDir, Arc<BlobStore>) {
	let folder = TempDir::new().unwrap();
	let store = Arc::new(BlobStore::open(folder.path(), limits).unwrap());
	(folder, store)
}

fn noise(len: usize) -> Vec<u8> {
	(0..len).map(|i| (i.wrapping_mul(2_654_435_761) >> 11) as u8).collect()
}

/// What the peer answers, over the wire.
fn ask(peer: &BlobStore, key: BlobKey, chunk: ChunkIndex) -> ChunkResponse {
	let request = BlobRequest { key, chunk }.encode();
	let request = BlobRequest::decode_all(&mut &request[..]).unwrap();
	let response = serve(peer, &request).encode();
	assert!(response.len() <= BlobResponse::max_encoded_len());
	match BlobResponse::decode_all(&mut &response[..]).unwrap() {
		BlobResponse::Chunk(chunk) => chunk,
		other => panic!("{other:?}"),
	}
}

fn fetch_all(assembler: &mut ChunkAssembler, peer: &BlobStore) {
	while let Some(chunk) = assembler.wanted(1).pop() {
		let answer = ask(peer, *assembler.key(), chunk);
		assert!(assembler.accept(chunk, &answer).unwrap());
	}
}

#[test]
fn blob_should_arrive_when_its_length_is_at_a_border() {
	let (_a, peer) = store(Limits::default());
	for len in [1, 1024, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 5 * CHUNK + 3, 8 * CHUNK] {
		let key = peer.put_bytes(&noise(len)).unwrap();
		let (_b, mine) = store(Limits::default());
		let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
		assert_eq!(assembler.wanted(9), [ChunkIndex::Last]);
		fetch_all(&mut assembler, &peer);
		let path = assembler.finish().unwrap();
		assert_eq!(fs::read(path).unwrap(), noise(len));
		mine.verify(&key).unwrap();
	}
}

#[test]
fn chunks_should_be_accepted_in_any_order_once_the_length_is_proven() {
	let (_a, peer) = store(Limits::default());
	let key = peer.put_bytes(&noise(4 * CHUNK)).unwrap();
	let (_b, mine) = store(Limits::default());
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	let early = assembler.accept(ChunkIndex::At(0), &ask(&peer, key, ChunkIndex::At(0)));
	assert!(matches!(early, Err(ChunkError::LengthUnknown)));
	for (index, new) in [(3, true), (1, true), (1, false), (3, false), (0, true), (2, true)] {
		let asked = if index == 3 { ChunkIndex::Last } else { ChunkIndex::At(index) };
		assert_eq!(assembler.accept(asked, &ask(&peer, key, asked)).unwrap(), new);
	}
	assert_eq!(assembler.progress(), (4, Some(4)));
	assert!(assembler.is_complete());
	assembler.finish().unwrap();
}

#[test]
fn list_should_arrive_whole_or_not_at_all() {
	let (_a, peer) = store(Limits::default());
	let leaves: Vec<Root> = (0..20_000u32).map(|i| *blake3::hash(&i.encode()).as_bytes()).collect();
	let key = peer.put_list(ListTag::States, &leaves).unwrap();
	let (folder, mine) = store(Limits::default());
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	fetch_all(&mut assembler, &peer);
	assembler.finish().unwrap();
	assert_eq!(mine.read_list(ListTag::States, key.root()).unwrap(), leaves);

	mine.remove(&key).unwrap();
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	while let Some(chunk) = assembler.wanted(1).pop() {
		let mut answer = ask(&peer, key, chunk);
		answer.bytes[5] ^= 1;
		assembler.accept(chunk, &answer).unwrap();
	}
	assert!(matches!(assembler.finish(), Err(StoreError::WrongContent { .. })));
	assert!(!mine.has(&key));
	assert_eq!(fs::read_dir(folder.path().join("partial")).unwrap().count(), 0);
}

#[test]
fn length_should_not_be_believed_when_the_last_chunk_does_not_prove_it() {
	let (_a, peer) = store(Limits::default());
	let key = peer.put_bytes(&noise(5 * CHUNK + 100)).unwrap();
	let (_b, mine) = store(Limits::default());
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	// Chunk 0 has the same path in every tree of five to eight chunks; it must not prove a length.
	let first = ask(&peer, key, ChunkIndex::At(0));
	for total_len in [1, 7 * CHUNK as u64, CHUNK as u64, 5 * CHUNK as u64] {
		let lie = ChunkResponse { total_len, ..first.clone() };
		assert!(matches!(assembler.accept(ChunkIndex::Last, &lie), Err(ChunkError::Unproven)));
	}
	let last = ask(&peer, key, ChunkIndex::Last);
	for total_len in [5 * CHUNK as u64 + 99, 6 * CHUNK as u64, 9 * CHUNK as u64 + 100] {
		let lie = ChunkResponse { total_len, ..last.clone() };
		assert!(matches!(assembler.accept(ChunkIndex::Last, &lie), Err(ChunkError::Unproven)));
	}
	assert!(assembler.accept(ChunkIndex::Last, &last).unwrap());
	let lie = ChunkResponse { total_len: 8 * CHUNK as u64, ..first };
	let refused = assembler.accept(ChunkIndex::At(0), &lie).unwrap_err();
	assert!(matches!(refused, ChunkError::OtherLength { .. }) && refused.is_peers_fault());
}

#[test]
fn nothing_should_be_written_when_the_blob_is_too_large_or_the_store_full() {
	let limits = Limits { max_blob: 3 * CHUNK as u64, max_list: 64, max_store: CHUNK as u64 };
	let (_a, peer) = store(Limits::default());
	let (folder, mine) = store(limits);
	let large = peer.put_bytes(&noise(4 * CHUNK)).unwrap();
	let medium = peer.put_bytes(&noise(2 * CHUNK)).unwrap();
	let list = peer.put_list(ListTag::Trace, &[[1; 32]; 3]).unwrap();
	for key in [large, list] {
		let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
		let refused = assembler.accept(ChunkIndex::Last, &ask(&peer, key, ChunkIndex::Last));
		assert!(matches!(refused, Err(ChunkError::Length(StoreError::TooLarge { .. }))));
	}
	let mut assembler = ChunkAssembler::begin(&mine, medium).unwrap();
	let refused = assembler.accept(ChunkIndex::Last, &ask(&peer, medium, ChunkIndex::Last));
	assert!(matches!(refused, Err(ChunkError::Store(StoreError::Full { .. }))));
	assert_eq!(fs::read_dir(folder.path().join("partial")).unwrap().count(), 0);
	drop(assembler);
	assert!(mine.put_bytes(&noise(CHUNK)).is_ok(), "no room stays reserved");
}

#[test]
fn download_should_go_on_when_it_was_interrupted() {
	let (_a, peer) = store(Limits::default());
	let key = peer.put_bytes(&noise(5 * CHUNK)).unwrap();
	let (folder, mine) = store(Limits::default());
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	assert!(matches!(ChunkAssembler::begin(&mine, key), Err(StoreError::Busy(_))));
	for chunk in [ChunkIndex::Last, ChunkIndex::At(1)] {
		assembler.accept(chunk, &ask(&peer, key, chunk)).unwrap();
	}
	drop((assembler, mine));

	let mine = Arc::new(BlobStore::open(folder.path(), Limits::default()).unwrap());
	let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
	assert_eq!(assembler.wanted(9), [0, 2, 3].map(ChunkIndex::At));
	fetch_all(&mut assembler, &peer);
	assembler.finish().unwrap();
	mine.verify(&key).unwrap();
	assert_eq!(fs::read_dir(folder.path().join("partial")).unwrap().count(), 0);
}

#[test]
fn download_should_start_anew_when_what_was_received_is_damaged() {
	let (_a, peer) = store(Limits::default());
	let key = peer.put_bytes(&noise(3 * CHUNK)).unwrap();
	let (folder, mine) = store(Limits::default());
	let content = folder.path().join("partial").join(key.to_string());
	let marks = folder.path().join("partial").join(format!("{key}.have"));
	let begin = |mine: &Arc<BlobStore>| ChunkAssembler::begin(mine, key).unwrap();
	let receive_one = || {
		let last = ask(&peer, key, ChunkIndex::Last);
		begin(&mine).accept(ChunkIndex::Last, &last).unwrap();
	};
	// Content damaged: noticed at the end, everything thrown away.
	receive_one();
	let mut bytes = fs::read(&content).unwrap();
	bytes[2 * CHUNK + 7] ^= 1;
	fs::write(&content, bytes).unwrap();
	let mut assembler = begin(&mine);
	fetch_all(&mut assembler, &peer);
	assert!(matches!(assembler.finish(), Err(StoreError::WrongContent { .. })));
	assert!(!mine.has(&key) && !content.exists());
	// Marks damaged: nothing is resumed.
	for bad in [vec![], vec![0xff; 8], vec![1; 11], vec![0; 4096]] {
		receive_one();
		fs::write(&marks, bad).unwrap();
		assert_eq!(begin(&mine).wanted(9), [ChunkIndex::Last]);
	}
	let mut assembler = begin(&mine);
	fetch_all(&mut assembler, &peer);
	assembler.finish().unwrap();
}

#[test]
fn finish_should_fail_when_chunks_are_missing() {
	let (_a, mine) = store(Limits::default());
	let key = BlobKey::Bytes([1; 32]);
	let finished = ChunkAssembler::begin(&mine, key).unwrap().finish();
	assert!(matches!(finished, Err(StoreError::Missing(_))));
}

#[test]
fn response_should_be_refused_when_its_lengths_are_lies() {
	let bomb = (0u8, 5u64, Compact(u32::MAX)).encode();
	assert!(BlobResponse::decode(&mut &bomb[..]).is_err());
	let mut large = (0u8, 5u64, Compact(CHUNK_BYTES + 1)).encode();
	large.resize(CHUNK + 100, 0);
	assert!(BlobResponse::decode(&mut &large[..]).is_err());
	let siblings = (0u8, 5u64, vec![1u8], vec![[0u8; 32]; 33]).encode();
	assert!(BlobResponse::decode(&mut &siblings[..]).is_err());
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(64))]

	#[test]
	fn chunk_should_be_refused_when_anything_is_changed(
		len in 1..4 * CHUNK, at: prop::sample::Index, bit in 0u8..8, what in 0..5u8, pick: prop::sample::Index,
	) {
		let (_a, peer) = store(Limits::default());
		let (_b, mine) = store(Limits::default());
		let key = peer.put_bytes(&noise(len)).unwrap();
		let mut assembler = ChunkAssembler::begin(&mine, key).unwrap();
		let chunks = len.div_ceil(CHUNK);
		let index = pick.index(chunks) as u32;
		let last = ask(&peer, key, ChunkIndex::Last);
		if index as usize + 1 < chunks {
			assembler.accept(ChunkIndex::Last, &last).unwrap();
		}
		let asked = if index as usize + 1 < chunks { ChunkIndex::At(index) } else { ChunkIndex::Last };
		let honest = ask(&peer, key, asked);
		let mut lie = honest.clone();
		match what {
			0 => { let at = at.index(lie.bytes.len()); lie.bytes[at] ^= 1 << bit; },
			1 => lie.bytes.truncate(at.index(honest.bytes.len())),
			2 if !lie.siblings.is_empty() => {
				let at = at.index(lie.siblings.len());
				lie.siblings[at][usize::from(bit)] ^= 1;
			},
			3 => lie.siblings.try_push([bit; 32]).unwrap(),
			_ => lie.total_len ^= 1 << bit,
		}
		prop_assert!(assembler.accept(asked, &lie).is_err());
		prop_assert!(assembler.accept(asked, &honest).unwrap());
	}

	#[test]
	fn key_should_only_parse_from_its_own_text(text in "[0-9a-fA-F./-]{0,70}") {
		if let Ok(key) = text.parse::<BlobKey>() {
			prop_assert_eq!(key.to_string(), text);
		}
	}
}
