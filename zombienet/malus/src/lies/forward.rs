//! A wrong bit in the forward pass.

use std::sync::Arc;

use assay_executor::Prepared;
use assay_ops::{CheckedProgram, NodeId, Op};
use assay_worker::Behaviour;

use crate::plan::Plan;

/// Changes one bit of the first matrix product of a step.
pub(crate) struct Forward(pub(crate) Arc<Plan>);

/// The first matrix product.
pub(super) fn node(program: &CheckedProgram) -> Option<NodeId> {
	let mut specs = program.specs.iter();
	specs.find(|spec| matches!(spec.op, Op::MatMul { .. })).map(|spec| spec.id)
}

impl Behaviour for Forward {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, true, node);
	}

	fn concedes(&self) -> bool {
		false
	}
}
