//! Jobs that end well: results, publishing, persistence.

mod common;

use std::{fs, thread, time::Duration};

use assay_blobs::{list_key, BlobKey, ListTag};
use assay_executor_host::{Host, StoreResolver};
use assay_host_functions::{
	Checked, Executor, ExecutorExt, JobResult, JobStatus, Outcome, SubmitError,
};
use codec::Encode;
use common::*;

#[test]
fn job_should_have_its_result_when_the_worker_is_honest() {
	let bench = Bench::new("honest");
	assert_eq!(Host::probe(&bench.config).unwrap().build.as_str(), "fake");
	let host = bench.start();
	let (training, checking, playing) =
		(submit(&host, &train(1)), submit(&host, &check(1)), submit(&host, &play(1)));
	assert_eq!(end_of(&host, checking), checked(Checked::Agrees));
	let expected = JobResult::Move(vec![1, 2, 3].try_into().unwrap());
	assert_eq!(end_of(&host, playing), JobStatus::Done(expected));
	let JobStatus::Done(JobResult::Trained(trained)) = end_of(&host, training) else { panic!() };
	assert_eq!(trained.outcome, Outcome::Completed);
	let states = bench.store.read_list(ListTag::States, &trained.claim_root).unwrap();
	assert_eq!(states.last(), Some(&trained.final_state));
	for length in [1, 2] {
		let root = *list_key(ListTag::States, &states[..length]).root();
		assert_eq!(host.prefix(&trained.claim_root, length as u32), Some(root));
	}
	assert_eq!(host.prefix(&trained.claim_root, 3), None, "it has two");
	assert_eq!(host.prefix(&trained.artifact_root, 1), None, "it is no list of states");
	let tensors = bench.store.read_list(ListTag::Slots, &trained.artifact_root).unwrap();
	bench.store.verify(&BlobKey::Bytes(tensors[0])).unwrap();
	assert_eq!(host.stats().finished, 3);
	wait_for(|| (workers_in(&bench) == 0).then_some(()));
}

#[test]
fn submit_should_answer_the_same_id_when_the_job_is_known() {
	let bench = Bench::new("count");
	let host = bench.start();
	let id = submit(&host, &check(1));
	assert_eq!(submit(&host, &check(1)), id);
	assert_ne!(submit(&host, &check(2)), id);
	assert!(id < 1 << 63);
	let first = end_of(&host, id);
	assert_eq!(first, checked(Checked::Differs { first_state: 0 }));
	assert_eq!(submit(&host, &check(1)), id);
	assert_eq!(end_of(&host, id), first, "it did not run again");
	drop(host);

	let host = bench.start();
	assert_eq!(submit(&host, &check(1)), id);
	assert_eq!(host.status(id), first, "not after a restart either");
}

#[test]
fn job_should_run_again_when_its_result_may_change() {
	let bench = Bench::new("wait");
	let host = bench.start();
	let id = submit(&host, &play(1));
	let result =
		|n| JobStatus::Done(JobResult::Wait { reason: format!("try {n}").as_str().into() });
	assert_eq!(end_of(&host, id), result(0));
	assert_eq!(submit(&host, &play(1)), id);
	wait_for(|| (host.status(id) == result(1)).then_some(()));
	drop(host);

	let mut bench = bench;
	bench.config.retry_after = Duration::from_secs(3600);
	let host = bench.start();
	submit(&host, &play(1));
	wait_for(|| (host.status(id) == result(2)).then_some(()));
	submit(&host, &play(1));
	thread::sleep(Duration::from_millis(300));
	assert_eq!(host.status(id), result(2), "too early");
}

#[test]
fn job_should_go_on_when_the_host_was_restarted() {
	let mut bench = Bench::new("work");
	let host = bench.start();
	let (running, queued) = (submit(&host, &check(1)), submit(&host, &check(2)));
	wait_until_running(&host, running);
	assert_eq!(host.status(queued), JobStatus::Queued);
	drop(host);
	assert_eq!(workers_in(&bench), 0, "the worker ended with the host");

	bench.config.args = vec!["honest".into()];
	let host = bench.start();
	assert_eq!(end_of(&host, running), checked(Checked::Agrees));
	assert_eq!(end_of(&host, queued), checked(Checked::Agrees));
}

#[test]
fn journal_should_forget_only_what_is_unreadable() {
	let bench = Bench::new("honest");
	let host = bench.start();
	let ids = [1, 2, 3].map(|task| submit(&host, &check(task)));
	ids.iter().for_each(|id| drop(end_of(&host, *id)));
	drop(host);
	let file = |id: u64, kind| bench.config.base.join("jobs").join(format!("{id:016x}.{kind}"));
	fs::write(file(ids[0], "job"), b"garbage").unwrap();
	fs::write(file(ids[1], "done"), b"garbage").unwrap();
	fs::write(bench.config.base.join("jobs/README"), b"not ours").unwrap();

	let host = bench.start();
	assert_eq!(host.status(ids[0]), JobStatus::Unknown);
	assert_eq!(end_of(&host, ids[1]), checked(Checked::Agrees), "it ran again");
	assert_eq!(host.status(ids[2]), checked(Checked::Agrees));
	assert_eq!(submit(&host, &check(1)), ids[0]);
	assert_eq!(end_of(&host, ids[0]), checked(Checked::Agrees));
}

