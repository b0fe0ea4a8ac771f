//! Results that appear complete or not at all.

use std::{
	fs::{self, File},
	path::{Path, PathBuf},
};

use super::fault::Fault;

/// The folder that a path lies in.
fn parent(path: &Path) -> &Path {
	match path.parent() {
		Some(parent) if !parent.as_os_str().is_empty() => parent,
		_ => Path::new("."),
	}
}

/// A name beside `path` that only this process uses.
fn beside(path: &Path) -> PathBuf {
	let name = path.file_name().unwrap_or_default().to_string_lossy();
	parent(path).join(format!(".{name}.partial-{}", std::process::id()))
}

/// Writes a file under a temporary name and renames it. Folders on the way are made.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), Fault> {
	write_through(path, |temporary| fs::write(temporary, bytes).map_err(Fault::unwritable(path)))
}

/// The same, where `write` makes the file.
pub(crate) fn write_through(
	path: &Path,
	write: impl FnOnce(&Path) -> Result<(), Fault>,
) -> Result<(), Fault> {
	fs::create_dir_all(parent(path)).map_err(Fault::unwritable(path))?;
	let temporary = beside(path);
	let flush = || File::open(&temporary)?.sync_all();
	let rename = || flush().and_then(|()| fs::rename(&temporary, path));
	let written = write(&temporary).and_then(|()| rename().map_err(Fault::unwritable(path)));
	written.inspect_err(|_| {
		let _ = fs::remove_file(&temporary);
	})
}

/// Refuses to write to a file that is read.
pub(crate) fn distinct(result: &Path, inputs: &[&Path]) -> Result<(), Fault> {
	let whole = |path: &Path| fs::canonicalize(path).ok();
	let is_read = whole(result).is_some_and(|result| {
		inputs.iter().any(|input| whole(input).is_some_and(|input| input == result))
	});
	match is_read {
		true => Err(Fault::OwnInput { path: result.display().to_string() }),
		false => Ok(()),
	}
}

/// A folder in the making, removed unless it is finished.
pub(crate) struct NewFolder {
	target: PathBuf,
	temporary: PathBuf,
	finished: bool,
}

impl NewFolder {
	/// Refuses a target that holds something.
	pub(crate) fn check(target: &Path) -> Result<(), Fault> {
		let free = match fs::read_dir(target) {
			Ok(mut entries) => entries.next().is_none(),
			// Not a folder: free if there is nothing at all.
			Err(_) => target.symlink_metadata().is_err(),
		};
		free.then_some(()).ok_or_else(|| Fault::Exists { path: target.display().to_string() })
	}

	/// Starts a folder that will be `target`.
	pub(crate) fn create(target: &Path) -> Result<Self, Fault> {
		Self::check(target)?;
		// `out/.` and `out/` are `out`.
		let target: PathBuf = target.components().collect();
		let temporary = beside(&target);
		fs::create_dir_all(&temporary).map_err(Fault::unwritable(&target))?;
		Ok(Self { target, temporary, finished: false })
	}

	/// Adds a file.
	pub(crate) fn add(&self, name: impl AsRef<Path>, bytes: &[u8]) -> Result<(), Fault> {
		write_file(&self.temporary.join(name), bytes)
	}

	/// Gives the folder its name.
	pub(crate) fn finish(mut self) -> Result<(), Fault> {
		fs::rename(&self.temporary, &self.target).map_err(Fault::unwritable(&self.target))?;
		self.finished = true;
		Ok(())
	}
}

impl Drop for NewFolder {
	fn drop(&mut self) {
		if !self.finished {
			let _ = fs::remove_dir_all(&self.temporary);
		}
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn folder_should_leave_nothing_when_it_is_not_finished() {
		let desk = tempfile::tempdir().unwrap();
		let folder = NewFolder::create(&desk.path().join("out")).unwrap();
		folder.add("blobs/one", b"1").unwrap();
		assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 1);
		drop(folder);
		assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 0);
	}

	#[test]
	fn folder_should_hold_its_files_when_finished_over_an_empty_one() {
		let desk = tempfile::tempdir().unwrap();
		let target = desk.path().join("out");
		fs::create_dir(&target).unwrap();
		let folder = NewFolder::create(&target).unwrap();
		folder.add("blobs/one", b"1").unwrap();
		folder.finish().unwrap();
		assert_eq!(fs::read(target.join("blobs/one")).unwrap(), b"1");
		assert_eq!(fs::read_dir(desk.path()).unwrap().count(), 1);
		assert!(NewFolder::create(&target).is_err());
	}
}
