//! A session that is interrupted anywhere goes on to the same roots.

mod common;

use std::{
	fs,
	ops::ControlFlow,
	path::{Path, PathBuf},
	process::{Child, Command, Stdio},
	thread,
	time::{Duration, Instant},
};

use assay_backend_cpu::CpuKernels;
use assay_executor::{
	CheckpointPolicy, ExecError, MachineFault, Outcome, Prepared, Session, Storage,
};
use common::short_mlp;

const ALWAYS: CheckpointPolicy = CheckpointPolicy {
	interval: Duration::ZERO,
	rest: 0,
	anchor: 4,
	closest: Duration::ZERO,
	anchor_time: Duration::MAX,
	anchor_bytes: u64::MAX,
	reserve: Some(0),
	..CheckpointPolicy::TRAINING
};

fn storage(dir: &Path) -> Option<Storage> {
	Some(Storage { dir: dir.into(), policy: ALWAYS })
}

/// Starts a session. A process that another test starts holds the files of this one, so its locks too,
/// until it begins its own program: on a busy machine that takes a while.
fn start(job: &Prepared, dir: &Path) -> Session<CpuKernels> {
	let started = Instant::now();
	loop {
		match Session::start(job.clone(), CpuKernels::new(1).unwrap(), storage(dir)) {
			Err(ExecError::Machine(MachineFault::Busy { .. }))
				if started.elapsed() < Duration::from_secs(60) =>
			{
				thread::sleep(Duration::from_millis(1));
			},
			session => return session.unwrap(),
		}
	}
}

/// Runs to the end and gives the claim root.
fn finish(session: &mut Session<CpuKernels>) -> [u8; 32] {
	assert_eq!(session.run(|_| ControlFlow::Continue(())).unwrap(), Outcome::Completed);
	session.claim().root()
}

/// The claim root of an undisturbed run.
fn expected(job: &Prepared) -> [u8; 32] {
	finish(&mut Session::start(job.clone(), CpuKernels::new(1).unwrap(), None).unwrap())
}

fn run_until(session: &mut Session<CpuKernels>, step: u64) {
	let result = session.run(|session| match session.steps_done() {
		done if done == step => ControlFlow::Break(()),
		_ => ControlFlow::Continue(()),
	});
	assert!(matches!(result, Err(ExecError::Machine(MachineFault::Interrupted))));
}

/// Checkpoints of a directory, oldest first.
fn checkpoints(dir: &Path) -> Vec<PathBuf> {
	let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
	let mut paths: Vec<_> =
		entries.filter(|path| path.to_str().unwrap().contains("checkpoint-")).collect();
	paths.sort();
	paths
}

/// The steps of those checkpoints.
fn steps(dir: &Path) -> Vec<u64> {
	let step = |path: &PathBuf| {
		let name = path.to_str().unwrap().rsplit('-').next().unwrap();
		name.trim_end_matches(".kept").parse().unwrap()
	};
	checkpoints(dir).iter().map(step).collect()
}

#[test]
fn session_should_resume_at_the_newest_checkpoint_when_interrupted() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(20, 2);
	run_until(&mut start(&job, dir.path()), 13);
	let mut session = start(&job, dir.path());
	assert_eq!(session.steps_done(), 12);
	assert_eq!(session.claim().states().len(), 7);
	assert_eq!(finish(&mut session), expected(&job));
}

#[test]
fn session_should_have_its_result_when_started_after_the_end() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(5, 2);
	let root = finish(&mut start(&job, dir.path()));
	let session = start(&job, dir.path());
	assert_eq!(session.outcome(), Some(Outcome::Completed));
	assert_eq!(session.claim().root(), root);
}

#[test]
fn anchors_should_stay_when_rolling_checkpoints_are_removed() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(20, 2);
	finish(&mut start(&job, dir.path()));
	// Anchors every 4 states (8 steps), and the last two of the others.
	assert_eq!(steps(dir.path()), [8, 16, 18, 20]);
}

#[test]
fn checkpoints_should_not_pile_up_when_processes_are_killed_again_and_again() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(40, 2);
	for step in 1..40 {
		run_until(&mut start(&job, dir.path()), step);
	}
	assert_eq!(finish(&mut start(&job, dir.path())), expected(&job));
	// As in a run that nobody disturbs: anchors every 8 steps, and the last two of the others.
	assert_eq!(steps(dir.path()), [8, 16, 24, 32, 38, 40]);
}

#[test]
fn checkpoints_of_a_longer_job_should_stay_when_a_shorter_one_starts() {
	let dir = tempfile::tempdir().unwrap();
	finish(&mut start(&short_mlp(20, 2), dir.path()));
	let job = short_mlp(10, 2);
	assert_eq!(finish(&mut start(&job, dir.path())), expected(&job));
	assert_eq!(steps(dir.path()), [8, 10, 16, 18, 20]);
}

#[test]
fn session_should_fall_back_when_the_newest_checkpoint_is_cut_or_changed() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(8, 2);
	run_until(&mut start(&job, dir.path()), 7);
	let newest = checkpoints(dir.path()).pop().unwrap();
	let intact = fs::read(&newest).unwrap();
	let lengths = (0..200).chain((200..intact.len()).step_by(997)).chain([intact.len() - 1]);
	for length in lengths {
		fs::write(&newest, &intact[..length]).unwrap();
		assert_eq!(start(&job, dir.path()).steps_done(), 4, "cut to {length}");
	}
	for at in (0..intact.len()).step_by(991) {
		let mut changed = intact.clone();
		changed[at] ^= 1;
		fs::write(&newest, &changed).unwrap();
		assert_eq!(start(&job, dir.path()).steps_done(), 4, "byte {at} changed");
	}
	assert_eq!(finish(&mut start(&job, dir.path())), expected(&job));
}

