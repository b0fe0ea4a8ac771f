//! What a worker gives up before it reads a word from strangers.

#[cfg(target_os = "linux")]
mod calls;
#[cfg(target_os = "linux")]
mod files;

use std::path::PathBuf;

/// What a worker keeps of the machine; see the crate's documentation.
#[derive(Clone, Debug)]
pub struct Sandbox {
	/// The only folder that it changes.
	pub folder: PathBuf,
	/// Where the files lie that the host names. Without it every file stays readable.
	pub blobs: Option<PathBuf>,
	/// Devices, and other files that are read and written; those that do not exist are left out.
	pub devices: Vec<PathBuf>,
	/// Files and folders besides that are only read; those that do not exist are left out.
	pub reads: Vec<PathBuf>,
}

impl Sandbox {
	/// What the driver of NVIDIA's GPUs opens, also when a computation is under way: its devices, and the names of its
	/// threads.
	pub fn gpu_devices() -> Vec<PathBuf> {
		let all = std::fs::read_dir("/dev").into_iter().flatten().flatten();
		let nvidia = all.filter(|entry| entry.file_name().to_string_lossy().starts_with("nvidia"));
		let names = PathBuf::from("/proc/self/task");
		nvidia.map(|entry| entry.path()).chain([names]).collect()
	}

	/// What that driver reads, maybe for the first time after the sandbox was entered: what its kernel module says of
	/// devices, this process's own memory, and which memory is near which processor.
	pub fn gpu_reads() -> Vec<PathBuf> {
		let paths = [
			"/proc/driver/nvidia",
			"/proc/driver/nvidia-uvm",
			"/proc/self/maps",
			"/proc/self/status",
			"/sys/devices/system/node",
		];
		paths.map(PathBuf::from).into()
	}
}

/// Something that a sandbox leaves open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Gap {
	/// None of this works on this operating system.
	#[error("no sandbox: there is none for this operating system")]
	System,
	/// The kernel is built without Landlock, or starts without it.
	#[error("files are not confined: the kernel has no Landlock")]
	NoLandlock,
	/// Landlock learned only later to refuse truncation.
	#[error("files can be truncated anywhere: the kernel's Landlock is older than Linux 6.2")]
	OldLandlock,
	/// The kernel refuses the rules about files.
	#[error("files are not confined: {0}")]
	Files(String),
	/// The folder of the blobs is not known or cannot be opened.
	#[error("files can be read anywhere: {0}")]
	Reads(String),
	/// The driver of a GPU was opened before, and has started threads.
	#[error("files are not confined for the threads that the GPU's driver has started")]
	Driver,
	/// The kernel refuses the filter.
	#[error("system calls are not filtered: {0}")]
	Calls(String),
}

impl Sandbox {
	/// Enters, which cannot be undone, and says what stays open. Relative paths begin at the current
	/// folder.
	///
	/// Call it before threads are started: those that run already may still reach all files.
	#[cfg(target_os = "linux")]
	#[must_use]
	pub fn enter(&self) -> Vec<Gap> {
		let mut gaps = files::confine(self);
		gaps.extend(calls::deny().err().map(|error| Gap::Calls(error.to_string())));
		gaps
	}

	/// Says that nothing can be done here.
	#[cfg(not(target_os = "linux"))]
	#[must_use]
	pub fn enter(&self) -> Vec<Gap> {
		vec![Gap::System]
	}
}
