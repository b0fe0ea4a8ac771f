//! Which files are reached: Landlock.

use std::{
	mem,
	path::{Path, PathBuf},
};

use landlock::{
	path_beneath_rules, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
	RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, Scope, ABI,
};

use super::{Gap, Sandbox};

/// What is asked for (Linux 6.12); older kernels do the part that they know.
const ASKED: ABI = ABI::V6;

/// What reading and writing files safely takes (Linux 6.2). The rest of [`ASKED`] is about devices, TCP
/// and signals, which the filter of system calls refuses too.
const ENOUGH: ABI = ABI::V3;

/// How the standard library learns of how many processors this process may use. It asks when the first
/// parallel loop starts, and would take all of the machine's if these could not be read.
const PROCESSORS: [&str; 3] = ["/proc/self/cgroup", "/sys/fs/cgroup", "/sys/devices/system/cpu"];

/// Confines this thread, and those that it will start, to the folders of a sandbox.
pub(super) fn confine(sandbox: &Sandbox) -> Vec<Gap> {
	let mut gaps = Vec::new();
	let blobs = open_blobs(sandbox.blobs.as_deref()).map_err(|gap| gaps.push(gap)).ok();
	gaps.extend(restrict(sandbox, blobs).err());
	gaps
}

fn open_blobs(folder: Option<&Path>) -> Result<PathFd, Gap> {
	let folder =
		folder.ok_or_else(|| Gap::Reads("the host does not say where the blobs lie".into()))?;
	PathFd::new(folder).map_err(|error| Gap::Reads(error.to_string()))
}

fn restrict(sandbox: &Sandbox, blobs: Option<PathFd>) -> Result<(), Gap> {
	let folder = PathFd::new(&sandbox.folder).map_err(|error| Gap::Files(error.to_string()))?;
	let status = enforce(folder, blobs, sandbox).map_err(|error| Gap::Files(error.to_string()))?;
	match status.landlock {
		LandlockStatus::Available { effective_abi, .. } if effective_abi >= ENOUGH => Ok(()),
		LandlockStatus::Available { .. } => Err(Gap::OldLandlock),
		LandlockStatus::NotEnabled | LandlockStatus::NotImplemented => Err(Gap::NoLandlock),
	}
}

/// Without a folder of blobs the host may name any file, so that reading must stay free.
fn enforce(
	folder: PathFd,
	blobs: Option<PathFd>,
	Sandbox { devices, reads: files, .. }: &Sandbox,
) -> Result<RestrictionStatus, RulesetError> {
	let named = devices.iter().chain(files).map(PathBuf::as_path);
	hold(named.chain(PROCESSORS.map(Path::new)));
	let reads = AccessFs::ReadFile | AccessFs::ReadDir;
	let asked = match blobs {
		Some(_) => AccessFs::from_all(ASKED),
		None => AccessFs::from_all(ASKED) & !reads,
	};
	let rules = Ruleset::default()
		.handle_access(asked)?
		.handle_access(AccessNet::from_all(ASKED))?
		.scope(Scope::from_all(ASKED))?
		.create()?
		.add_rule(PathBeneath::new(folder, (reads | changes()) & asked))?
		.add_rules(path_beneath_rules(devices, (reads | used()) & asked))?;
	let rules = match blobs {
		Some(blobs) => rules
			.add_rule(PathBeneath::new(blobs, reads))?
			.add_rules(path_beneath_rules(PROCESSORS, reads))?
			.add_rules(path_beneath_rules(files, reads))?,
		None => rules,
	};
	rules.restrict_self()
}

/// Holds those of the paths open that are in `/proc`, as long as this process lives. A rule is about the inode that a path
/// has, and `/proc` makes another one for the same path when nobody has used it for a while.
fn hold<'a>(paths: impl Iterator<Item = &'a Path>) {
	let held = paths.filter(|path| path.starts_with("/proc")).map(PathFd::new);
	held.for_each(|path| mem::forget(path.ok()));
}

/// What may be done with a device.
fn used() -> BitFlags<AccessFs> {
	AccessFs::WriteFile | AccessFs::IoctlDev
}

/// What may be done in the folder. Neither running files nor making links, sockets or devices: the host
/// opens files there too, and must not be led elsewhere.
fn changes() -> BitFlags<AccessFs> {
	AccessFs::WriteFile
		| AccessFs::Truncate
		| AccessFs::MakeReg
		| AccessFs::MakeDir
		| AccessFs::RemoveFile
		| AccessFs::RemoveDir
		| AccessFs::Refer
}
