//! What a process replays is known to those after it.

mod common;

use std::{
	fs::{self, File},
	ops::ControlFlow,
	path::{Path, PathBuf},
	sync::atomic::{AtomicU64, Ordering},
	thread,
	time::{Duration, SystemTime},
};

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, RecordSource};
use assay_executor::{CheckpointPolicy, Focus, Prepared, Replay, Session, Storage};
use assay_ops::{eval::StepContext, NodeId, NodeSpec};
use common::short_mlp;

/// Kernels that count steps.
struct Counting {
	kernels: CpuKernels,
	/// A node that every step computes once.
	loss: NodeId,
	steps: AtomicU64,
}

impl Counting {
	fn new(job: &Prepared) -> Self {
		let kernels = CpuKernels::new(1).unwrap();
		Self { kernels, loss: job.program().loss, steps: AtomicU64::default() }
	}

	/// Steps since the last call.
	fn taken(&self) -> u64 {
		self.steps.swap(0, Ordering::Relaxed)
	}
}

impl Kernels for Counting {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		if spec.id == self.loss {
			self.steps.fetch_add(1, Ordering::Relaxed);
		}
		self.kernels.run(spec, ctx, operands, records, out)
	}
}

/// The last node, for which all of a step must be run.
fn last(job: &Prepared) -> Focus {
	Focus::Node(job.program().specs.len() as NodeId - 1)
}

/// Strides of 20 steps, of which each second leaves a checkpoint.
const STRIDE: u64 = 20;
const ANCHOR: u32 = 2;

fn job() -> Prepared {
	short_mlp(10 * STRIDE, STRIDE as u32)
}

/// A folder in which the job was run.
fn trained(job: &Prepared) -> tempfile::TempDir {
	trained_with(job, ANCHOR)
}

fn trained_with(job: &Prepared, anchor: u32) -> tempfile::TempDir {
	let dir = tempfile::tempdir().unwrap();
	let policy = CheckpointPolicy {
		interval: Duration::MAX,
		anchor,
		closest: Duration::ZERO,
		anchor_time: Duration::MAX,
		anchor_bytes: u64::MAX,
		..CheckpointPolicy::TRAINING
	};
	let storage = Some(Storage { dir: dir.path().into(), policy });
	let kernels = CpuKernels::new(1).unwrap();
	let mut session = Session::start(job.clone(), kernels, storage).unwrap();
	session.run(|_| ControlFlow::Continue(())).unwrap();
	dir
}

/// The files in the directory of pins whose names begin so, in order.
fn files(dir: &Path, prefix: &str) -> Vec<PathBuf> {
	let Ok(entries) = fs::read_dir(dir.join("pins")) else { return Vec::new() };
	let paths = entries.map(|entry| entry.unwrap().path());
	let begins = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with(prefix);
	let mut paths: Vec<_> = paths.filter(begins).collect();
	paths.sort();
	paths
}

#[test]
fn replay_should_begin_at_pins_when_an_earlier_process_was_there() {
	let (job, stride, step) = (job(), 5, 5 * STRIDE + 13);
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let fresh = || Replay::new(job.clone(), &kernels, Some(dir.path()));
	let expected =
		Replay::new(job.clone(), CpuKernels::new(1).unwrap(), None).inner_states(stride).unwrap();

	let states = fresh().inner_states(stride).unwrap();
	assert_eq!((kernels.taken(), &states), (STRIDE + STRIDE, &expected), "from the anchor");
	let states = fresh().inner_states(stride).unwrap();
	assert_eq!((kernels.taken(), &states), (0, &expected), "they are known");
	let trace = fresh().trace(step, Focus::Tiles).unwrap();
	assert_eq!(kernels.taken(), 13 + 1, "from the beginning of the stride");
	assert_eq!(trace.after().root(), expected[13]);
	for _ in 0..5 {
		let again = fresh().trace(step, Focus::Tiles).unwrap();
		assert_eq!((kernels.taken(), again.roots()), (0, trace.roots()), "its hashes are known");
		assert_eq!((again.before(), again.after()), (trace.before(), trace.after()));
		let node = fresh().trace(step, last(&job)).unwrap();
		assert_eq!((kernels.taken(), node.roots()), (1, trace.roots()), "only the step");
	}
	let _ = fresh().trace(step, Focus::Node(0)).unwrap();
	assert_eq!(kernels.taken(), 0, "nothing behind the node");
	let _ = fresh().trace(step + 3, Focus::Tiles).unwrap();
	assert_eq!(kernels.taken(), 3 + 1, "from the nearest pin");
}

