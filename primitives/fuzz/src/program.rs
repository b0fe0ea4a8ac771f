//! Programs of any kind: what [`Program::check`] accepts keeps every limit, and no tile of it depends
//! on more than it declares.

mod reads;

use assay_commitment::ProgramTree;
use assay_ops::{
	CheckedProgram, DType, Limits, Node, NodeSpec, Op, Program, Slot, ValueType, OPSET_VERSION,
};
use codec::{Decode, Encode};

use crate::{
	operation::{operation, Sizes},
	Source,
};

/// A program from an encoding, or from choices.
pub fn check(bytes: &[u8]) {
	let mut source = Source::new(bytes);
	let limits = limits(&mut source);
	let made = source.below(4) > 0;
	let program = if made {
		made_up(&mut source)
	} else {
		let Ok(program) = Program::decode(&mut source.rest()) else { return };
		program
	};
	let checked = program.check(&limits);
	assert_eq!(checked, program.check(&limits), "the same program twice");
	let Ok(checked) = checked else { return };
	accepted(&program, &checked, &limits);
	commits(&checked);
	for _ in 0..source.within(1, 2) {
		let node = source.below(checked.specs.len() as u32) as usize;
		reads::check(&mut source, &checked.specs[node], checked.batch, limits.record_size);
	}
}

/// The limits of the chain, or tighter ones.
fn limits(source: &mut Source) -> Limits {
	let record_size = source.choose(&[1, 785, 3073, 1 << 20, u32::MAX]);
	let usual = Limits::new(record_size);
	match source.below(4) {
		0 => Limits { value_tiles: 1 << source.below(10), ..usual },
		1 => Limits { blocks: 1 + source.below(8), footprint: source.below(36), ..usual },
		2 => {
			Limits { total_words: 1 << source.below(24), tile_work: 1 << source.below(20), ..usual }
		},
		_ => usual,
	}
}

/// Every limit, checked anew on what was accepted.
fn accepted(program: &Program, checked: &CheckedProgram, limits: &Limits) {
	assert_eq!(checked.specs.len(), program.nodes.len());
	assert_eq!((checked.batch, checked.loss), (program.batch, program.loss));
	let mut words: u64 = checked.slots.iter().map(|slot| slot.ty.words()).sum();
	for (id, (spec, node)) in checked.specs.iter().zip(&program.nodes).enumerate() {
		assert_eq!((usize::from(spec.id), spec.op), (id, node.op));
		for (operand, input) in spec.inputs.iter().zip(&node.inputs) {
			assert!(usize::from(*input) < id, "a node uses one that is not before it");
			assert_eq!((operand.id, operand.ty), (*input, checked.specs[usize::from(*input)].ty));
		}
		within(spec, limits);
		words += spec.ty.words();
	}
	assert_eq!(checked.cost.words, words);
	assert!(words <= limits.total_words, "{words} words");
	let specs = checked.specs.iter();
	assert_eq!(
		specs.clone().map(NodeSpec::worst_footprint).max(),
		Some(checked.cost.worst_tile_footprint)
	);
	assert_eq!(specs.clone().map(NodeSpec::blocks).max(), Some(checked.cost.max_blocks));
	assert_eq!(specs.map(|spec| spec.flops()).sum::<Option<u64>>(), Some(checked.cost.flops));
	for slot in &checked.slots {
		assert_eq!(checked.specs[usize::from(slot.next)].ty, slot.ty);
	}
	let loss = checked.specs[usize::from(checked.loss)].ty;
	assert_eq!(loss, ValueType { dtype: DType::F32, rows: 1, cols: 1 });
}

