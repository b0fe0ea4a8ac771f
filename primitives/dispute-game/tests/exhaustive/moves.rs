//! What the players may say in a position: the honest move by the real strategy, and the adversary's
//! choice of right, wrong and senseless ones.

use assay_dispute_game::{
	strategy::{next_move, opening, Known, Lists, Oracle, Seam},
	testing::{Execution, Said, Toy, ToyEvidence, View},
	Block, Focus, Game, Level, List, Move, MoveOf, Phase, Root, Shown, Side, Span, Spot,
};
use codec::Encode;

use crate::scenario::Scenario;

type Play = MoveOf<Toy>;

/// The honest move: what the production strategy says.
pub(crate) fn honest(set: &Scenario, game: Option<&Game>, said: &Said) -> Play {
	let theirs = (!set.withheld).then_some(&set.liar);
	let view = View { own: &set.truth, theirs, said };
	let play = match game {
		None => opening(&set.params(), &view, set.toy()),
		Some(game) => next_move(game, set.honest, &view, set.toy()),
	};
	play.expect("the honest side always has a move on its turn")
}

/// What a third account may try for the honest side: moves that nobody can make wrongly, with the
/// evidence of either side.
pub(crate) fn third(set: &Scenario, game: &Game, said: &Said) -> Vec<Play> {
	let mut plays = Vec::new();
	for (own, theirs) in [(&set.truth, &set.liar), (&set.liar, &set.truth)] {
		let view = View { own, theirs: Some(theirs), said };
		plays.extend(next_move(game, set.honest, &view, set.toy()));
	}
	plays.retain(|play| play.kind().is_self_evident());
	distinct(plays)
}

/// What the adversary may try, the strategy of a liar first.
pub(crate) fn adversary(set: &Scenario, game: Option<&Game>, said: &Said) -> Vec<Play> {
	let side = set.honest.other();
	let mut plays = Vec::new();
	for own in [&set.liar, &set.truth] {
		for theirs in [Some(&set.truth), None] {
			let view = View { own, theirs, said };
			plays.extend(match game {
				None => opening(&set.params(), &view, set.toy()),
				Some(game) => next_move(game, side, &view, set.toy()),
			});
		}
	}
	let blind: Vec<Play> = plays.iter().filter_map(without_evidence).collect();
	plays.extend(blind);
	let menu = Menu { set, said };
	let mut rest = match (side, game) {
		(Side::Challenger, None) => menu.openings(),
		(Side::Challenger, Some(game)) => menu.challenges(game),
		(Side::Defender, _) => menu.defences(),
	};
	if !set.bounds.wide && rest.len() > 2 {
		// What asks, and what is wrong most of the time.
		let last = rest.pop();
		rest.truncate(1);
		rest.extend(last);
	}
	plays.extend(rest);
	distinct(plays)
}

fn distinct(plays: Vec<Play>) -> Vec<Play> {
	let mut seen = std::collections::HashSet::new();
	plays.into_iter().filter(|play| seen.insert(play.encode())).collect()
}

fn without_evidence(play: &Play) -> Option<Play> {
	match play {
		Move::PickTile { node, tile, spec, evidence: Some(_) } => {
			Some(Move::PickTile { node: *node, tile: *tile, spec: *spec, evidence: None })
		},
		Move::PickBlock { block, evidence: Some(_) } => {
			Some(Move::PickBlock { block: *block, evidence: None })
		},
		_ => None,
	}
}

/// Moves made up from what the defender has committed to.
struct Menu<'a> {
	set: &'a Scenario,
	said: &'a Said,
}

