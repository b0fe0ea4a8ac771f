//! The blobs on this disk.

use std::{
	collections::{HashMap, HashSet},
	fs::{self, File},
	io::Read,
	path::{Path, PathBuf},
	sync::{Arc, Mutex, MutexGuard, PoisonError},
	time::Duration,
};

use assay_commitment::{ListTag, Root};
use codec::Encode;

use crate::{
	error::at,
	files::{self, TempFile},
	hashing::{bytes_key, hash_chunks, leaves, list_key, tiles_key, ChunkTree},
	BlobKey, StoreError,
};

/// How large things may get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	/// Bytes of a blob.
	pub max_blob: u64,
	/// Bytes of a list, which is held in memory to be checked.
	pub max_list: u64,
	/// Bytes of all blobs together.
	pub max_store: u64,
}

impl Default for Limits {
	fn default() -> Self {
		Self { max_blob: 4 << 30, max_list: 64 << 20, max_store: 64 << 30 }
	}
}

/// A blob in the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BlobEntry {
	/// Its name.
	pub key: BlobKey,
	/// Its size in bytes.
	pub len: u64,
}

/// A folder of blobs. Several processes may use one folder at the same time; each counts only its own
/// additions against the size of the store until it opens the folder again.
#[derive(Debug)]
pub struct BlobStore {
	pub(crate) root: PathBuf,
	pub(crate) limits: Limits,
	used: Mutex<u64>,
	/// Keys that a [`ChunkAssembler`](crate::ChunkAssembler) works on.
	pub(crate) receiving: Mutex<HashSet<BlobKey>>,
	/// Trees of large blobs that were served lately.
	pub(crate) trees: Mutex<HashMap<Root, Arc<ChunkTree>>>,
}

