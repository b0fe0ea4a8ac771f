//! Moves, each computed once.
//!
//! A move's content depends on the two executions and on where the game stands, not on the game's number
//! or on when it is played: so it is remembered, and a hundred thousand games cost a few hundred proofs.

use crate::content::{Content, Version};
use assay_case::{
	testing::{mlp, View, MLP},
	Brief, Case, CaseMove, Transcript,
};
use assay_dispute_game::{
	strategy::{next_move, opening, Known, Lists, Oracle},
	Focus, Game, Level, List, Move, OneStep, Phase, Root, Side, Span, Spot,
};
use codec::Encode;
use std::collections::HashMap;

/// Who asks for a move, as far as it matters to the move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Player {
	/// Number of the task's content.
	pub(crate) content: usize,
	/// What it plays by.
	pub(crate) own: Version,
	/// What the other side publishes.
	pub(crate) theirs: Option<Version>,
}

/// Everything that was computed so far.
pub(crate) struct Lore {
	pub(crate) contents: Vec<Content>,
	moves: HashMap<(Player, Root), Option<CaseMove>>,
	openings: HashMap<Player, Option<CaseMove>>,
	/// Moves that name leaf and tile themselves.
	picks: HashMap<(Player, Root, u32, u32), Option<CaseMove>>,
}

impl Lore {
	/// Three tasks: strides of one step, of several, and lists that take two rounds to search.
	pub(crate) fn new() -> Self {
		let tasks = [mlp(3, 1), mlp(3, 3), mlp(18, 1)];
		let contents = tasks.into_iter().map(Content::new).collect();
		Self { contents, moves: HashMap::new(), openings: HashMap::new(), picks: HashMap::new() }
	}

	/// The move by the production strategy in the game that `brief` describes.
	pub(crate) fn answer(&mut self, player: Player, brief: &Brief) -> Option<CaseMove> {
		let game = brief.game.as_ref()?;
		let place = place(game, brief);
		if let Some(known) = self.moves.get(&(player, place)) {
			return known.clone();
		}
		let view = self.view(player, &brief.transcript);
		let play = next_move(game, brief.side, &view, &brief.case);
		self.moves.insert((player, place), play.clone());
		play
	}

	/// The opening by the production strategy.
	pub(crate) fn opening(&mut self, player: Player, brief: &Brief) -> Option<CaseMove> {
		if let Some(known) = self.openings.get(&player) {
			return known.clone();
		}
		let transcript = Transcript::default();
		let play = opening(&brief.params, &self.view(player, &transcript), &brief.case);
		self.openings.insert(player, play.clone());
		play
	}

	fn view<'a>(&'a self, player: Player, transcript: &'a Transcript) -> View<'a> {
		let content = &self.contents[player.content];
		let theirs = player.theirs.map(|version| content.execution(version));
		View { own: content.execution(player.own), theirs, transcript }
	}

	/// An opening about this stride of a claim.
	pub(crate) fn open_stride(&self, player: Player, stride: u32) -> Option<CaseMove> {
		let claim = self.contents[player.content].execution(player.theirs?);
		let case = claim.task.case();
		let list = Known::complete(List::Claim, claim.claim(), &case);
		let (before, after) = (list.shown(stride, &case)?, list.shown(stride + 1, &case)?);
		Some(Move::Open { stride, before, after })
	}

