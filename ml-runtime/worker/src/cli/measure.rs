//! What a step and a commitment take on this machine.

use std::time::{Duration, Instant};

use assay_executor::{Job, Pace, Session};
use indicatif::ProgressBar;
use serde_json::{json, Value};

use super::{fault::Fault, task::Task, terms::admitted_stride, Common, Machine};

/// Share of the time that committing to states may take.
const COMMITMENT_SHARE: f64 = 0.02;

/// Steps that are done before any is timed, and least steps that are timed.
const WARM_UP: u64 = 2;
const LEAST: u64 = 3;

/// Time after which no other step begins.
const TIME: Duration = Duration::from_secs(2);

/// The pace of a task, for JSON.
pub(crate) fn json(pace: &Pace, task: &Task) -> Value {
	let admitted = |stride| admitted_stride(&task.program.cost, task.manifest.task.steps, stride);
	json!({
		"stepSeconds": pace.step,
		"commitmentSeconds": pace.commitment,
		"recommendedStride": pace.stride(COMMITMENT_SHARE).map(admitted),
	})
}

/// Times the first steps of a job, each with a commitment, for about two seconds.
pub(crate) fn measure(job: Job, machine: Machine, common: &Common) -> Result<Pace, Fault> {
	let kernels = machine.kernels(common)?;
	let job = Job { steps: u64::from(u32::MAX) - 1, stride: 1, ..job };
	let job = job.prepare(u64::MAX).map_err(|fault| Fault::Task(fault.to_string()))?;
	let start = || Session::start(job.clone(), &*kernels, None);
	let bar = if common.json { ProgressBar::hidden() } else { ProgressBar::new_spinner() };
	bar.set_message("timing steps");
	bar.enable_steady_tick(Duration::from_millis(100));
	let mut cold = start()?;
	(0..WARM_UP).try_for_each(|_| cold.step())?;
	drop(cold);
	let mut session = start()?;
	let started = Instant::now();
	while session.steps_done() < LEAST || started.elapsed() < TIME {
		session.step()?;
	}
	bar.finish_and_clear();
	Ok(session.progress().pace)
}