/// Locks; what these locks guard is valid at any time, so a panic elsewhere does not matter.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
	mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl BlobStore {
	/// Opens a folder, or makes it.
	pub fn open(root: impl Into<PathBuf>, limits: Limits) -> Result<Self, StoreError> {
		let root = root.into();
		for part in ["blobs", "trees", "temp", "partial", "quarantine"] {
			let folder = root.join(part);
			fs::create_dir_all(&folder).map_err(at(&folder))?;
		}
		files::remove_older(&root.join("temp"), Duration::from_secs(24 * 3600))?;
		files::remove_older(&root.join("partial"), Duration::from_secs(7 * 24 * 3600))?;
		let store = Self {
			root,
			limits,
			used: Mutex::default(),
			receiving: Mutex::default(),
			trees: Mutex::default(),
		};
		*lock(&store.used) = store.ls()?.iter().map(|entry| entry.len).sum();
		Ok(store)
	}

	/// The folder of the files that [`path`](Self::path) names.
	pub fn folder(&self) -> PathBuf {
		self.root.join("blobs")
	}

	/// Where a blob lies or would lie.
	pub(crate) fn place(&self, key: &BlobKey) -> PathBuf {
		self.folder().join(key.to_string())
	}

	/// Where the hashes of a large blob's chunks lie.
	pub(crate) fn tree_place(&self, root: &Root) -> PathBuf {
		self.root.join("trees").join(BlobKey::Bytes(*root).to_string())
	}

	/// The largest blob of this kind.
	pub(crate) fn max_len(&self, key: &BlobKey) -> u64 {
		match key {
			BlobKey::Bytes(_) => self.limits.max_blob,
			BlobKey::List { .. } | BlobKey::Tiles { .. } => {
				self.limits.max_list.min(self.limits.max_blob)
			},
		}
	}

	/// Refuses sizes that a blob may not have.
	pub(crate) fn check_len(&self, key: &BlobKey, len: u64) -> Result<(), StoreError> {
		let max = self.max_len(key);
		let fits = match key {
			BlobKey::Bytes(_) => true,
			BlobKey::List { .. } => len.is_multiple_of(32),
			BlobKey::Tiles { tiles, .. } => len == 32 * u64::from(*tiles),
		};
		match len {
			0 => Err(StoreError::Empty),
			_ if len > max => Err(StoreError::TooLarge { len, max }),
			_ if !fits => Err(StoreError::NotAList { len }),
			_ => Ok(()),
		}
	}

	/// Sets room for a blob aside.
	pub(crate) fn reserve(&self, len: u64) -> Result<Reserved<'_>, StoreError> {
		let max = self.limits.max_store;
		let mut used = lock(&self.used);
		match used.checked_add(len).filter(|sum| *sum <= max) {
			Some(sum) => {
				*used = sum;
				Ok(Reserved { store: self, len })
			},
			None => Err(StoreError::Full { len, used: *used, max }),
		}
	}

	/// Gives room back.
	pub(crate) fn release(&self, len: u64) {
		let mut used = lock(&self.used);
		*used = used.saturating_sub(len);
	}

	/// Puts a string of bytes.
	pub fn put_bytes(&self, bytes: &[u8]) -> Result<BlobKey, StoreError> {
		let key = bytes_key(bytes);
		self.put_reader(&key, &mut &*bytes, bytes.len() as u64)?;
		Ok(key)
	}

	/// Puts a list.
	pub fn put_list(&self, tag: ListTag, leaves: &[Root]) -> Result<BlobKey, StoreError> {
		let key = list_key(tag, leaves);
		let bytes = leaves.as_flattened();
		self.put_reader(&key, &mut &*bytes, bytes.len() as u64)?;
		Ok(key)
	}

	/// Copies a file into the store, as a string of bytes.
	pub fn put_file(&self, path: &Path) -> Result<BlobKey, StoreError> {
		let mut file = File::open(path).map_err(at(path))?;
		let len = file.metadata().map_err(at(path))?.len();
		self.check_len(&BlobKey::Bytes([0; 32]), len)?;
		let top = hash_chunks(&mut file, len, |_| Ok(())).map_err(at(path))?.top();
		let key = BlobKey::Bytes(top.unwrap_or_default());
		self.put_file_as(&key, path)?;
		Ok(key)
	}

	/// Copies a file into the store if its content is what the key says.
	pub fn put_file_as(&self, key: &BlobKey, path: &Path) -> Result<(), StoreError> {
		let mut file = File::open(path).map_err(at(path))?;
		let len = file.metadata().map_err(at(path))?.len();
		match self.has(key) {
			true => self.check_content(key, &mut file, len, |_| Ok(())).map(drop),
			false => self.put_reader(key, &mut file, len),
		}
	}

	fn put_reader(
		&self,
		key: &BlobKey,
		reader: &mut impl Read,
		len: u64,
	) -> Result<(), StoreError> {
		self.check_len(key, len)?;
		if self.has(key) {
			return Ok(());
		}
		let room = self.reserve(len)?;
		let mut temp = TempFile::create(&self.root.join("temp"))?;
		let place = self.place(key);
		let content = self.check_content(key, reader, len, |bytes| temp.write(bytes))?;
		self.keep_tree(key, content)?;
		temp.keep(&place)?;
		room.keep();
		Ok(())
	}

	/// Reads `len` bytes and compares them with the key, handing them to `each` on the way. Returns the
	/// tree of a string.
	pub(crate) fn check_content(
		&self,
		key: &BlobKey,
		reader: &mut impl Read,
		len: u64,
		mut each: impl FnMut(&[u8]) -> std::io::Result<()>,
	) -> Result<Option<ChunkTree>, StoreError> {
		self.check_len(key, len)?;
		let place = self.place(key);
		let (found, tree) = match key {
			BlobKey::Bytes(_) => {
				let tree = hash_chunks(reader, len, each).map_err(at(&place))?;
				(BlobKey::Bytes(tree.top().unwrap_or_default()), Some(tree))
			},
			BlobKey::List { .. } | BlobKey::Tiles { .. } => {
				let mut bytes = vec![0; len as usize];
				reader.read_exact(&mut bytes).and_then(|()| each(&bytes)).map_err(at(&place))?;
				let leaves = leaves(&bytes).ok_or(StoreError::NotAList { len })?;
				let found = match key {
					BlobKey::List { tag, .. } => list_key(*tag, &leaves),
					_ => tiles_key(&leaves).ok_or(StoreError::NotAList { len })?,
				};
				(found, None)
			},
		};
		if found != *key {
			return Err(StoreError::WrongContent { expected: *key, found });
		}
		Ok(tree)
	}

	/// Keeps the tree of a large blob, so that serving a chunk does not hash the others.
	pub(crate) fn keep_tree(
		&self,
		key: &BlobKey,
		tree: Option<ChunkTree>,
	) -> Result<(), StoreError> {
		let Some(tree) = tree.filter(|tree| tree.len() > 1) else { return Ok(()) };
		let mut temp = TempFile::create(&self.root.join("temp"))?;
		let place = self.tree_place(key.root());
		temp.write(&tree.values().encode()).map_err(at(&place))?;
		temp.keep(&place)
	}

	/// Whether the blob is here.
	pub fn has(&self, key: &BlobKey) -> bool {
		self.place(key).is_file()
	}

	/// The file that holds the blob, if it is here. It must not be written to.
	pub fn path(&self, key: &BlobKey) -> Option<PathBuf> {
		let place = self.place(key);
		place.is_file().then_some(place)
	}

	/// Size of the blob, if it is here.
	pub fn size(&self, key: &BlobKey) -> Option<u64> {
		fs::metadata(self.place(key)).ok().map(|data| data.len())
	}

	/// The blob's file and its size.
	pub(crate) fn open_blob(&self, key: &BlobKey) -> Result<(File, u64), StoreError> {
		let place = self.place(key);
		let file = File::open(&place).map_err(|error| match error.kind() {
			std::io::ErrorKind::NotFound => StoreError::Missing(*key),
			_ => at(&place)(error),
		})?;
		let len = file.metadata().map_err(at(&place))?.len();
		Ok((file, len))
	}

	/// The content of a blob of at most `max` bytes, checked.
	pub fn read(&self, key: &BlobKey, max: u64) -> Result<Vec<u8>, StoreError> {
		let (mut file, len) = self.open_blob(key)?;
		if len > max {
			return Err(StoreError::TooLarge { len, max });
		}
		let mut content = Vec::new();
		let checked = self.check_content(key, &mut file, len, |bytes| {
			content.extend_from_slice(bytes);
			Ok(())
		});
		self.quarantine_if_damaged(key, checked)?;
		Ok(content)
	}

	/// The leaves of a list, checked.
	pub fn read_list(&self, tag: ListTag, root: &Root) -> Result<Vec<Root>, StoreError> {
		let bytes = self.read(&BlobKey::List { tag, root: *root }, self.limits.max_list)?;
		leaves(&bytes).ok_or(StoreError::NotAList { len: bytes.len() as u64 })
	}

	/// Reads the whole blob and compares it with its key. A damaged one is moved aside.
	pub fn verify(&self, key: &BlobKey) -> Result<(), StoreError> {
		let (mut file, len) = self.open_blob(key)?;
		let checked = self.check_content(key, &mut file, len, |_| Ok(()));
		self.quarantine_if_damaged(key, checked).map(drop)
	}

	/// Moves the blob aside when a check says that it is damaged.
	pub(crate) fn quarantine_if_damaged<T>(
		&self,
		key: &BlobKey,
		checked: Result<T, StoreError>,
	) -> Result<T, StoreError> {
		match checked {
			Err(
				StoreError::WrongContent { .. }
				| StoreError::Empty
				| StoreError::TooLarge { .. }
				| StoreError::NotAList { .. },
			) => Err(self.quarantine(key)),
			checked => checked,
		}
	}

	/// Moves a damaged blob aside; at most one per key is kept there.
	pub(crate) fn quarantine(&self, key: &BlobKey) -> StoreError {
		log::warn!("blob {key} is damaged and is moved aside");
		self.release(self.size(key).unwrap_or_default());
		self.forget_tree(key);
		let aside = self.root.join("quarantine").join(key.to_string());
		match fs::rename(self.place(key), aside) {
			Ok(()) => StoreError::Damaged(*key),
			Err(error) => at(&self.place(key))(error),
		}
	}

	/// Removes a blob; says whether it was here.
	pub fn remove(&self, key: &BlobKey) -> Result<bool, StoreError> {
		let Some(len) = self.size(key) else { return Ok(false) };
		self.forget_tree(key);
		files::remove(&self.place(key))?;
		self.release(len);
		Ok(true)
	}

	fn forget_tree(&self, key: &BlobKey) {
		if let BlobKey::Bytes(root) = key {
			lock(&self.trees).remove(root);
			let _ = files::remove(&self.tree_place(root));
		}
	}

	/// The blobs that are here, in order of key. Files with other names are not the store's and left out.
	pub fn ls(&self) -> Result<Vec<BlobEntry>, StoreError> {
		let folder = self.root.join("blobs");
		let mut entries = Vec::new();
		for entry in fs::read_dir(&folder).map_err(at(&folder))? {
			let entry = entry.map_err(at(&folder))?;
			let Some(Ok(key)) = entry.file_name().to_str().map(str::parse) else { continue };
			// It may have been removed since.
			let Ok(data) = entry.metadata() else { continue };
			entries.push(BlobEntry { key, len: data.len() });
		}
		entries.sort_unstable();
		Ok(entries)
	}
}

/// Room in the store, given back unless it is kept.
pub(crate) struct Reserved<'a> {
	store: &'a BlobStore,
	len: u64,
}

impl Reserved<'_> {
	/// The blob is in place.
	pub(crate) fn keep(mut self) {
		self.len = 0;
	}
}

impl Drop for Reserved<'_> {
	fn drop(&mut self) {
		self.store.release(self.len);
	}
}