fn within(spec: &NodeSpec, limits: &Limits) {
	let tiles = spec.ty.tiles();
	assert!((1..=limits.value_tiles).contains(&tiles), "{tiles} tiles of {spec:?}");
	assert!(spec.blocks() <= limits.blocks, "{} blocks of {spec:?}", spec.blocks());
	assert!(spec.worst_footprint() <= limits.footprint, "footprint of {spec:?}");
	assert!(spec.worst_tile_work() <= limits.tile_work, "work of {spec:?}");
	if let Op::Load { offset, width, format } = spec.op {
		let end = u64::from(offset) + u64::from(width) * u64::from(format.bytes());
		assert!(end <= limits.record_size.into(), "{spec:?} reads past the end of a record");
	}
	// The terms of all blocks are all terms, and no block is empty or too long.
	let ranges = (0..spec.blocks()).map(|block| spec.block_range(block));
	let mut next = 0;
	for (first, terms) in ranges {
		assert_eq!(first, next);
		assert!((1..=spec.block_terms()).contains(&terms), "{terms} terms of {spec:?}");
		next = first + terms;
	}
	assert_eq!(next, spec.terms());
}

/// Both ends of the program can be proven.
fn commits(checked: &CheckedProgram) {
	let tree = ProgramTree::new(checked).expect("a checked program is not too large");
	let commitment = tree.commitment();
	for spec in [checked.specs.first(), checked.specs.last()].into_iter().flatten() {
		let path = tree.prove_node(spec.id).expect("there is such a node");
		assert!(commitment.verify_node(spec, &path));
		let other = NodeSpec { id: spec.id ^ 1, ..spec.clone() };
		assert!(!commitment.verify_node(&other, &path));
	}
	assert_eq!(
		NodeSpec::decode(&mut &checked.specs[0].encode()[..]).as_ref(),
		Ok(&checked.specs[0])
	);
}

/// A program in which operations mostly get operands that they take: each is given slots or loads of
/// the right types, or nodes that happen to have them.
fn made_up(source: &mut Source) -> Program {
	let side = source.choose(&[3, 40, 200, 5000, 1 << 20, u32::MAX >> 8]);
	let sizes = Sizes { side, terms: side.min(1 << 14) * source.within(1, 8) };
	let batch = source.size(128);
	let (mut nodes, mut types, mut slots) = (Vec::<Node>::new(), Vec::new(), Vec::new());
	for _ in 0..source.within(1, 6) {
		let Some((op, wanted)) = operation(source, sizes) else { continue };
		let mut inputs = Vec::new();
		for ty in wanted {
			let known = types.iter().position(|known| *known == ty);
			let fitting = known.filter(|_| source.flag()).or_else(|| {
				let slot = slots.len() as u16;
				slots.push(Slot { ty, next: nodes.len() as u16, parameter: source.flag() });
				nodes.push(Node { op: Op::State { slot }, inputs: Default::default() });
				types.push(ty);
				Some(nodes.len() - 1)
			});
			let stray = source.below(16) == 0;
			inputs.push(if stray { source.below(12) as u16 } else { fitting.unwrap_or(0) as u16 });
		}
		let operands: Vec<ValueType> =
			inputs.iter().filter_map(|input| types.get(usize::from(*input)).copied()).collect();
		let guess = ValueType { dtype: DType::F32, rows: 1, cols: 1 };
		types.push(op.infer(&operands, batch).unwrap_or(guess));
		nodes.push(Node { op, inputs: inputs.try_into().unwrap_or_default() });
	}
	for slot in &mut slots {
		let same = types.iter().rposition(|ty| *ty == slot.ty);
		let next =
			if source.below(16) == 0 { source.below(12) as usize } else { same.unwrap_or(0) };
		slot.next = next as u16;
	}
	let loss = nodes.len() as u16;
	nodes.push(Node { op: Op::Fill { bits: 0, rows: 1, cols: 1 }, inputs: Default::default() });
	let opset = if source.below(32) == 0 { 2 } else { OPSET_VERSION };
	let loss = if source.below(32) == 0 { source.below(12) as u16 } else { loss };
	Program {
		opset,
		batch,
		nodes: nodes.try_into().unwrap_or_default(),
		slots: slots.try_into().unwrap_or_default(),
		loss,
	}
}
