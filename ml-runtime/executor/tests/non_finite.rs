//! Training that leaves the finite numbers is an outcome, the same on every machine.

mod common;

use std::ops::ControlFlow;

use assay_backend_cpu::{CpuKernels, Kernels, ReferenceKernels};
use assay_executor::{Job, OnNonFinite, Outcome, Session, Storage};
use common::{prepare, Training, MLP};

/// A job whose learning rate is so high that parameters overflow within a few steps.
fn exploding(on_non_finite: OnNonFinite) -> Job {
	let text = MLP.replace("lr = 0.1", "lr = 1e19").replace("momentum = 0.9", "momentum = 0.0");
	Job { on_non_finite, ..Training::new(&text).job(12, 4) }
}

fn finish<K: Kernels>(job: Job, kernels: K) -> (Outcome, Session<K>) {
	let mut session = Session::start(prepare(job), kernels, None).unwrap();
	let outcome = session.run(|_| ControlFlow::Continue(())).unwrap();
	(outcome, session)
}

#[test]
fn run_should_end_with_a_claim_when_parameters_overflow() {
	let (outcome, session) = finish(exploding(OnNonFinite::Stop), ReferenceKernels);
	let Outcome::NonFinite { step } = outcome else { panic!("it stayed finite") };
	assert_eq!(session.steps_done(), step + 1);
	// Committed: the start, each whole stride before the end, the end.
	assert_eq!(session.claim().states().len() as u64, 1 + step / 4 + 1);
	let (again, fast) = finish(exploding(OnNonFinite::Stop), CpuKernels::new(2).unwrap());
	assert_eq!(again, outcome);
	assert_eq!(fast.claim().states(), session.claim().states());
}

#[test]
fn run_should_commit_to_every_stride_when_told_to_continue() {
	let (outcome, session) = finish(exploding(OnNonFinite::Continue), ReferenceKernels);
	let (again, fast) = finish(exploding(OnNonFinite::Continue), CpuKernels::new(2).unwrap());
	assert!(matches!(outcome, Outcome::NonFinite { .. }));
	assert_eq!(again, outcome);
	assert_eq!(session.steps_done(), 12);
	assert_eq!(session.claim().states().len(), 4);
	assert_eq!(fast.claim().states(), session.claim().states());
}

#[test]
fn outcome_should_be_remembered_when_session_is_started_again() {
	let dir = tempfile::tempdir().unwrap();
	let job = prepare(exploding(OnNonFinite::Stop));
	let start = || {
		let kernels = CpuKernels::new(1).unwrap();
		Session::start(job.clone(), kernels, Some(Storage::training(dir.path(), None))).unwrap()
	};
	let mut session = start();
	let outcome = session.run(|_| ControlFlow::Continue(())).unwrap();
	let root = session.claim().root();
	drop(session);
	let session = start();
	assert_eq!(session.outcome(), Some(outcome));
	assert_eq!(session.claim().root(), root);
}
