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
use assay_disk::Room;
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

	/// Folders that may stay, and bytes. Those of a training never go for their bytes: a claim is defended
	/// with them.
	fn bounds(self, config: &HostConfig) -> (usize, u64) {
		match self {
			Self::Preparation => (config.max_preparation_folders, config.max_preparation_bytes),
			Self::Check => (config.max_check_folders, config.max_check_bytes),
			Self::Training => (config.max_training_folders, u64::MAX),
		}
	}

	/// Whether work of this class leaves the disk its reserve.
	fn yields(self) -> bool {
		match self {
			Self::Preparation | Self::Check => true,
			Self::Training => false,
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
	bytes: u64,
}

impl Found {
	/// Whether it goes when the disk is short of room. Who asked for a check lately may be about to open a
	/// game, and to need what it has left.
	fn makes_room(&self, config: &HostConfig) -> bool {
		match self.class {
			Class::Preparation => true,
			Class::Check => self.used.elapsed().is_ok_and(|unused| unused > config.stale_after),
			Class::Training => false,
		}
	}
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

	/// Makes the folder for a job of this rank, or marks it as used, and removes others for which there is
	/// no room. Those `in_use` stay. Where the disk is short of room all the same, a preparation or check is
	/// refused.
	pub(crate) fn prepare(
		&self,
		name: &FolderName,
		rank: Rank,
		config: &HostConfig,
		in_use: impl FnOnce() -> HashSet<FolderName>,
	) -> Result<PathBuf, NoFolder> {
		let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
		let folder = self.base.join(name);
		let is_new = !folder.exists();
		fs::create_dir_all(&folder)?;
		mark(&folder, rank.into())?;
		let mut keep = in_use();
		keep.insert(name.clone());
		self.tidy(config, &keep)?;
		if Class::from(rank).yields() && self.is_short(config) {
			if is_new {
				let _ = fs::remove_dir_all(&folder);
			}
			return Err(NoFolder::Full(self.base.clone()));
		}
		Ok(folder.canonicalize()?)
	}

	/// Removes folders for which there is no room, once a job has ended in the one of this name. If it is of
	/// `no_use` any more, and was neither trained nor disputed here, it goes as well.
	pub(crate) fn leave(
		&self,
		name: &FolderName,
		no_use: bool,
		config: &HostConfig,
		in_use: impl FnOnce() -> HashSet<FolderName>,
	) {
		let _changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
		let (folder, keep) = (self.base.join(name), in_use());
		let is_ours = Class::of(&folder).is_none_or(|class| !class.yields());
		if no_use && !is_ours && !keep.contains(name) {
			remove(&folder);
		}
		if let Err(error) = self.tidy(config, &keep) {
			log::warn!("cannot look for unused folders in {}: {error}", self.base.display());
		}
	}

	/// Marks the folder as used, if it is there.
	pub(crate) fn touch(&self, name: &FolderName) {
		// Not worth a refusal: at worst it is removed before others that were used earlier.
		let _ = touch(&self.base.join(name));
	}

	/// Removes the longest unused of each class while there are too many of it, or too many bytes, or the
	/// disk is short of room.
	fn tidy(&self, config: &HostConfig, keep: &HashSet<FolderName>) -> io::Result<()> {
		let found = self.find(keep)?;
		for class in Class::ALL {
			let of_class = || found.iter().filter(|folder| folder.class == class);
			let mut count = of_class().count();
			let mut bytes: u64 = of_class().map(|folder| folder.bytes).sum();
			let (most, most_bytes) = class.bounds(config);
			for folder in of_class().filter(|folder| !folder.kept) {
				let is_over = count > most || bytes > most_bytes;
				let makes_room = || folder.makes_room(config) && self.is_short(config);
				if !(is_over || makes_room()) {
					break;
				}
				remove(&folder.path);
				(count, bytes) = (count - 1, bytes - folder.bytes);
			}
		}
		Ok(())
	}

	fn is_short(&self, config: &HostConfig) -> bool {
		// What is not known keeps nobody from working.
		Room::of(&self.base).is_ok_and(|room| room.is_short(config.reserve))
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
				bytes: bytes_in(&path),
				path,
				kept: keep.contains(&name),
			});
		}
		found.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
		Ok(found)
	}
}

/// Why a job has no folder.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoFolder {
	#[error("no folder for the task: {0}")]
	Io(#[from] io::Error),
	#[error("the disk of {} is short of room: checks and preparations wait until there is more", .0.display())]
	Full(PathBuf),
}

/// Bytes of all files in a folder, as far as they can be seen: others may change them meanwhile.
fn bytes_in(folder: &Path) -> u64 {
	let Ok(entries) = fs::read_dir(folder) else { return 0 };
	let bytes = |entry: fs::DirEntry| match entry.metadata() {
		Ok(data) if data.is_dir() => bytes_in(&entry.path()),
		Ok(data) => data.len(),
		Err(_) => 0,
	};
	entries.flatten().map(bytes).fold(0, u64::saturating_add)
}

fn remove(folder: &Path) {
	// A folder that stays must not keep jobs in others from starting.
	if let Err(error) = fs::remove_dir_all(folder) {
		log::warn!("cannot remove unused folder {}: {error}", folder.display());
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
