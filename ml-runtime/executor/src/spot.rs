//! Single steps of a run, done again beside it.

use std::{
	sync::Arc,
	thread::{self, JoinHandle},
	time::{Duration, Instant},
};

use assay_backend_cpu::{CpuKernels, Kernels};
use assay_commitment::Root;

use crate::{machine::Machine, ExecError, MachineFault, Prepared};

/// What a step leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct After {
	/// Bits of its loss.
	pub(crate) loss: u32,
	/// Whether the loss and every parameter are finite.
	pub(crate) finite: bool,
	/// Σ.
	pub(crate) state: Root,
}

impl After {
	/// Does the next step of a machine.
	pub(crate) fn next(
		job: &Prepared,
		kernels: &impl Kernels,
		machine: &mut Machine,
	) -> Result<Self, ExecError> {
		let loss = machine.advance(job, kernels)?;
		Ok(Self {
			loss,
			finite: machine.is_finite(job, loss),
			state: machine.state(job, kernels)?.root(),
		})
	}
}

/// Has the processor do single steps of a run again, to find that a device errs.
///
/// A step is done again on a thread of its own while the run goes on: whenever the last one has been compared, and
/// [`interval`](Self::interval) and [`rest`](Self::rest) times what it took have passed. The last step of a run is done
/// again in any case, and the run waits for it. So errors that stay are found soon after they begin; of those that come
/// and go, the share that the processor has time for.
#[derive(Debug)]
pub struct SpotChecks {
	kernels: Arc<CpuKernels>,
	/// Least time from one to the next.
	pub interval: Duration,
	/// The processor rests so many times as long as it worked.
	pub rest: u32,
	check: Option<Check>,
	/// When the last one was compared, and how long it took.
	last: Option<(Instant, Duration)>,
}

/// A step that is being done again.
#[derive(Debug)]
struct Check {
	step: u64,
	after: After,
	again: JoinHandle<(Result<After, ExecError>, Duration)>,
}

impl SpotChecks {
	/// Checks on this processor, which has nine tenths of the time for other things.
	pub fn new(kernels: Arc<CpuKernels>) -> Self {
		let (interval, rest) = (Duration::from_secs(5), 9);
		Self { kernels, interval, rest, check: None, last: None }
	}

	/// Whether it is time for another one. Compares the last one if it has ended.
	pub(crate) fn is_due(&mut self) -> Result<bool, ExecError> {
		if self.check.as_ref().is_some_and(|check| !check.again.is_finished()) {
			return Ok(false);
		}
		self.finish()?;
		let rested = |(at, took): (Instant, Duration)| {
			at.elapsed() >= self.interval.max(took.saturating_mul(self.rest))
		};
		Ok(self.last.is_none_or(rested))
	}

	/// Begins to do a step again, from the slots before it. It must come out so. Where it cannot be done again, a warning
	/// says why.
	pub(crate) fn begin(
		&mut self,
		job: &Prepared,
		step: u64,
		before: Vec<Vec<u32>>,
		after: After,
	) -> Result<(), ExecError> {
		self.finish()?;
		let (job, kernels) = (job.clone(), self.kernels.clone());
		let work = move || {
			let started = Instant::now();
			let machine = Machine::resume(&job, &*kernels, step, before);
			let again = machine.and_then(|mut machine| After::next(&job, &*kernels, &mut machine));
			(again, started.elapsed())
		};
		match thread::Builder::new().name("spot check".into()).spawn(work) {
			Ok(again) => self.check = Some(Check { step, after, again }),
			Err(error) => log::warn!("step {step} is not done again: no thread: {error}"),
		}
		Ok(())
	}

	/// Waits for a step that is being done again, and compares.
	pub(crate) fn finish(&mut self) -> Result<(), ExecError> {
		let Some(Check { step, after, again }) = self.check.take() else { return Ok(()) };
		let panicked = |_| (Err(MachineFault::Internal("it panicked").into()), Duration::ZERO);
		let (again, took) = again.join().unwrap_or_else(panicked);
		self.last = Some((Instant::now(), took));
		match again {
			Ok(again) if again == after => Ok(()),
			Ok(_) => Err(MachineFault::Disagreement { step }.into()),
			// That of the processor is no fault of the run.
			Err(error) => {
				log::warn!("step {step} could not be done again: {error}");
				Ok(())
			},
		}
	}
}
