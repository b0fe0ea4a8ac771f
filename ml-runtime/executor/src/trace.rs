//! One executed step with all its values, and the evidence that can be made from them.

use assay_backend_cpu::Kernels;
use assay_commitment::{list::List, ListTag, Root, TensorTree};
use assay_ops::{
	eval::{StepContext, Tile},
	NodeId, NodeSpec,
};
use assay_referee::{
	prove::{partial_hashes, Prover, Values},
	BlockEvidence, Evidence, JoinEvidence, Partials,
};

use crate::{
	hashing::tensor_roots,
	machine::{is_state, Workspace},
	plan::{Plan, Reuse},
	state::State,
	ExecError, MachineFault, Prepared, TaskFault,
};

/// All values of one step.
#[derive(Clone, Debug)]
pub struct Trace {
	job: Prepared,
	context: StepContext,
	slots: Vec<Vec<u32>>,
	workspace: Workspace,
	list: List,
	before: State,
	after: State,
}

impl Trace {
	/// Runs a step from these slots without using any buffer twice.
	pub(crate) fn run(
		job: &Prepared,
		kernels: &impl Kernels,
		step: u64,
		slots: Vec<Vec<u32>>,
	) -> Result<Self, ExecError> {
		let (program, context) = (job.program(), job.context(step));
		let plan = Plan::new(&program.specs, &program.slots, program.loss, Reuse::Never);
		let mut workspace = Workspace::new(program, &plan);
		workspace.run(program, kernels, &context, &job.job().data, &slots)?;
		let value = |id| workspace.value(program, &slots, id);
		let outputs: Vec<_> = program.specs.iter().map(|spec| (&spec.ty, value(spec.id))).collect();
		let roots = tensor_roots(&outputs, kernels);
		let roots = roots.ok_or(MachineFault::Internal("a value does not fit its type"))?;
		let before = job.state(step, &slots, kernels)?;
		let next: Vec<_> = program.slots.iter().map(|slot| value(slot.next)).collect();
		let after = job.state(step + 1, &next, kernels)?;
		let list = List::new(ListTag::Trace, roots).ok_or(MachineFault::Internal("trace"))?;
		Ok(Self { job: job.clone(), context, slots, workspace, list, before, after })
	}

	/// Which step, counted from 0, and everything else that operations may know of it.
	pub fn context(&self) -> &StepContext {
		&self.context
	}

	/// Tensor roots of the outputs of all nodes, in program order.
	pub fn roots(&self) -> &[Root] {
		self.list.tree().values()
	}

	/// The roots as a list: trace root, paths, bisection.
	pub fn list(&self) -> &List {
		&self.list
	}

	/// The state before the step.
	pub fn before(&self) -> &State {
		&self.before
	}

	/// The state after the step.
	pub fn after(&self) -> &State {
		&self.after
	}

	/// What a node is.
	pub fn spec(&self, node: NodeId) -> Result<&NodeSpec, TaskFault> {
		let spec = self.job.program().specs.get(usize::from(node));
		spec.ok_or(TaskFault::OutOfRange("node"))
	}

	/// Output of a node, row-major.
	pub fn value(&self, node: NodeId) -> Result<&[u32], TaskFault> {
		self.spec(node)?;
		Ok(self.workspace.value(self.job.program(), &self.slots, node))
	}

	/// The tree over the tiles of a node's output.
	pub fn tree(&self, node: NodeId) -> Result<TensorTree, ExecError> {
		let tree = TensorTree::from_words(self.spec(node)?.ty, self.value(node)?);
		Ok(tree.ok_or(MachineFault::Internal("a value does not fit its type"))?)
	}

	/// Makes evidence against the trace of somebody else: `claimed` is that trace, and the values are
	/// ours. Operands can only be opened where both agree.
	pub fn prover_against<'a>(&'a self, claimed: &'a List) -> Prover<'a, Self> {
		Prover { context: &self.context, trace: claimed, values: self }
	}

	/// Makes evidence about this trace.
	pub fn prover(&self) -> Prover<'_, Self> {
		self.prover_against(&self.list)
	}

	/// Everything about a tile of a node that is no long reduction: its operands, and the tile itself as
	/// this trace has it.
	pub fn open_tile(&self, node: NodeId, tile: u32) -> Result<Evidence, ExecError> {
		let evidence = self.prover().tile(self.spec(node)?, &self.tree(node)?, tile);
		Ok(evidence.ok_or(TaskFault::OutOfRange("tile, or it is too large to open"))?)
	}

	/// The partial tiles of a tile of a long reduction, in order, and their hashes as they are posted.
	pub fn partials(&self, node: NodeId, tile: u32) -> Result<(Vec<Tile>, Partials), ExecError> {
		let spec = self.spec(node)?;
		let made = self.prover().partials(spec, tile).and_then(|partials| {
			let hashes = partial_hashes(spec, tile, &partials)?;
			Some((partials, hashes))
		});
		Ok(made.ok_or(TaskFault::OutOfRange("tile"))?)
	}

	/// Everything about one K-block of a tile of a long reduction; `partials` are those of the tile.
	pub fn open_block(
		&self,
		node: NodeId,
		tile: u32,
		block: u32,
		partials: &[Tile],
	) -> Result<BlockEvidence, ExecError> {
		let previous = (block as usize).checked_sub(1).and_then(|index| partials.get(index));
		let evidence = self.prover().block(self.spec(node)?, tile, block, previous);
		Ok(evidence.ok_or(TaskFault::OutOfRange("block, or it is too large to open"))?)
	}

	/// Where a slot of the state before the step enters the trace.
	pub fn join_in(&self, slot: u16) -> Result<JoinEvidence, ExecError> {
		let program = self.job.program();
		let mut ids = program.specs.iter().map(|spec| spec.id);
		let id = ids.find(|id| is_state(program, *id) == Some(slot));
		let made = id.and_then(|id| self.prover().join(id, self.before.slots(), slot));
		Ok(made.ok_or(TaskFault::OutOfRange("slot"))?)
	}

	/// Where the trace leaves a slot of the state after the step.
	pub fn join_out(&self, slot: u16) -> Result<JoinEvidence, ExecError> {
		let declared = self.job.program().slots.get(usize::from(slot));
		let made =
			declared.and_then(|slot_| self.prover().join(slot_.next, self.after.slots(), slot));
		Ok(made.ok_or(TaskFault::OutOfRange("slot"))?)
	}
}

impl Values for Trace {
	fn output(&self, id: NodeId) -> Option<&[u32]> {
		self.value(id).ok()
	}

	fn data(&self) -> Option<&[u8]> {
		Some(self.job.job().data.bytes())
	}
}
