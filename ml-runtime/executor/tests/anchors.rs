//! Which checkpoints stay, so that disputes need not replay from the start.

mod common;

use std::{collections::BTreeSet, fs, ops::ControlFlow, path::Path, time::Duration};

use assay_backend_cpu::CpuKernels;
use assay_executor::{CheckpointPolicy, Prepared, Session, Storage};
use common::short_mlp;

/// No anchors by number, and none by time either.
const NEVER: CheckpointPolicy = CheckpointPolicy {
	interval: Duration::MAX,
	anchor: 0,
	anchor_time: Duration::MAX,
	anchor_bytes: u64::MAX,
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