#[test]
fn two_jobs_should_not_share_an_id_when_their_hashes_collide() {
	let bench = Bench::new("count");
	let host = bench.start();
	let id = submit(&host, &check(1));
	end_of(&host, id);
	drop(host);
	// As if another job had this job's hash.
	let file = |kind| bench.config.base.join("jobs").join(format!("{id:016x}.{kind}"));
	fs::write(file("job"), check(2).encode()).unwrap();

	let host = bench.start();
	let other = submit(&host, &check(1));
	assert_eq!(other, id + 1);
	assert_eq!(end_of(&host, other), checked(Checked::Differs { first_state: 1 }));
	assert_eq!(submit(&host, &check(1)), other);
}

#[test]
fn move_should_not_wait_when_a_training_runs() {
	let mut bench = Bench::new("work");
	let host = bench.start();
	let long = submit(&host, &train(1));
	wait_until_running(&host, long);
	let urgent = submit(&host, &play(1));
	wait_until_running(&host, urgent);
	drop(host);
	bench.config.urgent_slots = 0;
	let host = bench.start();
	wait_until_running(&host, urgent);
	assert_eq!(host.status(long), JobStatus::Queued, "moves come first in general slots too");
}

#[test]
fn jobs_of_one_task_should_run_one_after_the_other_when_they_are_long() {
	let mut bench = Bench::new("work");
	bench.config.general_slots = 2;
	let host = bench.start();
	let (first, same, other) =
		(submit(&host, &train(1)), submit(&host, &check(1)), submit(&host, &check(2)));
	wait_until_running(&host, first);
	wait_until_running(&host, other);
	assert_eq!(host.status(same), JobStatus::Queued);
	assert!(host.cancel(first));
	wait_until_running(&host, same);
}

#[test]
fn blob_should_reach_the_worker_when_the_store_has_it() {
	let bench = Bench::new("need");
	let missing = bench.run(&check(1));
	let what = BlobKey::Bytes([3; 32]).to_string();
	assert_eq!(missing, checked(Checked::Unavailable { what: what.as_str().into() }));
	let mut job = check(1);
	job.context.data_root = *bench.store.put_bytes(&[9; 1234]).unwrap().root();
	assert_eq!(bench.run(&job), checked(Checked::Differs { first_state: 1234 }));
}

#[test]
fn submit_should_refuse_what_is_no_job_or_too_much() {
	let mut bench = Bench::new("work");
	bench.config.max_queued = 2;
	let host = bench.start();
	assert_eq!(host.submit(b"garbage"), Err(SubmitError::Malformed));
	assert_eq!(host.submit(&vec![0; 10 << 20]), Err(SubmitError::Malformed));
	let running = submit(&host, &check(0));
	wait_until_running(&host, running);
	let queued = [1, 2].map(|task| submit(&host, &check(task)));
	assert_eq!(host.submit(&check(3).encode()), Err(SubmitError::QueueFull));
	assert_eq!(submit(&host, &check(2)), queued[1], "known jobs need no room");
	assert_eq!(host.status(12345), JobStatus::Unknown);
}

#[test]
fn more_important_job_should_have_room_when_too_many_others_wait() {
	let mut bench = Bench::new("work");
	(bench.config.max_queued, bench.config.urgent_slots) = (1, 0);
	let host = bench.start();
	let running = submit(&host, &train(0));
	wait_until_running(&host, running);
	// Each rank is full before there is one of the next.
	for [first, second] in [
		[prepare(1), prepare(2)],
		[check(1), check(2)],
		[train(1), train(2)],
		[play(1), hand_in(2)],
	] {
		assert_eq!(host.status(submit(&host, &first)), JobStatus::Queued);
		assert_eq!(host.submit(&second.encode()), Err(SubmitError::QueueFull));
	}
	assert_eq!(host.stats().queued, 4);
}

#[test]
fn oldest_results_and_folders_should_be_forgotten_when_there_are_too_many() {
	let mut bench = Bench::new("differs");
	bench.config.max_finished = 2;
	bench.config.max_check_folders = 3;
	let host = bench.start();
	let ids = [1, 2, 3, 4, 5, 6].map(|task| {
		let id = submit(&host, &check(task));
		end_of(&host, id);
		thread::sleep(Duration::from_millis(20));
		id
	});
	assert_eq!(host.status(ids[3]), JobStatus::Unknown);
	assert_eq!(host.status(ids[5]), checked(Checked::Differs { first_state: 1 }));
	assert_eq!(fs::read_dir(bench.config.base.join("jobs")).unwrap().count(), 4);
	assert_eq!(fs::read_dir(bench.config.base.join("tasks")).unwrap().count(), 3);
}

#[test]
fn host_should_be_an_extension() {
	let bench = Bench::new("honest");
	let host = bench.start();
	let extension = ExecutorExt::new(host.clone());
	let id = extension.submit(&check(1).encode()).unwrap();
	assert_eq!(end_of(&host, id), checked(Checked::Agrees));
	let resolver = StoreResolver(bench.store.clone());
	let mut missing = bench.config.clone();
	missing.worker = "/nonexistent/worker".into();
	let refused = Host::start(missing, bench.store.clone(), resolver).err().unwrap();
	assert!(refused.to_string().starts_with("cannot start worker /nonexistent/worker"));
}
