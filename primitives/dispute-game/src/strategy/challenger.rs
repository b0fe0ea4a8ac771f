//! The honest challenger: at every level, the first leaf that differs from its own.

use alloc::vec::Vec;

use super::{
	known::{subtree, Found, Known},
	Lists, Oracle, Seam,
};
use crate::{
	Block, Focus, Game, Level, List, Move, MoveOf, OneStep, Params, Phase, Root, Run, Span, Spot,
};

/// The move that opens a game against a wrong claim; `None` if nothing is wrong with it.
pub fn opening<S: OneStep>(
	params: &Params,
	oracle: &impl Oracle<S>,
	one_step: &S,
) -> Option<MoveOf<S>> {
	Player { params, oracle, one_step }.open(None)
}

/// A `prefix_fault`, if a heartbeat is no prefix of the claim. Both lists are taken as published.
pub fn prefix_fault<S: OneStep>(
	number: u32,
	heartbeat: Vec<Root>,
	claim: Vec<Root>,
	one_step: &S,
) -> Option<MoveOf<S>> {
	let leaf = heartbeat.iter().zip(&claim).position(|(early, late)| early != late)?;
	let leaf = u32::try_from(leaf).ok()?;
	let in_heartbeat = Known::complete(List::Claim, heartbeat, one_step).shown(leaf, one_step)?;
	let in_claim = Known::complete(List::Claim, claim, one_step).shown(leaf, one_step)?;
	Some(Move::PrefixFault { heartbeat: number, leaf, in_heartbeat, in_claim })
}

/// The challenger's move, `None` when it is not its turn or there is nothing to say.
pub fn challenger<S: OneStep>(
	game: &Game,
	oracle: &impl Oracle<S>,
	one_step: &S,
) -> Option<MoveOf<S>> {
	let player = Player { params: game.params(), oracle, one_step };
	match game.phase() {
		Phase::Claim { leaf } => player.open(*leaf),
		Phase::Step { span, root, leaf } => player.pick_step(span, root, *leaf),
		Phase::Tile { step, trace, focus } => player.pick_in_trace(step, trace, focus),
		Phase::Block { spot, partials } => player.pick_block(spot, partials),
		Phase::Pick { level, run, children } => player.pick(level, *run, children),
		Phase::Steps { .. }
		| Phase::Trace { .. }
		| Phase::Partials { .. }
		| Phase::Opening { .. }
		| Phase::Bisect { .. }
		| Phase::Over { .. } => None,
	}
}

struct Player<'a, S, O> {
	params: &'a Params,
	oracle: &'a O,
	one_step: &'a S,
}

