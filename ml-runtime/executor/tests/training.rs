//! Training ends where the reference says, whatever executes it, and it learns.

mod common;

use std::{
	ops::ControlFlow,
	sync::{
		atomic::{AtomicUsize, Ordering},
		Arc,
	},
	time::Duration,
};

use assay_backend_cpu::{
	CpuKernels, KernelError, Kernels, Level, Link, RecordSource, ReferenceKernels,
};
use assay_executor::{
	evaluate, ClaimList, Focus, Memory, Outcome, Prepared, Replay, Session, SpotChecks, TaskFault,
};
use assay_ops::{eval::StepContext, step::run_reference, Limits, NodeSpec};
use common::{
	prepare, quantised, short_mlp, test_data, Training, BERT, GPT, LENET, LENET_ADAMW, LLAMA, MLP,
	RESNET, VISION,
};

fn finish<K: Kernels>(job: &Prepared, kernels: K) -> Session<K> {
	let mut session = Session::start(job.clone(), kernels, None).unwrap();
	session.run(|_| ControlFlow::Continue(())).unwrap();
	session
}

/// Steps of each training; the environment may ask for more, as `scripts/conformance.sh --claims` does.
fn steps() -> u64 {
	std::env::var("ASSAY_STEPS").map_or(5, |steps| steps.parse().unwrap())
}

/// The kinds of instructions and numbers of threads to train with; the environment may ask for fewer, as
/// `scripts/conformance.sh --claims` does of an emulated processor.
fn teams() -> Vec<(Level, usize)> {
	let asked = |name: &str, value: String| {
		let list = std::env::var(name).ok();
		list.is_none_or(|list| list.split(',').any(|asked| asked == value))
	};
	// Without instructions for it a step takes a hundred times as long.
	let threads = |level| if level == Level::Soft { &[2][..] } else { &[1, 2, 5][..] };
	let all = Level::available().into_iter();
	let all = all.flat_map(|level| threads(level).iter().map(move |threads| (level, *threads)));
	let asked = all.filter(|(level, threads)| {
		asked("ASSAY_LEVELS", format!("{level:?}")) && asked("ASSAY_THREADS", threads.to_string())
	});
	asked.collect()
}

#[test]
fn claim_should_be_the_same_when_instructions_and_threads_differ() {
	let teams = teams();
	assert!(!teams.is_empty(), "the processor has none of the instructions that are asked for");

	let quantised = [LENET, GPT].map(quantised);
	let quantised = quantised.each_ref().map(String::as_str);
	let plain = [MLP, LENET, LENET_ADAMW, RESNET, GPT, BERT, LLAMA, VISION];
	for manifest in plain.into_iter().chain(quantised) {
		let training = Training::new(manifest);
		let job = prepare(training.job(steps(), 2));
		let mut expected: Option<Session<CpuKernels>> = None;
		for (level, threads) in &teams {
			let mut session = finish(&job, CpuKernels::with_level(*threads, *level).unwrap());
			let (name, root) = (&training.manifest.task.name, session.claim().root());
			let numerics = training.manifest.numerics.forward;
			let root: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
			println!("claim.{name}.{numerics:?}.{level:?}.t{threads} {root}");
			assert!(f32::from_bits(session.loss()).is_finite());
			let Some(expected) = &mut expected else {
				expected = Some(session);
				continue;
			};
			assert_eq!(session.claim().states(), expected.claim().states());
			assert_eq!(session.slots().unwrap(), expected.slots().unwrap());
		}
	}
}

#[test]
fn claim_should_be_that_of_the_reference_when_kernels_are_fast() {
	let quantised = [LENET, GPT].map(quantised);
	let [lenet, gpt] = quantised.each_ref().map(String::as_str);
	let plain = [
		(MLP, 5),
		(LENET, 5),
		(LENET_ADAMW, 5),
		(RESNET, 1),
		(GPT, 2),
		(BERT, 2),
		(LLAMA, 2),
		(VISION, 1),
	];
	for (manifest, steps) in plain.into_iter().chain([(lenet, 3), (gpt, 1)]) {
		let job = prepare(Training::new(manifest).job(steps, 2));
		let mut expected = finish(&job, ReferenceKernels);
		let mut fast = finish(&job, CpuKernels::new(2).unwrap());
		assert_eq!(fast.claim().states(), expected.claim().states());
		assert_eq!(fast.slots().unwrap(), expected.slots().unwrap());
	}
}

