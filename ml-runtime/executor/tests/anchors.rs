//! Which checkpoints stay, so that disputes need not replay from the start.

mod common;

use std::{
	collections::BTreeSet,
	fs,
	ops::ControlFlow,
	path::{Path, PathBuf},
	time::Duration,
};

use assay_backend_cpu::CpuKernels;
use assay_executor::{CheckpointPolicy, Prepared, Replay, Session, Storage};
use common::short_mlp;

/// No anchors by number, and none by time either.
const NEVER: CheckpointPolicy = CheckpointPolicy {
	interval: Duration::MAX,
	rest: 0,
	anchor: 0,
	closest: Duration::ZERO,
	anchor_time: Duration::MAX,
	furthest: Duration::MAX,
	anchor_bytes: u64::MAX,
	most_bytes: u64::MAX,
	reserve: Some(0),
};

/// Runs until so many steps are done.
fn run(job: &Prepared, dir: &Path, policy: CheckpointPolicy, until: u64) {
	let storage = Some(Storage { dir: dir.into(), policy });
	let kernels = CpuKernels::new(1).unwrap();
	let mut session = Session::start(job.clone(), kernels, storage).unwrap();
	let _ = session.run(|session| match session.steps_done() == until {
		true => ControlFlow::Break(()),
		false => ControlFlow::Continue(()),
	});
}

/// Steps of all checkpoints.
fn steps(dir: &Path) -> Vec<u64> {
	let names = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name());
	let step = |name: std::ffi::OsString| {
		let name = name.to_str()?.strip_prefix("checkpoint-")?;
		name.get(..20)?.parse().ok()
	};
	names.filter_map(step).collect::<BTreeSet<u64>>().into_iter().collect()
}

#[test]
fn every_committed_state_should_stay_when_anchors_are_no_time_apart() {
	let dir = tempfile::tempdir().unwrap();
	let policy = CheckpointPolicy { anchor_time: Duration::ZERO, ..NEVER };
	run(&short_mlp(20, 3), dir.path(), policy, 20);
	assert_eq!(steps(dir.path()), [3, 6, 9, 12, 15, 18, 20]);
}

#[test]
fn no_state_should_stay_when_steps_take_less_than_the_time_between_anchors() {
	let dir = tempfile::tempdir().unwrap();
	let policy = CheckpointPolicy { anchor_time: Duration::from_secs(3600), ..NEVER };
	run(&short_mlp(20, 3), dir.path(), policy, 20);
	// The first is written because none was, and the last since it is the last.
	assert_eq!(steps(dir.path()), [3, 20]);
}

#[test]
fn anchors_should_stay_when_another_process_goes_on() {
	let dir = tempfile::tempdir().unwrap();
	let (job, policy) =
		(short_mlp(40, 2), CheckpointPolicy { anchor_time: Duration::ZERO, ..NEVER });
	run(&job, dir.path(), policy, 9);
	run(&job, dir.path(), CheckpointPolicy { interval: Duration::ZERO, ..NEVER }, 40);
	assert_eq!(steps(dir.path()), [2, 4, 6, 8, 38, 40]);
}

#[test]
fn anchors_should_stay_apart_evenly_when_there_is_room_for_few() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(130, 2);
	run(&job, dir.path(), CheckpointPolicy { interval: Duration::ZERO, ..NEVER }, 2);
	let one = fs::metadata(dir.path().join(format!("checkpoint-{:020}", 2))).unwrap().len();
	fs::remove_dir_all(dir.path()).unwrap();
	// The list of states makes later ones larger.
	let policy = CheckpointPolicy {
		anchor: 3,
		anchor_time: Duration::ZERO,
		anchor_bytes: 8 * (one + 65 * 32),
		..NEVER
	};
	for until in [37, 61, 130] {
		run(&job, dir.path(), policy, until);
	}
	let steps = steps(dir.path());
	// Eight anchors, and the last state.
	assert_eq!((steps.len(), steps.last()), (9, Some(&130)), "{steps:?}");
	let gaps = steps.windows(2).map(|pair| pair[1] - pair[0]).chain([steps[0]]);
	assert!(gaps.max().unwrap() <= 2 * 130 / 8, "{steps:?}");
}

/// Every committed state, with a budget for three, where none may go for it.
fn over_the_budget(job: &Prepared, dir: &Path) -> CheckpointPolicy {
	let always = CheckpointPolicy { anchor_time: Duration::ZERO, ..NEVER };
	run(job, dir, always, 20);
	let sizes = steps(dir).into_iter().map(|step| path(dir, step).metadata().unwrap().len());
	let largest = sizes.max().unwrap();
	fs::remove_dir_all(dir).unwrap();
	CheckpointPolicy { anchor_bytes: 3 * largest, furthest: Duration::ZERO, ..always }
}

