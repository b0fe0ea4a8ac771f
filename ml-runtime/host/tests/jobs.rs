//! What a host tells about its jobs.

mod common;

use assay_executor_host::{JobInfo, JobKind};
use assay_host_functions::{Checked, Executor, Fault, JobStatus, Progress};
use common::*;

#[test]
fn jobs_should_be_listed_when_they_wait_run_or_have_ended() {
	let mut bench = Bench::new("task-fault");
	bench.run(&play(3));
	bench.config.args = vec!["honest".into()];
	bench.run(&check(2));
	bench.config.args = vec!["work".into()];
	let host = bench.start();
	let running = submit(&host, &train(1));
	wait_until_running(&host, running);
	let queued = submit(&host, &check(1));

	let jobs = host.jobs();
	let progress = Progress { step: 1, steps: 10, heartbeat_root: [1; 32], ..Default::default() };
	let status = JobStatus::Running(progress);
	let first =
		JobInfo { id: running, kind: JobKind::Train, task: 1, attempt: 0, status, progress };
	assert_eq!(jobs.first(), Some(&first));
	let told: Vec<_> = jobs.into_iter().skip(1).map(|j| (j.task, j.kind, j.status)).collect();
	let expected = [
		(1, JobKind::Check, JobStatus::Queued),
		(2, JobKind::Check, checked(Checked::Agrees)),
		(3, JobKind::Play, JobStatus::Failed(Fault::Task("no such shape".into()))),
	];
	assert_eq!(told, expected);
	assert!(host.cancel(queued));
	assert!(host.jobs().iter().all(|job| job.id != queued), "cancelled jobs are not known");
}

#[test]
fn progress_should_be_told_when_the_job_has_ended() {
	let bench = Bench::new("slow");
	let host = bench.start();
	let id = submit(&host, &check(1));
	assert_eq!(end_of(&host, id), checked(Checked::Agrees));
	assert_eq!(host.jobs().first().map(|job| job.progress.step), Some(5));
	drop(host);
	let told = bench.start().jobs();
	assert_eq!(told.first().map(|job| job.progress.step), Some(0), "it is not kept on disk");
}
