//! The way down by pinpointing: stride, step, tile, block.

use crate::{
	verdict, Block, Focus, GameError, Level, Malformed, OneStep, Params, Phase, Root, Shape, Shown,
	Span, Spot, MAX_BLOCKS, MAX_LEAVES,
};

/// `open`: the challenger names a stride and shows the committed states at both ends.
///
/// If it was found by asking, the stride must be the one that leads to the first rejected state.
pub(crate) fn open<S: OneStep>(
	params: &Params,
	found: Option<u32>,
	stride: u32,
	[before, after]: [&Shown; 2],
	one_step: &S,
) -> Result<Phase, GameError> {
	let (start, len) = params.span(stride).ok_or(GameError::LeafOutOfRange)?;
	let end = stride.checked_add(1).ok_or(GameError::LeafOutOfRange)?;
	must_be(found, end)?;
	let claim = Level::Claim.committed(params);
	claim.check(stride, &before.leaf, &before.path, one_step)?;
	claim.check(end, &after.leaf, &after.path, one_step)?;
	let span = Span { start, len, before: before.leaf, after: after.leaf };
	Ok(if len == 1 { Phase::Trace { step: span } } else { Phase::Steps { span } })
}

/// `post_steps`: the list must end in the state at the end of the stride, so whoever rejects that state
/// rejects some first leaf of the list.
pub(crate) fn post_steps<S: OneStep>(
	params: &Params,
	span: &Span,
	root: &Root,
	last: &[Root],
	one_step: &S,
) -> Result<Phase, GameError> {
	let list = Level::Steps { span: *span, root: *root }.committed(params);
	list.check(span.len.saturating_sub(1), &span.after, last, one_step)?;
	Ok(Phase::Step { span: *span, root: *root, leaf: None })
}

/// `pick_step`: one step of the stride, with the states around it.
pub(crate) fn pick_step<S: OneStep>(
	params: &Params,
	(span, root): (&Span, &Root),
	found: Option<u32>,
	step: u32,
	[before, after]: [&Option<Shown>; 2],
	one_step: &S,
) -> Result<Phase, GameError> {
	let last = span.len.checked_sub(1).ok_or(GameError::LeafOutOfRange)?;
	if step > last {
		return Err(GameError::LeafOutOfRange);
	}
	must_be(found, step)?;
	let list = Level::Steps { span: *span, root: *root }.committed(params);
	let before = match (step.checked_sub(1), before) {
		(None, None) => span.before,
		(Some(leaf), Some(shown)) => {
			list.check(leaf, &shown.leaf, &shown.path, one_step)?;
			shown.leaf
		},
		(None, Some(_)) | (Some(_), None) => return Err(GameError::WrongNeighbours),
	};
	let after = match (step == last, after) {
		(true, None) => span.after,
		(false, Some(shown)) => {
			list.check(step, &shown.leaf, &shown.path, one_step)?;
			shown.leaf
		},
		(true, Some(_)) | (false, None) => return Err(GameError::WrongNeighbours),
	};
	let start = span.start.checked_add(step).ok_or(GameError::LeafOutOfRange)?;
	Ok(Phase::Trace { step: Span { start, len: 1, before, after } })
}

/// `pick_tile`: a verdict at once if there is evidence; else the defender must open the tile, or first
/// post the partials where the reduction is split.
pub(crate) fn pick_tile<S: OneStep>(
	params: &Params,
	(step, trace, focus): (&Span, &Root, &Focus),
	(node, tile): (u32, u32),
	spec: &S::Spec,
	evidence: &Option<S::Evidence>,
	one_step: &S,
) -> Result<Phase, GameError> {
	if !focus.allows(node, tile) {
		return Err(GameError::NotTheLeaf);
	}
	let shape = shape(params, node, spec, one_step)?;
	if tile >= shape.tiles {
		return Err(GameError::LeafOutOfRange);
	}
	let Shape { blocks, spec, .. } = shape;
	let spot = Spot { step: *step, trace: *trace, node, tile, blocks, spec };
	match (blocks, evidence) {
		(1, Some(evidence)) => verdict::judge(&spot, None, evidence, one_step),
		(1, None) => Ok(Phase::Opening { spot, block: None }),
		(_, None) => Ok(Phase::Partials { spot }),
		(_, Some(_)) => Err(GameError::ReductionIsSplit),
	}
}

/// `post_partials`: a list that is incomplete, or does not end in the tile, is refused. So whoever
/// rejects the tile rejects some first partial.
pub(crate) fn post_partials<S: OneStep>(
	spot: &Spot,
	partials: &S::Partials,
	one_step: &S,
) -> Result<Phase, GameError> {
	let partials =
		one_step.partials(spot, partials).map_err(|Malformed| GameError::ProofInvalid)?;
	Ok(Phase::Block { spot: *spot, partials })
}

/// `pick_block`: a verdict at once if there is evidence; else the defender must open the block.
pub(crate) fn pick_block<S: OneStep>(
	spot: &Spot,
	partials: &Root,
	index: u32,
	evidence: &Option<S::Evidence>,
	one_step: &S,
) -> Result<Phase, GameError> {
	if index >= spot.blocks {
		return Err(GameError::LeafOutOfRange);
	}
	let block = Block { index, partials: *partials };
	match evidence {
		Some(evidence) => verdict::judge(spot, Some(&block), evidence, one_step),
		None => Ok(Phase::Opening { spot: *spot, block: Some(block) }),
	}
}

/// What the program says about a node, within the limits of the game.
pub(crate) fn shape<S: OneStep>(
	params: &Params,
	node: u32,
	spec: &S::Spec,
	one_step: &S,
) -> Result<Shape, GameError> {
	if node >= params.nodes {
		return Err(GameError::LeafOutOfRange);
	}
	let shape = one_step.shape(node, spec).ok_or(GameError::ProofInvalid)?;
	let fits = (1..=MAX_LEAVES).contains(&shape.tiles) && (1..=MAX_BLOCKS).contains(&shape.blocks);
	fits.then_some(shape).ok_or(GameError::BadShape)
}

/// Once a search has ended at a leaf, no other can be chosen.
fn must_be(found: Option<u32>, chosen: u32) -> Result<(), GameError> {
	match found {
		Some(leaf) if leaf != chosen => Err(GameError::NotTheLeaf),
		Some(_) | None => Ok(()),
	}
}