impl Menu<'_> {
	fn known(&self, execution: &Execution, level: &Level) -> Known {
		let list = level.committed(&self.set.params()).list;
		Known::complete(list, execution.list(level), self.set.toy())
	}

	fn shown(&self, level: &Level, leaf: u32) -> Option<Shown> {
		self.known(self.set.claimed(), level).shown(leaf, self.set.toy())
	}

	/// `ask`, and `open` for every stride.
	fn openings(&self) -> Vec<Play> {
		let open = |stride| {
			let before = self.shown(&Level::Claim, stride)?;
			let after = self.shown(&Level::Claim, stride + 1)?;
			Some(Move::Open { stride, before, after })
		};
		let strides = 0..self.set.params().strides();
		[Move::Ask].into_iter().chain(strides.filter_map(open)).collect()
	}

	fn challenges(&self, game: &Game) -> Vec<Play> {
		match game.phase() {
			Phase::Claim { .. } => self.openings(),
			Phase::Step { span, root, .. } => self.steps(span, root),
			Phase::Tile { step, trace, focus } => self.tiles(step, trace, focus),
			Phase::Block { spot, partials } => self.blocks(spot, partials),
			Phase::Pick { run, .. } => {
				(0..run.fan().len() as u32).map(|child| Move::Pick { child }).collect()
			},
			_ => Vec::new(),
		}
	}

	/// `ask`, and `pick_step` for every step.
	fn steps(&self, span: &Span, root: &Root) -> Vec<Play> {
		let level = Level::Steps { span: *span, root: *root };
		let pick = |step: u32| Move::PickStep {
			step,
			before: step.checked_sub(1).and_then(|leaf| self.shown(&level, leaf)),
			after: self.shown(&level, step).filter(|_| step + 1 < span.len),
		};
		[Move::Ask].into_iter().chain((0..span.len).map(pick)).collect()
	}

	/// Every question, every tile with and without evidence, every seam.
	fn tiles(&self, step: &Span, trace: &Root, focus: &Focus) -> Vec<Play> {
		let toy = self.set.toy();
		let level = Level::Trace { step: *step, root: *trace };
		let mut plays = vec![Move::Ask, Move::AskSlots];
		for node in toy.slots..toy.nodes {
			if let Some(output) = self.shown(&level, node) {
				plays.push(Move::AskTiles { node, spec: node, output });
			}
			for tile in (0..toy.tiles).filter(|tile| focus.allows(node, *tile)) {
				plays.push(Move::PickTile { node, tile, spec: node, evidence: None });
				let evidence = self.evidence(step, trace, node, tile);
				plays.push(Move::PickTile { node, tile, spec: node, evidence });
			}
		}
		let claimed = self.set.claimed();
		let view = View { own: claimed, theirs: None, said: self.said };
		let (known, after) = (
			self.known(claimed, &level),
			self.known(claimed, &Level::Slots { step: *step, trace: *trace }),
		);
		for seam in (0..toy.slots).flat_map(|at| [Seam::In { node: at }, Seam::Out { slot: at }]) {
			let join = view.join(step, seam, &known, Some(&after));
			plays.extend(join.map(|join| Move::JoinFault { join }));
		}
		plays
	}

	fn evidence(&self, step: &Span, trace: &Root, node: u32, tile: u32) -> Option<ToyEvidence> {
		let (toy, claimed) = (self.set.toy(), self.set.claimed());
		let (step, trace, blocks) = (*step, *trace, toy.blocks_of(node));
		let spot = Spot { step, trace, node, tile, blocks, spec: Root::default() };
		let tiles = Level::Tiles { step, trace, node, tiles: toy.tiles, root: Root::default() };
		let lists = Lists {
			trace: self.known(claimed, &Level::Trace { step, root: trace }),
			output: Some(Known::complete(List::Tiles, claimed.list(&tiles), toy)),
		};
		let view = View { own: claimed, theirs: None, said: self.said };
		view.evidence(&spot, None, &lists)
	}

	/// Every block, with and without evidence.
	fn blocks(&self, spot: &Spot, partials: &Root) -> Vec<Play> {
		let claimed = self.set.claimed();
		let view = View { own: claimed, theirs: None, said: self.said };
		let level = Level::Trace { step: spot.step, root: spot.trace };
		let pick = |index| {
			let block = Block { index, partials: *partials };
			let lists = Lists { trace: self.known(claimed, &level), output: None };
			let evidence = view.evidence(spot, Some(&block), &lists);
			[evidence, None].map(|evidence| Move::PickBlock { block: index, evidence })
		};
		(0..spot.blocks).flat_map(pick).collect()
	}

	/// A trace of nothing, steps of nothing, children of nothing; and giving in.
	fn defences(&self) -> Vec<Play> {
		let root = [9; 32];
		vec![
			Move::PostTrace { root },
			Move::Concede,
			Move::PostSteps { root, last: Default::default() },
			Move::Bisect { children: vec![root; 2].try_into().expect("two are not too many") },
		]
	}
}
