//! Tiles of every operation: the honest are acquitted, liars convicted, and nothing in between.

mod common;

use assay_commitment::{tile_bytes, tile_count, OpeningError, TensorTree, TileBytes};
use assay_ops::{Broadcast, NodeSpec, Op, Window};
use assay_referee::{
	judge_block, judge_partials_join, judge_tile, judge_tile_hash,
	prove::{first_difference, Prover},
	Around, Evidence, ProvenNode, RefereeError, Step, Verdict,
};
use codec::{DecodeAll, Encode};
use common::{long, zoo, Builder, Random, Run};

fn judge(run: &Run, step: &Step, spec: &NodeSpec, tile: u32, evidence: &Evidence) -> Verdict {
	judge_tile(step, run.node(spec), tile, evidence).unwrap()
}

fn tiles(spec: &NodeSpec) -> std::ops::Range<u32> {
	0..tile_count(&spec.ty).unwrap()
}

fn short(run: &Run) -> impl Iterator<Item = &NodeSpec> {
	run.computed().filter(|spec| spec.blocks() == 1)
}

#[test]
fn zoo_should_hold_every_operation_when_built() {
	let run = zoo(1);
	let mut seen = [false; 29];
	for spec in &run.program.specs {
		seen[usize::from(spec.op.encode()[0])] = true;
	}
	assert_eq!(seen, [true; 29]);
}

#[test]
fn tile_should_be_correct_when_the_claim_is_honest() {
	for run in (1..=8).map(zoo).chain([long(3)]) {
		let prover = prover!(run, &run.trace);
		for spec in short(&run) {
			let claimed = &run.trees[usize::from(spec.id)];
			for tile in tiles(spec) {
				let evidence = prover.tile(spec, claimed, tile).unwrap();
				let verdict = judge(&run, &run.step, spec, tile, &evidence);
				assert_eq!(verdict, Verdict::Correct, "{:?} tile {tile}", spec.op);
				assert_eq!(Evidence::decode_all(&mut &evidence.encode()[..]), Ok(evidence));
			}
		}
	}
}

#[test]
fn tile_should_be_wrong_only_where_one_bit_of_the_output_is_flipped() {
	let run = zoo(4);
	let mut random = Random(99);
	for spec in short(&run) {
		let mine = &run.result.outputs[usize::from(spec.id)];
		let mut theirs = mine.clone();
		let word = random.next() as usize % theirs.len();
		theirs[word] ^= 1 << (random.next() % 32);
		let claimed = TensorTree::from_words(spec.ty, &theirs).unwrap();
		let lie = first_difference(spec, mine, &theirs).unwrap();
		let (step, trace) = run.with_output(spec.id, &claimed);
		let prover = prover!(run, &trace);
		for tile in tiles(spec) {
			let evidence = prover.tile(spec, &claimed, tile).unwrap();
			let expected = if tile == lie { Verdict::Wrong } else { Verdict::Correct };
			let verdict = judge(&run, &step, spec, tile, &evidence);
			assert_eq!(verdict, expected, "{:?} tile {tile}", spec.op);
			let claimed = claimed.tree().values()[tile as usize];
			let bisected = judge_tile_hash(&step, run.node(spec), tile, &evidence.inputs, &claimed);
			assert_eq!(bisected, Ok(expected));
		}
	}
}

#[test]
fn tile_should_be_wrong_when_only_its_padding_is_not_zero() {
	let run = zoo(5);
	for spec in short(&run).filter(|spec| spec.ty.cols % 32 != 0) {
		let words = &run.result.outputs[usize::from(spec.id)];
		let read = |tile| *tile_bytes(&spec.ty, words, tile).unwrap();
		let mut bytes: Vec<TileBytes> = tiles(spec).map(read).collect();
		let last = bytes.last_mut().unwrap();
		last[127] = 0x80;
		let claimed = TensorTree::from_tiles(spec.ty, &bytes).unwrap();
		let (step, trace) = run.with_output(spec.id, &claimed);
		let tile = bytes.len() as u32 - 1;
		let evidence = prover!(run, &trace).tile(spec, &claimed, tile).unwrap();
		assert_eq!(judge(&run, &step, spec, tile, &evidence), Verdict::Wrong, "{:?}", spec.op);
	}
}

