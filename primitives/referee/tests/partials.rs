//! Long reductions: a lie in a chain of partials is found exactly where it was told.

mod common;

use assay_commitment::{tile_count, Root, TensorTree};
use assay_ops::{eval::Tile, NodeSpec, Op, K_BLOCK, ROW_BLOCK};
use assay_referee::{
	judge_block, judge_partials_join, judge_tile,
	prove::{partial_hashes, Prover},
	Around, BlockEvidence, RefereeError, Verdict,
};
use codec::{DecodeAll, Encode};
use common::{long, Run};

fn long_nodes(run: &Run) -> impl Iterator<Item = &NodeSpec> {
	run.computed().filter(|spec| spec.blocks() > 1)
}

/// Verdict on each block of a posted chain.
fn verdicts(run: &Run, spec: &NodeSpec, tile: u32, chain: &[Tile]) -> Vec<Verdict> {
	let posted = partial_hashes(spec, tile, chain).unwrap();
	let prover = prover!(run, &run.trace);
	let judge = |block: u32| {
		let previous = block.checked_sub(1).map(|before| &chain[before as usize]);
		let evidence = prover.block(spec, tile, block, previous).unwrap();
		let around = Around::of(&posted, block).unwrap();
		judge_block(&run.step, run.node(spec), tile, block, around, &evidence).unwrap()
	};
	(0..spec.blocks()).map(judge).collect()
}

#[test]
fn long_should_have_one_two_and_three_blocks_with_tails_when_built() {
	let run = long(1);
	let terms = |wanted: fn(&Op) -> bool| {
		let nodes = long_nodes(&run).filter(|spec| wanted(&spec.op));
		nodes.map(|spec| (spec.terms(), spec.blocks())).collect::<Vec<_>>()
	};
	let products = [513, 513, 1024, 1024, 1100, 1100].map(|k: u32| (k, k.div_ceil(K_BLOCK)));
	assert_eq!(terms(|op| matches!(op, Op::MatMul { .. })), products);
	let once = [513, 1024, 1100].map(|k: u32| (k, k.div_ceil(K_BLOCK)));
	assert_eq!(terms(|op| matches!(op, Op::QuantMatMul { .. })), once);
	let short = [513, 1024, 1100, 1025].map(|k: u32| (k, k.div_ceil(K_BLOCK)));
	assert_eq!(terms(|op| matches!(op, Op::ColSum)), short);
	let rows = [1025, 2100].map(|n: u32| (n, n.div_ceil(ROW_BLOCK)));
	assert_eq!(terms(|op| matches!(op, Op::RowSum)), rows);
	assert_eq!(terms(|op| matches!(op, Op::RowMax)), rows);
	assert_eq!(terms(|op| matches!(op, Op::ScatterAdd { .. })), [(1190, 3)]);
	assert_eq!(terms(|op| matches!(op, Op::BatchMatMul(_))), [(600, 2); 3]);
	assert!(run.computed().any(|spec| spec.terms() == K_BLOCK && spec.blocks() == 1));
}

#[test]
fn blocks_should_be_correct_and_join_when_the_chain_is_honest() {
	let run = long(1);
	let prover = prover!(run, &run.trace);
	for spec in long_nodes(&run) {
		let claimed = &run.trees[usize::from(spec.id)];
		for tile in 0..tile_count(&spec.ty).unwrap() {
			let chain = prover.partials(spec, tile).unwrap();
			let expected = vec![Verdict::Correct; spec.blocks() as usize];
			assert_eq!(verdicts(&run, spec, tile, &chain), expected);
			let posted = partial_hashes(spec, tile, &chain).unwrap();
			let output = prover.output(spec.id, claimed, tile).unwrap();
			let join = judge_partials_join(&run.step, run.node(spec), tile, &posted, &output);
			assert_eq!(join, Ok(Verdict::Correct));
		}
	}
}

#[test]
fn block_should_be_wrong_exactly_where_the_chain_starts_to_lie() {
	let run = long(2);
	let prover = prover!(run, &run.trace);
	for spec in long_nodes(&run) {
		for lie in 0..spec.blocks() as usize {
			// The liar adds an error in one block and goes on honestly from there.
			let honest = prover.partials(spec, 0).unwrap();
			let mut chain = honest.clone();
			chain[lie][0] ^= 1 << 30;
			for next in lie + 1..chain.len() {
				let block = block_sum(&run, spec, next as u32);
				chain[next] = assay_ops::eval::fold(spec, &chain[next - 1], &block);
			}
			let found = verdicts(&run, spec, 0, &chain);
			for (block, verdict) in found.iter().enumerate() {
				let expected = if block == lie { Verdict::Wrong } else { Verdict::Correct };
				assert_eq!(*verdict, expected, "{:?} lie {lie} block {block}", spec.op);
			}
		}
	}
}

