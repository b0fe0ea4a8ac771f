//! A parameter that changes between two steps.

use std::sync::{Arc, OnceLock};

use assay_dispute_game::{Level, Root, Side};
use assay_executor::Prepared;
use assay_ops::{CheckedProgram, Op};
use assay_worker::Behaviour;

use crate::{
	lies::{forward, spoil},
	plan::Plan,
};

/// Lies as `forward` does. When a step is disputed it says that a parameter entered it as another
/// tensor, from which the wrong product might follow.
pub(crate) struct Trace {
	pub(crate) plan: Arc<Plan>,
	/// The node that reads the parameter.
	pub(crate) reader: OnceLock<usize>,
}

/// The first node that reads a slot.
fn reader(program: &CheckedProgram) -> Option<usize> {
	program.specs.iter().position(|spec| matches!(spec.op, Op::State { .. }))
}

impl Behaviour for Trace {
	fn prepared(&self, job: &Prepared) {
		self.plan.settle(job, true, forward::node);
		if let Some(node) = reader(job.program()) {
			let _ = self.reader.set(node);
		}
	}

	fn list(&self, side: Side, level: &Level, list: &mut [Root]) {
		let root = self.reader.get().and_then(|node| list.get_mut(*node));
		if let (Side::Defender, Level::Trace { .. }, Some(root)) = (side, level, root) {
			spoil(root);
		}
	}

	fn concedes(&self) -> bool {
		false
	}
}
