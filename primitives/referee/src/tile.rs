//! Verdicts about tiles and blocks of them.

use assay_commitment::{tile_count, tile_hash, tile_of_words, tile_words, Root};
use assay_ops::{eval::Tile, NodeSpec, Op};

use crate::{
	evidence::{Around, BlockEvidence, Evidence, Inputs, OutputOpening},
	opened::Opened,
	step::{ProvenNode, Step},
	RefereeError, Verdict,
};

/// Judges tile `tile` of a node without a long reduction.
pub fn judge_tile(
	step: &Step,
	node: ProvenNode<'_>,
	tile: u32,
	evidence: &Evidence,
) -> Result<Verdict, RefereeError> {
	check_kind(node.spec(), tile)?;
	verify_output(step, node.spec(), tile, &evidence.output)?;
	judge_tile_hash(step, node, tile, &evidence.inputs, &evidence.output.tile.leaf)
}

/// [`judge_tile`] where the hash of the claimed tile is already established (by bisection of the
/// output's tree).
pub fn judge_tile_hash(
	step: &Step,
	node: ProvenNode<'_>,
	tile: u32,
	inputs: &Inputs,
	claimed: &Root,
) -> Result<Verdict, RefereeError> {
	let spec = node.spec();
	check_kind(spec, tile)?;
	if spec.blocks() > 1 {
		return Err(RefereeError::ReductionTooLong);
	}
	let words = recompute(step, node, tile, 0, None, inputs)?;
	Ok(Verdict::equal(claimed, &hash(spec, tile, &words)?))
}

/// Judges block `block` of tile `tile` of a node with a long reduction: that the posted partial after it is
/// the one before it (for which the evidence brings the tile) and the block put together.
pub fn judge_block(
	step: &Step,
	node: ProvenNode<'_>,
	tile: u32,
	block: u32,
	posted: Around<'_>,
	evidence: &BlockEvidence,
) -> Result<Verdict, RefereeError> {
	let spec = node.spec();
	check_kind(spec, tile)?;
	if spec.blocks() < 2 {
		return Err(RefereeError::ReductionTooShort);
	}
	if block >= spec.blocks() {
		return Err(RefereeError::BlockOutOfRange);
	}
	let previous = match (&evidence.previous, posted.before) {
		(None, None) => None,
		(Some(bytes), Some(before)) => {
			let words = tile_words(bytes);
			if *before != hash(spec, tile, &words)? {
				return Err(RefereeError::PreviousPartialMismatch);
			}
			Some(words)
		},
		(None, Some(_)) | (Some(_), None) => return Err(RefereeError::PreviousPartialMismatch),
	};
	let partial = recompute(step, node, tile, block, previous.as_ref(), &evidence.inputs)?;
	Ok(Verdict::equal(posted.after, &hash(spec, tile, &partial)?))
}

/// What block `block` of tile `tile` must be: the words of the block and of `previous`, the partial
/// before it (absent for block 0), put together. A node without a long reduction has one block, the tile.
///
/// Nothing is claimed here, so nothing is judged: `previous` is taken as given.
pub fn recompute(
	step: &Step,
	node: ProvenNode<'_>,
	tile: u32,
	block: u32,
	previous: Option<&Tile>,
	inputs: &Inputs,
) -> Result<Tile, RefereeError> {
	let spec = node.spec();
	check_kind(spec, tile)?;
	if block >= spec.blocks() {
		return Err(RefereeError::BlockOutOfRange);
	}
	if previous.is_some() != (block > 0) {
		return Err(RefereeError::PreviousPartialMismatch);
	}
	let opened = Opened::verify(step, spec, inputs)?;
	let partial = step.referee.partial(spec, &step.context, &opened, (tile, block), previous)?;
	opened.all_used()?;
	Ok(partial)
}

/// Judges whether the last of the posted partials is the claimed tile.
pub fn judge_partials_join(
	step: &Step,
	node: ProvenNode<'_>,
	tile: u32,
	posted: &[Root],
	output: &OutputOpening,
) -> Result<Verdict, RefereeError> {
	let spec = node.spec();
	check_kind(spec, tile)?;
	check_partials(spec, posted)?;
	verify_output(step, spec, tile, output)?;
	let last = posted.last().ok_or(RefereeError::WrongPartialsCount)?;
	Ok(Verdict::equal(&output.tile.leaf, last))
}

/// Refuses state nodes and tiles that do not exist.
fn check_kind(spec: &NodeSpec, tile: u32) -> Result<(), RefereeError> {
	if matches!(spec.op, Op::State { .. }) {
		return Err(RefereeError::StateNode);
	}
	let exists = tile_count(&spec.ty).is_some_and(|tiles| tile < tiles);
	exists.then_some(()).ok_or(RefereeError::TileOutOfRange)
}

fn check_partials(spec: &NodeSpec, posted: &[Root]) -> Result<(), RefereeError> {
	let blocks = spec.blocks();
	if blocks < 2 {
		return Err(RefereeError::ReductionTooShort);
	}
	let complete = u32::try_from(posted.len()) == Ok(blocks);
	complete.then_some(()).ok_or(RefereeError::WrongPartialsCount)
}

fn verify_output(
	step: &Step,
	spec: &NodeSpec,
	tile: u32,
	output: &OutputOpening,
) -> Result<(), RefereeError> {
	if !step.has_output(spec.id, &output.root, &output.path) {
		return Err(RefereeError::OutputNotInTrace);
	}
	output.tile.verify(&output.root, &spec.ty, tile).map_err(RefereeError::Output)
}

fn hash(spec: &NodeSpec, tile: u32, words: &Tile) -> Result<Root, RefereeError> {
	let hash = |tiles| tile_hash(&tile_of_words(words), tile, tiles);
	tile_count(&spec.ty).and_then(hash).ok_or(RefereeError::TileOutOfRange)
}
