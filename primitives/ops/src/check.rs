//! Admission: a program that passes [`Program::check`] can be run, priced and judged.

use alloc::vec::Vec;

use bounded_collections::BoundedVec;

use crate::{
	cost::Cost,
	op::{Op, RecordFormat},
	program::{DType, Node, NodeId, Program, Slot, ValueType},
	shape::ShapeError,
	spec::{NodeSpec, Operand},
	OPSETS,
};

/// What a chain accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
	/// Bytes of a record of the task's data set; loads must stay inside.
	pub record_size: u32,
	/// Most tiles of one value: a dispute finds one in at most so many.
	pub value_tiles: u64,
	/// Most words of all values and slots together.
	pub total_words: u64,
	/// Most blocks of a tile of a long reduction.
	pub blocks: u32,
	/// Most tiles (two record chunks count as one) that one block of a tile may read. 36 tiles are
	/// 144 KiB, which with their Merkle paths stay below 160 KiB.
	pub footprint: u32,
	/// Most scalar operations for one block of a tile.
	pub tile_work: u64,
}

impl Limits {
	/// The limits of operation set 1, for a data set with records of this size.
	pub const fn new(record_size: u32) -> Self {
		Self {
			record_size,
			value_tiles: 1 << 20,
			total_words: 1 << 36,
			blocks: 512,
			footprint: 36,
			tile_work: 1 << 20,
		}
	}
}

/// Why a program is not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProgramError {
	/// The program is for another operation set.
	WrongOpset {
		/// The version it names.
		got: u16,
	},
	/// The program has no nodes, or a batch of 0 records.
	Empty,
	/// A node uses a node that is not before it.
	ForwardReference {
		/// The node.
		node: NodeId,
		/// What it uses.
		input: NodeId,
	},
	/// A node does not take its operands.
	Shape {
		/// The node.
		node: NodeId,
		/// Why not.
		error: ShapeError,
	},
	/// A state node names a slot that does not exist.
	NoSuchSlot {
		/// The node.
		node: NodeId,
		/// The slot.
		slot: u16,
	},
	/// Two state nodes read the same slot.
	SlotReadTwice {
		/// The second node.
		node: NodeId,
		/// The slot.
		slot: u16,
	},
	/// A slot has rows or columns of 0, or too many words.
	BadSlot {
		/// The slot.
		slot: u16,
	},
	/// A slot's next content comes from a node that does not exist or has another type.
	SlotNextMismatch {
		/// The slot.
		slot: u16,
		/// The node.
		next: NodeId,
	},
	/// The loss does not exist or is not `f32` 1 × 1.
	BadLoss {
		/// The node.
		loss: NodeId,
	},
	/// A load reads past the end of a record.
	LoadOutOfRecord {
		/// The node.
		node: NodeId,
		/// One past the last byte that it reads.
		end: u64,
		/// Bytes of a record.
		record_size: u32,
	},
	/// Two masks use the same stream of random numbers.
	StreamUsedTwice {
		/// The second node.
		node: NodeId,
		/// The stream.
		stream: u32,
	},
	/// A value has too many tiles.
	ValueTooLarge {
		/// The node.
		node: NodeId,
		/// Its tiles.
		tiles: u64,
	},
	/// A reduction has too many blocks.
	TooManyBlocks {
		/// The node.
		node: NodeId,
		/// Its blocks.
		blocks: u32,
	},
	/// A tile may depend on too many tiles to be judged at once.
	FootprintTooLarge {
		/// The node.
		node: NodeId,
		/// The bound on its tiles.
		footprint: u32,
	},
	/// A tile may take too many operations to be judged at once.
	TooMuchWork {
		/// The node.
		node: NodeId,
		/// The bound on its operations.
		work: u64,
	},
	/// All values and slots together have too many words.
	TooMuchMemory {
		/// Words up to and including the node that exceeded the limit.
		words: u64,
	},
	/// The cost does not fit 64 bits.
	CostOverflow,
}

/// A program that passed, with all types.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedProgram {
	/// The operation set that gives the nodes their meaning.
	pub opset: u16,
	/// Records per step.
	pub batch: u32,
	/// The nodes, in order; spec `i` has id `i`.
	pub specs: Vec<NodeSpec>,
	/// The slots.
	pub slots: Vec<Slot>,
	/// The node whose output is the loss.
	pub loss: NodeId,
	/// What a step costs.
	pub cost: Cost,
}

