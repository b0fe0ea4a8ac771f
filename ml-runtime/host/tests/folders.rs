//! Which folders of tasks stay when there are too many.

mod common;

use std::{
	fs,
	path::{Path, PathBuf},
	thread,
	time::{Duration, SystemTime},
};

use assay_executor_host::Host;
use assay_host_functions::Executor;
use assay_worker_protocol::{Checked, Job, JobStatus};
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
	let mut bench = Bench::new("differs");
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
	let mut bench = Bench::new("differs");
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

/// Puts so many bytes somewhere into a folder.
fn fill(folder: &Path, bytes: usize) {
	let run = folder.join("run");
	fs::create_dir_all(&run).unwrap();
	fs::write(run.join("checkpoint"), vec![0; bytes]).unwrap();
}

#[test]
fn folder_of_a_check_should_go_when_it_agreed() {
	let bench = Bench::new("honest");
	let host = bench.start();
	let id = submit(&host, &check(0));
	assert_eq!(end_of(&host, id), checked(Checked::Agrees));
	wait_for(|| folders(&bench).is_empty().then_some(()));
	// The result is known all the same.
	assert_eq!(submit(&host, &check(0)), id);
	assert_eq!(host.poll(id), checked(Checked::Agrees));
	assert_eq!(folders(&bench), Vec::<PathBuf>::new());
}

#[test]
fn folder_of_a_check_should_stay_when_the_task_was_trained_or_disputed_here() {
	let bench = Bench::new("honest");
	let host = bench.start();
	let both = [folder_of(&bench, &host, &train(0)), folder_of(&bench, &host, &play(1))];
	run_all(&host, (0..3).map(check));
	wait_for(|| (folders(&bench).len() == 2).then_some(()));
	assert!(both.iter().all(|folder| folder.exists()));
}

#[test]
fn longest_unused_check_should_go_when_they_take_too_many_bytes() {
	let mut bench = Bench::new("differs");
	bench.config.max_check_bytes = 30_000;
	let host = bench.start();
	let trained = folder_of(&bench, &host, &train(0));
	fill(&trained, 100_000);
	let [first, second] = [1, 2].map(|task| {
		let folder = folder_of(&bench, &host, &check(task));
		fill(&folder, 14_000);
		folder
	});
	// One that is wanted is not unused.
	submit(&host, &check(1));
	thread::sleep(Duration::from_millis(20));
	let third = folder_of(&bench, &host, &check(3));
	assert!(second.exists(), "they are not yet too many");
	fill(&third, 14_000);
	let fourth = folder_of(&bench, &host, &check(4));
	assert!(!second.exists());
	assert!([trained, first, third, fourth].iter().all(|folder| folder.exists()));
}

#[test]
fn preparations_should_go_when_they_take_too_many_bytes() {
	let mut bench = Bench::new("differs");
	bench.config.max_preparation_bytes = 1000;
	let host = bench.start();
	let checked = folder_of(&bench, &host, &check(0));
	let prepared = folder_of(&bench, &host, &prepare(1));
	fill(&checked, 2000);
	fill(&prepared, 2000);
	run_all(&host, [prepare(2)].into_iter());
	assert!(checked.exists() && !prepared.exists());
}

#[test]
fn checks_and_preparations_should_be_refused_when_the_disk_is_short_of_room() {
	let mut bench = Bench::new("differs");
	let host = bench.start();
	let [trained, disputed] = [train(0), play(1)].map(|job| folder_of(&bench, &host, &job));
	let lately = folder_of(&bench, &host, &check(8));
	let others = [check(2), prepare(3)].map(|job| folder_of(&bench, &host, &job));
	drop(host);
	// Nobody asked for this one lately.
	let mark = fs::File::options().append(true).open(others[0].join(".used")).unwrap();
	mark.set_modified(SystemTime::now() - 2 * bench.config.stale_after).unwrap();
	bench.config.reserve = Some(u64::MAX);
	let host = bench.start();
	for job in [check(4), prepare(5), check(0)] {
		let why = machine_fault(&end_of(&host, submit(&host, &job)));
		assert!(why.contains("short of room"), "{why}");
	}
	assert!(others.iter().all(|folder| !folder.exists()), "they made room");
	assert_eq!(host.stats().failed_attempts, 0, "it is not tried again at once");
	let ends = [train(6), play(7)].map(|job| end_of(&host, submit(&host, &job)));
	assert!(ends.iter().all(|end| matches!(end, JobStatus::Done(_))), "{ends:?}");
	assert!([trained, disputed, lately].iter().all(|folder| folder.exists()));
	assert_eq!(folders(&bench).len(), 5);
}

#[test]
fn folder_should_stay_when_a_job_that_has_not_ended_needs_it() {
	let mut bench = Bench::new("work");
	(bench.config.max_check_bytes, bench.config.general_slots) = (10, 2);
	let host = bench.start();
	let id = submit(&host, &check(0));
	wait_until_running(&host, id);
	let folder = folders(&bench).remove(0);
	fill(&folder, 1000);
	wait_until_running(&host, submit(&host, &prepare(1)));
	assert!(folder.exists());
}