#[test]
fn slots_should_be_those_of_the_reference_step_when_steps_are_run() {
	let job = prepare(Training::new(LENET_ADAMW).job(3, 1));
	let mut session = finish(&job, CpuKernels::new(1).unwrap());
	let mut slots = job.job().initial.clone();
	for step in 0..3 {
		let data = job.job().data.bytes();
		slots = run_reference(job.program(), &job.context(step), &slots, data).unwrap().slots;
	}
	assert_eq!(session.slots().unwrap(), slots);
}

/// Kernels that count the nodes that they compute.
#[derive(Debug)]
struct Counting(CpuKernels, AtomicUsize);

impl Kernels for Counting {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.1.fetch_add(1, Ordering::Relaxed);
		self.0.run(spec, ctx, operands, records, out)
	}

	fn run_chain(
		&self,
		links: &[Link<'_>],
		ctx: &StepContext,
		outs: &mut [Option<&mut [u32]>],
	) -> Result<(), KernelError> {
		self.1.fetch_add(links.len(), Ordering::Relaxed);
		self.0.run_chain(links, ctx, outs)
	}
}

#[test]
fn updates_should_be_left_out_and_states_be_those_of_the_reference_when_steps_accumulate() {
	for text in [MLP, LENET_ADAMW, GPT, LLAMA] {
		let text = text.replacen("[optimizer]", "[optimizer]\naccumulate = 3", 1);
		let training = Training::new(&text);
		let job = prepare(training.job(7, 2));
		let mut slots = job.job().initial.clone();
		let kernels = Counting(CpuKernels::new(2).unwrap(), AtomicUsize::new(0));
		let mut checks = SpotChecks::new(Arc::new(CpuKernels::new(1).unwrap()));
		(checks.interval, checks.rest) = (Duration::ZERO, 0);
		let session = Session::start(job.clone(), &kernels, None).unwrap();
		let mut session = session.spot_checked(checks);
		let mut counts = Vec::new();
		for step in 0..7 {
			kernels.1.store(0, Ordering::Relaxed);
			session.step().unwrap();
			counts.push(kernels.1.load(Ordering::Relaxed));
			let data = job.job().data.bytes();
			slots = run_reference(job.program(), &job.context(step), &slots, data).unwrap().slots;
			assert_eq!(session.slots().unwrap(), slots, "step {step} of {text}");
		}
		assert_eq!(session.outcome(), Some(Outcome::Completed));
		// The third step of each update takes its gradient; the others have less to do, all the same.
		for (step, count) in counts.iter().enumerate() {
			assert_eq!(*count < counts[2], step % 3 < 2, "{counts:?}");
		}
		// And a trace computes everything, and ends in the same state.
		for step in [2, 4] {
			let mut replay = Replay::new(job.clone(), CpuKernels::new(1).unwrap(), None);
			let trace = replay.trace(step, Focus::Tiles).unwrap();
			assert_eq!(trace.before(), &replay.state(step).unwrap());
			assert_eq!(trace.after(), &replay.state(step + 1).unwrap());
		}
	}
}

/// Share of the test records that are classified rightly.
fn accuracy(training: &Training, slots: &[impl AsRef<[u32]>], kernels: &impl Kernels) -> f64 {
	let (program, nodes) = training.evaluation();
	let parameters = &slots[..program.slots.len()];
	let outputs =
		evaluate(&program, kernels, parameters, &test_data(), [0; 32], 0, &nodes).unwrap();
	let (logits, labels) = (&outputs[0], &outputs[1]);
	let classes = logits.len() / labels.len();
	let best = |row: &[u32]| {
		let number = |index: &usize| f32::from_bits(row[*index]);
		(0..row.len()).max_by(|a, b| number(a).total_cmp(&number(b))).unwrap()
	};
	let right =
		logits.chunks(classes).zip(labels).filter(|(row, label)| best(row) == **label as usize);
	right.count() as f64 / labels.len() as f64
}

