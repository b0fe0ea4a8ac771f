//! Workers that crash, hang, lie or talk nonsense.

mod common;

use std::time::{Duration, Instant};

use assay_executor_host::{Host, HostError};
use assay_host_functions::{Checked, Executor, Fault, JobStatus};
use common::*;

#[track_caller]
fn fault_of(mode: &str) -> String {
	let bench = Bench::new(mode);
	let why = machine_fault(&bench.run(&check(1)));
	assert_eq!(workers_in(&bench), 0, "{mode}");
	why
}

#[test]
fn job_should_fail_by_the_machine_when_every_worker_crashes() {
	let bench = Bench::new("crash");
	let host = bench.start();
	let status = end_of(&host, submit(&host, &check(1)));
	let why = machine_fault(&status);
	assert!(why.contains("exit status: 3") && why.contains("out of luck"), "{why}");
	assert_eq!(host.stats().failed_attempts, 3);
	assert!(host.log(9).contains(&"out of luck".to_owned()));
}

#[test]
fn job_should_end_well_when_a_later_worker_does_not_crash() {
	assert_eq!(Bench::new("crash-twice").run(&check(1)), checked(Checked::Agrees));
}

#[test]
fn job_should_end_well_when_each_worker_gets_a_step_further() {
	let bench = Bench::new("creep");
	let host = bench.start();
	assert_eq!(end_of(&host, submit(&host, &check(1))), checked(Checked::Agrees));
	assert_eq!(host.stats().failed_attempts, 8, "more than may fail in a row");
}

#[test]
fn silent_worker_should_be_ended() {
	for (mode, why) in [("hang", "said nothing"), ("deaf", "said nothing")] {
		let found = fault_of(mode);
		assert!(found.contains(why), "{found}");
	}
}

#[test]
fn slow_worker_should_not_be_ended_when_it_answers_pings() {
	let bench = Bench::new("slow");
	assert!(Duration::from_secs(2) > bench.config.silence_limit);
	assert_eq!(bench.run(&check(1)), checked(Checked::Agrees));
}

#[test]
fn worker_should_be_ended_when_it_talks_nonsense() {
	for (mode, why) in [
		("garbage", "a frame is no message"),
		("oversize", "larger than"),
		("twice-hello", "said hello twice"),
		("wrong-kind", "not what the job asks for"),
		("greedy", "too many blobs"),
		("machine-fault", "no memory"),
	] {
		let found = fault_of(mode);
		assert!(found.contains(why), "{mode}: {found}");
	}
}

#[test]
fn worker_should_not_be_used_when_its_greeting_is_wrong() {
	for (mode, why) in [
		("other-protocol", "worker `fake` speaks protocol 99, this node"),
		("other-opset", "worker `fake` computes operation set 99, this node"),
	] {
		let bench = Bench::new(mode);
		let probed = Host::probe(&bench.config).unwrap_err();
		assert!(matches!(probed, HostError::Handshake(_)));
		let host = bench.start();
		let found = machine_fault(&end_of(&host, submit(&host, &check(1))));
		assert!(found.contains(why), "{found}");
		assert_eq!(host.stats().failed_attempts, 0, "trying again would not help");
	}
	for mode in ["no-hello", "mute", "not-a-worker"] {
		let probed = Host::probe(&Bench::new(mode).config).unwrap_err();
		assert!(matches!(probed, HostError::NoHello(_)), "{probed}");
		assert!(fault_of(mode).contains("did not say hello"));
	}
}

#[test]
fn task_fault_should_be_final() {
	let bench = Bench::new("task-fault");
	let host = bench.start();
	let status = end_of(&host, submit(&host, &check(1)));
	assert_eq!(status, JobStatus::Failed(Fault::Task("no such shape".into())));
	submit(&host, &check(1));
	assert_eq!(host.status(submit(&host, &check(1))), status);
}

#[test]
fn training_should_not_be_done_when_its_artefacts_are_not_published() {
	let mut bench = Bench::new("unpublished");
	let why = machine_fault(&bench.run(&train(1)));
	assert!(why.contains("did not publish blob"), "{why}");
	bench.config.require_artifacts = false;
	assert!(matches!(bench.run(&train(1)), JobStatus::Done(_)));
}

#[test]
fn worker_should_not_publish_files_outside_its_folder() {
	for mode in ["steal-path", "steal-link"] {
		let bench = Bench::new(mode);
		assert_eq!(bench.run(&check(1)), checked(Checked::Agrees), "{mode}: it was refused");
		assert!(bench.store.ls().unwrap().is_empty());
	}
}

#[test]
fn worker_should_not_be_held_up_when_it_writes_a_lot() {
	let bench = Bench::new("chatty");
	let host = bench.start();
	assert_eq!(end_of(&host, submit(&host, &check(1))), checked(Checked::Agrees));
	assert_eq!(host.log(usize::MAX).len(), bench.config.log_lines);
}

#[test]
fn cancel_should_end_the_worker_and_forget_the_job() {
	for mode in ["work", "hang", "flood", "mute"] {
		let bench = Bench::new(mode);
		let host = bench.start();
		let (first, second) = (submit(&host, &check(1)), submit(&host, &check(2)));
		wait_for(|| (workers_in(&bench) > 0).then_some(()));
		assert!(host.cancel(second) && !host.cancel(second));
		assert!(host.cancel(first) && !host.cancel(first));
		assert_eq!(host.status(first), JobStatus::Unknown);
		wait_for(|| (workers_in(&bench) == 0).then_some(()));
		drop(host);
		assert_eq!(bench.start().status(first), JobStatus::Unknown, "{mode}: after a restart");
	}
}

#[test]
fn host_should_end_soon_when_a_worker_does_not() {
	for mode in ["hang", "mute", "flood", "deaf"] {
		let mut bench = Bench::new(mode);
		bench.config.hello_timeout = Duration::from_secs(60);
		bench.config.silence_limit = Duration::from_secs(60);
		bench.config.exit_grace = Duration::from_secs(60);
		let host = bench.start();
		submit(&host, &check(1));
		wait_for(|| (workers_in(&bench) > 0).then_some(()));
		let start = Instant::now();
		drop(host);
		assert!(start.elapsed() < Duration::from_secs(20), "{mode}");
		assert_eq!(workers_in(&bench), 0, "{mode}");
	}
}