impl<S: OneStep, O: Oracle<S>> Player<'_, S, O> {
	/// The other side's list, and where it differs: in the leaf that a search has found, or as it is
	/// published.
	fn look(&self, level: &Level, found: Option<u32>) -> (Known, Found) {
		let known = Known::of(level, self.params, found.unwrap_or(0), self.oracle, self.one_step);
		let differs = match found {
			Some(leaf) => Found::At(leaf),
			None => known.differs(&self.oracle.own(level)),
		};
		(known, differs)
	}

	fn open(&self, found: Option<u32>) -> Option<MoveOf<S>> {
		match self.look(&Level::Claim, found) {
			(_, Found::Same) => None,
			(_, Found::Withheld) => Some(Move::Ask),
			(claim, Found::At(leaf)) => {
				let stride = leaf.checked_sub(1)?;
				let before = claim.shown(stride, self.one_step)?;
				let after = claim.shown(leaf, self.one_step)?;
				Some(Move::Open { stride, before, after })
			},
		}
	}

	fn pick_step(&self, span: &Span, root: &Root, found: Option<u32>) -> Option<MoveOf<S>> {
		match self.look(&Level::Steps { span: *span, root: *root }, found) {
			(_, Found::Same) => None,
			(_, Found::Withheld) => Some(Move::Ask),
			(steps, Found::At(step)) => {
				let before = match step.checked_sub(1) {
					Some(leaf) => Some(steps.shown(leaf, self.one_step)?),
					None => None,
				};
				let after = match step == span.len.checked_sub(1)? {
					false => Some(steps.shown(step, self.one_step)?),
					true => None,
				};
				Some(Move::PickStep { step, before, after })
			},
		}
	}

	fn pick_in_trace(&self, step: &Span, trace: &Root, focus: &Focus) -> Option<MoveOf<S>> {
		let level = Level::Trace { step: *step, root: *trace };
		match focus {
			Focus::Trace => match self.look(&level, None) {
				(known, Found::Same) => self.pick_slot(step, trace, &known, None),
				(_, Found::Withheld) => Some(Move::Ask),
				(known, Found::At(node)) => self.pick_tile(step, node, None, known),
			},
			Focus::Node(node) => {
				let (known, _) = self.look(&level, Some(*node));
				self.pick_tile(step, *node, None, known)
			},
			Focus::Tile { node, tile } => {
				let (known, _) = self.look(&level, Some(*node));
				self.pick_tile(step, *node, Some(*tile), known)
			},
			Focus::Slot(slot) => {
				let (known, _) = self.look(&level, None);
				self.pick_slot(step, trace, &known, Some(*slot))
			},
		}
	}

	/// The trace is right, so the state after does not follow from it.
	fn pick_slot(
		&self,
		step: &Span,
		trace: &Root,
		known: &Known,
		found: Option<u32>,
	) -> Option<MoveOf<S>> {
		match self.look(&Level::Slots { step: *step, trace: *trace }, found) {
			(_, Found::Same) => None,
			(_, Found::Withheld) => Some(Move::AskSlots),
			(slots, Found::At(slot)) => {
				let join = self.oracle.join(step, Seam::Out { slot }, known, Some(&slots))?;
				Some(Move::JoinFault { join })
			},
		}
	}

	/// This node is the first whose output differs: a copy of a slot that is none, or a wrong tile.
	fn pick_tile(
		&self,
		step: &Span,
		node: u32,
		found: Option<u32>,
		trace: Known,
	) -> Option<MoveOf<S>> {
		if let Some(join) = self.join_in(step, node, &trace) {
			return Some(join);
		}
		let spec = self.oracle.spec(node)?;
		let shape = self.one_step.shape(node, &spec)?;
		let tiles = shape.tiles;
		let found = if tiles == 1 { Some(0) } else { found };
		// Where the list of the trace can be read no more, the solver has to show what it was.
		let Some(root) = trace.leaf(node) else {
			return found.map(|tile| Move::PickTile { node, tile, spec, evidence: None });
		};
		let level = Level::Tiles { step: *step, trace: trace.root(), node, tiles, root };
		let (output, tile) = match self.look(&level, found) {
			(output, Found::At(tile)) => (output, tile),
			(_, Found::Same) => return None,
			(_, Found::Withheld) => {
				let output = trace.shown(node, self.one_step)?;
				return Some(Move::AskTiles { node, spec, output });
			},
		};
		let spot = Spot {
			step: *step,
			trace: trace.root(),
			node,
			tile,
			blocks: shape.blocks,
			spec: shape.spec,
		};
		let lists = Lists { trace, output: Some(output) };
		let evidence = match shape.blocks {
			1 => self.oracle.evidence(&spot, None, &lists),
			_ => None,
		};
		Some(Move::PickTile { node, tile, spec, evidence })
	}

	/// The state before the step is agreed on, so its slots are the challenger's own.
	fn join_in(&self, step: &Span, node: u32, trace: &Known) -> Option<MoveOf<S>> {
		let join = self.oracle.join(step, Seam::In { node }, trace, None)?;
		Some(Move::JoinFault { join })
	}

	fn pick_block(&self, spot: &Spot, partials: &Root) -> Option<MoveOf<S>> {
		let posted = self.oracle.posted_partials();
		let own = self.oracle.own_partials(spot);
		let index = own.iter().zip(&posted).position(|(own, posted)| own != posted)?;
		let block = Block { index: u32::try_from(index).ok()?, partials: *partials };
		let level = Level::Trace { step: spot.step, root: spot.trace };
		let lists = Lists { trace: self.look(&level, Some(spot.node)).0, output: None };
		let evidence = self.oracle.evidence(spot, Some(&block), &lists);
		Some(Move::PickBlock { block: block.index, evidence })
	}

	fn pick(&self, level: &Level, run: Run, children: &[Root]) -> Option<MoveOf<S>> {
		let list = level.committed(self.params);
		let own = self.oracle.own(level);
		let wrong = |(run, theirs): (Run, &Root)| match run.count {
			1 => usize::try_from(run.start).ok().and_then(|leaf| own.get(leaf)) != Some(theirs),
			_ => subtree(&list, &own, run, self.one_step).as_ref() != Some(theirs),
		};
		let child = run.fan().into_iter().zip(children).position(wrong)?;
		Some(Move::Pick { child: u32::try_from(child).ok()? })
	}
}
