//! A step whose only interesting node is one operation.

use std::collections::BTreeSet;

use assay_commitment::{
	list::List, DataTree, ProgramCommitment, ProgramTree, TensorTree, CHUNK_BYTES,
};
use assay_ops::{
	eval::{Missing, Operands, StepContext},
	step::run_reference,
	CheckedProgram, Cost, DType, Limits, Node, NodeSpec, Op, Program, Slot, ValueType,
	OPSET_VERSION,
};
use assay_referee::{
	judge_block, judge_tile, prove::trace, Around, Inputs, OperandOpening, ProvenNode, Referee,
	Step,
};
use codec::Decode;

use crate::{
	operation::{float, operation, Sizes},
	source::numbers,
	Source,
};

const RECORD: u32 = 1100;
const RECORDS: u64 = 70;

/// Most scalar operations of a run: some milliseconds.
const MOST_WORK: u64 = 1 << 18;

/// An executed step.
pub(super) struct Run {
	program: CheckedProgram,
	node: usize,
	pub(super) tree: ProgramTree,
	pub(super) outputs: Vec<Vec<u32>>,
	data: Vec<u8>,
	pub(super) trace: List,
	pub(super) step: Step,
}

/// The outputs as operands of the node.
pub(super) struct Tensors<'a>(&'a Run);

impl Operands for Tensors<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let operand = self.0.spec().inputs[operand];
		Ok(self.0.outputs[usize::from(operand.id)][(row * operand.ty.cols + col) as usize])
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		Ok(self.0.data[record as usize * RECORD as usize + offset as usize])
	}
}

impl Run {
	/// An operation on small operands; `None` where there is no such node, or it is too much work.
	pub(super) fn new(source: &mut Source) -> Option<Self> {
		let sizes = Sizes { side: 70, terms: 1100 };
		let (op, types) = operation(source, sizes)?;
		let batch = source.within(1, 34);
		let (program, node) = program(op, &types, batch)?;
		let spec = &program.specs[node];
		let small = program.specs.iter().all(|spec| spec.ty.words() <= 1 << 16);
		if !small || spec.flops()? > MOST_WORK || spec.ty.tiles() > 64 {
			return None;
		}
		let seed = source.below(6);
		let before: Vec<Vec<u32>> =
			program.slots.iter().map(|slot| content(slot, spec, seed)).collect();
		let bytes = numbers(seed, RECORD as usize * RECORDS as usize);
		let data: Vec<u8> = bytes.iter().map(|word| (word >> 2) as u8).collect();
		let context = StepContext {
			seed: [seed as u8; 32],
			step: source.below(5).into(),
			batch,
			records: RECORDS,
			record_size: RECORD,
		};
		let result =
			run_reference(&program, &context, &before, &data).expect("an accepted program");
		let outputs = result.outputs;
		let (_, trace) = trace(&program.specs, &(&outputs[..], &data[..]))?;
		let tree = ProgramTree::new(&program)?;
		let (commitment, root) = (tree.commitment(), DataTree::new(&data)?.root());
		let (referee, trace_root) = (Referee::V1, trace.root());
		let step = Step { referee, program: commitment, trace: trace_root, context, data: root };
		Some(Self { program, node, tree, outputs, data, trace, step })
	}

	/// The node.
	pub(super) fn spec(&self) -> &NodeSpec {
		&self.program.specs[self.node]
	}

	pub(super) fn values(&self) -> (&[Vec<u32>], &[u8]) {
		(&self.outputs, &self.data)
	}

	pub(super) fn operands(&self) -> Tensors<'_> {
		Tensors(self)
	}

	/// Valid openings of one tile or chunk more or less than what is read. `None` if nothing is left.
	pub(super) fn reopened(
		&self,
		source: &mut Source,
		trace: &List,
		inputs: &Inputs,
	) -> Option<Inputs> {
		let mut inputs = inputs.clone();
		let number = source.below(self.spec().inputs.len() as u32 + 1) as usize;
		let Some(operand) = self.spec().inputs.get(number) else {
			let known = inputs.records.iter().flat_map(|records| &records.chunks);
			let chunk = source.below(self.data.len() as u32 / CHUNK_BYTES);
			let chunks = toggled(known.map(|chunk| chunk.index), chunk);
			inputs.records = Some(DataTree::new(&self.data)?.open(&chunks, &self.data)?);
			return Some(inputs);
		};
		let words = &self.outputs[usize::from(operand.id)];
		let tree = TensorTree::from_words(operand.ty, words)?;
		let opening = inputs.operands.get_mut(number)?;
		let known = opening.iter().flat_map(|opening| &opening.tiles.tiles);
		let tile = source.below(operand.ty.tiles() as u32);
		let tiles = toggled(known.map(|tile| tile.index), tile);
		let tiles = tree.open_words(&tiles, words)?;
		let path = trace.prove(operand.id.into())?;
		*opening = Some(OperandOpening { root: tree.root(), path, tiles });
		Some(inputs)
	}
}

