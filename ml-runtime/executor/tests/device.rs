//! A run whose values stay on a device: the same states as on the host, and checkpoints from which either goes
//! on.

mod common;

use std::{ops::ControlFlow, ops::RangeInclusive, sync::Arc, time::Duration};

use assay_backend_cpu::{CpuKernels, KernelError, RecordSource};
use assay_backend_cuda::{CudaKernels, Emulator};
use assay_executor::{
	agree, CheckpointPolicy, ExecError, Focus, Job, Kernels, MachineFault, Outcome, Prepared,
	Replay, Session, SpotChecks, Storage,
};
use assay_ops::{eval::StepContext, NodeSpec, Op, CANONICAL_NAN};
use common::{prepare, Training, BERT, MLP};

fn device() -> CudaKernels<Emulator> {
	CudaKernels::emulated().expect("the PTX is known")
}

fn host() -> CpuKernels {
	CpuKernels::new(1).expect("threads start")
}

/// Checks of as many steps as there is time for.
fn checks() -> SpotChecks {
	let mut checks = SpotChecks::new(Arc::new(host()));
	(checks.interval, checks.rest) = (Duration::ZERO, 0);
	checks
}

fn start<K: Kernels>(job: &Prepared, kernels: K) -> Session<K> {
	Session::start(job.clone(), kernels, None).expect("it starts")
}

fn finish<K: Kernels>(session: &mut Session<K>) -> Outcome {
	session.run(|_| ControlFlow::Continue(())).expect("it runs")
}

/// Runs a job on both, and compares all that a claim holds.
fn compare(job: &Job) -> Outcome {
	let job = prepare(job.clone());
	let (mut here, there) = (start(&job, host()), start(&job, device()));
	let mut there = there.spot_checked(checks());
	let outcome = finish(&mut here);
	assert_eq!(finish(&mut there), outcome);
	assert_eq!(there.claim().states(), here.claim().states());
	assert_eq!(there.loss(), here.loss());
	assert_eq!(there.slots().expect("they come"), here.slots().expect("they are here"));
	outcome
}

#[test]
fn claim_should_be_that_of_the_host_when_values_stay_on_a_device() {
	// SGD; and an encoder with adapters, most of whose slots keep what they hold.
	for (manifest, steps) in [(MLP, 5), (BERT, 1)] {
		let job = Training::new(manifest).job(steps, 2);
		assert_eq!(compare(&job), Outcome::Completed);
	}
}

#[test]
fn run_should_end_as_on_the_host_when_a_parameter_overflows() {
	let mut job = Training::new(MLP).job(4, 1);
	// The last word of the last parameter: its square is infinite, as what comes of it is.
	let slots = job.program.slots.iter().zip(&mut job.initial);
	let (_, words) = slots.filter(|(slot, _)| slot.parameter).last().expect("it has parameters");
	*words.last_mut().expect("it has words") = f32::MAX.to_bits();
	assert!(matches!(compare(&job), Outcome::NonFinite { .. }));
}

#[test]
fn run_should_end_as_on_the_host_when_a_frozen_parameter_is_no_number() {
	let mut job = Training::new(BERT).job(4, 1);
	let program = job.program.clone();
	let is_kept = |slot: &usize| {
		let next = &program.specs[usize::from(program.slots[*slot].next)];
		program.slots[*slot].parameter && next.op == Op::State { slot: *slot as u16 }
	};
	let kept = (0..program.slots.len()).find(is_kept).expect("most of them are frozen");
	*job.initial[kept].last_mut().expect("it has words") = CANONICAL_NAN;
	assert!(matches!(compare(&job), Outcome::NonFinite { step: 0 }));
}

