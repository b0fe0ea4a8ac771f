//! Jobs and results on disk, so that a restart loses nothing.

use std::{
	fs::{self, File},
	io::{self, Read, Write},
	path::{Path, PathBuf},
	time::SystemTime,
};

use assay_worker_protocol::{limits, Job, JobId, JobStatus};
use codec::{DecodeAll, Encode};

use crate::{error::at, HostError};

/// A folder with a file `ID.job` for each job, and `ID.done` for each that has ended.
#[derive(Debug)]
pub(crate) struct Journal {
	folder: PathBuf,
}

/// A job that was found on disk.
pub(crate) struct Found {
	pub(crate) id: JobId,
	pub(crate) job: Job,
	pub(crate) status: Option<JobStatus>,
	touched: SystemTime,
}

impl Journal {
	/// Opens the folder, or makes it. Returns the jobs in it, oldest first; unreadable files are removed.
	pub(crate) fn open(folder: PathBuf) -> Result<(Self, Vec<Found>), HostError> {
		fs::create_dir_all(&folder).map_err(at(&folder))?;
		let journal = Self { folder };
		let mut found = Vec::new();
		for entry in fs::read_dir(&journal.folder).map_err(at(&journal.folder))? {
			let path = entry.map_err(at(&journal.folder))?.path();
			let id =
				path.file_stem().and_then(|stem| JobId::from_str_radix(stem.to_str()?, 16).ok());
			let Some(id) = id.filter(|id| journal.job_path(*id) == path) else { continue };
			match journal.find(id) {
				Some(job) => found.push(job),
				None => {
					log::warn!("job {id:016x} in the journal is unreadable and is forgotten");
					journal.remove(id);
				},
			}
		}
		found.sort_by_key(|job| (job.touched, job.id));
		Ok((journal, found))
	}

	fn find(&self, id: JobId) -> Option<Found> {
		let touched = fs::metadata(self.job_path(id)).and_then(|data| data.modified()).ok()?;
		let job = Job::decode_all(&mut &self.job(id).ok()?[..]).ok()?;
		Some(Found { id, job, status: self.status(id), touched })
	}

	fn job_path(&self, id: JobId) -> PathBuf {
		self.folder.join(format!("{id:016x}.job"))
	}

	fn status_path(&self, id: JobId) -> PathBuf {
		self.folder.join(format!("{id:016x}.done"))
	}

	/// Keeps a job.
	pub(crate) fn put_job(&self, id: JobId, job: &[u8]) -> io::Result<()> {
		write(&self.job_path(id), job)
	}

	/// The encoded job.
	pub(crate) fn job(&self, id: JobId) -> io::Result<Vec<u8>> {
		read(&self.job_path(id), limits::MAX_JOB_BYTES)
	}

	/// Keeps the end of a job.
	pub(crate) fn put_status(&self, id: JobId, status: &JobStatus) -> io::Result<()> {
		write(&self.status_path(id), &status.encode())
	}

	/// The end of a job, if it has one.
	pub(crate) fn status(&self, id: JobId) -> Option<JobStatus> {
		let bytes = read(&self.status_path(id), limits::MAX_STATUS_BYTES).ok()?;
		JobStatus::decode_all(&mut &bytes[..]).ok().filter(JobStatus::is_final)
	}

	/// Forgets the end of a job.
	pub(crate) fn remove_status(&self, id: JobId) {
		let _ = fs::remove_file(self.status_path(id));
	}

	/// Forgets a job.
	pub(crate) fn remove(&self, id: JobId) {
		// The job last: an end without a job is never looked at.
		self.remove_status(id);
		let _ = fs::remove_file(self.job_path(id));
	}
}

/// Writes a file that is there whole or not at all.
fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
	let temp = path.with_extension("tmp");
	let mut file = File::create(&temp)?;
	file.write_all(bytes)?;
	file.sync_all()?;
	fs::rename(&temp, path)?;
	path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}

/// Reads a file that is not larger than it may be.
fn read(path: &Path, most: u32) -> io::Result<Vec<u8>> {
	let mut bytes = Vec::new();
	File::open(path)?.take(u64::from(most) + 1).read_to_end(&mut bytes)?;
	if bytes.len() > most as usize {
		return Err(io::ErrorKind::InvalidData.into());
	}
	Ok(bytes)
}
