//! A wrong bit in a gradient.

use std::{
	collections::{BTreeSet, VecDeque},
	sync::Arc,
};

use assay_executor::Prepared;
use assay_ops::{CheckedProgram, NodeId, NodeSpec, Op, Slot};
use assay_worker::Behaviour;

use crate::plan::Plan;

/// Changes one bit of the gradient of a parameter.
pub(crate) struct Backward(pub(crate) Arc<Plan>);

/// The matrix product that is the gradient of the parameter in `slot`: the nearest one before the
/// slot's next content that has its type and comes after the loss.
fn gradient<'a>(program: &'a CheckedProgram, slot: &Slot) -> Option<&'a NodeSpec> {
	let (mut seen, mut queue) = (BTreeSet::new(), VecDeque::from([slot.next]));
	while let Some(id) = queue.pop_front() {
		if id <= program.loss || !seen.insert(id) {
			continue;
		}
		let spec = program.specs.get(usize::from(id))?;
		if matches!(spec.op, Op::MatMul { .. }) && spec.ty == slot.ty {
			return Some(spec);
		}
		queue.extend(spec.inputs.iter().map(|input| input.id));
	}
	None
}

/// The smallest gradient of a parameter.
fn node(program: &CheckedProgram) -> Option<NodeId> {
	let parameters = program.slots.iter().filter(|slot| slot.parameter);
	let gradients = parameters.filter_map(|slot| gradient(program, slot));
	gradients.min_by_key(|spec| (spec.blocks(), spec.ty.tiles())).map(|spec| spec.id)
}

impl Behaviour for Backward {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, true, node);
	}

	fn concedes(&self) -> bool {
		false
	}
}
