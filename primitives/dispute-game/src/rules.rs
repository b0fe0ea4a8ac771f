//! The whole table: which move answers which phase, and what it leads to.

use crate::{
	descent, search, verdict, Focus, GameError, Level, Move, MoveOf, OneStep, Params, Phase,
};

/// The phase after `play` in `phase`.
pub(crate) fn answer<S: OneStep>(
	params: &Params,
	phase: &Phase,
	play: &MoveOf<S>,
	one_step: &S,
) -> Result<Phase, GameError> {
	use Move as M;
	use Phase as P;
	let s = one_step;
	match (phase, play) {
		(P::Claim { leaf }, M::Open { stride, before, after }) => {
			descent::open(params, *leaf, *stride, [before, after], s)
		},
		(P::Claim { leaf: None }, M::PrefixFault { heartbeat, leaf, in_heartbeat, in_claim }) => {
			verdict::prefix_fault(params, *heartbeat, *leaf, [in_heartbeat, in_claim], s)
		},
		(P::Claim { leaf }, M::Ask) => search::ask(params, Level::Claim, *leaf),
		(P::Steps { span }, M::PostSteps { root, last }) => {
			descent::post_steps(params, span, root, last, s)
		},
		(P::Step { span, root, leaf }, M::PickStep { step, before, after }) => {
			descent::pick_step(params, (span, root), *leaf, *step, [before, after], s)
		},
		(P::Step { span, root, leaf }, M::Ask) => {
			search::ask(params, Level::Steps { span: *span, root: *root }, *leaf)
		},
		(P::Trace { step }, M::PostTrace { root }) => {
			Ok(P::Tile { step: *step, trace: *root, focus: Focus::Trace })
		},
		(P::Tile { step, trace, focus }, M::Ask) => {
			search::ask_in(params, Level::Trace { step: *step, root: *trace }, focus)
		},
		(P::Tile { step, trace, focus }, M::AskSlots) => {
			search::ask_in(params, Level::Slots { step: *step, trace: *trace }, focus)
		},
		(P::Tile { step, trace, focus }, M::AskTiles { node, spec, output }) => {
			search::ask_tiles(params, (step, trace, focus), *node, spec, output, s)
		},
		(P::Tile { step, trace, .. }, M::JoinFault { join }) => {
			verdict::join_fault(step, trace, join, s)
		},
		(P::Tile { step, trace, focus }, M::PickTile { node, tile, spec, evidence }) => {
			descent::pick_tile(params, (step, trace, focus), (*node, *tile), spec, evidence, s)
		},
		(P::Partials { spot }, M::PostPartials { partials }) => {
			descent::post_partials(spot, partials, s)
		},
		(P::Block { spot, partials }, M::PickBlock { block, evidence }) => {
			descent::pick_block(spot, partials, *block, evidence, s)
		},
		(P::Opening { spot, block }, M::OpenTile { evidence }) => {
			verdict::judge(spot, block.as_ref(), evidence, s)
		},
		(P::Bisect { level, run, hash }, M::Bisect { children }) => {
			search::bisect(params, level, *run, hash, children, s)
		},
		(P::Pick { level, run, children }, M::Pick { child }) => {
			search::pick(level, *run, children, *child)
		},
		(P::Steps { .. } | P::Trace { .. }, M::Concede) => Ok(verdict::conceded()),
		(P::Bisect { level: Level::Claim | Level::Steps { .. }, .. }, M::Concede) => {
			Ok(verdict::conceded())
		},
		(
			P::Claim { .. }
			| P::Steps { .. }
			| P::Step { .. }
			| P::Trace { .. }
			| P::Tile { .. }
			| P::Partials { .. }
			| P::Block { .. }
			| P::Opening { .. }
			| P::Bisect { .. }
			| P::Pick { .. }
			| P::Over { .. },
			M::Open { .. }
			| M::PrefixFault { .. }
			| M::Ask
			| M::Bisect { .. }
			| M::Pick { .. }
			| M::PostSteps { .. }
			| M::PickStep { .. }
			| M::PostTrace { .. }
			| M::JoinFault { .. }
			| M::AskTiles { .. }
			| M::AskSlots
			| M::PickTile { .. }
			| M::PostPartials { .. }
			| M::PickBlock { .. }
			| M::OpenTile { .. }
			| M::Concede,
		) => Err(GameError::WrongPhase { phase: phase.kind(), tried: play.kind() }),
	}
}
