//! How a strategy departs from what a player of its execution would do.

use alloc::vec::Vec;

use super::{
	super::{Execution, Rng, Said, Toy, ToyPartials, View},
	strategies::{Leaves, Lists, Strategy},
};
use crate::{
	strategy::{Known, Lists as KnownLists, Oracle, Seam},
	Block, Focus, Game, Level, List, Move, MoveOf, OneStep, Params, Phase, Root, Side, Span, Spot,
};

/// Bends the moves of one game.
pub(super) struct Bend<'a> {
	pub(super) strategy: &'static Strategy,
	/// Games about the claim that there were before.
	pub(super) nth: u32,
	/// Moves that the side has made in the game.
	pub(super) made: u32,
	/// The execution that it plays by.
	pub(super) own: &'a Execution,
	/// The execution behind the claim, whose lists are published.
	pub(super) claimed: &'a Execution,
	pub(super) said: &'a Said,
}

impl Bend<'_> {
	fn toy(&self) -> &Toy {
		&self.claimed.toy
	}

	fn leaves(&self) -> Leaves {
		self.strategy.leaves[(self.made % 2) as usize]
	}

	/// One of `len` leaves, and which of them is believed to be wrong.
	fn choose_leaf(&self, len: u32, believed: Option<u32>, rng: &mut Rng) -> u32 {
		self.leaves().choose(len, believed, self.nth, rng)
	}

	/// The move instead of the sensible one.
	pub(super) fn choose(
		&self,
		game: &Game,
		side: Side,
		sensible: Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		match side {
			Side::Challenger => self.accuse(game, sensible, rng),
			Side::Defender => self.defend(game, sensible, rng),
		}
	}

	/// An opening instead of the sensible one.
	pub(super) fn open(
		&self,
		params: &Params,
		sensible: Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		let believed = match sensible {
			Some(Move::Open { stride, .. }) => Some(stride),
			_ => None,
		};
		let stride = self.choose_leaf(params.strides(), believed, rng);
		self.open_stride(stride)
	}

	fn open_stride(&self, stride: u32) -> Option<MoveOf<Toy>> {
		let list = Known::complete(List::Claim, self.claimed.list(&Level::Claim), self.toy());
		let before = list.shown(stride, self.toy())?;
		let after = list.shown(stride + 1, self.toy())?;
		Some(Move::Open { stride, before, after })
	}

	fn accuse(
		&self,
		game: &Game,
		sensible: Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		if self.leaves() == Leaves::Believed && sensible.is_some() {
			return sensible.map(|play| self.blinded(play));
		}
		let asks = self.strategy.asks && (self.strategy.milks || rng.one_in(2));
		match game.phase() {
			Phase::Claim { leaf: Some(leaf) } => self.open_stride(leaf.checked_sub(1)?),
			Phase::Step { leaf: None, .. } if asks => Some(Move::Ask),
			Phase::Step { span, root, leaf } => self.pick_step(span, root, *leaf, &sensible, rng),
			Phase::Tile { focus: Focus::Trace, .. } if asks => {
				let slots = !self.strategy.milks && rng.one_in(2);
				Some(if slots { Move::AskSlots } else { Move::Ask })
			},
			Phase::Tile { step, trace, focus } => {
				self.pick_tile(step, trace, focus, asks, &sensible, rng)
			},
			Phase::Block { spot, partials } => self.pick_block(spot, partials, &sensible, rng),
			Phase::Pick { children, .. } => {
				let believed = match sensible {
					Some(Move::Pick { child }) => Some(child),
					_ => None,
				};
				let child = self.choose_leaf(children.len() as u32, believed, rng);
				Some(Move::Pick { child })
			},
			_ => sensible,
		}
	}

	/// The move without evidence, if the strategy brings none.
	fn blinded(&self, play: MoveOf<Toy>) -> MoveOf<Toy> {
		match play {
			Move::PickTile { node, tile, spec, .. } if self.strategy.blind => {
				Move::PickTile { node, tile, spec, evidence: None }
			},
			Move::PickBlock { block, .. } if self.strategy.blind => {
				Move::PickBlock { block, evidence: None }
			},
			play => play,
		}
	}

	fn pick_step(
		&self,
		span: &Span,
		root: &Root,
		found: Option<u32>,
		sensible: &Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		let believed = match sensible {
			Some(Move::PickStep { step, .. }) => Some(*step),
			_ => None,
		};
		let step = found.unwrap_or_else(|| self.choose_leaf(span.len, believed, rng));
		let list = self.claimed.list(&Level::Steps { span: *span, root: *root });
		let list = Known::complete(List::Steps, list, self.toy());
		let before = match step.checked_sub(1) {
			Some(leaf) => Some(list.shown(leaf, self.toy())?),
			None => None,
		};
		let after = match step + 1 == span.len {
			false => Some(list.shown(step, self.toy())?),
			true => None,
		};
		Some(Move::PickStep { step, before, after })
	}

	fn pick_tile(
		&self,
		step: &Span,
		trace: &Root,
		focus: &Focus,
		asks: bool,
		sensible: &Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		let toy = self.toy();
		let believed = match sensible {
			Some(Move::PickTile { node, tile, .. }) => Some((*node, *tile)),
			_ => None,
		};
		let computed = |rng: &mut Rng| {
			let believed = believed.map(|(node, _)| node.saturating_sub(toy.slots));
			toy.slots + self.choose_leaf(toy.nodes - toy.slots, believed, rng)
		};
		let node = match focus {
			Focus::Trace => computed(rng),
			Focus::Node(node) | Focus::Tile { node, .. } => *node,
			Focus::Slot(slot) => return self.join(step, trace, *slot),
		};
		let level = Level::Trace { step: *step, root: *trace };
		let known = Known::complete(List::Trace, self.claimed.list(&level), toy);
		if asks && toy.tiles > 1 && !matches!(focus, Focus::Tile { .. }) {
			let output = known.shown(node, toy)?;
			return Some(Move::AskTiles { node, spec: node, output });
		}
		let tile = match focus {
			Focus::Tile { tile, .. } => *tile,
			_ => self.choose_leaf(toy.tiles, believed.map(|(_, tile)| tile), rng),
		};
		let shape = toy.shape(node, &node)?;
		let evidence = match shape.blocks {
			1 if !self.strategy.blind => {
				let spot =
					Spot { step: *step, trace: *trace, node, tile, blocks: 1, spec: shape.spec };
				let root = Root::default();
				let level =
					Level::Tiles { step: *step, trace: *trace, node, tiles: toy.tiles, root };
				let output = Known::complete(List::Tiles, self.claimed.list(&level), toy);
				let lists = KnownLists { trace: known, output: Some(output) };
				self.view().evidence(&spot, None, &lists)
			},
			_ => None,
		};
		Some(Move::PickTile { node, tile, spec: node, evidence })
	}

	fn view(&self) -> View<'_> {
		View { own: self.claimed, theirs: None, said: self.said }
	}

	fn join(&self, step: &Span, trace: &Root, slot: u32) -> Option<MoveOf<Toy>> {
		let level = Level::Trace { step: *step, root: *trace };
		let known = Known::complete(List::Trace, self.claimed.list(&level), self.toy());
		let level = Level::Slots { step: *step, trace: *trace };
		let list = List::Slots { step: step.start + 1 };
		let slots = Known::complete(list, self.claimed.list(&level), self.toy());
		let join = self.view().join(step, Seam::Out { slot }, &known, Some(&slots))?;
		Some(Move::JoinFault { join })
	}

	fn pick_block(
		&self,
		spot: &Spot,
		partials: &Root,
		sensible: &Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		let believed = match sensible {
			Some(Move::PickBlock { block, .. }) => Some(*block),
			_ => None,
		};
		let index = self.choose_leaf(spot.blocks, believed, rng);
		let level = Level::Trace { step: spot.step, root: spot.trace };
		let trace = Known::complete(List::Trace, self.claimed.list(&level), self.toy());
		let lists = KnownLists { trace, output: None };
		let block = Block { index, partials: *partials };
		let evidence = match self.strategy.blind {
			true => None,
			false => self.view().evidence(spot, Some(&block), &lists),
		};
		Some(Move::PickBlock { block: index, evidence })
	}

	fn defend(
		&self,
		game: &Game,
		sensible: Option<MoveOf<Toy>>,
		rng: &mut Rng,
	) -> Option<MoveOf<Toy>> {
		let lists = self.strategy.lists[(self.made % 2) as usize];
		let nothing = [rng.below(256) as u8; 32];
		match (game.phase(), lists, sensible?) {
			// The states must end in the claimed one, whatever else they are.
			(Phase::Steps { span }, _, Move::PostSteps { .. }) => {
				let level = Level::Steps { span: *span, root: Root::default() };
				let mut states: Vec<Root> = self.own.list(&level);
				if lists == Lists::Garbage {
					states.fill(nothing);
				}
				*states.last_mut()? = span.after;
				let list = Known::complete(List::Steps, states, self.toy());
				let last = list.path(span.len - 1, self.toy())?;
				Some(Move::PostSteps { root: list.root(), last })
			},
			(_, Lists::Garbage, Move::PostTrace { .. }) => Some(Move::PostTrace { root: nothing }),
			// The partials must end in the posted tile.
			(_, Lists::Garbage, Move::PostPartials { partials }) => {
				let ToyPartials { mut hashes, output } = partials;
				let last = hashes.pop()?;
				hashes.fill(nothing);
				hashes.push(last);
				Some(Move::PostPartials { partials: ToyPartials { hashes, output } })
			},
			(_, _, play) => Some(play),
		}
	}
}
