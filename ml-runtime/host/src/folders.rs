//! Folders that workers keep their checkpoints in, one per task.

use std::{
	collections::HashSet,
	fs::{self, File},
	io,
	path::PathBuf,
	time::SystemTime,
};

use assay_blobs::bytes_key;
use assay_worker_protocol::TaskContext;
use codec::Encode;

/// Touched whenever the folder is used.
const MARK: &str = ".used";

/// Name of a task's folder: the hash of everything that decides the task's result but its length, since
/// a claim may be about its first steps only.
pub(crate) type FolderName = String;

/// The name of this task's folder.
pub(crate) fn name_of(context: &TaskContext) -> FolderName {
	let any_length = TaskContext { steps: 0, ..context.clone() };
	bytes_key(&any_length.encode()).to_string()
}

/// Makes the folder, or marks it as used, and removes the longest unused of the others when there are
/// too many. Those in `keep` stay.
pub(crate) fn prepare(
	base: &PathBuf,
	name: &FolderName,
	most: usize,
	keep: &HashSet<FolderName>,
) -> io::Result<PathBuf> {
	let folder = base.join(name);
	fs::create_dir_all(&folder)?;
	File::create(folder.join(MARK))?;
	let mut others = Vec::new();
	for entry in fs::read_dir(base)? {
		let entry = entry?;
		let Ok(other) = entry.file_name().into_string() else { continue };
		if other != *name && !keep.contains(&other) {
			let used = fs::metadata(entry.path().join(MARK)).and_then(|data| data.modified());
			others.push((used.unwrap_or(SystemTime::UNIX_EPOCH), entry.path()));
		}
	}
	others.sort();
	let too_many = (others.len() + keep.len().max(1)).saturating_sub(most);
	for (_, path) in others.into_iter().take(too_many) {
		fs::remove_dir_all(path)?;
	}
	folder.canonicalize()
}