#[test]
fn session_should_start_over_when_every_checkpoint_is_damaged() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(8, 2);
	run_until(&mut start(&job, dir.path()), 7);
	for path in checkpoints(dir.path()) {
		fs::write(path, b"nonsense").unwrap();
	}
	let mut session = start(&job, dir.path());
	assert_eq!(session.steps_done(), 0);
	assert_eq!(finish(&mut session), expected(&job));
}

#[test]
fn session_should_ignore_half_written_files_when_started() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(4, 2);
	fs::write(dir.path().join("checkpoint.tmp"), b"half").unwrap();
	fs::write(dir.path().join("checkpoint-what"), b"half").unwrap();
	assert_eq!(finish(&mut start(&job, dir.path())), expected(&job));
	assert!(!dir.path().join("checkpoint.tmp").exists());
}

#[test]
fn session_should_start_over_when_checkpoints_are_of_another_job() {
	let dir = tempfile::tempdir().unwrap();
	run_until(&mut start(&short_mlp(20, 2), dir.path()), 7);
	assert_eq!(start(&short_mlp(20, 3), dir.path()).steps_done(), 0);
}

#[test]
fn session_should_go_on_from_checkpoints_when_only_the_length_differs() {
	let dir = tempfile::tempdir().unwrap();
	run_until(&mut start(&short_mlp(20, 2), dir.path()), 7);
	for steps in [6, 21] {
		let job = short_mlp(steps, 2);
		assert_eq!(start(&job, dir.path()).steps_done(), 6);
		assert_eq!(finish(&mut start(&job, dir.path())), expected(&job));
	}
}

#[test]
fn session_should_be_refused_when_another_one_holds_the_directory() {
	let dir = tempfile::tempdir().unwrap();
	let job = short_mlp(4, 2);
	let _first = start(&job, dir.path());
	let second = Session::start(job, CpuKernels::new(1).unwrap(), storage(dir.path()));
	assert!(matches!(second, Err(ExecError::Machine(MachineFault::Busy { .. }))));
}

#[test]
fn session_should_report_a_machine_fault_when_the_directory_cannot_be_made() {
	let file = tempfile::NamedTempFile::new().unwrap();
	let dir = file.path().join("below-a-file");
	let result = Session::start(short_mlp(4, 2), CpuKernels::new(1).unwrap(), storage(&dir));
	assert!(matches!(result, Err(ExecError::Machine(MachineFault::Io { .. }))));
}

const CHILD_DIR: &str = "ASSAY_CRASH_TEST_DIR";
const CHILD_STEPS: &str = "ASSAY_CRASH_TEST_STEPS";
const KILLS: u64 = 12;
/// Steps that one child gets further at most. It waits there to be killed, so that no child ends
/// by itself, on a machine of whatever speed.
const STEPS_A_CHILD: u64 = 250;

fn long_job() -> Prepared {
	short_mlp(KILLS * STEPS_A_CHILD + 100, 3)
}

/// Not a test of its own: the process that the next test starts and kills.
#[test]
#[ignore = "run by the test that kills it"]
fn child_should_train_when_started_with_a_directory() {
	let Some(dir) = std::env::var_os(CHILD_DIR) else { return };
	let last = std::env::var(CHILD_STEPS).unwrap().parse().unwrap();
	run_until(&mut start(&long_job(), Path::new(&dir)), last);
	// Should the parent be gone, nobody kills this one.
	thread::sleep(Duration::from_secs(60));
}

fn child(dir: &Path, last: u64) -> Child {
	Command::new(std::env::current_exe().unwrap())
		.args(["--exact", "child_should_train_when_started_with_a_directory", "--ignored"])
		.env(CHILD_DIR, dir)
		.env(CHILD_STEPS, last.to_string())
		.stdout(Stdio::null())
		.stderr(Stdio::null())
		.spawn()
		.unwrap()
}

/// The step of the newest checkpoint.
fn reached(dir: &Path) -> u64 {
	steps(dir).pop().unwrap_or(0)
}

#[test]
fn claim_should_be_the_same_when_the_process_is_killed_again_and_again() {
	let dir = tempfile::tempdir().unwrap();
	let mut before = 0;
	for round in 1..=KILLS {
		let mut child = child(dir.path(), round * STEPS_A_CHILD);
		let started = Instant::now();
		while reached(dir.path()) <= before {
			assert!(started.elapsed() < Duration::from_secs(60), "no progress past {before}");
			thread::sleep(Duration::from_millis(1));
		}
		thread::sleep(Duration::from_millis(3 * round));
		assert!(child.try_wait().unwrap().is_none(), "the child ended before it was killed");
		child.kill().unwrap(); // SIGKILL
		child.wait().unwrap();
		before = reached(dir.path());
	}
	let job = long_job();
	let mut session = start(&job, dir.path());
	assert!(session.steps_done() >= before && before > 0);
	assert_eq!(finish(&mut session), expected(&job));
}