/// The anchor at a step.
fn path(dir: &Path, step: u64) -> PathBuf {
	dir.join(format!("checkpoint-{step:020}.kept"))
}

#[test]
fn anchors_should_stay_over_their_budget_when_they_would_be_too_far_apart() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(21, 2));
	let policy = over_the_budget(&job, dir.path());
	run(&job, dir.path(), policy, 20);
	assert_eq!(steps(dir.path()), [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
}

#[test]
fn anchors_should_be_within_their_budget_when_the_disk_is_short() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(21, 2));
	let policy = over_the_budget(&job, dir.path());
	run(&job, dir.path(), CheckpointPolicy { reserve: Some(u64::MAX), ..policy }, 20);
	assert_eq!(steps(dir.path()).len(), 3);
}

#[test]
fn anchors_should_not_become_more_when_the_disk_becomes_short() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(21, 2));
	let policy = over_the_budget(&job, dir.path());
	run(&job, dir.path(), policy, 10);
	run(&job, dir.path(), CheckpointPolicy { reserve: Some(u64::MAX), ..policy }, 20);
	assert_eq!(steps(dir.path()).len(), 5);
}

#[test]
fn anchors_of_a_training_should_stay_when_a_check_goes_on_in_its_folder() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(21, 2));
	let policy = over_the_budget(&job, dir.path());
	run(&job, dir.path(), policy, 10);
	run(&job, dir.path(), CheckpointPolicy { most_bytes: 0, ..policy }, 20);
	assert_eq!(steps(dir.path()).len(), 5);
	fs::remove_dir_all(dir.path()).unwrap();
	run(&job, dir.path(), CheckpointPolicy { most_bytes: 0, ..policy }, 20);
	assert_eq!(steps(dir.path()).len(), 1, "alone it has its bound");
}

#[test]
fn no_state_should_stay_for_its_number_when_the_last_anchor_is_close() {
	let dir = tempfile::tempdir().unwrap();
	let policy = CheckpointPolicy { anchor: 1, closest: Duration::from_secs(3600), ..NEVER };
	run(&short_mlp(20, 2), dir.path(), policy, 20);
	assert_eq!(steps(dir.path()), [2, 20], "the first checkpoint and the last");
}

#[test]
fn anchors_of_an_earlier_version_should_stay_when_a_session_goes_on() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(40, 2));
	let policy = CheckpointPolicy { anchor: 3, ..NEVER };
	run(&job, dir.path(), CheckpointPolicy { anchor_time: Duration::ZERO, ..policy }, 20);
	for step in steps(dir.path()) {
		fs::rename(path(dir.path(), step), path(dir.path(), step).with_extension("")).unwrap();
	}
	run(&job, dir.path(), policy, 40);
	// Of the others the newest were rolling ones, until a later one was written.
	assert_eq!(steps(dir.path()), [6, 12, 18, 22, 24, 30, 36, 40]);
}

#[test]
fn dispute_should_replay_nothing_before_its_stride_when_the_state_was_kept() {
	let (dir, job) = (tempfile::tempdir().unwrap(), short_mlp(20, 2));
	let kernels = || CpuKernels::new(1).unwrap();
	let session = || {
		let policy = CheckpointPolicy { anchor: 3, ..NEVER };
		let storage = Some(Storage { dir: dir.path().into(), policy });
		let mut session = Session::start(job.clone(), kernels(), storage).unwrap();
		session.run(|_| ControlFlow::Continue(())).unwrap();
		session
	};
	for state in [5, 5, 0, 10, 2] {
		session().keep(state).unwrap();
	}
	assert_eq!(steps(dir.path()), [2, 4, 6, 10, 12, 18, 20]);
	assert!(session().keep(11).is_err(), "there is no such state");
	let kept = path(dir.path(), 10);
	for entry in fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().path()) {
		if entry != kept {
			fs::remove_file(entry).unwrap();
		}
	}
	// Intact, of this job, and nothing else is there: the run goes on from it.
	let storage = Some(Storage::training(dir.path(), None));
	let session = Session::start(job.clone(), kernels(), storage).unwrap();
	assert_eq!((session.steps_done(), session.claim().states().len()), (10, 6));
	let states = |dir| Replay::new(job.clone(), kernels(), dir).inner_states(5).unwrap();
	assert_eq!(states(Some(dir.path())), states(None));
}

#[test]
fn training_should_have_half_of_what_is_free_when_nobody_says_otherwise() {
	let dir = tempfile::tempdir().unwrap();
	let bytes = |given| Storage::training(dir.path(), given).policy.anchor_bytes;
	assert_eq!(bytes(Some(1 << 50)), 1 << 50);
	let free = assay_disk::Room::of(dir.path()).unwrap().free;
	assert!(bytes(None) <= 32 << 30 && bytes(None) <= free, "of {free}");
}