/// The numbers without this one, or with it.
fn toggled(numbers: impl Iterator<Item = u32>, number: u32) -> Vec<u32> {
	let mut numbers: BTreeSet<u32> = numbers.collect();
	if !numbers.remove(&number) {
		numbers.insert(number);
	}
	numbers.into_iter().collect()
}

/// A program that has one slot per operand, the operation, and a loss.
fn program(op: Op, types: &[ValueType], batch: u32) -> Option<(CheckedProgram, usize)> {
	let mut nodes = Vec::new();
	let mut slots = Vec::new();
	for (slot, ty) in (0..).zip(types) {
		slots.push(Slot { ty: *ty, next: slot, parameter: true });
		nodes.push(Node { op: Op::State { slot }, inputs: Default::default() });
	}
	let at = nodes.len();
	let inputs: Vec<u16> = (0..at as u16).collect();
	nodes.push(Node { op, inputs: inputs.try_into().ok()? });
	let loss = nodes.len() as u16;
	nodes.push(Node { op: Op::Fill { bits: 0, rows: 1, cols: 1 }, inputs: Default::default() });
	let (nodes, slots) = (nodes.try_into().ok()?, slots.try_into().ok()?);
	let program = Program { opset: OPSET_VERSION, batch, nodes, slots, loss };
	Some((program.check(&Limits::new(RECORD)).ok()?, at))
}

/// Words of a slot; indices mostly name a row or column that there is.
fn content(slot: &Slot, spec: &NodeSpec, seed: u32) -> Vec<u32> {
	let words = numbers(seed ^ (u32::from(slot.next) << 4), slot.ty.words() as usize);
	match slot.ty.dtype {
		DType::F32 => words,
		DType::U32 => {
			let most = spec.ty.rows.max(spec.ty.cols).max(spec.inputs[0].ty.rows);
			words.iter().map(|word| (word >> 3) % (most + 2)).collect()
		},
	}
}

/// A committed node that no check has seen, with evidence that is anything: no panic, whatever it says.
pub(super) fn hostile(source: &mut Source) {
	let (id, tile, block) = (source.below(4) as u16, source.below(4), source.below(4));
	let batch = source.word();
	let context = StepContext {
		seed: [7; 32],
		step: source.word().into(),
		batch,
		records: source.word().into(),
		record_size: source.word(),
	};
	let bytes = source.rest();
	let mut input = bytes;
	let Ok(spec) = NodeSpec::decode(&mut input) else { return };
	let spec = NodeSpec { id, ..spec };
	let filler = NodeSpec { id: 0, op: Op::RowSum, inputs: Default::default(), ty: float(1, 1) };
	let specs =
		(0..4)
			.map(|at| if at == id { spec.clone() } else { NodeSpec { id: at, ..filler.clone() } });
	let cost = Cost::default();
	let (opset, specs) = (OPSET_VERSION, specs.collect());
	let program = CheckedProgram { opset, batch, specs, slots: Vec::new(), loss: 0, cost };
	let Some(tree) = ProgramTree::new(&program) else { return };
	let commitment: ProgramCommitment = tree.commitment();
	let Some(path) = tree.prove_node(id) else { return };
	let node = ProvenNode::verify(&commitment, &spec, &path).expect("an honest proof");
	let referee = Referee::V1;
	let step = Step { referee, program: commitment, trace: [1; 32], context, data: [2; 32] };
	let _ = (spec.worst_footprint(), spec.worst_tile_work(), spec.flops(), spec.blocks());
	if let Ok(evidence) = Decode::decode(&mut &*input) {
		let _ = judge_tile(&step, node, tile, &evidence);
	}
	// Nodes without operands need no openings, so they are computed whatever they say.
	let around = Around { before: (block > 0).then_some(&[0; 32]), after: &[0; 32] };
	if let Ok(evidence) = Decode::decode(&mut &*input) {
		let _ = judge_block(&step, node, tile, block, around, &evidence);
	}
	let _ = assay_referee::judge_tile_hash(&step, node, tile, &Default::default(), &[0; 32]);
}
