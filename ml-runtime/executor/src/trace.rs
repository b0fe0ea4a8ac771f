//! One executed step, as what it commits to and the evidence that can be made about a part of it.
//!
//! All values of a step may take several times the memory that a step needs. They are hashed as they are made, and gone as
//! soon as no later node reads them; what stays is what a [`Focus`] asks for.

use std::collections::BTreeMap;

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
	hashing::{tensor_roots, tensor_trees, Tensor},
	machine::{is_state, Workspace},
	plan::{Plan, Reuse},
	state::State,
	ExecError, MachineFault, Prepared, TaskFault,
};

const MISFIT: MachineFault = MachineFault::Internal("a value does not fit its type");

/// What is kept of a step besides the roots of all outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Focus {
	/// The hashes of the tiles of all outputs: 32 bytes for each 4 KiB.
	Tiles,
	/// The output of a node and its operands.
	Node(NodeId),
}

/// What one step commits to.
#[derive(Clone, Debug)]
pub(crate) struct Roots {
	list: List,
	before: State,
	after: State,
}

impl Roots {
	/// From the roots of all outputs, in program order.
	fn new(job: &Prepared, before: State, roots: Vec<Root>) -> Result<Self, MachineFault> {
		let next =
			job.program().slots.iter().map(|slot| roots.get(usize::from(slot.next)).copied());
		let after = State::of_roots(before.step() + 1, next.collect::<Option<_>>().ok_or(MISFIT)?);
		let list = List::new(ListTag::Trace, roots).ok_or(MachineFault::Internal("trace"))?;
		Ok(Self { list, before, after })
	}
}

/// What one step commits to, and what a [`Focus`] keeps of it.
#[derive(Clone, Debug)]
pub struct Trace {
	job: Prepared,
	context: StepContext,
	focus: Focus,
	/// Those of all outputs, with [`Focus::Tiles`].
	trees: Vec<TensorTree>,
	/// Those of a [`Focus::Node`].
	values: BTreeMap<NodeId, Vec<u32>>,
	roots: Roots,
}

impl Trace {
	/// Runs a step from these slots, which are all but those that are kept. Where it is `known` what the step commits to, nothing
	/// is hashed, and nothing is run that a node in focus does not need.
	pub(crate) fn run(
		job: &Prepared,
		kernels: &impl Kernels,
		step: u64,
		own: &[Vec<u32>],
		(focus, known): (Focus, Option<Roots>),
	) -> Result<Self, ExecError> {
		let (program, context) = (job.program(), job.context(step));
		let slots = job.whole(own);
		let (wanted, end) = match focus {
			Focus::Tiles => (Vec::new(), program.specs.len()),
			Focus::Node(node) => {
				let spec = program.specs.get(usize::from(node));
				let spec = spec.ok_or(TaskFault::OutOfRange("node"))?;
				let around = spec.inputs.iter().map(|operand| operand.id).chain([node]);
				(around.collect(), usize::from(node) + 1)
			},
		};
		let plan = Plan::new(&program.specs, &program.slots, &wanted, Reuse::Traced);
		let mut workspace = Workspace::new(program, &plan);
		let run = |workspace: &mut Workspace, runs| {
			workspace.run_some(program, kernels, &context, &job.job().data, (&slots, runs))
		};
		let (mut roots, mut trees) = (Vec::new(), Vec::new());
		let known = known.filter(|_| focus != Focus::Tiles);
		if known.is_some() {
			let behind = plan.runs.partition_point(|run| run.start < end);
			run(&mut workspace, 0..behind)?;
		}
		for group in plan.groups.iter().filter(|_| known.is_none()) {
			run(&mut workspace, group.clone())?;
			let output = |id| {
				let spec: &NodeSpec = &program.specs[id];
				(&spec.ty, workspace.value(program, &slots, spec.id))
			};
			let nodes = plan.runs[group.clone()].iter().cloned().flatten();
			let outputs: Vec<Tensor<'_>> = nodes.map(output).collect();
			match focus {
				Focus::Tiles => trees.extend(tensor_trees(&outputs, kernels).ok_or(MISFIT)?),
				Focus::Node(_) => roots.extend(tensor_roots(&outputs, kernels).ok_or(MISFIT)?),
			}
		}
		let value = |id| workspace.value(program, &slots, id);
		let values = wanted.into_iter().map(|id| (id, value(id).to_vec())).collect();
		let roots = match known {
			Some(known) => known,
			None => {
				if focus == Focus::Tiles {
					roots = trees.iter().map(TensorTree::root).collect();
				}
				Roots::new(job, job.state(step, &slots, kernels)?, roots)?
			},
		};
		Ok(Self { job: job.clone(), context, focus, trees, values, roots })
	}

