//! Who runs first, who makes room, and who is no longer wanted.

mod common;

use std::{
	fs,
	path::PathBuf,
	thread,
	time::{Duration, Instant},
};

use assay_blobs::BlobKey;
use assay_executor_host::{BlobResolver, CancelToken, Host, HostConfig, StoreResolver};
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

/// As such a node, until the host has done something.
fn blocks_until(host: &Host, wanted: &[Job], mut done: impl FnMut() -> bool) {
	wait_for(|| {
		for job in wanted {
			submit(host, job);
		}
		done().then_some(())
	});
}

/// As such a node, until this job runs.
fn blocks_until_running(host: &Host, wanted: &[Job], id: u64) {
	let runs = |status| matches!(status, JobStatus::Running(progress) if progress.step > 0);
	blocks_until(host, wanted, || runs(host.status(id)));
}

/// Waits until what runs was ended and the others have settled.
fn settle() {
	thread::sleep(Duration::from_millis(500));
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
fn preparation_should_give_way_when_anything_else_waits() {
	for (urgent_slots, important) in [(1, check(2)), (1, train(2)), (0, play(2)), (1, train(1))] {
		let mut bench = Bench::new("work");
		(bench.config.urgent_slots, bench.config.turn) = (urgent_slots, HOUR);
		let host = bench.start();
		let (preparation, other) = (submit(&host, &prepare(1)), submit(&host, &prepare(3)));
		wait_until_running(&host, preparation);
		let important = submit(&host, &important);
		wait_until_running(&host, important);
		assert_eq!(host.status(preparation), JobStatus::Queued);
		assert!(host.cancel(important));
		wait_until_running(&host, preparation);
		assert_eq!(host.status(other), JobStatus::Queued, "what was begun comes first");
	}
}

#[test]
fn preparation_should_give_way_in_its_folder_when_a_slot_is_free() {
	let mut bench = Bench::new("work");
	bench.config.general_slots = 2;
	let host = bench.start();
	let preparation = submit(&host, &prepare(1));
	wait_until_running(&host, preparation);
	let elsewhere = submit(&host, &train(2));
	wait_until_running(&host, elsewhere);
	settle();
	assert_ne!(host.status(preparation), JobStatus::Queued, "there was a slot");
	assert!(host.cancel(elsewhere));
	let same = submit(&host, &train(1));
	wait_until_running(&host, same);
	assert_eq!(host.status(preparation), JobStatus::Queued);
}

/// Finds what is in the store; anything else never comes.
struct Dripping(StoreResolver);

impl BlobResolver for Dripping {
	fn resolve(&self, key: &BlobKey, cancel: &CancelToken) -> Option<PathBuf> {
		let found = self.0.resolve(key, cancel);
		while found.is_none() && !cancel.is_cancelled() {
			thread::sleep(Duration::from_millis(5));
		}
		found
	}
}

/// A host whose workers wait for what they need, for so long if others wait for their slots.
fn starving(bench: &Bench, patience: Duration) -> Host {
	let config = HostConfig { patience, ..bench.config.clone() };
	Host::start(config, bench.store.clone(), Dripping(StoreResolver(bench.store.clone()))).unwrap()
}

#[test]
fn job_that_waits_for_blobs_should_give_way_to_its_like() {
	for kind in [prepare, train] {
		let mut bench = Bench::new("need");
		(bench.config.urgent_slots, bench.config.turn) = (0, HOUR);
		let mut good = kind(2);
		good.context.data_root = *bench.store.put_bytes(&[9; 1234]).unwrap().root();
		let jobs = [kind(1), good];
		let host = starving(&bench, HOUR);
		let [drips, comes] = jobs.clone().map(|job| submit(&host, &job));
		blocks(&host, &jobs, Duration::from_millis(300));
		assert_eq!(host.status(comes), JobStatus::Queued, "it is patient");
		drop(host);

		let host = starving(&bench, Duration::from_millis(300));
		blocks_until(&host, &jobs, || matches!(host.status(comes), JobStatus::Done(_)));
		wait_for(|| matches!(host.status(drips), JobStatus::Running(_)).then_some(()));
	}
}

#[test]
fn jobs_that_wait_for_what_nobody_sends_should_all_end() {
	for kind in [check, play] {
		for (urgent_slots, general_slots, jobs) in [(0, 1, 2), (0, 2, 3), (1, 1, 3)] {
			let mut bench = Bench::new("need");
			(bench.config.urgent_slots, bench.config.general_slots) = (urgent_slots, general_slots);
			let jobs: Vec<_> = (1..=jobs).map(kind).collect();
			bench.config.retry_after = HOUR;
			let host = starving(&bench, Duration::from_millis(200));
			let ids: Vec<_> = jobs.iter().map(|job| submit(&host, job)).collect();
			blocks_until(&host, &jobs, || host.stats().queued == 0);
			// The last have their slots to themselves. They wait until others want one.
			let more: Vec<_> = jobs.into_iter().chain((10..13).map(kind)).collect();
			blocks_until(&host, &more, || ids.iter().all(|id| host.status(*id).is_final()));
			assert_eq!(host.stats().failed_attempts, 0, "no worker was ended");
		}
	}
}

#[test]
fn job_that_forgoes_a_blob_should_keep_its_slot_from_its_like() {
	let bench = Bench::new("forgo");
	let host = starving(&bench, Duration::ZERO);
	let (first, second) = (submit(&host, &prepare(1)), submit(&host, &prepare(2)));
	wait_until_running(&host, first);
	settle();
	blocks(&host, &[prepare(1), prepare(2)], Duration::from_millis(500));
	assert_ne!(host.status(first), JobStatus::Queued);
	assert_eq!(host.status(second), JobStatus::Queued);
}

#[test]
fn job_that_works_should_keep_its_slot_from_its_like() {
	let mut bench = Bench::new("work");
	bench.config.patience = Duration::ZERO;
	let host = bench.start();
	let (first, second) = (submit(&host, &check(1)), submit(&host, &check(2)));
	wait_until_running(&host, first);
	blocks(&host, &[check(1), check(2)], Duration::from_millis(500));
	assert_ne!(host.status(first), JobStatus::Queued);
	assert_eq!(host.status(second), JobStatus::Queued);
	let mut folders = fs::read_dir(bench.config.base.join("tasks")).unwrap();
	let folder = folders.next().unwrap().unwrap().path();
	assert_eq!(fs::read_to_string(folder.join("count")).unwrap(), "1", "one worker did");
}

#[test]
fn check_should_give_way_to_a_training_when_it_had_its_turn() {
	let mut bench = Bench::new("work");
	bench.config.turn = HOUR;
	let host = bench.start();
	let checking = submit(&host, &check(1));
	wait_until_running(&host, checking);
	let training = submit(&host, &train(2));
	blocks(&host, &[check(1), train(2)], Duration::from_millis(500));
	assert_eq!(host.status(training), JobStatus::Queued);
	drop(host);

	bench.config.turn = Duration::from_millis(500);
	let host = bench.start();
	assert!(host.cancel(training));
	wait_until_running(&host, checking);
	let (next, training) = (submit(&host, &check(3)), submit(&host, &train(2)));
	blocks_until_running(&host, &[check(1), train(2), check(3)], training);
	assert_eq!(host.status(checking), JobStatus::Queued);
	blocks(&host, &[check(1), train(2), check(3)], Duration::from_secs(1));
	assert!(host.cancel(training), "it was not interrupted");
	wait_until_running(&host, checking);
	assert_eq!(host.status(next), JobStatus::Queued, "what was begun comes first");
}

#[test]
fn check_should_give_way_to_a_move_only_when_no_urgent_slot_is_free() {
	let mut bench = Bench::new("work");
	bench.config.turn = HOUR;
	let host = bench.start();
	let checking = submit(&host, &check(1));
	wait_until_running(&host, checking);
	let first = submit(&host, &play(2));
	wait_until_running(&host, first);
	settle();
	assert_ne!(host.status(checking), JobStatus::Queued);
	let second = submit(&host, &play(3));
	wait_until_running(&host, second);
	assert_eq!(host.status(checking), JobStatus::Queued);
}

#[test]
fn training_should_keep_its_slot_when_a_move_waits() {
	let mut bench = Bench::new("work");
	(bench.config.urgent_slots, bench.config.turn) = (0, Duration::ZERO);
	let host = bench.start();
	let training = submit(&host, &train(1));
	wait_until_running(&host, training);
	let other = submit(&host, &play(2));
	blocks(&host, &[train(1), play(2), train(3)], Duration::from_millis(500));
	assert_eq!(host.status(other), JobStatus::Queued);
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
	blocks_until(&host, &[train(0), check(2)], || host.status(stale) == JobStatus::Unknown);
	assert_eq!(host.status(wanted), JobStatus::Queued);
	let new = submit(&host, &check(3));
	assert_eq!(host.status(new), JobStatus::Queued, "there is room again");
	drop(host);
	let host = bench.start();
	assert_eq!(host.status(stale), JobStatus::Unknown, "after a restart too");
	assert_ne!(host.status(wanted), JobStatus::Unknown);
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
		let gone = || host.status(next) == JobStatus::Unknown;
		blocks_until(&host, std::slice::from_ref(&stale), gone);
		assert_ne!(host.status(id), JobStatus::Unknown, "it is wanted");
		let next = submit(&host, &wanted);
		blocks_until_running(&host, &[wanted], next);
		assert_eq!(host.status(id), JobStatus::Unknown);
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
	assert!(matches!(host.status(training), JobStatus::Running(_)));
	drop(host);

	bench.config.abandon_after = Duration::from_millis(400);
	let host = bench.start();
	wait_until_running(&host, training);
	let checking = submit(&host, &check(2));
	blocks_until_running(&host, &[check(2)], checking);
	assert_eq!(host.status(training), JobStatus::Unknown);
}

#[test]
fn running_move_should_be_stopped_when_only_others_are_asked_for() {
	let mut bench = Bench::new("work");
	(bench.config.urgent_slots, bench.config.abandon_after) = (0, HOUR);
	bench.config.stale_after = Duration::from_millis(400);
	let host = bench.start();
	let [over, next] = [1, 2].map(|task| submit(&host, &play(task)));
	wait_until_running(&host, over);
	blocks_until_running(&host, &[play(2)], next);
	assert_eq!(host.status(over), JobStatus::Unknown);
}

#[test]
fn job_should_stay_when_it_is_polled_and_others_are_submitted() {
	let mut bench = Bench::new("work");
	bench.config.urgent_slots = 0;
	bench.config.stale_after = Duration::from_millis(400);
	bench.config.abandon_after = Duration::from_millis(400);
	let host = bench.start();
	let [running, waiting, unwanted] = [1, 2, 3].map(|task| submit(&host, &play(task)));
	wait_until_running(&host, running);
	let gone = || {
		host.poll(running);
		host.poll(waiting);
		host.status(unwanted) == JobStatus::Unknown
	};
	blocks_until(&host, &[train(4)], gone);
	assert!(matches!(host.poll(running), JobStatus::Running(_)));
	assert_eq!(host.poll(waiting), JobStatus::Queued);
}

#[test]
fn unwanted_job_should_be_forgotten_when_others_are_only_polled() {
	let mut bench = Bench::new("work");
	bench.config.urgent_slots = 0;
	bench.config.stale_after = Duration::from_millis(400);
	let host = bench.start();
	let [over, wanted] = [1, 2].map(|task| submit(&host, &play(task)));
	wait_until_running(&host, over);
	wait_for(|| matches!(host.poll(wanted), JobStatus::Running(_)).then_some(()));
	assert_eq!(host.status(over), JobStatus::Unknown);
}

#[test]
fn new_move_should_go_before_those_of_the_journal_that_nobody_asks_for() {
	let mut bench = Bench::new("work");
	(bench.config.urgent_slots, bench.config.stale_after) = (0, Duration::from_secs(4));
	let host = bench.start();
	// First in the journal too: that goes by the times of files, which may be equal for what comes at once.
	let over = submit(&host, &play(1));
	wait_until_running(&host, over);
	let [wanted, waiting] = [2, 3].map(|task| submit(&host, &play(task)));
	drop(host);

	let host = bench.start();
	wait_until_running(&host, over);
	let new = submit(&host, &play(4));
	blocks_until_running(&host, &[play(4), play(2)], wanted);
	assert_eq!(host.status(over), JobStatus::Queued, "it leaves its slot, and is not stale yet");
	assert_eq!(host.status(new), JobStatus::Queued, "it came later");
	assert!(host.cancel(wanted));
	blocks_until_running(&host, &[play(4)], new);
	assert_eq!(host.status(waiting), JobStatus::Queued, "nobody has asked for it");
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
	assert!(ids.iter().all(|id| host.status(*id) != JobStatus::Unknown));
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
	assert_eq!(host.status(id), checked(Checked::Agrees));
}
