//! What happens when a job is asked for: submitted, for the first time or again, or polled.

use std::time::Instant;

use assay_blobs::bytes_key;
use assay_host_functions::{limits, SubmitError};
use assay_worker_protocol::{Job, JobId, Work};
use codec::DecodeAll;

use crate::{
	folders,
	host::Inner,
	jobs::JobKind,
	queue::{Phase, Queue},
};

/// Ids that are tried for a job whose hash another job has.
const MAX_PROBES: u64 = 16;

/// Ids are below this, so that the host functions can tell them from errors.
const ID_MASK: u64 = u64::MAX >> 1;

impl Inner {
	/// Queues a job unless it is known; forgets those that nobody asks for any more.
	pub(crate) fn submit(&self, bytes: &[u8]) -> Result<JobId, SubmitError> {
		if self.is_stopping() {
			return Err(SubmitError::Unavailable);
		}
		if bytes.len() > limits::MAX_JOB_BYTES as usize {
			return Err(SubmitError::Malformed);
		}
		let job = Job::decode_all(&mut &*bytes).map_err(|_| SubmitError::Malformed)?;
		self.folders.touch(&folders::name_of(&job.context));
		let mut queue = self.queue();
		let id = self.find(&queue, bytes)?;
		queue.ask_for(id, &self.config);
		// Before there is need for their room.
		self.forget_stale(&mut queue);
		self.accept(&mut queue, id, &job, bytes)?;
		queue.make_room(&self.config);
		Ok(id)
	}

	/// Takes note that a job is polled, if it is known; forgets those that nobody asks for any more.
	pub(crate) fn ask_for(&self, id: JobId) {
		let mut queue = self.queue();
		let Some(folder) = queue.folder(id).cloned() else { return };
		queue.ask_for(id, &self.config);
		self.forget_stale(&mut queue);
		queue.make_room(&self.config);
		drop(queue);
		self.folders.touch(&folder);
	}

	/// The id of a job if it is known, else one that is free.
	fn find(&self, queue: &Queue, bytes: &[u8]) -> Result<JobId, SubmitError> {
		// Somebody may have made two jobs with the same 63 bits of hash, so that one would get the other's
		// result; hence the jobs themselves are compared.
		for probe in 0..MAX_PROBES {
			let id = hash_id(bytes).wrapping_add(probe) & ID_MASK;
			let is_free = queue.phase(id).is_none();
			if is_free || self.journal.job(id).map_err(|_| SubmitError::Storage)? == bytes {
				return Ok(id);
			}
		}
		Err(SubmitError::QueueFull)
	}

	/// Queues a job that is new, or whose result may have changed.
	fn accept(
		&self,
		queue: &mut Queue,
		id: JobId,
		job: &Job,
		bytes: &[u8],
	) -> Result<(), SubmitError> {
		let is_full = queue.is_full(JobKind::from(&job.work).rank(), self.config.max_queued);
		match queue.phase(id) {
			None if is_full => return Err(SubmitError::QueueFull),
			None => self.enqueue(queue, id, job, bytes)?,
			Some(Phase::Finished { again: Some(at), .. }) if *at <= Instant::now() && !is_full => {
				self.journal.remove_status(id);
				queue.requeue(id);
			},
			Some(Phase::Queued | Phase::Running(_) | Phase::Finished { .. }) => return Ok(()),
		}
		self.wake();
		Ok(())
	}

	fn enqueue(
		&self,
		queue: &mut Queue,
		id: JobId,
		job: &Job,
		bytes: &[u8],
	) -> Result<(), SubmitError> {
		if job.work == Work::HandIn {
			for training in queue.trainings_of(job) {
				self.cancel(queue, training);
			}
		}
		self.journal.put_job(id, bytes).map_err(|error| {
			log::error!("cannot write job {id:016x} to the journal: {error}");
			SubmitError::Storage
		})?;
		queue.push(id, job);
		Ok(())
	}

	/// Stops a job that has not ended, and forgets it; false when there is none.
	pub(crate) fn cancel(&self, queue: &mut Queue, id: JobId) -> bool {
		let known = queue.cancel(id);
		if known {
			self.journal.remove(id);
		}
		known
	}

	fn forget_stale(&self, queue: &mut Queue) {
		for id in queue.stale(&self.config) {
			log::info!("job {id:016x} is no longer wanted");
			self.cancel(queue, id);
		}
	}
}

/// An id from the hash of a job.
fn hash_id(job: &[u8]) -> JobId {
	let mut id = [0; 8];
	id.copy_from_slice(&bytes_key(job).root()[..8]);
	u64::from_le_bytes(id) & ID_MASK
}
