//! Where a liar lies.

use std::sync::OnceLock;

use assay_executor::Prepared;
use assay_ops::{CheckedProgram, NodeId};

/// Where a liar lies: what the command line says, and once the job is known, what that means.
#[derive(Debug)]
pub(crate) struct Plan {
	step: Option<u64>,
	node: Option<NodeId>,
	place: OnceLock<Place>,
}

/// One place in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
	/// The step, counted from 0.
	pub(crate) step: u64,
	/// Steps between two committed states.
	pub(crate) stride: u64,
	/// The node; `None` for lies that are not about one.
	pub(crate) node: Option<NodeId>,
	/// Whether the output of the node is changed while training.
	pub(crate) flips: bool,
}

impl Place {
	/// The first committed state after the step.
	pub(crate) fn state(&self) -> u64 {
		self.step / self.stride + 1
	}

	/// The step's number within its stride.
	pub(crate) fn inner(&self) -> u64 {
		self.step % self.stride
	}
}

impl Plan {
	pub(crate) fn new(step: Option<u64>, node: Option<NodeId>) -> Self {
		Self { step, node, place: OnceLock::new() }
	}

	/// Settles on a place in a job. Without a node from the command line, `choose` picks one.
	pub(crate) fn settle(
		&self,
		job: &Prepared,
		flips: bool,
		choose: impl FnOnce(&CheckedProgram) -> Option<NodeId>,
	) {
		let steps = job.job().steps;
		let place = Place {
			step: self.step.unwrap_or(steps / 2).min(steps - 1),
			stride: job.job().stride.into(),
			node: self.node.or_else(|| choose(job.program())),
			flips,
		};
		if flips && place.node.is_none() {
			log::warn!("the program has no node for this lie: it is not told");
		}
		let _ = self.place.set(place);
	}

	/// The place, once there is one.
	pub(crate) fn place(&self) -> Option<&Place> {
		self.place.get()
	}
}
