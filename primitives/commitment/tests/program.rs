//! The program tree.

use assay_commitment::{program_root, ProgramCommitment, ProgramHeader, ProgramTree};
use assay_ops::{
	Binary, Broadcast, CheckedProgram, DType, Limits, Node, Op, Program, RecordFormat, Slot,
	ValueType, OPSET_VERSION,
};

fn scalar() -> ValueType {
	ValueType { dtype: DType::F32, rows: 1, cols: 1 }
}

fn program() -> Program {
	let node = |op, inputs: &[u16]| Node { op, inputs: inputs.to_vec().try_into().unwrap() };
	let add = Op::Binary(Binary::Add, Broadcast::None);
	Program {
		opset: OPSET_VERSION,
		batch: 1,
		nodes: vec![
			node(Op::State { slot: 0 }, &[]),
			node(Op::Load { offset: 0, width: 1, format: RecordFormat::F32 }, &[]),
			node(add, &[0, 1]),
			node(add, &[1, 2]),
		]
		.try_into()
		.unwrap(),
		slots: vec![Slot { ty: scalar(), next: 2, parameter: true }].try_into().unwrap(),
		loss: 3,
	}
}

fn check(program: &Program) -> CheckedProgram {
	program.check(&Limits::new(16)).unwrap()
}

#[test]
fn every_leaf_should_verify_only_in_its_place_when_proven() {
	let program = check(&program());
	let tree = ProgramTree::new(&program).unwrap();
	let root = tree.commitment();
	assert_eq!(program_root(&program), Some(root));
	assert_eq!((root.nodes, root.slots), (4, 1));
	let (header, path) = tree.prove_header().unwrap();
	assert_eq!((header.opset, header.batch, header.loss), (OPSET_VERSION, 1, 3));
	assert!(root.verify_header(&header, &path));
	assert!(!root.verify_header(&ProgramHeader { loss: 2, ..header }, &path));
	assert!(!root.verify_header(&header, &tree.prove_node(0).unwrap()));
	for spec in &program.specs {
		let path = tree.prove_node(spec.id).unwrap();
		assert!(root.verify_node(spec, &path));
		let mut moved = spec.clone();
		moved.id = (spec.id + 1) % 4;
		assert!(!root.verify_node(&moved, &path));
		assert!(!root.verify_node(&moved, &tree.prove_node(moved.id).unwrap()));
		let mut retyped = spec.clone();
		retyped.ty.rows += 1;
		assert!(!root.verify_node(&retyped, &path));
	}
	let (slot, path) = (program.slots[0], tree.prove_slot(0).unwrap());
	assert!(root.verify_slot(0, &slot, &path));
	assert!(!root.verify_slot(0, &Slot { next: 3, ..slot }, &path));
	assert!(!root.verify_slot(1, &slot, &path));
	assert_eq!((tree.prove_node(4), tree.prove_slot(1)), (None, None));
}

#[test]
fn root_should_differ_when_anything_in_the_program_differs() {
	let base = program_root(&check(&program())).unwrap();
	let mut variants = vec![program(); 5];
	variants[0].loss = 2;
	variants[1].nodes[1].op = Op::Load { offset: 4, width: 1, format: RecordFormat::F32 };
	variants[2].nodes[3].inputs[0] = 0;
	variants[3].slots[0].parameter = false;
	variants[4].slots[0].next = 3;
	for variant in variants {
		assert_ne!(program_root(&check(&variant)).unwrap().root, base.root);
	}
	// Sizes bind as well, even where the list is as long.
	let checked = check(&program());
	let path = ProgramTree::new(&checked).unwrap().prove_node(3).unwrap();
	assert!(base.verify_node(&checked.specs[3], &path));
	for (nodes, slots) in [(5, 0), (4, 0), (4, 2), (5, 1)] {
		let other = ProgramCommitment { nodes, slots, ..base };
		assert!(!other.verify_node(&checked.specs[3], &path));
	}
}