	/// The move instead of the sensible one that names leaf `choose(leaves, sensible leaf)`; `None` where there is
	/// no other.
	pub(crate) fn elsewhere(
		&mut self,
		player: Player,
		brief: &Brief,
		sensible: Option<&CaseMove>,
		mut choose: impl FnMut(u32, Option<u32>) -> u32,
	) -> Option<CaseMove> {
		let game = brief.game.as_ref()?;
		match game.phase() {
			Phase::Step { span, root, leaf: None } => {
				let believed = match sensible {
					Some(Move::PickStep { step, .. }) => Some(*step),
					_ => None,
				};
				let step = choose(span.len, believed);
				self.picked(player, game, brief, (step, 0), |lore| {
					lore.pick_step(player, (span, root), &brief.case, step)
				})
			},
			Phase::Tile { step, trace, focus: Focus::Trace } => {
				// The first computed node reads the data.
				let program = &self.contents[player.content].task.program;
				let believed = match sensible {
					Some(Move::PickTile { node, tile, .. }) => Some((*node, *tile)),
					_ => None,
				};
				let computed = program.specs.len() as u32 - MLP.load;
				let wrong = believed.and_then(|(node, _)| node.checked_sub(MLP.load));
				let node = MLP.load + choose(computed, wrong);
				let tiles = program.specs[node as usize].ty.tiles() as u32;
				let wrong = believed.map(|(_, tile)| tile).filter(|tile| *tile < tiles);
				let tile = choose(tiles, wrong);
				self.picked(player, game, brief, (node, tile), |lore| {
					lore.pick_tile(player, (step, trace), brief, (node, tile))
				})
			},
			Phase::Pick { children, .. } => {
				let believed = match sensible {
					Some(Move::Pick { child }) => Some(*child),
					_ => None,
				};
				Some(Move::Pick { child: choose(children.len() as u32, believed) })
			},
			_ => None,
		}
	}

	/// The move that names these, computed once.
	fn picked(
		&mut self,
		player: Player,
		game: &Game,
		brief: &Brief,
		(leaf, tile): (u32, u32),
		find: impl FnOnce(&Self) -> Option<CaseMove>,
	) -> Option<CaseMove> {
		let key = (player, place(game, brief), leaf, tile);
		if let Some(known) = self.picks.get(&key) {
			return known.clone();
		}
		let play = find(self);
		self.picks.insert(key, play.clone());
		play
	}

	fn pick_step(
		&self,
		player: Player,
		(span, root): (&Span, &Root),
		case: &Case,
		step: u32,
	) -> Option<CaseMove> {
		let claim = self.contents[player.content].execution(player.theirs?);
		let states = claim.list(&Level::Steps { span: *span, root: *root });
		let list = Known::complete(List::Steps, states, case);
		let before = match step.checked_sub(1) {
			Some(leaf) => Some(list.shown(leaf, case)?),
			None => None,
		};
		let after = match step + 1 == span.len {
			false => Some(list.shown(step, case)?),
			true => None,
		};
		Some(Move::PickStep { step, before, after })
	}

	fn pick_tile(
		&self,
		player: Player,
		(step, trace): (&Span, &Root),
		brief: &Brief,
		(node, tile): (u32, u32),
	) -> Option<CaseMove> {
		let claim = self.contents[player.content].execution(player.theirs?);
		let case = &brief.case;
		let spec = claim.task.node(node)?;
		let shape = case.shape(node, &spec)?;
		let spot =
			Spot { step: *step, trace: *trace, node, tile, blocks: shape.blocks, spec: shape.spec };
		let evidence = match shape.blocks {
			1 => {
				let known = |level: &Level, list| Known::complete(list, claim.list(level), case);
				let output = Level::Tiles {
					step: *step,
					trace: *trace,
					node,
					tiles: shape.tiles,
					root: Root::default(),
				};
				let lists = Lists {
					trace: known(&Level::Trace { step: *step, root: *trace }, List::Trace),
					output: Some(known(&output, List::Tiles)),
				};
				let view = View { own: claim, theirs: None, transcript: &brief.transcript };
				view.evidence(&spot, None, &lists)
			},
			_ => None,
		};
		Some(Move::PickTile { node, tile, spec, evidence })
	}
}

/// What the moves of a game depend on, whatever its number.
fn place(game: &Game, brief: &Brief) -> Root {
	(game.phase(), &brief.transcript).using_encoded(polkadot_sdk::sp_io::hashing::blake2_256)
}

/// The move without evidence.
pub(crate) fn blinded(play: CaseMove) -> CaseMove {
	match play {
		Move::PickTile { node, tile, spec, .. } => {
			Move::PickTile { node, tile, spec, evidence: None }
		},
		Move::PickBlock { block, .. } => Move::PickBlock { block, evidence: None },
		play => play,
	}
}

/// The player of a side of a game about a claim.
pub(crate) fn player(content: usize, own: Version, side: Side, claim: Option<Version>) -> Player {
	let theirs = match side {
		Side::Challenger => claim,
		Side::Defender => None,
	};
	Player { content, own, theirs }
}
