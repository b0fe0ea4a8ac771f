//! Who runs first, and who is no longer wanted.

mod common;

use std::{
	thread,
	time::{Duration, Instant},
};

use assay_executor_host::Host;
use assay_host_functions::{Checked, Executor, JobStatus, SubmitError};
use assay_worker_protocol::Job;
use codec::Encode;
use common::*;

const HOUR: Duration = Duration::from_secs(3600);

/// As a node that wants these jobs, for some blocks.
fn blocks(host: &Host, wanted: &[Job], time: Duration) {
	let start = Instant::now();
	while start.elapsed() < time {
		for job in wanted {
			submit(host, job);
		}
		thread::sleep(Duration::from_millis(20));
	}
}

/// As such a node, until this job runs.
fn blocks_until_running(host: &Host, wanted: &[Job], id: u64) {
	wait_for(|| {
		for job in wanted {
			submit(host, job);
		}
		matches!(host.poll(id), JobStatus::Running(progress) if progress.step > 0).then_some(())
	});
}

#[test]
fn jobs_should_run_by_rank_and_then_in_order_when_they_wait() {
	let mut bench = Bench::new("work");
	bench.config.urgent_slots = 0;
	let host = bench.start();
	let first = submit(&host, &train(0));
	wait_until_running(&host, first);
	let waiting =
		[prepare(1), check(2), train(3), check(4), play(5), train(6), hand_in(7), prepare(8)]
			.map(|job| submit(&host, &job));
	let mut running = first;
	for next in [4, 6, 2, 5, 1, 3, 0, 7].map(|index: usize| waiting[index]) {
		assert!(host.cancel(running));
		wait_until_running(&host, next);
		assert_eq!(host.stats().running, 1);
		running = next;
	}
}

#[test]
fn training_should_keep_its_slot_when_a_move_waits() {
	let mut bench = Bench::new("work");
	bench.config.urgent_slots = 0;
	let host = bench.start();
	let training = submit(&host, &train(1));
	wait_until_running(&host, training);
	let other = submit(&host, &play(2));
	blocks(&host, &[train(1), play(2), train(3)], Duration::from_millis(500));
	assert_eq!(host.poll(other), JobStatus::Queued);
}

#[test]
fn waiting_job_should_be_forgotten_when_only_others_are_submitted() {
	let mut bench = Bench::new("work");
	(bench.config.stale_after, bench.config.max_queued) = (Duration::from_millis(400), 2);
	let host = bench.start();
	let running = submit(&host, &train(0));
	wait_until_running(&host, running);
	let [stale, wanted] = [1, 2].map(|task| submit(&host, &check(task)));
	assert_eq!(host.submit(&check(3).encode()), Err(SubmitError::QueueFull));
	blocks(&host, &[train(0), check(2)], Duration::from_secs(1));
	assert_eq!(host.poll(stale), JobStatus::Unknown);
	assert_eq!(host.poll(wanted), JobStatus::Queued);
	let new = submit(&host, &check(3));
	assert_eq!(host.poll(new), JobStatus::Queued, "there is room again");
	drop(host);
	let host = bench.start();
	assert_eq!(host.poll(stale), JobStatus::Unknown, "after a restart too");
	assert_ne!(host.poll(wanted), JobStatus::Unknown);
}

#[test]
fn running_check_or_preparation_should_be_stopped_when_only_others_are_submitted() {
	for stale in [check(1), prepare(1)] {
		let mut bench = Bench::new("work");
		bench.config.stale_after = Duration::from_millis(400);
		let host = bench.start();
		let id = submit(&host, &stale);
		wait_until_running(&host, id);
		let (wanted, next) = (prepare(2), submit(&host, &prepare(2)));
		blocks(&host, std::slice::from_ref(&stale), Duration::from_secs(1));
		assert_ne!(host.poll(id), JobStatus::Unknown, "it is wanted");
		assert_eq!(host.poll(next), JobStatus::Unknown, "the other was not");
		let next = submit(&host, &wanted);
		blocks_until_running(&host, &[wanted], next);
		assert_eq!(host.poll(id), JobStatus::Unknown);
	}
}

#[test]
fn running_training_should_be_stopped_only_when_it_was_not_submitted_for_long() {
	let mut bench = Bench::new("work");
	bench.config.stale_after = Duration::from_millis(200);
	bench.config.abandon_after = HOUR;
	let host = bench.start();
	let training = submit(&host, &train(1));
	wait_until_running(&host, training);
	blocks(&host, &[check(2)], Duration::from_secs(1));
	assert!(matches!(host.poll(training), JobStatus::Running(_)));
	drop(host);

	bench.config.abandon_after = Duration::from_millis(400);
	let host = bench.start();
	wait_until_running(&host, training);
	let checking = submit(&host, &check(2));
	blocks_until_running(&host, &[check(2)], checking);
	assert_eq!(host.poll(training), JobStatus::Unknown);
}

#[test]
fn jobs_should_stay_when_nothing_was_submitted_for_long() {
	let mut bench = Bench::new("work");
	bench.config.stale_after = Duration::from_millis(400);
	bench.config.abandon_after = Duration::from_millis(400);
	let host = bench.start();
	let jobs = [train(1), check(2), prepare(3)];
	let ids = jobs.clone().map(|job| submit(&host, &job));
	wait_until_running(&host, ids[0]);
	thread::sleep(Duration::from_secs(1));
	// In the first block since, what is submitted first must not cost the others their places.
	submit(&host, &play(4));
	assert!(ids.iter().all(|id| host.poll(*id) != JobStatus::Unknown));
}

#[test]
fn result_should_stay_when_its_job_is_no_longer_submitted() {
	let mut bench = Bench::new("honest");
	bench.config.stale_after = Duration::from_millis(100);
	bench.config.abandon_after = Duration::from_millis(100);
	let host = bench.start();
	let id = submit(&host, &check(1));
	assert_eq!(end_of(&host, id), checked(Checked::Agrees));
	blocks(&host, &[check(2)], Duration::from_millis(500));
	assert_eq!(host.poll(id), checked(Checked::Agrees));
}
