//! A program under construction: nodes with their types, each distinct node once.

use std::collections::BTreeMap;

use assay_ops::{
	Binary, Broadcast, DType, Inputs, Node, NodeId, NodeSpec, Op, Operand, Program, Slot, Unary,
	ValueType, OPSET_VERSION,
};
use codec::Encode;

use crate::{error::Span, init::Init, manifest::Precision};

/// Why a node or a program cannot be built, in words for the author of the manifest.
pub(crate) type Refusal = String;

/// What a slot is for. Finished programs have their slots in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Role {
	/// A parameter of the model.
	Parameter,
	/// A constant.
	Table,
	/// What the optimiser carries from step to step.
	State,
}

/// A state slot under construction.
struct Draft {
	ty: ValueType,
	node: NodeId,
	next: NodeId,
	role: Role,
	init: Init,
}

/// A slot and the node of its content before the step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SlotNode {
	pub(crate) slot: u16,
	pub(crate) node: NodeId,
}

/// A gradient that takes fewer passes over memory than the chain rule through the nodes between
/// `input` and the node it is noted for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Shortcut {
	/// Softmax of each row. The shift by the row's maximum changes nothing and so has no gradient; masked
	/// elements are 0 in the result and therefore get 0.
	Softmax {
		/// What the mask and the maximum were taken of.
		input: NodeId,
	},
	/// Each row times `inverse`, the reciprocal root of its mean square, after its mean was subtracted
	/// where `centred`.
	Normalise {
		/// The rows.
		input: NodeId,
		/// One factor per row.
		inverse: NodeId,
		/// Whether the mean was subtracted.
		centred: bool,
	},
	/// Pairs turned by angles: `x · cos + rotate_half(x) · sin`. The gradient turns back.
	Rotate {
		/// The pairs.
		input: NodeId,
		/// Table of cosines.
		cos: NodeId,
		/// Table of sines, the same for both numbers of a pair.
		sin: NodeId,
		/// Columns of a head.
		width: u32,
	},
}

impl Shortcut {
	/// The node that gets the gradient.
	pub(crate) fn input(&self) -> NodeId {
		match self {
			Self::Softmax { input }
			| Self::Normalise { input, .. }
			| Self::Rotate { input, .. } => *input,
		}
	}
}

/// Builds a [`Program`]. Equal nodes (same operation, same operands) are made only once, which also
/// shares constants; nodes that neither the loss nor a slot needs are dropped at the end.
pub(crate) struct Graph {
	batch: u32,
	nodes: Vec<Node>,
	types: Vec<ValueType>,
	/// The layer that each node was made for, by its place in the manifest.
	origins: Vec<Option<Span>>,
	/// The layer that nodes are made for now.
	pub(crate) origin: Option<Span>,
	/// How products are computed that are made now.
	pub(crate) precision: Precision,
	slots: Vec<Draft>,
	shortcuts: BTreeMap<NodeId, Shortcut>,
	known: BTreeMap<Vec<u8>, NodeId>,
}

impl Graph {
	pub(crate) fn new(batch: u32) -> Self {
		Self {
			batch,
			nodes: Vec::new(),
			types: Vec::new(),
			origins: Vec::new(),
			origin: None,
			precision: Precision::F32,
			slots: Vec::new(),
			shortcuts: BTreeMap::new(),
			known: BTreeMap::new(),
		}
	}

	pub(crate) fn batch(&self) -> u32 {
		self.batch
	}

	pub(crate) fn nodes(&self) -> &[Node] {
		&self.nodes
	}

	pub(crate) fn ty(&self, id: NodeId) -> ValueType {
		self.types[usize::from(id)]
	}

	/// What a node `op` of operands of these types would be.
	pub(crate) fn spec(&self, op: Op, operands: &[ValueType]) -> Result<NodeSpec, Refusal> {
		let ty = op.infer(operands, self.batch).map_err(|error| error.to_string())?;
		let inputs: Vec<Operand> = operands.iter().map(|ty| Operand { id: 0, ty: *ty }).collect();
		let inputs = inputs.try_into().map_err(|_| "too many operands")?;
		Ok(NodeSpec { id: 0, op, inputs, ty })
	}

	/// The layer that a node was made for.
	pub(crate) fn origin_of(&self, id: NodeId) -> Option<Span> {
		self.origins[usize::from(id)]
	}

	/// The node `op` of `inputs`, new or known.
	pub(crate) fn add(&mut self, op: Op, inputs: &[NodeId]) -> Result<NodeId, Refusal> {
		let operands: Vec<ValueType> = inputs.iter().map(|id| self.ty(*id)).collect();
		let ty = op.infer(&operands, self.batch).map_err(|error| error.to_string())?;
		self.intern(op, inputs, ty)
	}

	fn intern(&mut self, op: Op, inputs: &[NodeId], ty: ValueType) -> Result<NodeId, Refusal> {
		let inputs = Inputs::try_from(inputs.to_vec()).map_err(|_| "too many operands")?;
		let node = Node { op, inputs };
		if let Some(id) = self.known.get(&node.encode()) {
			return Ok(*id);
		}
		let id = NodeId::try_from(self.nodes.len()).map_err(|_| "too many nodes")?;
		self.known.insert(node.encode(), id);
		self.nodes.push(node);
		self.types.push(ty);
		self.origins.push(self.origin);
		Ok(id)
	}

	/// A new slot of `f32`. Without [`Graph::set_next`] it keeps its content.
	pub(crate) fn slot(
		&mut self,
		rows: u32,
		cols: u32,
		role: Role,
		init: Init,
	) -> Result<SlotNode, Refusal> {
		let slot = u16::try_from(self.slots.len()).map_err(|_| "too many slots")?;
		let ty = ValueType { dtype: DType::F32, rows, cols };
		let node = self.intern(Op::State { slot }, &[], ty)?;
		self.slots.push(Draft { ty, node, next: node, role, init });
		Ok(SlotNode { slot, node })
	}

