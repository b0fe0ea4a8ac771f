//! A toy task: tensors are words of an alphabet, and one tile is one letter.
//!
//! The first `slots` nodes copy the slots of the state; the last `slots` nodes are what the slots
//! become. Every other node mixes, tile by tile, the node before it and the node `slots` before it;
//! every second one is a long reduction of `blocks` blocks.

use alloc::vec::Vec;
use codec::{Decode, DecodeWithMemTracking, Encode};

use super::rng::{mix, toy_hash, Sponge};
use crate::{
	strategy::{root_of, Seam},
	Block, Committed, Heartbeat, List, Malformed, OneStep, Params, Root, Shape, Shown, Span, Spot,
	Verdict,
};

/// A task and its program.
#[derive(Clone, Debug)]
pub struct Toy {
	/// Distinguishes toys of equal sizes.
	pub seed: u64,
	/// Steps of the task.
	pub steps: u32,
	/// Steps of a stride.
	pub stride: u32,
	/// Nodes of the program, at least as many as slots.
	pub nodes: u32,
	/// Slots of the state.
	pub slots: u32,
	/// Tiles of every tensor.
	pub tiles: u32,
	/// Blocks of every second node.
	pub blocks: u32,
	/// Heartbeats that the solver has committed.
	pub heartbeats: Vec<Heartbeat>,
}

/// A letter of a tensor in the trace.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ToyOpening {
	/// Root of the tensor, in the trace.
	pub tensor: Shown,
	/// Hash of the letter, in the tensor.
	pub tile: Shown,
}

/// Openings of the inputs of a letter and of the letter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ToyEvidence {
	/// Inputs and their letters.
	pub inputs: Vec<(ToyOpening, u64)>,
	/// The claimed letter, of a node that is not split.
	pub output: Option<ToyOpening>,
	/// Posted partials and the letter before the block, of a node that is.
	pub partials: Option<(Vec<Root>, u64)>,
}

/// A node's output and a slot of a state.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ToyJoin {
	/// Whether the state is the one after the step.
	pub out: bool,
	/// Which slot.
	pub slot: u32,
	/// Its root, in the state.
	pub in_state: Shown,
	/// Its node's root, in the trace.
	pub in_trace: Shown,
}

/// Hashes of partials; the last is the claimed letter.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking)]
pub struct ToyPartials {
	/// The hashes.
	pub hashes: Vec<Root>,
	/// The claimed letter.
	pub output: ToyOpening,
}

/// Hash that stands for a letter.
pub(super) fn letter_hash(letter: u64) -> Root {
	toy_hash(&letter.to_le_bytes())
}

/// Distinguishes the hashes of different lists.
fn domain(list: List) -> u64 {
	match list {
		List::Claim => 0,
		List::Steps => 1,
		List::Trace => 2,
		List::Tiles => 3,
		List::Slots { step } => 4 | u64::from(step) << 16,
	}
}

impl Toy {
	/// Parameters of a game about a claim, with clocks of 100 blocks, 40 of them in reserve.
	pub fn params(&self, claim: Root) -> Params {
		Params {
			id: toy_hash(&self.seed.to_le_bytes()),
			claim,
			first_step: 0,
			steps: self.steps,
			stride: self.stride,
			nodes: self.nodes,
			slots: self.slots,
			referee: 1,
			clock: 100,
			reserve: 40,
			extension: 4,
		}
	}

	/// Blocks of the reduction behind each tile of a node.
	pub fn blocks_of(&self, node: u32) -> u32 {
		if node % 2 == 1 {
			self.blocks
		} else {
			1
		}
	}

	/// Producers of a node's operands.
	pub fn inputs(&self, node: u32) -> [u32; 2] {
		[node - 1, node - self.slots]
	}

	/// The node that a slot becomes.
	pub fn next_of(&self, slot: u32) -> u32 {
		self.nodes - self.slots + slot
	}

	/// One block of the reduction behind a letter.
	pub fn block(&self, at: (u32, u32), block: u32, inputs: &[u64], before: Option<u64>) -> u64 {
		let place = (u64::from(at.0) << 32) ^ (u64::from(at.1) << 8) ^ u64::from(block);
		let sum = inputs.iter().fold(mix(place ^ self.seed), |sum, letter| mix(sum ^ letter));
		before.map_or(sum, |before| before.wrapping_add(sum))
	}

	fn trace(&self, root: Root) -> Committed {
		Committed { list: List::Trace, len: self.nodes, root }
	}

	fn check(
		&self,
		trace: Root,
		node: u32,
		tile: u32,
		opening: &ToyOpening,
	) -> Result<(), Malformed> {
		let ToyOpening { tensor, tile: letter } = opening;
		let list = Committed { list: List::Tiles, len: self.tiles, root: tensor.leaf };
		self.trace(trace).check(node, &tensor.leaf, &tensor.path, self).map_err(|_| Malformed)?;
		list.check(tile, &letter.leaf, &letter.path, self).map_err(|_| Malformed)
	}
}