#[test]
fn evidence_should_never_get_a_verdict_when_a_bit_of_it_is_flipped() {
	let run = zoo(6);
	let prover = prover!(run, &run.trace);
	let mut random = Random(7);
	for spec in short(&run) {
		let tile = random.next() as u32 % tile_count(&spec.ty).unwrap();
		let good = prover.tile(spec, &run.trees[usize::from(spec.id)], tile).unwrap().encode();
		for _ in 0..60 {
			let mut bytes = good.clone();
			// Tiles fill most of the bytes: aim every other flip at what is not tile.
			let at = match random.next() % 2 {
				0 => random.next() as usize % bytes.len(),
				_ => bytes.len() - 1 - random.next() as usize % bytes.len().min(700),
			};
			bytes[at] ^= 1 << (random.next() % 8);
			if let Ok(evidence) = Evidence::decode_all(&mut &bytes[..]) {
				let verdict = judge_tile(&run.step, run.node(spec), tile, &evidence);
				assert!(verdict.is_err(), "{:?} byte {at} of {}", spec.op, bytes.len());
			}
		}
	}
}

/// A matrix product with several tiles of each operand, and honest evidence for one of its tiles.
fn product(run: &Run) -> (&NodeSpec, u32, Evidence) {
	let spec = short(run).find(|spec| matches!(spec.op, Op::MatMul { .. })).unwrap();
	let claimed = &run.trees[usize::from(spec.id)];
	(spec, 3, prover!(run, &run.trace).tile(spec, claimed, 3).unwrap())
}

fn refused(run: &Run, spec: &NodeSpec, tile: u32, evidence: &Evidence) -> RefereeError {
	judge_tile(&run.step, run.node(spec), tile, evidence).unwrap_err()
}

/// The same evidence with other tiles of an operand opened.
fn reopen(
	run: &Run,
	spec: &NodeSpec,
	evidence: &Evidence,
	operand: usize,
	tiles: &[u32],
) -> Evidence {
	let id = usize::from(spec.inputs[operand].id);
	let mut evidence = evidence.clone();
	let opening = evidence.inputs.operands[operand].as_mut().unwrap();
	opening.tiles = run.trees[id].open_words(tiles, &run.result.outputs[id]).unwrap();
	evidence
}

fn opened(evidence: &Evidence, operand: usize) -> Vec<u32> {
	let opening = evidence.inputs.operands[operand].as_ref().unwrap();
	opening.tiles.tiles.iter().map(|tile| tile.index).collect()
}

#[test]
fn evidence_should_be_refused_when_a_tile_is_missing_or_surplus() {
	let run = zoo(8);
	let (spec, tile, good) = product(&run);
	for operand in 0..2 {
		let needed = opened(&good, operand);
		assert!(needed.len() > 1);
		let fewer = reopen(&run, spec, &good, operand, &needed[1..]);
		assert_eq!(refused(&run, spec, tile, &fewer), RefereeError::OperandMissing);
		let count = tile_count(&spec.inputs[operand].ty).unwrap();
		let all: Vec<u32> = (0..count).collect();
		assert!(all.len() > needed.len());
		let more = reopen(&run, spec, &good, operand, &all);
		assert_eq!(refused(&run, spec, tile, &more), RefereeError::Surplus);
		let mut none = good.clone();
		none.inputs.operands[operand] = None;
		assert_eq!(refused(&run, spec, tile, &none), RefereeError::OperandMissing);
	}
	let mut one = good.clone();
	one.inputs.operands.pop();
	assert_eq!(refused(&run, spec, tile, &one), RefereeError::WrongOperandCount);
	let mut three = good.clone();
	three.inputs.operands.try_push(None).unwrap();
	assert_eq!(refused(&run, spec, tile, &three), RefereeError::WrongOperandCount);
}

