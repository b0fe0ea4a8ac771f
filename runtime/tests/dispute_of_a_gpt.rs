//! A lie in every kind of operation of a GPT, judged by the native runtime and in blocks of the wasm.

mod common;

use std::collections::BTreeMap;

use assay_case::testing::{Lie, Task};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_dispute_game::{MoveKind, Outcome};
use assay_ops::Op;
use common::{
	block::Machine,
	last_move::{LastMove, Opens, CONVICTED},
	table::Table,
};

/// One sequence and one step of the small GPT of the examples, with these numerics.
fn gpt(numerics: &str) -> Task {
	let text = include_str!("../../ml-runtime/compiler/examples/gpt-tiny.toml");
	let text = text.replace("batch = 4", "batch = 1") + numerics;
	let manifest = Manifest::parse(&text).expect("it is valid");
	let compiled = compile(&manifest).expect("it compiles");
	let init = initial_slots(&compiled, &manifest.task.seed);
	let (records, size) = (manifest.data.records, manifest.data.record_size);
	let letter = |i: u32| (i.wrapping_mul(2_654_435_761) >> 25) as u8;
	let data = (0..records * size).map(letter).collect();
	Task::new(compiled.program, data, size, init, (1, 1))
}

/// A node of each kind of operation, before and after the loss, with its name.
fn one_of_each(task: &Task) -> Vec<(String, u32)> {
	let mut kinds = BTreeMap::new();
	for spec in task.program.specs.iter().filter(|s| !matches!(s.op, Op::State { .. })) {
		let name = format!("{:?}", spec.op);
		let name = name.split(['{', ',']).next().unwrap_or_default().trim().to_owned();
		let side = if spec.id > task.program.loss { "backward" } else { "forward" };
		kinds.entry(format!("{name} {side}")).or_insert(u32::from(spec.id));
	}
	kinds.into_iter().collect()
}

/// One wrong bit in the node's output; a slot lies too, so that the claim shows it in any case.
fn lies(node: u32) -> Vec<Lie> {
	vec![Lie::Output { step: 0, node, word: 0, bit: 0 }, Lie::Slot { step: 0, slot: 0 }]
}

/// Products of integers, of one format forward and of the other backward.
const QUANTISED: &str = "\n[numerics]\nforward = \"i8\"\nbackward = \"q15x3\"\n";

/// The products of integers among the nodes, which the GPT in f32 does not have.
fn quantised(task: &Task) -> Vec<(String, u32)> {
	let mut nodes = one_of_each(task);
	nodes.retain(|(name, _)| name.starts_with("QuantMatMul"));
	assert_eq!(nodes.len(), 2, "one forward, one backward");
	nodes
}

/// Plays a game about each kind of operation, to the same end natively and in the wasm.
fn judge_each(table: impl Fn(&Task, u32) -> Table, expected: Outcome) {
	let (task, quantised_task) = (gpt(""), gpt(QUANTISED));
	let nodes = one_of_each(&task);
	for op in [
		"BatchMatMul",
		"Binary(Min",
		"Binary(SiluGrad",
		"Causal",
		"Fma",
		"Gather",
		"Pick",
		"RotateHalf",
		"RowMax",
		"RowSum",
		"ScatterAdd",
		"StepIndex",
		"Unary(Silu",
	] {
		assert!(nodes.iter().any(|(name, _)| name.starts_with(op)), "there is no {op}");
	}
	let machine = Machine::new();
	for (task, nodes) in [(&task, nodes), (&quantised_task, quantised(&quantised_task))] {
		for (name, node) in &nodes {
			let table = || table(task, *node);
			let mut last = LastMove::new(table, MoveKind::PickTile, Opens::Challenger);
			let (native, wasm) = (last.native(), last.in_block(&machine, name));
			assert_eq!((native, wasm), (expected, expected), "{name}");
		}
	}
}

#[test]
fn liar_should_be_convicted_when_any_operation_of_a_gpt_has_a_wrong_bit() {
	judge_each(|task, node| Table::with_liar(task, lies(node)), CONVICTED);
}

#[test]
fn accuser_should_lose_when_every_operation_of_a_gpt_is_right() {
	judge_each(|task, node| Table::with_accuser(task, lies(node)), Outcome::Acquitted);
}
