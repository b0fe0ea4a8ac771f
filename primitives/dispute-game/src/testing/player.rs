//! Players of toy games: an execution, a side, and habits.

use alloc::vec::Vec;
use codec::{Decode, Encode};

use super::{Execution, Rng, Toy, ToyEvidence, ToyJoin, ToyOpening, ToyPartials};
use crate::{
	strategy::{Known, Lists, Oracle, Seam},
	Block, Children, Level, List, Move, MoveOf, Phase, Root, Run, Shown, Side, Span, Spot,
};

/// How a player departs from the honest strategy. The default is not to.
#[derive(Clone, Debug, Default)]
pub struct Habit {
	/// Keeps its lists to itself.
	pub withholds: bool,
	/// Moves in the last block that its clock allows.
	pub lingers: bool,
	/// Moves in a random block.
	pub dawdles: bool,
	/// Says nothing after so many moves of its own.
	pub silent_after: Option<u32>,
	/// Tries so many replayed, garbled and random moves before each turn, its own or not.
	pub noise: u32,
	/// Withdraws its claim when it can.
	pub concedes: bool,
	/// Never brings evidence when it picks, so that the defender must.
	pub picks_blindly: bool,
	/// Asks for every list, published or not.
	pub asks: bool,
}

/// One side of a match.
#[derive(Clone, Debug)]
pub struct Player {
	/// What it has computed, or says that it has.
	pub execution: Execution,
	/// How it plays.
	pub habit: Habit,
}

/// What a player sees of a game.
pub struct View<'a> {
	/// Its own execution.
	pub own: &'a Execution,
	/// The other side's execution, if its lists are published.
	pub theirs: Option<&'a Execution>,
	/// What the moves so far have revealed.
	pub said: &'a Said,
}

/// What moves reveal and later moves build on, as a chain keeps it.
#[derive(Clone, Debug, Default)]
pub struct Said {
	/// By `bisect` moves.
	pub revealed: Vec<(Level, Run, Children)>,
	/// By the last `post_partials`.
	pub partials: Vec<Root>,
}

impl Said {
	/// Writes down what `play` revealed when it was made in `phase`.
	pub fn write_down(&mut self, phase: &Phase, play: &MoveOf<Toy>) {
		match (phase, play) {
			(Phase::Bisect { level, run, .. }, Move::Bisect { children }) => {
				self.revealed.push((*level, *run, children.clone()));
			},
			(_, Move::PostPartials { partials }) => self.partials = partials.hashes.clone(),
			_ => (),
		}
	}
}

impl View<'_> {
	fn opening(&self, trace: &Known, output: &Known, node: u32, tile: u32) -> Option<ToyOpening> {
		let toy = &self.own.toy;
		Some(ToyOpening { tensor: trace.shown(node, toy)?, tile: output.shown(tile, toy)? })
	}
}