#[test]
fn evidence_should_be_refused_for_every_operation_when_an_opening_is_missing_or_surplus() {
	let run = zoo(15);
	let prover = prover!(run, &run.trace);
	for spec in short(&run) {
		let good = prover.tile(spec, &run.trees[usize::from(spec.id)], 0).unwrap();
		for operand in 0..spec.inputs.len() {
			let all: Vec<u32> = (0..tile_count(&spec.inputs[operand].ty).unwrap()).collect();
			let context = || format!("{:?} operand {operand}", spec.op);
			if good.inputs.operands[operand].is_none() {
				continue;
			}
			let mut none = good.clone();
			none.inputs.operands[operand] = None;
			assert_eq!(
				refused(&run, spec, 0, &none),
				RefereeError::OperandMissing,
				"{}",
				context()
			);
			let needed = opened(&good, operand);
			if needed.len() > 1 {
				let fewer = reopen(&run, spec, &good, operand, &needed[1..]);
				let error = refused(&run, spec, 0, &fewer);
				assert_eq!(error, RefereeError::OperandMissing, "{}", context());
			}
			if let Some(spare) = all.iter().find(|tile| !needed.contains(tile)) {
				let mut more = [&needed[..], &[*spare]].concat();
				more.sort_unstable();
				let more = reopen(&run, spec, &good, operand, &more);
				assert_eq!(refused(&run, spec, 0, &more), RefereeError::Surplus, "{}", context());
			}
		}
	}
}

#[test]
fn choice_should_be_judged_without_what_it_does_not_choose() {
	// Where the condition is zero in a whole tile, nothing of the first operand is read.
	let mut b = Builder::default();
	let (a, c) = (b.state(40, 40), b.state(40, 40));
	let zero = b.add(Op::Fill { bits: 0x8000_0000, rows: 1, cols: 1 }, &[]);
	let chosen = b.add(Op::Select(Broadcast::Scalar), &[a, zero, c]);
	let squares = b.state(40, 40);
	let causal = b.add(Op::Causal { bits: 0 }, &[squares]);
	let run = b.run(16);
	for (node, tile, read) in
		[(chosen, 3, [false, true, true].as_slice()), (causal, 1, &[false]), (causal, 2, &[true])]
	{
		let spec = &run.program.specs[usize::from(node)];
		let claimed = &run.trees[usize::from(node)];
		let evidence = prover!(run, &run.trace).tile(spec, claimed, tile).unwrap();
		let opened: Vec<bool> = evidence.inputs.operands.iter().map(Option::is_some).collect();
		assert_eq!(opened, read, "{:?} tile {tile}", spec.op);
		assert_eq!(judge(&run, &run.step, spec, tile, &evidence), Verdict::Correct);
	}
}

#[test]
fn tile_should_be_judged_without_operands_when_it_reads_nothing() {
	// One window position at the top of a column of 100 pixels: the tiles below are all gradient 0.
	let mut b = Builder::default();
	let gradient = b.state(1, 3);
	let (height, width, channels) = (100, 1, 3);
	let [kernel_h, kernel_w, stride_h, stride_w] = [1, 1, 200, 1];
	let (pad_h, pad_w) = (0, 0);
	let size =
		Window { height, width, channels, kernel_h, kernel_w, stride_h, stride_w, pad_h, pad_w };
	b.add(Op::AvgPoolGrad(size), &[gradient]);
	let run = b.run(14);
	let spec = &run.program.specs[1];
	for tile in tiles(spec) {
		let evidence = prover!(run, &run.trace).tile(spec, &run.trees[1], tile).unwrap();
		assert_eq!(evidence.inputs.operands[0].is_none(), tile > 0);
		assert_eq!(judge(&run, &run.step, spec, tile, &evidence), Verdict::Correct);
	}
}

#[test]
fn evidence_should_be_refused_when_records_are_missing_or_surplus() {
	let run = zoo(9);
	let prover = prover!(run, &run.trace);
	let load = short(&run).find(|spec| matches!(spec.op, Op::Load { .. })).unwrap();
	let good = prover.tile(load, &run.trees[usize::from(load.id)], 0).unwrap();
	let mut none = good.clone();
	none.inputs.records = None;
	assert_eq!(refused(&run, load, 0, &none), RefereeError::OperandMissing);
	let mut bent = good.clone();
	bent.inputs.records.as_mut().unwrap().chunks[0].bytes[0] ^= 1;
	let error = RefereeError::Records(OpeningError::NotInRoot);
	assert_eq!(refused(&run, load, 0, &bent), error);
	let (spec, tile, mut other) = product(&run);
	other.inputs.records = good.inputs.records;
	assert_eq!(refused(&run, spec, tile, &other), RefereeError::Surplus);
}

