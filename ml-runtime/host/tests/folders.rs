//! Which folders of tasks stay when there are too many.

mod common;

use std::{fs, path::PathBuf, thread, time::Duration};

use assay_executor_host::Host;
use assay_worker_protocol::Job;
use common::*;

/// Runs a job to its end; its task's folder. Later ones are used later.
fn folder_of(bench: &Bench, host: &Host, job: &Job) -> PathBuf {
	let before = folders(bench);
	end_of(host, submit(host, job));
	thread::sleep(Duration::from_millis(20));
	let mut new = folders(bench);
	new.retain(|folder| !before.contains(folder));
	assert_eq!(new.len(), 1, "a folder of its own");
	new.remove(0)
}

/// With room for one training, three checks and two preparations.
fn crowded() -> Bench {
	let mut bench = Bench::new("honest");
	bench.config.max_training_folders = 1;
	bench.config.max_check_folders = 3;
	bench.config.max_preparation_folders = 2;
	bench
}

fn folders(bench: &Bench) -> Vec<PathBuf> {
	let entries = fs::read_dir(bench.config.base.join("tasks")).unwrap();
	entries.map(|entry| entry.unwrap().path()).collect()
}

fn run_all(host: &Host, jobs: impl Iterator<Item = Job>) {
	jobs.for_each(|job| drop(end_of(host, submit(host, &job))));
}

#[test]
fn folder_of_a_training_should_stay_when_many_tasks_are_prepared_or_checked() {
	let bench = crowded();
	let host = bench.start();
	let trained = folder_of(&bench, &host, &train(0));
	run_all(&host, (1..8).map(prepare));
	assert!(trained.exists(), "preparations do not displace it");
	run_all(&host, (8..16).map(check));
	assert!(trained.exists(), "nor do checks");
	assert_eq!(folders(&bench).len(), 1 + 2 + 3);
}

#[test]
fn folder_of_a_check_should_stay_when_many_tasks_are_prepared() {
	let bench = crowded();
	let host = bench.start();
	let checked = folder_of(&bench, &host, &check(0));
	run_all(&host, (1..8).map(prepare));
	assert!(checked.exists());
}

#[test]
fn folder_should_stay_what_it_was_when_less_is_done_in_it_and_the_host_restarts() {
	let mut bench = Bench::new("honest");
	(bench.config.max_check_folders, bench.config.max_preparation_folders) = (1, 1);
	let host = bench.start();
	let trained = folder_of(&bench, &host, &train(0));
	let disputed = folder_of(&bench, &host, &check(1));
	run_all(&host, [play(1), check(0), prepare(0), prepare(1)].into_iter());
	drop(host);
	let host = bench.start();
	run_all(&host, (2..5).map(check).chain((5..8).map(prepare)));
	assert!(trained.exists(), "it is a training's");
	assert!(disputed.exists(), "a dispute is as good as a training");
	assert_eq!(folders(&bench).len(), 4);
}

#[test]
fn folder_should_become_more_when_more_is_done_in_it() {
	let mut bench = Bench::new("honest");
	bench.config.max_preparation_folders = 1;
	let host = bench.start();
	let won = folder_of(&bench, &host, &prepare(0));
	run_all(&host, [train(0), prepare(1), prepare(2)].into_iter());
	assert!(won.exists());
}

#[test]
fn longest_unused_training_should_go_first_when_there_are_too_many() {
	let mut bench = Bench::new("honest");
	bench.config.max_training_folders = 2;
	let host = bench.start();
	let [first, second] = [0, 1].map(|task| folder_of(&bench, &host, &train(task)));
	// It has ended and does not run again, but is wanted.
	submit(&host, &train(0));
	thread::sleep(Duration::from_millis(20));
	let third = folder_of(&bench, &host, &train(2));
	assert!(first.exists() && third.exists());
	assert!(!second.exists());
}

#[test]
fn folder_of_an_earlier_version_should_pass_for_a_training() {
	let bench = crowded();
	let host = bench.start();
	let old = folder_of(&bench, &host, &check(0));
	fs::write(old.join(".used"), "").unwrap();
	run_all(&host, (1..6).map(check).chain((6..10).map(prepare)));
	assert!(old.exists());
}
