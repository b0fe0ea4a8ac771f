//! The way down by asking: the list is withheld, so the defender reveals it branch by branch.
//!
//! The search only uncovers hashes. It ends at the first leaf that the challenger rejects; then the
//! challenger makes the ordinary move of that level for that leaf. It can: all leaves left of it are its
//! own, all subtrees right of it have been revealed, so it knows every path it needs.

use crate::{
	descent::shape, Children, Focus, GameError, Level, OneStep, Params, Phase, Root, Run, Shown,
	Span,
};

/// `ask`: once per level.
pub(crate) fn ask(params: &Params, level: Level, found: Option<u32>) -> Result<Phase, GameError> {
	if found.is_some() {
		return Err(GameError::NothingToAsk);
	}
	let list = level.committed(params);
	Ok(Phase::Bisect { level, run: Run::whole(list.len), hash: list.root })
}

/// `ask` for the trace and `ask_slots`: only before anything has been found in this step.
pub(crate) fn ask_in(params: &Params, level: Level, focus: &Focus) -> Result<Phase, GameError> {
	match focus {
		Focus::Trace => ask(params, level, None),
		Focus::Node(_) | Focus::Tile { .. } | Focus::Slot(_) => Err(GameError::NothingToAsk),
	}
}

/// `ask_tiles`: the node's root is shown in the trace, its tiles are to be revealed.
pub(crate) fn ask_tiles<S: OneStep>(
	params: &Params,
	(step, trace, focus): (&Span, &Root, &Focus),
	node: u32,
	spec: &S::Spec,
	output: &Shown,
	one_step: &S,
) -> Result<Phase, GameError> {
	if matches!(focus, Focus::Tile { .. }) {
		return Err(GameError::NothingToAsk);
	}
	if !focus.allows_node(node) {
		return Err(GameError::NotTheLeaf);
	}
	let tiles = shape(params, node, spec, one_step)?.tiles;
	let list = Level::Trace { step: *step, root: *trace }.committed(params);
	list.check(node, &output.leaf, &output.path, one_step)?;
	if tiles == 1 {
		return Err(GameError::NothingToAsk);
	}
	let level = Level::Tiles { step: *step, trace: *trace, node, tiles, root: output.leaf };
	ask(params, level, None)
}

/// `bisect`: the children must hash to the branch in question. An only child is a leaf, and needs no
/// pick.
pub(crate) fn bisect<S: OneStep>(
	params: &Params,
	level: &Level,
	run: Run,
	hash: &Root,
	children: &Children,
	one_step: &S,
) -> Result<Phase, GameError> {
	let list = level.committed(params);
	if list.fold(run, children, one_step).as_ref() != Some(hash) {
		return Err(GameError::ProofInvalid);
	}
	Ok(match run.count {
		1 => level.found(run.start),
		_ => Phase::Pick { level: *level, run, children: children.clone() },
	})
}

/// `pick`: a child that is a leaf ends the search, any other is bisected next.
pub(crate) fn pick(
	level: &Level,
	run: Run,
	children: &Children,
	child: u32,
) -> Result<Phase, GameError> {
	let index = usize::try_from(child).map_err(|_| GameError::LeafOutOfRange)?;
	let picked = run.fan().get(index).copied().ok_or(GameError::LeafOutOfRange)?;
	let hash = children.get(index).copied().ok_or(GameError::LeafOutOfRange)?;
	match (level, picked) {
		// No transition leads to the state before the first step.
		(Level::Claim, Run { start: 0, count: 1 }) => Err(GameError::LeafOutOfRange),
		(_, Run { start, count: 1 }) => Ok(level.found(start)),
		(_, run) => Ok(Phase::Bisect { level: *level, run, hash }),
	}
}
