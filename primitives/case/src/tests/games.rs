use assay_dispute_game::{Fault, Outcome};
use assay_ops::Op;
use codec::Encode;
use scale_info::{TypeDef, TypeInfo};

use super::{splits, zoo};
use crate::testing::{mlp, play, Execution, Lie, Task, MLP};

/// The nodes that the referee recomputes, with the number of their operation.
fn computed(task: &Task) -> impl Iterator<Item = (u32, u8)> + '_ {
	let specs = task.program.specs.iter().filter(|spec| !matches!(spec.op, Op::State { .. }));
	specs.map(|spec| (spec.id.into(), spec.op.encode()[0]))
}

fn outcome(challenger: &Execution, defender: &Execution, withheld: bool) -> Outcome {
	play(challenger, defender, withheld).expect("something differs").outcome
}

/// Lies about a node. A slot lies too, so that the claim shows it whatever becomes of the node.
fn lies(node: u32) -> Vec<Lie> {
	vec![Lie::Output { step: 1, node, word: 0, bit: 0 }, Lie::Slot { step: 1, slot: 0 }]
}

/// The numbers of all operations that the referee recomputes.
fn operations() -> Vec<u8> {
	let TypeDef::Variant(operations) = Op::type_info().type_def else { panic!("it is an enum") };
	let computed = operations.variants.iter().filter(|operation| operation.name != "State");
	computed.map(|operation| operation.index).collect()
}

#[test]
fn zoo_should_have_every_operation() {
	let mut kinds: Vec<u8> = computed(&zoo()).map(|(_, kind)| kind).collect();
	kinds.sort_unstable();
	kinds.dedup();
	assert_eq!(kinds, operations());
}

#[test]
fn liar_should_be_convicted_when_one_bit_of_any_operation_is_flipped() {
	let task = zoo();
	let honest = Execution::new(&task, vec![]);
	for (node, kind) in computed(&task) {
		let liar = Execution::new(&task, lies(node));
		for withheld in [false, true] {
			let found = outcome(&honest, &liar, withheld);
			assert_eq!(found, Outcome::Convicted(Fault::Tile), "operation {kind} {withheld}");
		}
	}
}

#[test]
fn honest_should_be_acquitted_when_any_operation_is_accused() {
	let task = zoo();
	let honest = Execution::new(&task, vec![]);
	for (node, kind) in computed(&task) {
		let accuser = Execution::new(&task, lies(node));
		for withheld in [false, true] {
			let found = outcome(&accuser, &honest, withheld);
			assert_eq!(found, Outcome::Acquitted, "operation {kind} {withheld}");
		}
	}
}

#[test]
fn partial_should_decide_when_reduction_is_split() {
	let task = mlp(2, 1);
	let honest = Execution::new(&task, vec![]);
	for block in [0, 1] {
		let lie = Lie::Partial { step: 1, node: MLP.hidden, tile: 0, block };
		let liar = Execution::new(&task, vec![lie, Lie::Slot { step: 1, slot: 0 }]);
		for withheld in [false, true] {
			let convicted = Outcome::Convicted(Fault::Tile);
			assert_eq!(outcome(&honest, &liar, withheld), convicted, "block {block}");
			assert_eq!(outcome(&liar, &honest, withheld), Outcome::Acquitted, "block {block}");
		}
	}
}

#[test]
fn partial_should_decide_when_reduction_of_any_operation_is_split() {
	let task = splits();
	let honest = Execution::new(&task, vec![]);
	let split = task.program.specs.iter().filter(|spec| spec.blocks() > 1);
	let split: Vec<(u32, u32)> = split.map(|spec| (spec.id.into(), spec.blocks() - 1)).collect();
	assert_eq!(split.len(), 10);
	for (node, block) in split {
		let lie = Lie::Partial { step: 1, node, tile: 0, block };
		let liar = Execution::new(&task, vec![lie, Lie::Slot { step: 1, slot: 0 }]);
		for withheld in [false, true] {
			let convicted = Outcome::Convicted(Fault::Tile);
			assert_eq!(outcome(&honest, &liar, withheld), convicted, "node {node}");
			assert_eq!(outcome(&liar, &honest, withheld), Outcome::Acquitted, "node {node}");
		}
	}
}

#[test]
fn join_should_decide_when_trace_does_not_meet_state() {
	let task = mlp(3, 3);
	let honest = Execution::new(&task, vec![]);
	let joins = [
		vec![Lie::Input { step: 1, node: 1 }, Lie::Slot { step: 1, slot: 0 }],
		vec![Lie::Slot { step: 2, slot: 1 }],
	];
	for lies in joins {
		let liar = Execution::new(&task, lies);
		for withheld in [false, true] {
			let convicted = Outcome::Convicted(Fault::Join);
			assert_eq!(outcome(&honest, &liar, withheld), convicted);
			// A join that is in order is no move: the accuser has nothing to say.
			let lost = outcome(&liar, &honest, withheld);
			assert_eq!(lost, Outcome::ChallengerTimedOut);
		}
	}
}

#[test]
fn silence_should_convict_when_state_is_the_hash_of_nothing() {
	let task = mlp(3, 1);
	let honest = Execution::new(&task, vec![]);
	let liar = Execution::new(&task, vec![Lie::State { step: 2 }]);
	for withheld in [false, true] {
		assert_eq!(outcome(&honest, &liar, withheld), Outcome::Convicted(Fault::Silence));
	}
}

#[test]
fn challenger_should_have_nothing_to_say_when_claim_is_its_own() {
	let honest = Execution::new(&mlp(3, 2), vec![]);
	assert!(play(&honest, &honest, false).is_none());
}