impl Program {
	/// Checks everything that makes the program meaningful and judgeable, and works out types and cost.
	///
	/// Work is linear in the nodes and slots (plus the logarithm for distinct streams), independent
	/// of the sizes of the values.
	pub fn check(&self, limits: &Limits) -> Result<CheckedProgram, ProgramError> {
		if !OPSETS.contains(&self.opset) {
			return Err(ProgramError::WrongOpset { got: self.opset });
		}
		if self.nodes.is_empty() || self.batch == 0 {
			return Err(ProgramError::Empty);
		}
		let mut cost = Cost::default();
		for (index, slot) in (0u16..).zip(&self.slots) {
			if !(1..=limits.value_tiles).contains(&slot.ty.tiles()) {
				return Err(ProgramError::BadSlot { slot: index });
			}
			cost = cost.with_slot(slot).ok_or(ProgramError::CostOverflow)?;
		}
		let mut specs: Vec<NodeSpec> = Vec::with_capacity(self.nodes.len());
		for (id, node) in (0..).zip(&self.nodes) {
			let spec = self.spec(id, node, &specs)?;
			spec.check(limits)?;
			cost = cost.with_node(&spec).ok_or(ProgramError::CostOverflow)?;
			if cost.words > limits.total_words {
				return Err(ProgramError::TooMuchMemory { words: cost.words });
			}
			specs.push(spec);
		}
		self.check_distinct()?;
		self.check_ends(&specs)?;
		let slots = self.slots.to_vec();
		let Self { opset, batch, loss, .. } = *self;
		Ok(CheckedProgram { opset, batch, specs, slots, loss, cost })
	}

	/// The node with all types, given the nodes before it.
	fn spec(&self, id: NodeId, node: &Node, before: &[NodeSpec]) -> Result<NodeSpec, ProgramError> {
		let mut inputs = BoundedVec::new();
		let mut types = Vec::with_capacity(node.inputs.len());
		for input in &node.inputs {
			let producer = before
				.get(usize::from(*input))
				.ok_or(ProgramError::ForwardReference { node: id, input: *input })?;
			types.push(producer.ty);
			// The bound of a node's inputs is the bound of a spec's operands, so this cannot fail.
			let _ = inputs.try_push(Operand { id: *input, ty: producer.ty });
		}
		let shape = |error| ProgramError::Shape { node: id, error };
		let ty = match (&node.op, types.as_slice()) {
			(Op::State { slot }, []) => {
				self.slots
					.get(usize::from(*slot))
					.ok_or(ProgramError::NoSuchSlot { node: id, slot: *slot })?
					.ty
			},
			(op, types) => op.infer(types, self.batch).map_err(shape)?,
		};
		Ok(NodeSpec { id, op: node.op, inputs, ty })
	}

	/// Streams of masks are distinct, and each slot is read by at most one state node.
	fn check_distinct(&self) -> Result<(), ProgramError> {
		let (mut streams, mut slots) = (Vec::new(), Vec::new());
		for (node, op) in (0..).zip(self.nodes.iter().map(|node| node.op)) {
			if let Op::Mask { stream, .. } = op {
				streams.push((stream, node));
			}
			if let Op::State { slot } = op {
				slots.push((slot, node));
			}
		}
		if let Some((stream, node)) = repeated(&mut streams) {
			return Err(ProgramError::StreamUsedTwice { node, stream });
		}
		if let Some((slot, node)) = repeated(&mut slots) {
			return Err(ProgramError::SlotReadTwice { node, slot });
		}
		Ok(())
	}

	/// The slots' next contents and the loss exist and have the right types.
	fn check_ends(&self, specs: &[NodeSpec]) -> Result<(), ProgramError> {
		let type_of = |node: NodeId| specs.get(usize::from(node)).map(|spec| spec.ty);
		for (index, slot) in (0..).zip(&self.slots) {
			if type_of(slot.next) != Some(slot.ty) {
				return Err(ProgramError::SlotNextMismatch { slot: index, next: slot.next });
			}
		}
		let scalar = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
		if type_of(self.loss) != Some(scalar) {
			return Err(ProgramError::BadLoss { loss: self.loss });
		}
		Ok(())
	}
}

/// The second holder of a key that two hold.
fn repeated<K: Ord + Copy>(entries: &mut [(K, NodeId)]) -> Option<(K, NodeId)> {
	entries.sort_unstable();
	let pairs = entries.iter().zip(entries.iter().skip(1));
	pairs.filter(|(first, second)| first.0 == second.0).map(|(_, second)| *second).next()
}

impl NodeSpec {
	/// Checks what can be said of one node alone.
	fn check(&self, limits: &Limits) -> Result<(), ProgramError> {
		let node = self.id;
		let tiles = self.ty.tiles();
		if tiles > limits.value_tiles {
			return Err(ProgramError::ValueTooLarge { node, tiles });
		}
		if let Op::Load { offset, width, format } = self.op {
			let end = u64::from(width)
				.saturating_mul(format.bytes().into())
				.saturating_add(offset.into());
			if end > limits.record_size.into() {
				let record_size = limits.record_size;
				return Err(ProgramError::LoadOutOfRecord { node, end, record_size });
			}
		}
		if self.blocks() > limits.blocks {
			return Err(ProgramError::TooManyBlocks { node, blocks: self.blocks() });
		}
		let footprint = self.worst_footprint();
		if footprint > limits.footprint {
			return Err(ProgramError::FootprintTooLarge { node, footprint });
		}
		let work = self.worst_tile_work();
		if work > limits.tile_work {
			return Err(ProgramError::TooMuchWork { node, work });
		}
		Ok(())
	}
}

impl RecordFormat {
	/// Bytes per element.
	pub fn bytes(&self) -> u32 {
		match self {
			RecordFormat::U8ToF32 | RecordFormat::U8ToU32 => 1,
			RecordFormat::F32 | RecordFormat::U32 => 4,
		}
	}
}
