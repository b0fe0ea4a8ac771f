//! A thread that runs one job at a time.

use std::{
	path::PathBuf,
	thread,
	time::{Duration, Instant},
};

use assay_worker_protocol::{Checked, Fault, Job, JobId, JobResult, JobStatus};
use codec::DecodeAll;

use crate::{
	attempt::{Attempt, End},
	folders::{self, NoFolder},
	host::Inner,
	jobs::JobKind,
	queue::Lane,
	resolver::CancelToken,
};

/// How often a pause looks whether the job is still wanted.
const NAP: Duration = Duration::from_millis(20);

/// Runs jobs until the host stops.
pub(crate) fn run(inner: &Inner, lane: Lane) {
	while let Some((id, cancel)) = inner.next(lane) {
		let job = job(inner, id);
		let status = match &job {
			Ok(job) => attempts(inner, id, job, &cancel),
			Err(why) => Some(machine_fault(why.clone())),
		};
		match &status {
			Some(status) => inner.finish(id, &cancel, status),
			None => inner.put_back(id, &cancel),
		}
		if let (Ok(job), Some(status)) = (job, status) {
			leave(inner, &job, &status);
		}
		inner.wake();
	}
}

fn job(inner: &Inner, id: JobId) -> Result<Job, String> {
	let bytes = inner.journal.job(id).map_err(|error| error.to_string())?;
	Job::decode_all(&mut &bytes[..]).map_err(|error| error.to_string())
}

fn machine_fault(why: String) -> JobStatus {
	JobStatus::Failed(Fault::Machine(why.into()))
}

/// Tries until the job ends; `None` when it is no longer wanted, or is to wait.
fn attempts(inner: &Inner, id: JobId, job: &Job, cancel: &CancelToken) -> Option<JobStatus> {
	// An attempt that gets further than those before is none in vain: however often a worker is killed,
	// the job ends.
	let (mut failed, mut furthest) = (0, 0);
	loop {
		let mut reached = 0;
		let end = match prepare(inner, job) {
			Ok(folder) => Attempt { inner, id, job, folder, cancel }.run(|progress| {
				reached = reached.max(progress.step);
				inner.progress(id, cancel, progress);
			}),
			Err(full @ NoFolder::Full(_)) => {
				log::warn!("job {id:016x} is refused: {full}");
				End::Hopeless(full.to_string())
			},
			Err(error) => End::Fault(error.to_string()),
		};
		let why = match end {
			End::Job(status) => return Some(*status),
			End::Cancelled => return None,
			End::Hopeless(why) => return Some(machine_fault(why)),
			End::Fault(why) => why,
		};
		log::warn!("job {id:016x}: {why}");
		inner.count_restart();
		if reached > furthest {
			(failed, furthest) = (0, reached);
		}
		failed += 1;
		if failed >= inner.config.max_tries {
			return Some(machine_fault(why));
		}
		if !pause(inner.config.pause(failed), cancel) {
			return None;
		}
	}
}

fn prepare(inner: &Inner, job: &Job) -> Result<PathBuf, NoFolder> {
	let name = folders::name_of(&job.context);
	let rank = JobKind::from(&job.work).rank();
	inner.folders.prepare(&name, rank, &inner.config, || inner.folders_in_use())
}

/// Takes note that a job has ended in its folder.
fn leave(inner: &Inner, job: &Job, status: &JobStatus) {
	let name = folders::name_of(&job.context);
	// Nobody disputes it, and the journal knows the result.
	let no_use = *status == JobStatus::Done(JobResult::Checked(Checked::Agrees));
	inner.folders.leave(&name, no_use, &inner.config, || inner.folders_in_use());
}

/// Sleeps; false when the job is no longer wanted.
fn pause(time: Duration, cancel: &CancelToken) -> bool {
	let start = Instant::now();
	while start.elapsed() < time && !cancel.is_cancelled() {
		thread::sleep(NAP.min(time));
	}
	!cancel.is_cancelled()
}
