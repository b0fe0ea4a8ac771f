//! Executions of a toy task, honest and lying.

use alloc::vec::Vec;
use codec::Encode;
use core::cell::OnceCell;

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

/// Everything about one step, computed when it is asked for first.
#[derive(Clone, Debug)]
struct Trace {
	letters: Letters,
	/// Hashes of the tiles of each node.
	tiles: Vec<Vec<Root>>,
	/// Root of each node's output.
	outputs: Vec<Root>,
}

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
	/// Roots of the slots before each step and after the last.
	slots: Vec<Vec<Root>>,
	/// State roots before each step and after the last.
	roots: Vec<Root>,
	traces: Vec<OnceCell<Trace>>,
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
		let mut this = Self {
			toy: toy.clone(),
			lies,
			states: [first].into(),
			claim: Vec::new(),
			slots: Vec::new(),
			roots: Vec::new(),
			traces: Vec::new(),
		};
		for step in 0..toy.steps {
			let letters = this.execute(step);
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
		this.slots = this.states.iter().map(|state| this.slots_of(state)).collect();
		this.roots = (0..=toy.steps).map(|step| this.state(step)).collect();
		this.traces = (0..toy.steps).map(|_| OnceCell::new()).collect();
		let inner = (0..toy.steps).step_by(toy.stride as usize);
		this.claim = inner.chain([toy.steps]).map(|step| this.roots[step as usize]).collect();
		this
	}

	/// Computes all letters of a step.
	fn execute(&self, step: u32) -> Letters {
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
		let lies = |at: &Lie| matches!(at, Lie::Tile { step: lied, .. } if *lied == step);
		let truthful = !self.lies.iter().any(lies);
		for node in toy.slots..toy.nodes {
			let inputs = toy.inputs(node);
			let tiles = (0..toy.tiles).map(|tile| {
				let operand = |input: u32| *letters[input as usize][tile as usize].last().unwrap();
				let operands = inputs.map(operand);
				let mut partials: Vec<u64> = Vec::with_capacity(toy.blocks_of(node) as usize);
				for block in 0..toy.blocks_of(node) {
					let before = partials.last().copied();
					let letter = toy.block((node, tile), block, &operands, before);
					let lie = Lie::Tile { step, node, tile, block };
					let wrong = !truthful && self.lies.contains(&lie);
					partials.push(letter ^ u64::from(wrong));
				}
				partials
			});
			let tiles = tiles.collect();
			letters.push(tiles);
		}
		letters
	}

	fn trace(&self, step: u32) -> &Trace {
		self.traces[step as usize].get_or_init(|| {
			let letters = self.execute(step);
			let tiles: Vec<Vec<Root>> =
				(0..self.toy.nodes).map(|node| self.tiles(&letters, node)).collect();
			let root = |(node, tiles): (usize, &Vec<Root>)| {
				let node = node as u32;
				if self.lies.contains(&Lie::Output { node }) {
					return nothing(node);
				}
				root_of(List::Tiles, tiles, &self.toy)
			};
			let outputs = tiles.iter().enumerate().map(root).collect();
			Trace { letters, tiles, outputs }
		})
	}

	/// All letters of a step.
	pub(super) fn letters(&self, step: u32) -> &Letters {
		&self.trace(step).letters
	}

	/// Hashes of the tiles of a node of a step.
	pub(super) fn tiles_of(&self, step: u32, node: u32) -> &[Root] {
		&self.trace(step).tiles[node as usize]
	}

	fn slots_of(&self, state: &[Vec<u64>]) -> Vec<Root> {
		let tensor = |tiles: &Vec<u64>| {
			let tiles: Vec<Root> = tiles.iter().map(|letter| letter_hash(*letter)).collect();
			root_of(List::Tiles, &tiles, &self.toy)
		};
		state.iter().map(tensor).collect()
	}

	/// Roots of the slots after `step` steps.
	pub(super) fn slots(&self, step: u32) -> &[Root] {
		&self.slots[step as usize]
	}

	fn state(&self, step: u32) -> Root {
		if self.lies.contains(&Lie::State { step }) {
			return nothing(step);
		}
		root_of(List::Slots { step }, self.slots(step), &self.toy)
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
				let first = span.start as usize + 1;
				self.roots[first..first + span.len as usize].to_vec()
			},
			Level::Trace { step: Span { start, .. }, .. } => self.trace(*start).outputs.clone(),
			Level::Tiles { step, node, .. } => self.tiles_of(step.start, *node).to_vec(),
			Level::Slots { step, .. } => self.slots(step.start + 1).to_vec(),
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
