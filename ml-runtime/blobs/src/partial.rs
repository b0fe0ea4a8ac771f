//! A blob that is being received: its content so far, and which chunks that is.

use std::{
	fs::{self, File, OpenOptions},
	io::{Read, Seek, SeekFrom, Write},
	path::PathBuf,
};

use crate::{
	chunk::{chunks_of, range_of},
	error::at,
	files, BlobKey, BlobStore, StoreError,
};

/// Bytes before the marks of the chunks: the blob's length.
const HEADER: usize = 8;

/// Two files: the content, with holes, and the length followed by a byte per chunk, 1 where it is there.
#[derive(Debug)]
pub(crate) struct Partial {
	place: PathBuf,
	marks_place: PathBuf,
	content: File,
	marks_file: File,
	pub(crate) len: u64,
	marks: Vec<u8>,
	missing: u32,
}

fn places(store: &BlobStore, key: &BlobKey) -> (PathBuf, PathBuf) {
	let folder = store.root.join("partial");
	(folder.join(key.to_string()), folder.join(format!("{key}.have")))
}

/// Throws away what was received of a blob.
pub(crate) fn discard(store: &BlobStore, key: &BlobKey) -> Result<(), StoreError> {
	let (place, marks_place) = places(store, key);
	files::remove(&marks_place)?;
	files::remove(&place)
}

impl Partial {
	/// Begins a blob of a length that was checked.
	pub(crate) fn create(store: &BlobStore, key: &BlobKey, len: u64) -> Result<Self, StoreError> {
		let (place, marks_place) = places(store, key);
		discard(store, key)?;
		let chunks = chunks_of(len).ok_or(StoreError::Empty)?;
		let mut options = OpenOptions::new();
		let options = options.read(true).write(true).create_new(true);
		let content = options.open(&place).map_err(at(&place))?;
		content.set_len(len).map_err(at(&place))?;
		let mut marks_file = options.open(&marks_place).map_err(at(&marks_place))?;
		let marks = vec![0; chunks as usize];
		marks_file.write_all(&len.to_le_bytes()).map_err(at(&marks_place))?;
		marks_file.write_all(&marks).map_err(at(&marks_place))?;
		Ok(Self { place, marks_place, content, marks_file, len, marks, missing: chunks })
	}

	/// Goes on with what an earlier process received; `None` when there is nothing usable.
	pub(crate) fn resume(store: &BlobStore, key: &BlobKey) -> Option<Self> {
		let (place, marks_place) = places(store, key);
		let mut options = OpenOptions::new();
		let options = options.read(true).write(true);
		let content = options.open(&place).ok()?;
		let mut marks_file = options.open(&marks_place).ok()?;
		let size = marks_file.metadata().ok()?.len();
		let chunks = chunks_of(store.max_len(key))?;
		if size > u64::from(chunks) + HEADER as u64 {
			return None;
		}
		let mut header = [0; HEADER];
		marks_file.read_exact(&mut header).ok()?;
		let mut marks = Vec::new();
		marks_file.read_to_end(&mut marks).ok()?;
		let len = u64::from_le_bytes(header);
		store.check_len(key, len).ok()?;
		let fits = content.metadata().ok()?.len() == len && chunks_of(len)? as usize == marks.len();
		let missing = marks.iter().filter(|mark| **mark == 0).count();
		let missing = u32::try_from(missing).ok().filter(|_| fits)?;
		Some(Self { place, marks_place, content, marks_file, len, marks, missing })
	}

	/// Writes a chunk, then marks it. False when it was there.
	pub(crate) fn write(&mut self, index: u32, bytes: &[u8]) -> Result<bool, StoreError> {
		let Some((offset, _)) = range_of(index, self.len) else { return Ok(false) };
		let Some(mark @ 0) = self.marks.get_mut(index as usize) else { return Ok(false) };
		self.content
			.seek(SeekFrom::Start(offset))
			.and_then(|_| self.content.write_all(bytes))
			.map_err(at(&self.place))?;
		self.marks_file
			.seek(SeekFrom::Start(HEADER as u64 + u64::from(index)))
			.and_then(|_| self.marks_file.write_all(&[1]))
			.map_err(at(&self.marks_place))?;
		*mark = 1;
		self.missing -= 1;
		Ok(true)
	}

	/// How many chunks there are.
	pub(crate) fn chunks(&self) -> u32 {
		self.marks.len() as u32
	}

	/// How many chunks are not there yet.
	pub(crate) fn missing(&self) -> u32 {
		self.missing
	}

	/// The first chunks that are not there yet.
	pub(crate) fn wanted(&self, most: usize) -> impl Iterator<Item = u32> + '_ {
		let missing = (0..).zip(&self.marks).filter(|(_, mark)| **mark == 0);
		missing.map(|(index, _)| index).take(most)
	}

	/// Reads everything again, compares it with the key, and moves it to where blobs lie.
	pub(crate) fn finish(mut self, store: &BlobStore, key: &BlobKey) -> Result<(), StoreError> {
		self.content.sync_all().and_then(|()| self.content.rewind()).map_err(at(&self.place))?;
		let tree = store.check_content(key, &mut self.content, self.len, |_| Ok(()))?;
		store.keep_tree(key, tree)?;
		files::publish(&self.place, &store.place(key))?;
		let _ = fs::remove_file(&self.marks_place);
		Ok(())
	}
}