#[test]
fn hashes_of_a_step_should_be_skipped_and_written_anew_when_damaged() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let step = 5 * STRIDE + 3;
	let trace = || {
		let mut replay = Replay::new(job.clone(), &kernels, Some(dir.path()));
		replay.trace(step, Focus::Tiles).unwrap().roots().to_vec()
	};
	let expected = trace();
	kernels.taken();
	let [path] = &files(dir.path(), "trace-")[..] else { panic!("one step was traced") };
	let intact = fs::read(path).unwrap();
	for at in [0, 3, 60, intact.len() / 2, intact.len() - 1] {
		let mut bytes = intact.clone();
		bytes[at] ^= 1;
		fs::write(path, bytes).unwrap();
		assert_eq!((trace(), kernels.taken()), (expected.clone(), 1), "byte {at}");
		assert_eq!((trace(), kernels.taken()), (expected.clone(), 0), "byte {at}");
	}
	// Intact, but of another step.
	let other = path.with_file_name(format!("trace-{:020}", step + 1));
	fs::copy(path, other).unwrap();
	let mut replay = Replay::new(job.clone(), &kernels, Some(dir.path()));
	assert_ne!(replay.trace(step + 1, Focus::Tiles).unwrap().roots(), expected);
	assert_eq!(kernels.taken(), 2);
}

/// Kernels that err in one step.
struct Erring(CpuKernels, u64);

impl Kernels for Erring {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.0.run(spec, ctx, operands, records, out)?;
		if ctx.step == self.1 {
			out.iter_mut().take(1).for_each(|word| *word ^= 1);
		}
		Ok(())
	}
}

#[test]
fn hashes_of_a_step_should_not_stay_when_the_machine_erred() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let step = 5 * STRIDE + 3;
	let erring = Erring(CpuKernels::new(1).unwrap(), step);
	let honest = Replay::new(job.clone(), &kernels, None).trace(step, Focus::Tiles).unwrap();
	let expected = Replay::new(job.clone(), &kernels, Some(dir.path())).inner_states(5).unwrap();
	let mut replay = Replay::new(job.clone(), erring, Some(dir.path()));
	assert_ne!(replay.trace(step, Focus::Tiles).unwrap().after().root(), expected[3]);
	assert_eq!(files(dir.path(), "trace-"), Vec::<PathBuf>::new());
	let mut replay = Replay::new(job.clone(), &kernels, Some(dir.path()));
	assert_eq!(replay.trace(step, Focus::Tiles).unwrap().roots(), honest.roots());
	assert_eq!(files(dir.path(), "trace-").len(), 1);
}

#[test]
fn values_should_be_those_of_the_step_whatever_was_asked_for_before() {
	let job = job();
	let dir = trained(&job);
	let (step, end) = (5 * STRIDE + 3, job.program().specs.len() as NodeId - 1);
	let fresh = |dir: Option<&Path>| Replay::new(job.clone(), CpuKernels::new(1).unwrap(), dir);
	let expected = |node| fresh(None).trace(step, Focus::Node(node)).unwrap();
	let check = |replay: &mut Replay<CpuKernels>| {
		for node in [end, end / 2, 0] {
			let (found, expected) =
				(replay.trace(step, Focus::Node(node)).unwrap(), expected(node));
			assert_eq!(found.value(node).unwrap(), expected.value(node).unwrap());
			assert_eq!((found.roots(), found.after()), (expected.roots(), expected.after()));
			let tiles = replay.trace(step, Focus::Tiles).unwrap();
			assert_eq!((tiles.roots(), tiles.before()), (expected.roots(), expected.before()));
		}
	};
	check(&mut fresh(None));
	check(&mut fresh(Some(dir.path())));
	// What was left is gone, and nothing can be left again.
	fs::remove_dir_all(dir.path().join("pins")).unwrap();
	File::create(dir.path().join("pins")).unwrap();
	check(&mut fresh(Some(dir.path())));
}

#[test]
fn replay_should_leave_no_pins_when_it_has_no_directory() {
	let job = job();
	let kernels = Counting::new(&job);
	let mut replay = Replay::new(job.clone(), &kernels, None);
	replay.inner_states(0).unwrap();
	replay.trace(1, Focus::Tiles).unwrap();
	assert_eq!(kernels.taken(), STRIDE + 2);
}

