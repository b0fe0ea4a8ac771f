//! Files that appear complete or not at all.

use std::{
	fs::{self, File, OpenOptions},
	io::{self, Write},
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
	time::{Duration, SystemTime},
};

use crate::{error::at, StoreError};

/// A file under a temporary name, removed unless it is kept.
pub(crate) struct TempFile {
	path: PathBuf,
	file: File,
	kept: bool,
}

impl TempFile {
	/// Creates an empty file with a name that nobody else uses.
	pub(crate) fn create(folder: &Path) -> Result<Self, StoreError> {
		static NEXT: AtomicU64 = AtomicU64::new(0);
		loop {
			let next = NEXT.fetch_add(1, Ordering::Relaxed);
			let path = folder.join(format!("{}-{next}", std::process::id()));
			match OpenOptions::new().write(true).create_new(true).open(&path) {
				Ok(file) => return Ok(Self { path, file, kept: false }),
				// Left by an earlier process of the same id.
				Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {},
				Err(error) => return Err(at(&path)(error)),
			}
		}
	}

	/// Appends to the file.
	pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
		self.file.write_all(bytes)
	}

	/// Gives the file its name, once it is on disk.
	pub(crate) fn keep(mut self, name: &Path) -> Result<(), StoreError> {
		self.file.sync_all().map_err(at(&self.path))?;
		publish(&self.path, name)?;
		self.kept = true;
		Ok(())
	}
}

impl Drop for TempFile {
	fn drop(&mut self) {
		if !self.kept {
			let _ = fs::remove_file(&self.path);
		}
	}
}

/// Renames a file that is on disk, so that the new name is on disk too.
pub(crate) fn publish(from: &Path, to: &Path) -> Result<(), StoreError> {
	fs::rename(from, to).map_err(at(to))?;
	if let Some(folder) = to.parent() {
		File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
	}
	Ok(())
}

/// Removes a file; that there is none is fine.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
	match fs::remove_file(path) {
		Err(error) if error.kind() != io::ErrorKind::NotFound => Err(at(path)(error)),
		_ => Ok(()),
	}
}

/// Removes the files in a folder that nobody touched for a while.
pub(crate) fn remove_older(folder: &Path, age: Duration) -> Result<(), StoreError> {
	let Some(limit) = SystemTime::now().checked_sub(age) else { return Ok(()) };
	for entry in fs::read_dir(folder).map_err(at(folder))? {
		let entry = entry.map_err(at(folder))?;
		let touched = entry.metadata().and_then(|data| data.modified());
		if touched.is_ok_and(|touched| touched < limit) {
			remove(&entry.path())?;
		}
	}
	Ok(())
}
