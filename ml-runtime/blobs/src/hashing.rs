//! From content to keys.

use std::io::{self, Read};

use assay_commitment::{group_hash, list, shape::Tree, Blake3Tree, ListTag, Root};

use crate::{
	chunk::{range_of, CHUNK_BYTES},
	BlobKey,
};

/// Key of a string of bytes.
pub fn bytes_key(bytes: &[u8]) -> BlobKey {
	BlobKey::Bytes(blake3::hash(bytes).into())
}

/// Key of a list.
pub fn list_key(tag: ListTag, leaves: &[Root]) -> BlobKey {
	BlobKey::List { tag, root: list::root(tag, leaves) }
}

/// Key of the hashes of a tensor's tiles, which are the leaves of its BLAKE3 tree; `None` for none or
/// 2³² of them.
pub fn tiles_key(hashes: &[Root]) -> Option<BlobKey> {
	let tree = Tree::new(Blake3Tree, hashes.to_vec())?;
	Some(BlobKey::Tiles { tiles: tree.len(), root: tree.top()? })
}

/// The tree over the chunks of a string.
pub(crate) type ChunkTree = Tree<Blake3Tree>;

/// Reads exactly `len > 0` bytes, hands each chunk to `each`, and returns the tree over them.
pub(crate) fn hash_chunks(
	reader: &mut impl Read,
	len: u64,
	mut each: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<ChunkTree> {
	let mut buffer = vec![0; len.min(CHUNK_BYTES.into()) as usize];
	let mut hashes = Vec::new();
	let mut index = 0;
	while let Some((offset, size)) = range_of(index, len) {
		let bytes = &mut buffer[..size];
		reader.read_exact(bytes)?;
		let hash = group_hash(bytes, offset, len <= CHUNK_BYTES.into());
		hashes.push(hash.ok_or(io::ErrorKind::InvalidInput)?);
		each(bytes)?;
		index = index.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
	}
	Tree::new(Blake3Tree, hashes).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

/// The leaves of a list in their stored form; `None` when the size is no multiple of 32.
pub(crate) fn leaves(bytes: &[u8]) -> Option<Vec<Root>> {
	let chunks = bytes.chunks_exact(32);
	if !chunks.remainder().is_empty() {
		return None;
	}
	chunks.map(|leaf| leaf.try_into().ok()).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn tree_should_have_the_blake3_hash_for_top_when_the_length_varies() {
		let chunk = CHUNK_BYTES as usize;
		for len in [1, 1023, 1025, chunk, chunk + 1, 3 * chunk, 5 * chunk + 77] {
			let data: Vec<u8> = (0..len).map(|i| ((i * 31) >> 3) as u8).collect();
			let tree = hash_chunks(&mut &data[..], len as u64, |_| Ok(())).unwrap();
			assert_eq!(tree.top(), Some(blake3::hash(&data).into()), "len {len}");
		}
	}

	#[test]
	fn hashing_should_fail_when_the_content_is_shorter_than_said() {
		assert!(hash_chunks(&mut &[1u8, 2][..], 3, |_| Ok(())).is_err());
	}
}
