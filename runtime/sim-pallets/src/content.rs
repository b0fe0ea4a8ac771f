//! Tasks, executions of them, and what these claim.

use assay_case::testing::{Execution, Lie, Task, MLP};
use assay_dispute_game::Root;
use assay_primitives::{Path, Work};

/// Wrong executions of each task.
pub(crate) const LIARS: usize = 7;

/// Whose execution: the right one, or a wrong one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Version {
	/// The right one.
	Right,
	/// One of [`LIARS`].
	Wrong(usize),
}

/// A claim, computed once.
pub(crate) struct Claimed {
	pub(crate) root: Root,
	pub(crate) states: Vec<Root>,
	pub(crate) artifact: Root,
	pub(crate) ends: [Path; 2],
}

impl Claimed {
	fn new(execution: &Execution) -> Self {
		let (root, states) = (execution.claim_root(), execution.claim());
		Self { root, states, artifact: execution.artifact(), ends: execution.ends() }
	}
}

/// A task, its executions, and what each of them claims.
pub(crate) struct Content {
	pub(crate) task: Task,
	/// As the chain stores programs and their parts.
	pub(crate) work: Work,
	right: (Execution, Claimed),
	wrong: Vec<(Execution, Claimed)>,
}

impl Content {
	pub(crate) fn new(task: Task) -> Self {
		let last = task.steps - 1;
		let bit = |node| vec![Lie::Output { step: last, node, word: 0, bit: 30 }];
		let partial = Lie::Partial { step: last, node: MLP.hidden, tile: 0, block: 1 };
		let slot = Lie::Slot { step: last, slot: 0 };
		// The last state must be what the artefact says; a state inside a stride is not claimed.
		let state = match task.stride {
			1 => Lie::State { step: last },
			_ => Lie::Slot { step: last, slot: 1 },
		};
		let lies = [
			bit(MLP.relu),
			bit(MLP.gradient),
			bit(MLP.update),
			vec![partial, slot],
			vec![slot],
			vec![state],
			vec![Lie::Input { step: last, node: MLP.first }],
		];
		let execute = |lies| {
			let execution = Execution::new(&task, lies);
			let claimed = Claimed::new(&execution);
			(execution, claimed)
		};
		let wrong = lies.into_iter().map(execute);
		let work = Work {
			data_root: task.data_root(),
			records: task.records(),
			record_size: task.record_size,
			first_step: task.first_step,
			init_root: task.init_root(),
			init_slots: task.init_slots(),
			seed: task.seed,
			steps: task.steps,
			stride: task.stride,
		};
		let (right, wrong): (_, Vec<_>) = (execute(vec![]), wrong.collect());
		let differs = |(_, claimed): &(Execution, Claimed)| claimed.root != right.1.root;
		assert!(wrong.iter().all(differs), "every lie has consequences");
		Self { right, wrong, work, task }
	}

	fn version(&self, version: Version) -> &(Execution, Claimed) {
		match version {
			Version::Right => &self.right,
			Version::Wrong(number) => &self.wrong[number % LIARS],
		}
	}

	/// An execution.
	pub(crate) fn execution(&self, version: Version) -> &Execution {
		&self.version(version).0
	}

	/// What it claims.
	pub(crate) fn claim(&self, version: Version) -> &Claimed {
		&self.version(version).1
	}
}