impl OneStep for Toy {
	type Spec = u32;
	type Join = ToyJoin;
	type Partials = ToyPartials;
	type Evidence = ToyEvidence;

	fn hash(&self, bytes: &[u8]) -> Root {
		toy_hash(bytes)
	}

	fn leaf(&self, list: List, value: &Root) -> Root {
		match list {
			List::Tiles => *value,
			_ => {
				let mut sponge = Sponge::new(domain(list) | 1 << 8);
				sponge.root(value);
				sponge.squeeze()
			},
		}
	}

	fn parent(&self, list: List, left: &Root, right: &Root) -> Root {
		let mut sponge = Sponge::new(domain(list) | 2 << 8);
		sponge.root(left);
		sponge.root(right);
		sponge.squeeze()
	}

	fn root(&self, list: List, len: u32, left: &Root, right: Option<&Root>) -> Root {
		let mut sponge = Sponge::new(domain(list) | 3 << 8);
		sponge.word(u64::from(len));
		sponge.root(left);
		if let Some(right) = right {
			sponge.root(right);
		}
		sponge.squeeze()
	}

	fn heartbeat(&self, index: u32) -> Option<Heartbeat> {
		self.heartbeats.get(index as usize).copied()
	}

	fn shape(&self, node: u32, spec: &u32) -> Option<Shape> {
		let computed = *spec == node && node >= self.slots;
		let spec = node.using_encoded(toy_hash);
		computed.then(|| Shape { tiles: self.tiles, blocks: self.blocks_of(node), spec })
	}

	fn judge_join(&self, step: &Span, trace: &Root, join: &ToyJoin) -> Result<Verdict, Malformed> {
		let (state, done, node) = match join.out {
			false => (step.before, step.start, join.slot),
			true => (step.after, step.start + 1, self.next_of(join.slot.min(self.slots))),
		};
		let slots = Committed { list: List::Slots { step: done }, len: self.slots, root: state };
		let ToyJoin { in_state, in_trace, .. } = join;
		slots.check(join.slot, &in_state.leaf, &in_state.path, self).map_err(|_| Malformed)?;
		let trace = self.trace(*trace);
		trace.check(node, &in_trace.leaf, &in_trace.path, self).map_err(|_| Malformed)?;
		Ok(verdict(in_state.leaf == in_trace.leaf))
	}

	fn partials(&self, spot: &Spot, partials: &ToyPartials) -> Result<Root, Malformed> {
		self.check(spot.trace, spot.node, spot.tile, &partials.output)?;
		let complete = partials.hashes.len() == spot.blocks as usize;
		let joined = partials.hashes.last() == Some(&partials.output.tile.leaf);
		let root = root_of(List::Tiles, &partials.hashes, self);
		(complete && joined).then_some(root).ok_or(Malformed)
	}

	fn judge(
		&self,
		spot: &Spot,
		block: Option<&Block>,
		evidence: &ToyEvidence,
	) -> Result<Verdict, Malformed> {
		let producers = self.inputs(spot.node);
		if spot.node < self.slots || evidence.inputs.len() != producers.len() {
			return Err(Malformed);
		}
		let mut letters = Vec::new();
		for ((opening, letter), node) in evidence.inputs.iter().zip(producers) {
			self.check(spot.trace, node, spot.tile, opening)?;
			if opening.tile.leaf != letter_hash(*letter) {
				return Err(Malformed);
			}
			letters.push(*letter);
		}
		let at = (spot.node, spot.tile);
		match (block, &evidence.output, &evidence.partials) {
			(None, Some(output), None) => {
				self.check(spot.trace, spot.node, spot.tile, output)?;
				let letter = self.block(at, 0, &letters, None);
				Ok(verdict(output.tile.leaf == letter_hash(letter)))
			},
			(Some(block), None, Some((hashes, before))) => {
				let index = block.index as usize;
				let before = (index > 0).then_some(*before);
				let known = before.map(letter_hash).as_ref() == hashes.get(index.wrapping_sub(1));
				let posted = root_of(List::Tiles, hashes, self) == block.partials;
				if !known || !posted {
					return Err(Malformed);
				}
				let letter = self.block(at, block.index, &letters, before);
				Ok(verdict(hashes.get(index) == Some(&letter_hash(letter))))
			},
			_ => Err(Malformed),
		}
	}
}

impl Seam {
	/// The same seam as the toy names it.
	pub(super) fn slot(self) -> (bool, u32) {
		match self {
			Self::In { node } => (false, node),
			Self::Out { slot } => (true, slot),
		}
	}
}

fn verdict(equal: bool) -> Verdict {
	if equal {
		Verdict::Correct
	} else {
		Verdict::Wrong
	}
}