fn block_sum(run: &Run, spec: &NodeSpec, block: u32) -> Tile {
	let values = run.values();
	let source = Whole { spec, outputs: values.0 };
	assay_ops::eval::block(spec, &run.step.context, &source, 0, block).unwrap()
}

struct Whole<'a> {
	spec: &'a NodeSpec,
	outputs: &'a [Vec<u32>],
}

impl assay_ops::eval::Operands for Whole<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, assay_ops::eval::Missing> {
		let operand = self.spec.inputs[operand];
		Ok(self.outputs[usize::from(operand.id)][(row * operand.ty.cols + col) as usize])
	}

	fn record_byte(&self, _: u64, _: u32) -> Result<u8, assay_ops::eval::Missing> {
		Err(assay_ops::eval::Missing)
	}
}

#[test]
fn join_should_be_wrong_when_the_last_partial_is_not_the_tile() {
	let run = long(3);
	for spec in long_nodes(&run) {
		let mut theirs = run.result.outputs[usize::from(spec.id)].clone();
		theirs[0] ^= 1;
		let claimed = TensorTree::from_words(spec.ty, &theirs).unwrap();
		let (step, trace) = run.with_output(spec.id, &claimed);
		let prover = prover!(run, &trace);
		let chain = prover.partials(spec, 0).unwrap();
		let posted = partial_hashes(spec, 0, &chain).unwrap();
		let output = prover.output(spec.id, &claimed, 0).unwrap();
		let join = judge_partials_join(&step, run.node(spec), 0, &posted, &output);
		assert_eq!(join, Ok(Verdict::Wrong));
		let error = judge_partials_join(&run.step, run.node(spec), 0, &posted, &output);
		assert_eq!(error, Err(RefereeError::OutputNotInTrace));
		let error = judge_partials_join(&step, run.node(spec), 0, &posted[1..], &output);
		assert_eq!(error, Err(RefereeError::WrongPartialsCount));
	}
}

#[test]
fn block_should_be_refused_when_its_evidence_does_not_fit() {
	let run = long(4);
	let spec = long_nodes(&run).last().unwrap();
	let spec = long_nodes(&run).find(|s| s.blocks() == 3).unwrap_or(spec);
	let prover = prover!(run, &run.trace);
	let chain = prover.partials(spec, 0).unwrap();
	let posted: Vec<Root> = partial_hashes(spec, 0, &chain).unwrap().into_inner();
	let judge = |block: u32, evidence: &BlockEvidence| {
		let around = Around::of(&posted, block.min(2)).unwrap();
		judge_block(&run.step, run.node(spec), 0, block, around, evidence)
	};
	let good = prover.block(spec, 0, 1, Some(&chain[0])).unwrap();
	assert_eq!(judge(1, &good), Ok(Verdict::Correct));
	assert_eq!(judge(3, &good), Err(RefereeError::BlockOutOfRange));
	let wrong_previous = Err(RefereeError::PreviousPartialMismatch);
	assert_eq!(judge(0, &good), wrong_previous);
	assert_eq!(judge(2, &good), wrong_previous);
	let none = BlockEvidence { previous: None, ..good.clone() };
	assert_eq!(judge(1, &none), wrong_previous);
	let mut bent = good.clone();
	bent.previous.as_mut().unwrap()[4095] ^= 1;
	assert_eq!(judge(1, &bent), wrong_previous);
	// Inputs of another block.
	let other = prover.block(spec, 0, 2, Some(&chain[0])).unwrap();
	assert_eq!(judge(1, &other), Err(RefereeError::OperandMissing));
	assert_eq!(BlockEvidence::decode_all(&mut &good.encode()[..]), Ok(good));
}

#[test]
fn tile_should_be_refused_when_its_reduction_is_long() {
	let run = long(5);
	let spec = long_nodes(&run).next().unwrap();
	let prover = prover!(run, &run.trace);
	let evidence = prover.tile(spec, &run.trees[usize::from(spec.id)], 0).unwrap();
	let verdict = judge_tile(&run.step, run.node(spec), 0, &evidence);
	assert_eq!(verdict, Err(RefereeError::ReductionTooLong));
}
