//! A wrong bit in an update.

use std::sync::Arc;

use assay_executor::Prepared;
use assay_ops::{CheckedProgram, NodeId};
use assay_worker::Behaviour;

use crate::plan::Plan;

/// Changes one bit of a parameter as the optimiser leaves it.
pub(crate) struct Optimiser(pub(crate) Arc<Plan>);

/// What becomes of the smallest parameter.
fn node(program: &CheckedProgram) -> Option<NodeId> {
	let parameters = program.slots.iter().filter(|slot| slot.parameter);
	parameters.min_by_key(|slot| slot.ty.tiles()).map(|slot| slot.next)
}

impl Behaviour for Optimiser {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, true, node);
	}

	fn concedes(&self) -> bool {
		false
	}
}