#[test]
fn replay_should_leave_pins_when_there_is_no_session_yet() {
	let job = job();
	let (folder, kernels) = (tempfile::tempdir().unwrap(), Counting::new(&job));
	let dir = folder.path().join("run");
	let trace = || Replay::new(job.clone(), &kernels, Some(&dir)).trace(30, Focus::Tiles).unwrap();
	let (first, taken) = (trace(), kernels.taken());
	assert_eq!((trace().roots(), kernels.taken(), taken), (first.roots(), 0, 31));
}

#[test]
fn claim_should_be_known_when_a_session_has_ended() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let storage = Some(Storage::training(dir.path(), None));
	// Holds the directory.
	let session = Session::start(job.clone(), CpuKernels::new(1).unwrap(), storage).unwrap();
	let claim = |job: &Prepared, dir: &Path| Replay::new(job.clone(), &kernels, Some(dir)).claim();
	let found = claim(&job, dir.path()).unwrap().unwrap();
	assert_eq!(found.states(), session.claim().states());
	assert!(claim(&short_mlp(11 * STRIDE, STRIDE as u32), dir.path()).unwrap().is_none());
	assert!(claim(&job, &dir.path().join("nothing")).unwrap().is_none());
	assert_eq!(kernels.taken(), 0);
}

#[test]
fn states_of_a_stride_should_be_cut_when_a_shorter_job_ends_inside() {
	let (long, short) = (job(), short_mlp(5 * STRIDE + 7, STRIDE as u32));
	let (dir, kernels) = (trained(&long), Counting::new(&long));
	let states = |job: &Prepared| {
		Replay::new(job.clone(), &kernels, Some(dir.path())).inner_states(5).unwrap()
	};
	let all = states(&long);
	kernels.taken();
	assert_eq!((states(&short), kernels.taken()), (all[..7].to_vec(), 0));
	fs::remove_file(&files(dir.path(), "states-")[0]).unwrap();
	assert_eq!((states(&short), kernels.taken()), (all[..7].to_vec(), 7));
	assert_eq!((states(&long), kernels.taken()), (all, STRIDE));
}

/// What befalls the bytes of a file.
type Damage<'a> = &'a dyn Fn(&mut Vec<u8>);

#[test]
fn pins_should_be_skipped_and_written_anew_when_damaged() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let states = || Replay::new(job.clone(), &kernels, Some(dir.path())).inner_states(5).unwrap();
	let trace = || {
		let trace =
			Replay::new(job.clone(), &kernels, Some(dir.path())).trace(5 * STRIDE + 3, last(&job));
		trace.unwrap().roots().to_vec()
	};
	let expected = (states(), trace());
	kernels.taken();
	let paths = [files(dir.path(), "pin-"), files(dir.path(), "states-")].concat();
	assert_eq!(paths.len(), 3);
	let intact: Vec<_> = paths.iter().map(|path| fs::read(path).unwrap()).collect();
	let spoil = |damage: &dyn Fn(&mut Vec<u8>)| {
		for (path, bytes) in paths.iter().zip(&intact) {
			let mut bytes = bytes.clone();
			damage(&mut bytes);
			fs::write(path, bytes).unwrap();
		}
	};
	let damages: [Damage; 5] = [
		&|bytes| bytes.truncate(bytes.len() / 2),
		&|bytes| bytes.clear(),
		&|bytes| bytes[3] ^= 1,
		&|bytes| bytes[70] ^= 1,
		&|bytes| *bytes.last_mut().unwrap() ^= 1,
	];
	for damage in damages {
		spoil(damage);
		assert_eq!(states(), expected.0);
		assert_eq!(kernels.taken(), 2 * STRIDE);
		assert_eq!((trace(), kernels.taken()), (expected.1.clone(), 3 + 1));
		assert_eq!((trace(), kernels.taken()), (expected.1.clone(), 1));
	}
	// Intact, but of another step, and of another job.
	fs::copy(&paths[0], &paths[1]).unwrap();
	assert_eq!((trace(), kernels.taken()), (expected.1.clone(), 3 + 1));
	let other = short_mlp(10 * STRIDE, STRIDE as u32 + 1);
	let mut other = Replay::new(other, &kernels, Some(dir.path()));
	let _ = other.trace(5 * STRIDE + 3, Focus::Tiles).unwrap();
	assert_eq!(kernels.taken(), 5 * STRIDE + 4);
}