	/// Notes a shorter way for the gradient of a node.
	pub(crate) fn shorten(&mut self, node: NodeId, shortcut: Shortcut) {
		self.shortcuts.insert(node, shortcut);
	}

	/// The shorter way for the gradient of a node, if there is one.
	pub(crate) fn shortcut(&self, node: NodeId) -> Option<Shortcut> {
		self.shortcuts.get(&node).copied()
	}

	/// Makes the output of `next` the slot's content after the step.
	pub(crate) fn set_next(&mut self, slot: u16, next: NodeId) {
		self.slots[usize::from(slot)].next = next;
	}

	/// `a · b` in the graph's precision, each operand transposed or not.
	pub(crate) fn product(
		&mut self,
		(transpose_a, transpose_b): (bool, bool),
		a: NodeId,
		b: NodeId,
	) -> Result<NodeId, Refusal> {
		let op = match self.precision.format() {
			None => Op::MatMul { transpose_a, transpose_b },
			Some(format) => Op::QuantMatMul { format, transpose_a, transpose_b },
		};
		self.add(op, &[a, b])
	}

	pub(crate) fn scalar(&mut self, bits: u32) -> Result<NodeId, Refusal> {
		self.add(Op::Fill { bits, rows: 1, cols: 1 }, &[])
	}

	pub(crate) fn unary(&mut self, f: Unary, a: NodeId) -> Result<NodeId, Refusal> {
		self.add(Op::Unary(f), &[a])
	}

	pub(crate) fn binary(
		&mut self,
		f: Binary,
		spread: Broadcast,
		a: NodeId,
		b: NodeId,
	) -> Result<NodeId, Refusal> {
		self.add(Op::Binary(f, spread), &[a, b])
	}

	/// `f(a, constant)` on every element.
	pub(crate) fn with_constant(
		&mut self,
		f: Binary,
		a: NodeId,
		bits: u32,
	) -> Result<NodeId, Refusal> {
		let constant = self.scalar(bits)?;
		self.binary(f, Broadcast::Scalar, a, constant)
	}

	/// `fma(a, constant, c)` on every element.
	pub(crate) fn fma_constant(
		&mut self,
		a: NodeId,
		bits: u32,
		c: NodeId,
	) -> Result<NodeId, Refusal> {
		let constant = self.scalar(bits)?;
		self.add(Op::Fma(Broadcast::Scalar), &[a, constant, c])
	}

	/// The program with `loss`. Nodes that neither the loss, nor a slot, nor `marked` needs are gone;
	/// the others keep their order. Slots are sorted by role.
	pub(crate) fn finish(self, loss: NodeId, marked: &[NodeId]) -> Result<Finished, Refusal> {
		let needed = self.needed(loss, marked);
		let mut order: Vec<usize> = (0..self.slots.len()).collect();
		order.sort_by_key(|slot| self.slots[*slot].role);
		let mut places = vec![0u16; order.len()];
		order.iter().zip(0..).for_each(|(slot, place)| places[*slot] = place);
		let mut moved: Vec<NodeId> = vec![0; self.nodes.len()];
		let (mut nodes, mut origins) = (Vec::new(), Vec::new());
		for (id, mut node) in self.nodes.into_iter().enumerate().filter(|(id, _)| needed[*id]) {
			moved[id] = nodes.len() as NodeId;
			node.inputs.iter_mut().for_each(|input| *input = moved[usize::from(*input)]);
			if let Op::State { slot } = &mut node.op {
				*slot = places[usize::from(*slot)];
			}
			nodes.push(node);
			origins.push(self.origins[id]);
		}
		let moved = |id: NodeId| moved[usize::from(id)];
		let slot = |slot: &usize| {
			let draft = &self.slots[*slot];
			let parameter = draft.role == Role::Parameter;
			Slot { ty: draft.ty, next: moved(draft.next), parameter }
		};
		let slots: Vec<Slot> = order.iter().map(slot).collect();
		let program = Program {
			opset: OPSET_VERSION,
			batch: self.batch,
			nodes: nodes.try_into().map_err(|_| "too many nodes")?,
			slots: slots.try_into().map_err(|_| "too many slots")?,
			loss: moved(loss),
		};
		let inits = order.iter().map(|slot| self.slots[*slot].init.clone()).collect();
		let marked = marked.iter().map(|id| moved(*id)).collect();
		Ok(Finished { program, marked, origins, inits })
	}

	/// Which nodes the loss, the slots and the marked nodes need.
	fn needed(&self, loss: NodeId, marked: &[NodeId]) -> Vec<bool> {
		let mut needed = vec![false; self.nodes.len()];
		let states = self.slots.iter().flat_map(|slot| [slot.node, slot.next]);
		for root in states.chain([loss]).chain(marked.iter().copied()) {
			needed[usize::from(root)] = true;
		}
		for (id, node) in self.nodes.iter().enumerate().rev() {
			if needed[id] {
				node.inputs.iter().for_each(|input| needed[usize::from(*input)] = true);
			}
		}
		needed
	}
}

/// A program that is built.
pub(crate) struct Finished {
	pub(crate) program: Program,
	/// The ids of the nodes that were marked.
	pub(crate) marked: Vec<NodeId>,
	/// The layer that each node was made for.
	pub(crate) origins: Vec<Option<Span>>,
	/// How each slot starts.
	pub(crate) inits: Vec<Init>,
}
