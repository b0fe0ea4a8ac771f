//! No progress, no end.

use std::{sync::Arc, thread};

use assay_executor::Prepared;
use assay_worker::Behaviour;

use crate::plan::Plan;

/// Stops after some steps. Pings are answered as ever, so its host takes it for busy.
pub(crate) struct Silent(pub(crate) Arc<Plan>);

impl Behaviour for Silent {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, false, |_| None);
	}

	fn after_step(&self, steps: u64) {
		while self.0.place().is_some_and(|place| steps >= place.step) {
			thread::park();
		}
	}
}