#[test]
fn accuracy_should_be_high_when_digits_are_trained() {
	// The last 360 digits are by other writers than the first: nothing reaches the figures of a
	// shuffled split.
	for (manifest, least) in [(MLP, 0.88), (LENET, 0.88), (LENET_ADAMW, 0.84), (VISION, 0.84)] {
		let training = Training::new(manifest);
		let kernels = CpuKernels::new(2).unwrap();
		let job = prepare(training.job(600, 60));
		let before = accuracy(&training, &job.job().initial, &kernels);
		let mut session = finish(&job, &kernels);
		let after = accuracy(&training, &session.slots().unwrap(), &kernels);
		println!(
			"{}: accuracy {before:.3} before, {after:.3} after {} steps at {:.0} steps/s",
			training.manifest.task.name,
			session.steps_done(),
			session.progress().steps_per_second,
		);
		assert_eq!(session.outcome(), Some(Outcome::Completed));
		assert!(before < 0.4 && after >= least);
	}
}

#[test]
fn progress_should_count_when_observed() {
	let job = short_mlp(7, 3);
	let mut session = Session::start(job, CpuKernels::new(1).unwrap(), None).unwrap();
	let mut seen = Vec::new();
	session
		.run(|session| {
			let progress = session.progress();
			assert_eq!(progress.heartbeat, session.claim().root());
			seen.push((progress.step, progress.states));
			ControlFlow::Continue(())
		})
		.unwrap();
	assert_eq!(seen, [(1, 1), (2, 1), (3, 2), (4, 2), (5, 2), (6, 3), (7, 4)]);
}

#[test]
fn heartbeats_should_be_roots_of_prefixes_when_training() {
	let job = short_mlp(6, 2);
	let mut session = Session::start(job, CpuKernels::new(1).unwrap(), None).unwrap();
	let mut heartbeats = Vec::new();
	session
		.run(|session| {
			heartbeats.push(session.progress().heartbeat);
			ControlFlow::Continue(())
		})
		.unwrap();
	let states = session.claim().states();
	for (step, heartbeat) in (1..).zip(heartbeats) {
		let prefix = ClaimList::from_states(states[..=step / 2].to_vec()).unwrap();
		assert_eq!(heartbeat, prefix.root());
	}
}

#[test]
fn job_should_be_refused_when_malformed() {
	let training = Training::new(MLP);
	let refused = |change: fn(&mut assay_executor::Job)| {
		let mut job = training.job(5, 2);
		change(&mut job);
		job.prepare(u64::MAX).unwrap_err()
	};
	assert_eq!(refused(|job| job.steps = 0), TaskFault::NoSteps);
	assert!(matches!(refused(|job| job.stride = 0), TaskFault::BadStride { .. }));
	assert!(matches!(refused(|job| drop(job.initial.pop())), TaskFault::SlotCount { .. }));
	assert!(matches!(refused(|job| job.initial[1].push(0)), TaskFault::SlotSize { slot: 1, .. }));
	let needed = prepare(training.job(5, 2)).peak_words();
	assert!(training.job(5, 2).prepare(needed).is_ok());
	let allowed = needed - 1;
	let refusal = training.job(5, 2).prepare(allowed).unwrap_err();
	assert_eq!(refusal, TaskFault::TooLarge { needed, allowed });
}

#[test]
fn memory_should_be_reused_when_planned() {
	let job = prepare(Training::new(LENET).job(1, 1));
	let all: u64 = job.program().specs.iter().map(|spec| spec.ty.words()).sum();
	assert!(job.peak_words() < all * 2 / 3, "{} of {all} words", job.peak_words());
}

#[test]
fn traced_step_should_need_little_more_memory_than_a_step_when_it_is_large() {
	let text =
		GPT.replacen("batch = 4", "batch = 256", 1).replacen("records = 64", "records = 256", 1);
	let training = Training::new(&text);
	let program = training.compiled.program.check(&Limits::new(33)).unwrap();
	let (memory, all) = (Memory::of(&program, 0), 4 * program.cost.words);
	assert!(memory.dispute >= memory.run && memory.dispute < all / 2, "{memory:?} of {all} bytes");
}