	/// The step after `step` steps, with [`Focus::Tiles`], from the roots of the slots before it and the hashes of all tiles.
	pub(crate) fn of_hashes(
		job: &Prepared,
		step: u64,
		(before, tiles): (Vec<Root>, Vec<Vec<Root>>),
	) -> Result<Self, MachineFault> {
		let specs = job.program().specs.iter();
		let trees = specs.zip(tiles).map(|(spec, tiles)| TensorTree::from_hashes(spec.ty, tiles));
		let trees: Vec<_> = trees.collect::<Option<_>>().ok_or(MISFIT)?;
		let roots = trees.iter().map(TensorTree::root).collect();
		let roots = Roots::new(job, State::of_roots(step, before), roots)?;
		let (job, context) = (job.clone(), job.context(step));
		Ok(Self { job, context, focus: Focus::Tiles, trees, values: BTreeMap::new(), roots })
	}

	/// What [`Self::of_hashes`] takes, with [`Focus::Tiles`].
	pub(crate) fn hashes(&self) -> (&[Root], Vec<&[Root]>) {
		let tiles = self.trees.iter().map(|tree| tree.tree().values());
		(self.roots.before.slots(), tiles.collect())
	}

	/// What the step commits to.
	pub(crate) fn commitments(&self) -> &Roots {
		&self.roots
	}

	/// Which step, counted from 0, and everything else that operations may know of it.
	pub fn context(&self) -> &StepContext {
		&self.context
	}

	/// What was kept.
	pub fn focus(&self) -> Focus {
		self.focus
	}

	/// Tensor roots of the outputs of all nodes, in program order.
	pub fn roots(&self) -> &[Root] {
		self.roots.list.tree().values()
	}

	/// The roots as a list: trace root, paths, bisection.
	pub fn list(&self) -> &List {
		&self.roots.list
	}

	/// The state before the step.
	pub fn before(&self) -> &State {
		&self.roots.before
	}

	/// The state after the step.
	pub fn after(&self) -> &State {
		&self.roots.after
	}

	/// What a node is.
	pub fn spec(&self, node: NodeId) -> Result<&NodeSpec, TaskFault> {
		let spec = self.job.program().specs.get(usize::from(node));
		spec.ok_or(TaskFault::OutOfRange("node"))
	}

	/// Output of a node, row-major, if it is that of the [`Focus::Node`] or an operand of it.
	pub fn value(&self, node: NodeId) -> Result<&[u32], TaskFault> {
		let value = self.values.get(&node).map(Vec::as_slice);
		value.ok_or(TaskFault::OutOfRange("node in focus"))
	}

	/// The tree over the tiles of a node's output, with [`Focus::Tiles`] or if [`Self::value`] has it.
	pub fn tree(&self, node: NodeId) -> Result<TensorTree, ExecError> {
		if let Some(tree) = self.trees.get(usize::from(node)) {
			return Ok(tree.clone());
		}
		let tree = TensorTree::from_words(self.spec(node)?.ty, self.value(node)?);
		Ok(tree.ok_or(MISFIT)?)
	}

	/// Makes evidence against the trace of somebody else: `claimed` is that trace, and the values are
	/// ours. Operands can only be opened where both agree.
	pub fn prover_against<'a>(&'a self, claimed: &'a List) -> Prover<'a, Self> {
		Prover { context: &self.context, trace: claimed, values: self }
	}

	/// Makes evidence about this trace, of the node in focus.
	pub fn prover(&self) -> Prover<'_, Self> {
		self.prover_against(&self.roots.list)
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
		let made = id.and_then(|id| self.prover().join(id, self.before().slots(), slot));
		Ok(made.ok_or(TaskFault::OutOfRange("slot"))?)
	}

	/// Where the trace leaves a slot of the state after the step.
	pub fn join_out(&self, slot: u16) -> Result<JoinEvidence, ExecError> {
		let declared = self.job.program().slots.get(usize::from(slot));
		let made =
			declared.and_then(|slot_| self.prover().join(slot_.next, self.after().slots(), slot));
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
