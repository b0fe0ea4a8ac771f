//! Folders that workers keep their checkpoints in, one per task.

use std::{
	collections::HashSet,
	fs::{self, File},
	io::{self, Read, Write},
	path::{Path, PathBuf},
	sync::{Mutex, PoisonError},
	time::SystemTime,
};

use assay_blobs::bytes_key;
use assay_worker_protocol::TaskContext;
use codec::Encode;

use crate::{error::at, jobs::Rank, HostConfig, HostError};

/// Says what the folder was used for, and by its age when last.
const MARK: &str = ".used";

/// A mark that is being written.
const NEW_MARK: &str = ".used.new";

/// Bytes of a mark that are read.
const MOST_OF_A_MARK: u64 = 32;

/// Name of a task's folder: the hash of everything that decides the task's result but its length, since
/// a claim may be about its first steps only.
pub(crate) type FolderName = String;

/// The name of this task's folder.
pub(crate) fn name_of(context: &TaskContext) -> FolderName {
	let any_length = TaskContext { steps: 0, ..context.clone() };
	bytes_key(&any_length.encode()).to_string()
}

/// What a folder holds: the most important that was done in it. Each class has a bound of its own, since
/// anybody can have a node prepare for tasks, and few can have it train.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
	/// Nothing of value: what was fetched is in the store.
	Preparation,
	/// Checkpoints of somebody else's task.
	Check,
	/// Checkpoints of a training, or of a dispute: without them a move may take a whole training, and
	/// lose a stake or a bond.
	Training,
}

impl Class {
	const ALL: [Self; 3] = [Self::Preparation, Self::Check, Self::Training];

	fn name(self) -> &'static str {
		match self {
			Self::Preparation => "preparation",
			Self::Check => "check",
			Self::Training => "training",
		}
	}

	/// `None` where no job was started.
	fn of(folder: &Path) -> Option<Self> {
		let mut name = String::new();
		let mark = File::open(folder.join(MARK)).ok()?;
		// A worker can write here, so neither size nor content is certain.
		let _ = mark.take(MOST_OF_A_MARK).read_to_string(&mut name);
		// Marks of earlier versions are empty: what cannot be told apart is kept longest.
		Some(Self::ALL.into_iter().find(|class| class.name() == name).unwrap_or(Self::Training))
	}

	fn bound(self, config: &HostConfig) -> usize {
		match self {
			Self::Preparation => config.max_preparation_folders,
			Self::Check => config.max_check_folders,
			Self::Training => config.max_training_folders,
		}
	}
}

impl From<Rank> for Class {
	fn from(rank: Rank) -> Self {
		match rank {
			Rank::Preparation => Self::Preparation,
			Rank::Check => Self::Check,
			Rank::Training | Rank::Move => Self::Training,
		}
	}
}

/// A folder that is there.
struct Found {
	class: Class,
	used: SystemTime,
	path: PathBuf,
	kept: bool,
}

/// The folders of all tasks.
#[derive(Debug)]
pub(crate) struct Folders {
	base: PathBuf,
	/// Held while folders are made and removed, so that none is removed that another slot just made.
	changing: Mutex<()>,
}

impl Folders {
	/// Opens the folder that they are in, or makes it.
	pub(crate) fn open(base: PathBuf) -> Result<Self, HostError> {
		fs::create_dir_all(&base).map_err(at(&base))?;
		Ok(Self { base, changing: Mutex::default() })
	}

	/// Makes the folder for a job of this rank, or marks it as used, and removes the longest unused of
	/// each class when there are too many of it. Those `in_use` stay.
	pub(crate) fn prepare(
		&self,
		name: &FolderName,
		rank: Rank,
		config: &HostConfig,
		in_use: impl FnOnce() -> HashSet<FolderName>,
	) -> io::Result<PathBuf> {
		let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
		let folder = self.base.join(name);
		fs::create_dir_all(&folder)?;
		mark(&folder, rank.into())?;
		let mut keep = in_use();
		keep.insert(name.clone());
		let found = self.find(&keep)?;
		for class in Class::ALL {
			remove_unused(&found, class, class.bound(config));
		}
		folder.canonicalize()
	}

	/// Marks the folder as used, if it is there.
	pub(crate) fn touch(&self, name: &FolderName) {
		// Not worth a refusal: at worst it is removed before others that were used earlier.
		let _ = touch(&self.base.join(name));
	}

	/// All folders, longest unused first.
	fn find(&self, keep: &HashSet<FolderName>) -> io::Result<Vec<Found>> {
		let mut found = Vec::new();
		for entry in fs::read_dir(&self.base)? {
			let entry = entry?;
			let Ok(name) = entry.file_name().into_string() else { continue };
			let path = entry.path();
			let used = fs::metadata(path.join(MARK)).and_then(|data| data.modified());
			found.push(Found {
				class: Class::of(&path).unwrap_or(Class::Preparation),
				used: used.unwrap_or(SystemTime::UNIX_EPOCH),
				path,
				kept: keep.contains(&name),
			});
		}
		found.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
		Ok(found)
	}
}

/// Removes folders of a class, the first ones that need not be kept, until there are at most so many.
fn remove_unused(found: &[Found], class: Class, most: usize) {
	let of_class = || found.iter().filter(|folder| folder.class == class);
	let too_many = of_class().count().saturating_sub(most);
	for Found { path, .. } in of_class().filter(|folder| !folder.kept).take(too_many) {
		// A folder that stays must not keep jobs in others from starting.
		if let Err(error) = fs::remove_dir_all(path) {
			log::warn!("cannot remove unused folder {}: {error}", path.display());
		}
	}
}

/// Notes that the folder is used, and for what, unless it was used for something more important.
fn mark(folder: &Path, class: Class) -> io::Result<()> {
	if Class::of(folder) >= Some(class) {
		return touch(folder);
	}
	// The mark is whole at any instant: a training must not pass for less after a crash.
	let new = folder.join(NEW_MARK);
	let _ = fs::remove_file(&new);
	File::create_new(&new)?.write_all(class.name().as_bytes())?;
	fs::rename(new, folder.join(MARK))
}

fn touch(folder: &Path) -> io::Result<()> {
	let mark = File::options().append(true).open(folder.join(MARK))?;
	mark.set_modified(SystemTime::now())
}