impl Oracle<Toy> for View<'_> {
	fn own(&self, level: &Level) -> Vec<Root> {
		self.own.list(level)
	}

	fn own_partials(&self, spot: &Spot) -> Vec<Root> {
		self.own.partials(spot)
	}

	fn published(&self, level: &Level) -> Option<Vec<Root>> {
		self.theirs.map(|theirs| theirs.list(level))
	}

	fn revealed(&self, level: &Level) -> Vec<(Run, Children)> {
		let of_level = self.said.revealed.iter().filter(|(at, ..)| at == level);
		of_level.map(|(_, run, children)| (*run, children.clone())).collect()
	}

	fn posted_partials(&self) -> Vec<Root> {
		self.said.partials.clone()
	}

	fn spec(&self, node: u32) -> Option<u32> {
		Some(node)
	}

	fn join(
		&self,
		step: &Span,
		seam: Seam,
		trace: &Known,
		after: Option<&Known>,
	) -> Option<ToyJoin> {
		let toy = &self.own.toy;
		let (out, slot) = seam.slot();
		if slot >= toy.slots {
			return None;
		}
		let list = List::Slots { step: step.start };
		let before = Known::complete(list, self.own.slots(step.start).to_vec(), toy);
		let state = after.unwrap_or(&before);
		let node = if out { toy.next_of(slot) } else { slot };
		let in_state = state.shown(slot, toy)?;
		Some(ToyJoin { out, slot, in_state, in_trace: trace.shown(node, toy)? })
	}

	fn partials(&self, spot: &Spot, lists: &Lists) -> Option<ToyPartials> {
		let output = self.opening(&lists.trace, lists.output.as_ref()?, spot.node, spot.tile)?;
		Some(ToyPartials { hashes: self.own.partials(spot), output })
	}

	fn evidence(&self, spot: &Spot, block: Option<&Block>, lists: &Lists) -> Option<ToyEvidence> {
		let toy = &self.own.toy;
		let letters = self.own.letters(spot.step.start);
		let letter = |node: u32| letters[node as usize][spot.tile as usize].last().copied();
		let mut inputs = Vec::new();
		for node in toy.inputs(spot.node) {
			let tiles = self.own.tiles_of(spot.step.start, node).to_vec();
			let tensor = Known::complete(List::Tiles, tiles, toy);
			inputs.push((self.opening(&lists.trace, &tensor, node, spot.tile)?, letter(node)?));
		}
		let Some(block) = block else {
			let output = lists.output.as_ref()?;
			let output = self.opening(&lists.trace, output, spot.node, spot.tile)?;
			return Some(ToyEvidence { inputs, output: Some(output), partials: None });
		};
		let own = &letters[spot.node as usize][spot.tile as usize];
		let before = block.index.checked_sub(1).map_or(0, |before| own[before as usize]);
		let partials = Some((self.posted_partials(), before));
		Some(ToyEvidence { inputs, output: None, partials })
	}
}

/// A move that is most likely nonsense: replayed, garbled or made up.
pub(super) fn nonsense(
	said_before: Option<&MoveOf<Toy>>,
	sensible: Option<&MoveOf<Toy>>,
	side: Side,
	rng: &mut Rng,
) -> MoveOf<Toy> {
	match rng.below(3) {
		0 => said_before.cloned().unwrap_or(Move::Ask),
		1 => sensible.and_then(|play| garbled(play, rng)).unwrap_or(Move::Ask),
		_ => made_up(side, rng),
	}
}

/// The move with one byte of its encoding changed, if that is a move.
fn garbled(play: &MoveOf<Toy>, rng: &mut Rng) -> Option<MoveOf<Toy>> {
	let mut bytes = play.encode();
	let at = rng.below(bytes.len() as u32) as usize;
	bytes[at] ^= 1 << rng.below(8);
	Decode::decode(&mut &bytes[..]).ok()
}

fn made_up(side: Side, rng: &mut Rng) -> MoveOf<Toy> {
	let root = [rng.below(256) as u8; 32];
	let shown = Shown { leaf: root, path: Default::default() };
	let (small, index) = (rng.below(4), rng.below(20));
	match (side, rng.below(6)) {
		(Side::Challenger, 0) => Move::Ask,
		(Side::Challenger, 1) => Move::AskSlots,
		(Side::Challenger, 2) => Move::Pick { child: index },
		(Side::Challenger, 3) => {
			Move::PickTile { node: index, tile: small, spec: index, evidence: None }
		},
		(Side::Challenger, 4) => Move::PickBlock { block: small, evidence: None },
		(Side::Challenger, _) => Move::Open { stride: index, before: shown.clone(), after: shown },
		(Side::Defender, 0) => Move::PostTrace { root },
		(Side::Defender, 1) => Move::PostSteps { root, last: Default::default() },
		(Side::Defender, 2) => Move::Bisect { children: [root; 16].to_vec().try_into().unwrap() },
		(Side::Defender, 3) => Move::Bisect { children: [root; 2].to_vec().try_into().unwrap() },
		(Side::Defender, 4) => {
			let evidence = ToyEvidence { inputs: Vec::new(), output: None, partials: None };
			Move::OpenTile { evidence }
		},
		(Side::Defender, _) => {
			let output = ToyOpening { tensor: shown.clone(), tile: shown };
			Move::PostPartials { partials: ToyPartials { hashes: Vec::new(), output } }
		},
	}
}