#[test]
fn pins_should_be_two_for_each_game_when_more_places_are_looked_at() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let trace = |step| {
		// Files' times are coarse.
		thread::sleep(Duration::from_millis(20));
		let _ =
			Replay::new(job.clone(), &kernels, Some(dir.path())).trace(step, last(&job)).unwrap();
		kernels.taken()
	};
	for step in (0..).filter(|step| step % STRIDE != 0).take(65) {
		trace(50 + step);
		trace(51);
	}
	let names = files(dir.path(), "pin-");
	let step = |path: &PathBuf| path.to_str().unwrap().rsplit('-').next().unwrap().parse().unwrap();
	let steps: Vec<u64> = names.iter().map(step).collect();
	assert_eq!(steps.len(), 64);
	assert!(steps.contains(&51) && !steps.contains(&60), "{steps:?}");
	assert_eq!(trace(51), 1);
}

#[test]
fn stride_should_be_replayed_twice_at_most_when_as_many_games_as_may_be_open_take_turns() {
	let games = 0..32;
	let job = short_mlp(33 * STRIDE, STRIDE as u32);
	// Each stride begins at an anchor.
	let (dir, kernels) = (trained_with(&job, 1), Counting::new(&job));
	let fresh = || Replay::new(job.clone(), &kernels, Some(dir.path()));
	let mut replayed = vec![0; 32];
	let mut phase = |play: &dyn Fn(u32)| {
		for game in games.clone() {
			play(game);
			replayed[game as usize] += kernels.taken();
		}
	};
	let step = |game: u32| u64::from(game) * STRIDE + u64::from(game) % STRIDE;
	phase(&|game| drop(fresh().inner_states(game).unwrap()));
	phase(&|game| drop(fresh().inner_states(game).unwrap()));
	for _ in 0..5 {
		phase(&|game| drop(fresh().trace(step(game), Focus::Tiles).unwrap()));
	}
	phase(&|game| drop(fresh().trace(step(game), last(&job)).unwrap()));
	let steps_alone = 3;
	assert!(replayed.iter().all(|steps| *steps < 2 * STRIDE + steps_alone), "{replayed:?}");
}

#[test]
fn files_of_killed_processes_should_go_when_they_are_old() {
	let job = job();
	let (dir, kernels) = (trained(&job), Counting::new(&job));
	let pins = dir.path().join("pins");
	fs::create_dir(&pins).unwrap();
	let (old, young) = (pins.join("new-1-0"), pins.join("new-2-0"));
	File::create(&old)
		.unwrap()
		.set_modified(SystemTime::now() - Duration::from_secs(4000))
		.unwrap();
	File::create(&young).unwrap();
	let _ = Replay::new(job.clone(), &kernels, Some(dir.path())).trace(3, Focus::Tiles).unwrap();
	assert_eq!((old.exists(), young.exists()), (false, true));
}

#[test]
fn replays_should_agree_when_many_work_in_one_directory() {
	let job = job();
	let dir = trained(&job);
	let mut alone = Replay::new(job.clone(), CpuKernels::new(1).unwrap(), None);
	let expected: Vec<_> = (0..10).map(|stride| alone.inner_states(stride).unwrap()).collect();
	thread::scope(|scope| {
		for worker in 0..4_u32 {
			let (job, dir, expected) = (&job, dir.path(), &expected);
			scope.spawn(move || {
				// Always more places than stay, in another order each.
				for look in 0..30 {
					let stride = (look * (2 * worker + 1) + worker) % 10;
					let kernels = CpuKernels::new(1).unwrap();
					let mut replay = Replay::new(job.clone(), kernels, Some(dir));
					let states = &expected[stride as usize];
					assert_eq!(&replay.inner_states(stride).unwrap(), states);
					let at = u64::from(look % 20);
					let trace =
						replay.trace(u64::from(stride) * STRIDE + at, Focus::Tiles).unwrap();
					assert_eq!(trace.after().root(), states[at as usize]);
				}
			});
		}
	});
	assert!(files(dir.path(), "pin-").len() <= 64 + 4);
	assert_eq!(files(dir.path(), "new-"), Vec::<PathBuf>::new());
}
