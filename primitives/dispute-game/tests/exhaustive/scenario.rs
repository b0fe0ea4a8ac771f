//! Who plays about what.

use assay_dispute_game::{
	testing::{Execution, Lie, Toy},
	Params, Side,
};

use crate::bounds::Bounds;

/// One claim and the two sides of a game about it.
pub(crate) struct Scenario {
	/// The honest side: the challenger of a wrong claim, or the defender of a right one.
	pub(crate) honest: Side,
	/// The true execution.
	pub(crate) truth: Execution,
	/// What the adversary computed, or says that it did.
	pub(crate) liar: Execution,
	/// Whether the adversary keeps its lists to itself.
	pub(crate) withheld: bool,
	/// Clocks and powers.
	pub(crate) bounds: Bounds,
}

/// Toys whose games narrow down through `depth` levels: tile, block, step, and stride with two steps.
pub(crate) fn toy(depth: u32) -> Toy {
	let blocks = if depth >= 2 { 2 } else { 1 };
	let stride = if depth >= 3 { 2 } else { 1 };
	let steps = if depth >= 4 { 4 } else { stride };
	Toy { seed: 7, steps, stride, nodes: 4, slots: 1, tiles: 2, blocks, heartbeats: Vec::new() }
}

/// A lie in the last step that makes the claim wrong, of each kind there is.
pub(crate) fn lies(toy: &Toy) -> Vec<(&'static str, Vec<Lie>)> {
	let step = toy.steps - 1;
	let wrong = |node, block| Lie::Tile { step, node, tile: 1, block };
	let blocks = toy.blocks;
	vec![
		("tile", vec![wrong(2, 0)]),
		("block", vec![wrong(1, blocks - 1)]),
		("slot", vec![Lie::Slot { step, slot: 0 }]),
		("input", vec![Lie::Input { step, slot: 0 }]),
		("state", vec![Lie::State { step: step + 1 }]),
		("output", vec![wrong(2, 0), Lie::Output { node: 2 }]),
		("letter", vec![wrong(2, 0), Lie::Letter { node: 2, tile: 1 }]),
		("partial", vec![wrong(1, 0), Lie::Partial { block: 0 }]),
	]
}

impl Scenario {
	/// An honest challenger against a wrong claim.
	pub(crate) fn accuse(toy: &Toy, lies: Vec<Lie>, withheld: bool, bounds: Bounds) -> Self {
		let (truth, liar) = (Execution::new(toy, vec![]), Execution::new(toy, lies));
		assert_ne!(truth.claim, liar.claim, "the claim is right");
		Self { honest: Side::Challenger, truth, liar, withheld, bounds }
	}

	/// An honest defender against a challenger that believes in a lie, or says so.
	pub(crate) fn defend(toy: &Toy, lies: Vec<Lie>, bounds: Bounds) -> Self {
		let (truth, liar) = (Execution::new(toy, vec![]), Execution::new(toy, lies));
		Self { honest: Side::Defender, truth, liar, withheld: false, bounds }
	}

	/// What the claim was computed by.
	pub(crate) fn claimed(&self) -> &Execution {
		match self.honest {
			Side::Challenger => &self.liar,
			Side::Defender => &self.truth,
		}
	}

	/// What is fixed for the game.
	pub(crate) fn params(&self) -> Params {
		let claimed = self.claimed();
		self.bounds.set(claimed.toy.params(claimed.claim_root()))
	}

	/// The task.
	pub(crate) fn toy(&self) -> &Toy {
		&self.truth.toy
	}
}
