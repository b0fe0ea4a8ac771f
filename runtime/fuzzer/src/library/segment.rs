//! Some steps of a task, with all claims about them that solvers here may make.

use super::program::{HALF, LEFT, SHIFT, SUM, TABLE, TABLE_SLOT};
use assay_case::testing::{Execution, Lie, Task};
use assay_commitment::{list, ListTag, Root};
use assay_primitives::{Claim, ClaimEnds};

/// One execution of a segment, and the claim that follows from it.
pub struct Variant {
	/// The execution.
	pub execution: Execution,
	/// Its states.
	pub states: Vec<Root>,
	/// What its solver claims.
	pub claim: Claim,
	/// The ends of the claim.
	pub ends: ClaimEnds,
}

/// Some steps of a task.
pub struct Segment {
	/// As a task of its own.
	pub task: Task,
	/// Claims about it; the first is honest.
	pub variants: Vec<Variant>,
}

/// What may be wrong with an execution.
fn lies(task: &Task) -> Vec<Vec<Lie>> {
	let (first, last) = (task.first_step, task.end_step() - 1);
	let visible = Lie::Slot { step: last, slot: TABLE_SLOT };
	let output = |step, node, word| Lie::Output { step, node, word, bit: 30 };
	let mut lies = vec![
		vec![],
		vec![output(last, HALF, 0)],
		vec![output(first, TABLE, 1_599)],
		vec![output(last, SHIFT, 0)],
		vec![Lie::Partial { step: last, node: SUM, tile: 0, block: 0 }, visible],
		vec![Lie::Partial { step: last, node: SUM, tile: 0, block: 1 }, visible],
		vec![visible],
		vec![Lie::Input { step: last, node: LEFT }, visible],
		vec![Lie::Init { slot: 1 }],
	];
	if task.stride < task.steps {
		lies.push(vec![Lie::State { step: first + task.stride }]);
	}
	lies
}

impl Segment {
	pub(super) fn new(whole: &Execution, first: u32, steps: u32) -> Self {
		let done = (first - whole.task.first_step) as usize;
		let init = whole.states[done].clone();
		let task = Task { first_step: first, steps, init, ..whole.task.clone() };
		let variants = lies(&task).into_iter().map(|lies| Variant::new(&task, lies)).collect();
		Self { task, variants }
	}

	/// The variant whose claim has this root.
	pub fn variant_of(&self, root: &Root) -> Option<usize> {
		self.variants.iter().position(|variant| variant.claim.root == *root)
	}
}

impl Variant {
	fn new(task: &Task, lies: Vec<Lie>) -> Self {
		let execution = Execution::new(task, lies);
		let states = execution.claim();
		let claim = Claim {
			root: list::root(ListTag::States, &states),
			states: states.len() as u32,
			final_state: states.last().copied().unwrap_or_default(),
			artifact_root: execution.artifact(),
			steps: task.steps,
		};
		let [first, last] = execution.ends();
		Self { execution, states, claim, ends: ClaimEnds { first, last } }
	}

	/// Root of the first `count` states.
	pub fn prefix(&self, count: u32) -> Root {
		let count = (count as usize).min(self.states.len());
		list::root(ListTag::States, &self.states[..count])
	}
}
