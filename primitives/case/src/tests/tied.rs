//! Evidence is good for what the game has pinned down, and for nothing else.

use assay_commitment::{list, ListTag};
use assay_dispute_game::{
	strategy::{Known, Lists, Oracle},
	Block, Level, List, Malformed, OneStep, Span, Spot, Verdict,
};

use crate::{
	testing::{mlp, Execution, View, MLP},
	BlockProof, TileProof, Transcript,
};

/// The first tile of a node in the second step of an honest execution.
fn spot(own: &Execution, node: u32) -> Spot {
	let case = own.task.case();
	let shape = case.shape(node, &own.task.node(node).unwrap()).unwrap();
	let step = Span { start: 1, len: 1, before: own.state(1), after: own.state(2) };
	let trace = own.trace(1).root();
	Spot { step, trace, node, tile: 0, blocks: shape.blocks, spec: shape.spec }
}

fn evidence(own: &Execution, spot: &Spot, block: Option<&Block>, said: &Transcript) -> TileProof {
	let case = own.task.case();
	let Spot { step, trace, node, .. } = *spot;
	let known = |list, level| Known::complete(list, own.list(&level), &case);
	let tiles = Level::Tiles { step, trace, node, tiles: 0, root: [0; 32] };
	let lists = Lists {
		trace: known(List::Trace, Level::Trace { step, root: trace }),
		output: Some(known(List::Tiles, tiles)),
	};
	let view = View { own, theirs: None, transcript: said };
	view.evidence(spot, block, &lists).unwrap()
}

#[test]
fn evidence_should_be_refused_when_it_is_of_another_node() {
	let own = Execution::new(&mlp(2, 1), vec![]);
	let (case, nothing) = (own.task.case(), Transcript::default());
	let (update, relu) = (spot(&own, MLP.update), spot(&own, MLP.relu));
	for (mine, other) in [(update, relu), (relu, update)] {
		let good = evidence(&own, &mine, None, &nothing);
		assert_eq!(case.judge(&mine, None, &good), Ok(Verdict::Correct));
		assert_eq!(case.judge(&other, None, &good), Err(Malformed));
	}
}

#[test]
fn block_should_be_refused_when_its_partials_were_not_posted() {
	let own = Execution::new(&mlp(2, 1), vec![]);
	let (case, spot) = (own.task.case(), spot(&own, MLP.hidden));
	let posted = own.partial_hashes(&spot);
	let said = Transcript { partials: posted.clone().try_into().unwrap(), ..Default::default() };
	let block = Block { index: 1, partials: list::root(ListTag::Partials, &posted) };
	let good = evidence(&own, &spot, Some(&block), &said);
	assert_eq!(case.judge(&spot, Some(&block), &good), Ok(Verdict::Correct));
	// Of another game, in which the solver has posted something else.
	let elsewhere =
		Block { partials: list::root(ListTag::Partials, &[posted[1], posted[0]]), ..block };
	assert_eq!(case.judge(&spot, Some(&elsewhere), &good), Err(Malformed));
	// Proofs of other places in the same list.
	let bent = |bend: fn(&mut BlockProof)| {
		let mut bent = good.clone();
		let TileProof::Block { block: proof, .. } = &mut bent else { panic!("it is split") };
		bend(proof);
		case.judge(&spot, Some(&block), &bent)
	};
	assert_eq!(bent(|_| ()), Ok(Verdict::Correct));
	assert_eq!(bent(|block| block.before = None), Err(Malformed));
	assert_eq!(bent(|block| block.before = Some(block.after.clone())), Err(Malformed));
	assert_eq!(bent(|block| block.after = block.before.clone().unwrap()), Err(Malformed));
	assert_eq!(bent(|block| block.after.leaf[0] ^= 1), Err(Malformed));
	let first = Block { index: 0, ..block };
	assert_eq!(case.judge(&spot, Some(&first), &good), Err(Malformed));
}