#[test]
fn either_should_go_on_when_the_other_wrote_the_checkpoint() {
	let job = prepare(Training::new(MLP).job(6, 1));
	let mut whole = start(&job, host());
	finish(&mut whole);
	let folder = tempfile::tempdir().expect("a folder");
	fn some<K: Kernels>(job: &Prepared, kernels: K, folder: &tempfile::TempDir) -> u64 {
		let policy = CheckpointPolicy {
			interval: Duration::ZERO,
			anchor: 1,
			closest: Duration::ZERO,
			..Default::default()
		};
		let storage = Storage { policy, ..Storage::training(folder.path(), None) };
		let mut session = Session::start(job.clone(), kernels, Some(storage)).expect("it starts");
		let from = session.steps_done();
		for _ in 0..2 {
			session.step().expect("it runs");
		}
		from
	}
	assert_eq!(some(&job, device(), &folder), 0);
	assert_eq!(some(&job, host(), &folder), 2);
	assert_eq!(some(&job, device(), &folder), 4);
	let mut replay = Replay::new(job.clone(), device(), Some(folder.path()));
	for (step, state) in (0..).zip(whole.claim().states()) {
		assert_eq!(replay.state(step).expect("it runs").root(), *state, "after {step} steps");
	}
	assert_eq!(replay.slots(6).expect("they come"), whole.slots().expect("they are here"));
	let trace = replay.trace(3, Focus::Tiles).expect("it runs");
	assert_eq!(trace.after().root(), whole.claim().states()[4]);
}

/// In these steps one bit of one gradient is wrong.
struct Wrong(CpuKernels, RangeInclusive<u64>);

impl Kernels for Wrong {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		self.0.run(spec, ctx, operands, records, out)?;
		let is_gradient = matches!(spec.op, Op::MatMul { transpose_a: true, .. });
		if is_gradient && self.1.contains(&ctx.step) {
			out[0] ^= 1 << 20;
		}
		Ok(())
	}
}

#[test]
fn backends_should_agree_when_both_are_right_and_not_when_a_bit_of_one_is_wrong() {
	let job = prepare(Training::new(MLP).job(3, 1));
	assert_eq!(agree(&job, &device(), &host()).ok(), Some(true));
	assert_eq!(agree(&job, &Wrong(host(), 0..=0), &host()).ok(), Some(false));
	assert_eq!(
		agree(&job, &Wrong(host(), 1..=2), &host()).ok(),
		Some(true),
		"it is the first step"
	);
}

/// It fails in this step, and was wrong in the one before.
struct Failing(Wrong, u64);

impl Kernels for Failing {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		match ctx.step == self.1 {
			true => Err(KernelError::Device("it is gone".into())),
			false => self.0.run(spec, ctx, operands, records, out),
		}
	}
}

#[test]
fn wrong_step_should_be_told_when_the_device_fails_after_it() {
	let job = prepare(Training::new(MLP).job(9, 4));
	let mut session = start(&job, Failing(Wrong(host(), 0..=0), 1));
	session = session.spot_checked(SpotChecks::new(Arc::new(host())));
	let result = session.run(|_| ControlFlow::Continue(()));
	let wrong = ExecError::Machine(MachineFault::Disagreement { step: 0 });
	assert_eq!(result.map_err(|error| error.to_string()), Err(wrong.to_string()));
}

/// The step that is found wrong, of nine.
fn found(wrong: RangeInclusive<u64>, checks: SpotChecks) -> Option<u64> {
	let job = prepare(Training::new(MLP).job(9, 4));
	let mut session = start(&job, Wrong(host(), wrong)).spot_checked(checks);
	match session.run(|_| ControlFlow::Continue(())) {
		Ok(Outcome::Completed) => None,
		Err(ExecError::Machine(MachineFault::Disagreement { step })) => Some(step),
		other => panic!("{other:?}"),
	}
}

#[test]
fn wrong_step_should_be_found_when_it_is_done_again() {
	let rare = || SpotChecks::new(Arc::new(host()));
	assert_eq!(found(9..=9, checks()), None, "there is none");
	assert_eq!(found(0..=0, rare()), Some(0), "the first one of a process is done again");
	assert_eq!(found(8..=8, rare()), Some(8), "and the last one");
	assert_eq!(found(3..=4, rare()), None, "but there is no time for these");
	assert!(found(3..=8, checks()).is_some_and(|step| step >= 3));
}
