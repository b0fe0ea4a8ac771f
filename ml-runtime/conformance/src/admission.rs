//! Programs for nodes that come without one.

use assay_ops::{
	eval::StepContext, CheckedProgram, Limits, Node, NodeSpec, Op, Program, ProgramError, Slot,
	OPSET_VERSION,
};

/// A program with this node and its id, where states are its operands. The error says why no chain would
/// admit one: a tile of the node depends on too much, or takes too long, to be judged.
pub fn program(spec: &NodeSpec, context: &StepContext) -> Result<CheckedProgram, ProgramError> {
	let (mut nodes, mut slots) = (Vec::new(), Vec::new());
	for (slot, operand) in (0..).zip(&spec.inputs) {
		nodes.push(Node { op: Op::State { slot }, inputs: Default::default() });
		slots.push(Slot { ty: operand.ty, next: operand.id, parameter: false });
	}
	let constant = Op::Fill { bits: 0, rows: 1, cols: 1 };
	nodes.resize(spec.id.into(), Node { op: constant, inputs: Default::default() });
	let inputs: Vec<_> = spec.inputs.iter().map(|operand| operand.id).collect();
	nodes.push(Node { op: spec.op, inputs: inputs.try_into().unwrap_or_default() });
	let program = Program {
		opset: OPSET_VERSION,
		batch: context.batch,
		nodes: nodes.try_into().map_err(|_| ProgramError::Empty)?,
		slots: slots.try_into().map_err(|_| ProgramError::Empty)?,
		loss: spec.id.saturating_sub(1),
	};
	program.check(&Limits::new(context.record_size))
}

#[cfg(test)]
mod tests {
	use crate::{catalogue::operations, Case, Size};

	#[test]
	fn program_should_have_the_node_when_one_is_admitted() {
		for operation in operations().iter().filter(|operation| operation.name != "state") {
			let case = |number| Case::new(operation, 1, number, Size::Small).expect("it is drawn");
			let cases: Vec<Case> = (0..200).map(case).collect();
			let programs = cases.iter().map(|case| super::program(&case.spec, case.context()));
			let mut admitted = 0;
			for (case, program) in cases.iter().zip(programs) {
				let Ok(program) = program else { continue };
				assert_eq!(program.specs.last(), Some(&case.spec));
				admitted += 1;
			}
			println!("{}: {admitted} of 200 are admitted", operation.name);
			assert!(admitted >= 50, "{}: {admitted}", operation.name);
		}
	}
}
