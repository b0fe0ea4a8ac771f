//! The honest defender: shows what it has computed.

use super::{Known, Lists, Oracle};
use crate::{Game, Level, Move, MoveOf, OneStep, Params, Phase, Root, Spot};

/// The defender's move, `None` when it is not its turn or has nothing to say.
pub fn defender<S: OneStep>(
	game: &Game,
	oracle: &impl Oracle<S>,
	one_step: &S,
) -> Option<MoveOf<S>> {
	let list = |level: &Level| own(game.params(), level, oracle, one_step);
	match game.phase() {
		Phase::Steps { span } => {
			let posted = list(&Level::Steps { span: *span, root: Root::default() });
			let last = posted.path(span.len.checked_sub(1)?, one_step)?;
			Some(Move::PostSteps { root: posted.root(), last })
		},
		Phase::Trace { step } => {
			let posted = list(&Level::Trace { step: *step, root: Root::default() });
			Some(Move::PostTrace { root: posted.root() })
		},
		Phase::Partials { spot } => {
			let partials = oracle.partials(spot, &lists(game, spot, oracle, one_step))?;
			Some(Move::PostPartials { partials })
		},
		Phase::Opening { spot, block } => {
			let lists = lists(game, spot, oracle, one_step);
			let evidence = oracle.evidence(spot, block.as_ref(), &lists)?;
			Some(Move::OpenTile { evidence })
		},
		Phase::Bisect { level, run, .. } => {
			Some(Move::Bisect { children: list(level).children(*run, one_step)? })
		},
		Phase::Claim { .. }
		| Phase::Step { .. }
		| Phase::Tile { .. }
		| Phase::Block { .. }
		| Phase::Pick { .. }
		| Phase::Over { .. } => None,
	}
}

fn own<S: OneStep>(params: &Params, level: &Level, oracle: &impl Oracle<S>, one_step: &S) -> Known {
	Known::complete(level.committed(params).list, oracle.own(level), one_step)
}

fn lists<S: OneStep>(game: &Game, spot: &Spot, oracle: &impl Oracle<S>, one_step: &S) -> Lists {
	let Spot { step, trace, node, .. } = *spot;
	let root = Root::default();
	let output = Level::Tiles { step, trace, node, tiles: 0, root };
	Lists {
		trace: own(game.params(), &Level::Trace { step, root: trace }, oracle, one_step),
		output: Some(own(game.params(), &output, oracle, one_step)),
	}
}
