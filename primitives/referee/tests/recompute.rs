//! What a tile or block must be, said without a claim about it.

mod common;

use assay_commitment::{tile_bytes, tile_words};
use assay_referee::{prove::Prover, recompute, RefereeError};
use common::{long, zoo, Run};

#[test]
fn recompute_should_give_the_tile_when_nothing_is_claimed() {
	let run = zoo(3);
	let prover = prover!(run, &run.trace);
	for spec in run.computed().filter(|spec| spec.blocks() == 1) {
		let inputs = prover.inputs(spec, 0, 0).unwrap();
		let words = recompute(&run.step, run.node(spec), 0, 0, None, &inputs).unwrap();
		let output = &run.result.outputs[usize::from(spec.id)];
		let expected = tile_words(&tile_bytes(&spec.ty, output, 0).unwrap());
		assert_eq!(words, expected, "{:?}", spec.op);
	}
}

#[test]
fn recompute_should_go_on_from_the_partial_before_when_reduction_is_long() {
	let run = long(3);
	let prover = prover!(run, &run.trace);
	let spec = run.computed().find(|spec| spec.blocks() == 3).unwrap();
	let chain = prover.partials(spec, 0).unwrap();
	let block = |block: u32, previous: Option<usize>| {
		let inputs = prover.inputs(spec, 0, block).unwrap();
		let previous = previous.map(|index| &chain[index]);
		recompute(&run.step, run.node(spec), 0, block, previous, &inputs)
	};
	assert_eq!(block(0, None), Ok(chain[0]));
	assert_eq!(block(1, Some(0)), Ok(chain[1]));
	assert_eq!(block(2, Some(1)), Ok(chain[2]));
	assert_eq!(block(0, Some(0)), Err(RefereeError::PreviousPartialMismatch));
	assert_eq!(block(1, None), Err(RefereeError::PreviousPartialMismatch));
}

#[test]
fn recompute_should_be_refused_when_there_is_no_such_tile_or_block() {
	let run: Run = zoo(3);
	let prover = prover!(run, &run.trace);
	let spec = run.computed().find(|spec| spec.blocks() == 1).unwrap();
	let inputs = prover.inputs(spec, 0, 0).unwrap();
	let refused =
		|tile, block| recompute(&run.step, run.node(spec), tile, block, None, &inputs).unwrap_err();
	assert_eq!(refused(0, 1), RefereeError::BlockOutOfRange);
	assert_eq!(refused(spec.ty.tiles() as u32, 0), RefereeError::TileOutOfRange);
	let state = &run.program.specs[0];
	let kept = recompute(&run.step, run.node(state), 0, 0, None, &inputs);
	assert_eq!(kept, Err(RefereeError::StateNode));
}
