//! How much room a disk has, and how much of it stays free.
//!
//! Workers write checkpoints on the disk of the node's database, of tasks that strangers made. So both
//! the worker and its host leave a [reserve](Room::reserve): what can be had again goes before it is
//! touched, and what would need it is not begun.

use std::{io, path::Path};

const GIB: u64 = 1 << 30;

/// The room of a disk, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
	/// All of it.
	pub total: u64,
	/// What this user may still write.
	pub free: u64,
}

impl Room {
	/// The room of the disk that a folder is on, or will be on once it is made. Without bounds on an
	/// operating system that is not Unix.
	pub fn of(folder: &Path) -> io::Result<Self> {
		let mut existing = folder;
		loop {
			match room(existing) {
				Err(error) if error.kind() == io::ErrorKind::NotFound => {},
				found => return found,
			}
			existing = match existing.parent() {
				Some(parent) if !parent.as_os_str().is_empty() => parent,
				_ => return room(Path::new(".")),
			};
		}
	}

	/// What stays free if nobody says otherwise: a twentieth of the disk, but between 2 and 8 GiB, and never
	/// more than a quarter of it.
	pub fn reserve(&self) -> u64 {
		(self.total / 20).clamp(2 * GIB, 8 * GIB).min(self.total / 4)
	}

	/// Whether less is free than the reserve: this one, else the [usual](Self::reserve).
	pub fn is_short(&self, reserve: Option<u64>) -> bool {
		self.free < reserve.unwrap_or_else(|| self.reserve())
	}
}

#[cfg(unix)]
fn room(folder: &Path) -> io::Result<Room> {
	let disk = rustix::fs::statvfs(folder)?;
	let bytes = |blocks: u64| blocks.saturating_mul(disk.f_frsize);
	Ok(Room { total: bytes(disk.f_blocks), free: bytes(disk.f_bavail) })
}

#[cfg(not(unix))]
fn room(_folder: &Path) -> io::Result<Room> {
	Ok(Room { total: u64::MAX, free: u64::MAX })
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn reserve_should_be_a_twentieth_when_that_is_neither_little_nor_much() {
		let reserve = |total: u64| Room { total: total * GIB, free: 0 }.reserve() / GIB;
		assert_eq!([100, 20, 4, 2000].map(reserve), [5, 2, 1, 8]);
	}

	#[test]
	fn disk_should_be_short_when_less_than_the_reserve_is_free() {
		let room = Room { total: 100 * GIB, free: 5 * GIB };
		assert!(!room.is_short(None) && !room.is_short(Some(0)));
		assert!(Room { free: room.free - 1, ..room }.is_short(None));
		assert!(room.is_short(Some(room.free + 1)));
	}

	#[test]
	fn room_should_be_that_of_the_nearest_folder_when_it_is_not_there_yet() {
		let folder = tempfile::tempdir().unwrap();
		let room = Room::of(&folder.path().join("not/yet")).unwrap();
		assert_eq!(room.total, Room::of(folder.path()).unwrap().total);
		assert!(room.free > 0 && room.free <= room.total);
		assert!(Room::of(Path::new("not-yet")).unwrap().total > 0);
	}
}
