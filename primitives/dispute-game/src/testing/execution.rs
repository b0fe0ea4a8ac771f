//! Executions of a toy task, honest and lying.

use alloc::vec::Vec;
use codec::Encode;

use super::{
	rng::{mix, toy_hash},
	toy::letter_hash,
	Toy,
};
use crate::{strategy::root_of, Level, List, Root, Span, Spot};

/// One departure from the honest execution. What follows from it is computed honestly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
	/// A partial of a tile of a node of a step is another letter.
	Tile {
		/// Step.
		step: u32,
		/// Node, not one that copies a slot.
		node: u32,
		/// Tile.
		tile: u32,
		/// Block.
		block: u32,
	},
	/// A slot after a step is not what the trace leads to.
	Slot {
		/// Step.
		step: u32,
		/// Slot.
		slot: u32,
	},
	/// The trace of a step does not start from a slot of the state.
	Input {
		/// Step.
		step: u32,
		/// Slot.
		slot: u32,
	},
	/// A committed state root is the hash of nothing.
	State {
		/// Steps done.
		step: u32,
	},
	/// A node's output root, wherever it is posted, is the hash of nothing.
	Output {
		/// Node.
		node: u32,
	},
	/// A tile's hash in a node's output, wherever it is posted, is the hash of nothing.
	Letter {
		/// Node.
		node: u32,
		/// Tile.
		tile: u32,
	},
	/// A partial's hash, wherever it is posted, is the hash of nothing.
	Partial {
		/// Block.
		block: u32,
	},
}

/// Letters of one step: node, tile, partial.
pub(super) type Letters = Vec<Vec<Vec<u64>>>;

/// An execution of a whole task.
#[derive(Clone, Debug)]
pub struct Execution {
	/// The task.
	pub toy: Toy,
	/// What is wrong with it.
	pub lies: Vec<Lie>,
	/// Slots before each step and after the last: step, slot, tile.
	pub states: Vec<Vec<Vec<u64>>>,
	/// Every committed state: the list of the claim.
	pub claim: Vec<Root>,
}

/// The hash of nothing anyone knows.
fn nothing(what: u32) -> Root {
	(b"nothing", what).using_encoded(toy_hash)
}

impl Execution {
	/// Executes the task with these lies, none for an honest execution.
	pub fn new(toy: &Toy, lies: Vec<Lie>) -> Self {
		let letter = |slot: u32, tile: u32| mix(toy.seed ^ u64::from(slot ^ (tile << 16)));
		let tensor = |slot| (0..toy.tiles).map(|tile| letter(slot, tile)).collect();
		let first = (0..toy.slots).map(tensor).collect();
		let mut this = Self { toy: toy.clone(), lies, states: [first].into(), claim: Vec::new() };
		for step in 0..toy.steps {
			let letters = this.letters(step);
			let mut next: Vec<Vec<u64>> = (0..toy.slots)
				.map(|slot| letters[toy.next_of(slot) as usize].iter())
				.map(|tiles| tiles.map(|partials| *partials.last().unwrap()).collect())
				.collect();
			for lie in &this.lies {
				match lie {
					Lie::Slot { step: at, slot } if *at == step => next[*slot as usize][0] ^= 1,
					_ => (),
				}
			}
			this.states.push(next);
		}
		let inner = (0..toy.steps).step_by(toy.stride as usize);
		this.claim = inner.chain([toy.steps]).map(|step| this.state(step)).collect();
		this
	}

	/// All letters of a step.
	pub(super) fn letters(&self, step: u32) -> Letters {
		let toy = &self.toy;
		let mut letters = Letters::new();
		for slot in 0..toy.slots {
			let wrong = self.lies.contains(&Lie::Input { step, slot });
			let copy = self.states[step as usize][slot as usize].iter();
			let flip = u64::from(wrong);
			letters.push(
				copy.enumerate().map(|(i, l)| [l ^ (flip * u64::from(i == 0))].into()).collect(),
			);
		}
		for node in toy.slots..toy.nodes {
			let inputs = toy.inputs(node);
			let tiles = (0..toy.tiles).map(|tile| {
				let operand =
					|input: &u32| *letters[*input as usize][tile as usize].last().unwrap();
				let operands: Vec<u64> = inputs.iter().map(operand).collect();
				let mut partials: Vec<u64> = Vec::new();
				for block in 0..toy.blocks_of(node) {
					let before = partials.last().copied();
					let letter = toy.block((node, tile), block, &operands, before);
					let lie = Lie::Tile { step, node, tile, block };
					partials.push(letter ^ u64::from(self.lies.contains(&lie)));
				}
				partials
			});
			let tiles = tiles.collect();
			letters.push(tiles);
		}
		letters
	}

	/// Roots of the slots after `step` steps.
	pub(super) fn slots(&self, step: u32) -> Vec<Root> {
		let tensor = |tiles: &Vec<u64>| {
			let tiles: Vec<Root> = tiles.iter().map(|letter| letter_hash(*letter)).collect();
			root_of(List::Tiles, &tiles, &self.toy)
		};
		self.states[step as usize].iter().map(tensor).collect()
	}

	fn state(&self, step: u32) -> Root {
		if self.lies.contains(&Lie::State { step }) {
			return nothing(step);
		}
		root_of(List::Slots { step }, &self.slots(step), &self.toy)
	}

	/// Root of the claim.
	pub fn claim_root(&self) -> Root {
		root_of(List::Claim, &self.claim, &self.toy)
	}

	fn tiles(&self, letters: &Letters, node: u32) -> Vec<Root> {
		let hash = |(tile, partials): (usize, &Vec<u64>)| {
			let lie = Lie::Letter { node, tile: tile as u32 };
			let hash = letter_hash(*partials.last().unwrap());
			if self.lies.contains(&lie) {
				nothing(tile as u32)
			} else {
				hash
			}
		};
		letters[node as usize].iter().enumerate().map(hash).collect()
	}

	/// The list at `level` as this execution has it.
	pub fn list(&self, level: &Level) -> Vec<Root> {
		match level {
			Level::Claim => self.claim.clone(),
			Level::Steps { span, .. } => {
				(span.start..span.start + span.len).map(|step| self.state(step + 1)).collect()
			},
			Level::Trace { step: Span { start, .. }, .. } => {
				let letters = self.letters(*start);
				let root = |node| {
					if self.lies.contains(&Lie::Output { node }) {
						return nothing(node);
					}
					root_of(List::Tiles, &self.tiles(&letters, node), &self.toy)
				};
				(0..self.toy.nodes).map(root).collect()
			},
			Level::Tiles { step, node, .. } => self.tiles(&self.letters(step.start), *node),
			Level::Slots { step, .. } => self.slots(step.start + 1),
		}
	}

	/// The partials of a tile as this execution has them.
	pub fn partials(&self, spot: &Spot) -> Vec<Root> {
		let letters = self.letters(spot.step.start);
		let partials = letters[spot.node as usize][spot.tile as usize].iter();
		let mut hashes: Vec<Root> = partials.map(|letter| letter_hash(*letter)).collect();
		for (block, hash) in hashes.iter_mut().enumerate() {
			let block = block as u32;
			if self.lies.contains(&Lie::Partial { block }) {
				*hash = nothing(block);
			}
		}
		hashes
	}
}