#[test]
fn evidence_should_be_refused_when_roots_are_not_in_the_trace() {
	let run = zoo(10);
	let (spec, tile, good) = product(&run);
	// Both operands have other roots at other places of the same trace.
	let mut swapped = good.clone();
	let path = swapped.inputs.operands[1].as_ref().unwrap().path.clone();
	swapped.inputs.operands[0].as_mut().unwrap().path = path;
	assert_eq!(refused(&run, spec, tile, &swapped), RefereeError::OperandNotInTrace(0));
	let mut forged = good.clone();
	let theirs = TensorTree::from_words(spec.ty, &vec![7; spec.ty.words() as usize]).unwrap();
	forged.output.root = theirs.root();
	forged.output.tile = theirs.prove(tile).unwrap();
	assert_eq!(refused(&run, spec, tile, &forged), RefereeError::OutputNotInTrace);
	// An accuser who makes up siblings gets no verdict against an honest claim.
	let mut siblings = good.clone();
	siblings.output.tile.siblings[0] = [0; 32];
	let error = RefereeError::Output(OpeningError::NotInRoot);
	assert_eq!(refused(&run, spec, tile, &siblings), error);
	let mut leaf = good.clone();
	leaf.output.tile.leaf = [0; 32];
	assert_eq!(refused(&run, spec, tile, &leaf), error);
	let mut operand = good.clone();
	operand.inputs.operands[1].as_mut().unwrap().tiles.tiles[0].bytes[0] ^= 1;
	let error = RefereeError::Operand(1, OpeningError::NotInRoot);
	assert_eq!(refused(&run, spec, tile, &operand), error);
}

#[test]
fn tile_should_be_refused_when_it_or_its_node_cannot_be_judged() {
	let run = zoo(11);
	let (spec, tile, good) = product(&run);
	let count = tile_count(&spec.ty).unwrap();
	assert_eq!(refused(&run, spec, count, &good), RefereeError::TileOutOfRange);
	assert_eq!(refused(&run, spec, u32::MAX, &good), RefereeError::TileOutOfRange);
	assert!(matches!(refused(&run, spec, tile - 1, &good), RefereeError::Output(_)));
	assert_eq!(refused(&run, &run.program.specs[0], 0, &good), RefereeError::StateNode);
	let posted = [[0; 32]];
	let evidence = prover!(run, &run.trace).block(spec, tile, 0, None).unwrap();
	let around = Around::of(&posted, 0).unwrap();
	let block = judge_block(&run.step, run.node(spec), tile, 0, around, &evidence);
	assert_eq!(block, Err(RefereeError::ReductionTooShort));
	let join = judge_partials_join(&run.step, run.node(spec), tile, &posted, &good.output);
	assert_eq!(join, Err(RefereeError::ReductionTooShort));
}

#[test]
fn node_should_be_refused_when_it_is_not_in_the_program() {
	let run = zoo(12);
	let spec = &run.program.specs[12];
	let path = run.tree.prove_node(12).unwrap();
	let commitment = run.step.program;
	assert!(ProvenNode::verify(&commitment, spec, &path).is_ok());
	let mut other = spec.clone();
	other.op = Op::RowSum;
	let error = ProvenNode::verify(&commitment, &other, &path).unwrap_err();
	assert_eq!(error, RefereeError::NodeNotInProgram);
	let path = run.tree.prove_node(13).unwrap();
	assert!(ProvenNode::verify(&commitment, spec, &path).is_err());
}

#[test]
fn load_should_be_refused_when_the_step_is_another() {
	let run = zoo(13);
	let load = short(&run).find(|spec| matches!(spec.op, Op::Load { .. })).unwrap();
	let claimed = &run.trees[usize::from(load.id)];
	let evidence = prover!(run, &run.trace).tile(load, claimed, 0).unwrap();
	let mut step = run.step;
	step.context.step += 1;
	let verdict = judge_tile(&step, run.node(load), 0, &evidence);
	assert!(verdict.is_err() || verdict == Ok(Verdict::Wrong));
	let mut step = run.step;
	step.context.records = u64::MAX;
	let verdict = judge_tile(&step, run.node(load), 0, &evidence);
	assert_eq!(verdict, Err(RefereeError::Malformed));
}
