//! Tasks and executions that many matches share.
//!
//! Executing a task costs more than playing about it, so a task, its right execution and a few wrong ones
//! serve all matches whose seeds are in one run of [`SHELF`] seeds.

use alloc::{vec, vec::Vec};
use core::cell::OnceCell;

use super::super::{Execution, Lie, Rng, Toy};

/// Seeds that share tasks.
pub const SHELF: u64 = 1 << 12;
/// Tasks of a shelf.
const TASKS: u32 = 16;
/// Wrong executions of a task.
pub(super) const LIARS: u32 = 8;

/// A task, its right execution and wrong ones.
#[derive(Debug)]
pub(super) struct Set {
	/// The right execution.
	pub(super) honest: Execution,
	liars: Vec<OnceCell<Execution>>,
	seed: u64,
}

impl Set {
	fn new(rng: &mut Rng) -> Self {
		let toy = match rng.below(32) {
			0 => long(rng),
			1 | 2 => large(rng),
			_ => small(rng),
		};
		let honest = Execution::new(&toy, vec![]);
		let liars = (0..LIARS).map(|_| OnceCell::new()).collect();
		Self { honest, liars, seed: rng.word() }
	}

	/// A task with these wrong executions, which must be as many as of any other.
	pub(super) fn of(toy: &Toy, liars: Vec<Vec<Lie>>) -> Option<Self> {
		let liars: Vec<_> =
			liars.into_iter().map(|lies| OnceCell::from(Execution::new(toy, lies))).collect();
		let honest = Execution::new(toy, vec![]);
		(liars.len() == LIARS as usize).then_some(Self { honest, liars, seed: 0 })
	}

	/// The wrong executions.
	pub(super) fn liars(&self) -> impl Iterator<Item = &Execution> {
		(0..LIARS).map(|number| self.liar(number))
	}

	/// The task.
	pub(super) fn toy(&self) -> &Toy {
		&self.honest.toy
	}

	/// A wrong execution, whose claim differs from the right one.
	pub(super) fn liar(&self, number: u32) -> &Execution {
		self.liars[(number % LIARS) as usize].get_or_init(|| {
			let mut rng = Rng(self.seed ^ u64::from(number % LIARS));
			loop {
				let lies = lies(self.toy(), number % LIARS, &mut rng);
				let liar = Execution::new(self.toy(), lies);
				if liar.claim != self.honest.claim && liar.claim[0] == self.honest.claim[0] {
					return liar;
				}
			}
		})
	}
}

/// The tasks of the shelf that was used last.
#[derive(Debug, Default)]
pub struct Library {
	shelf: Option<u64>,
	sets: Vec<Set>,
}

impl Library {
	/// The sets that a match with this seed is about.
	pub(super) fn shelf(&mut self, seed: u64) -> &[Set] {
		let shelf = seed / SHELF;
		if self.shelf != Some(shelf) {
			let mut rng = Rng(shelf.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5E7);
			self.sets = (0..TASKS).map(|_| Set::new(&mut rng)).collect();
			self.shelf = Some(shelf);
		}
		&self.sets
	}
}

fn small(rng: &mut Rng) -> Toy {
	let slots = 1 + rng.below(2);
	Toy {
		seed: rng.word(),
		steps: 1 + rng.below(10),
		stride: 1 + rng.below(5),
		nodes: slots + 1 + rng.below(5),
		slots,
		tiles: 1 + rng.below(4),
		blocks: 1 + rng.below(3),
		heartbeats: Vec::new(),
	}
}

/// Lists of more than sixteen leaves: searches of two rounds.
fn large(rng: &mut Rng) -> Toy {
	let slots = 1 + rng.below(3);
	Toy {
		seed: rng.word(),
		steps: 10 + rng.below(30),
		stride: 1 + rng.below(20),
		nodes: slots + 1 + rng.below(20),
		slots,
		tiles: 1 + rng.below(20),
		blocks: 1 + rng.below(4),
		heartbeats: Vec::new(),
	}
}

/// A claim or a stride of more than 256 leaves: a search of three rounds.
fn long(rng: &mut Rng) -> Toy {
	let steps = 257 + rng.below(100);
	let stride = if rng.one_in(2) { 1 } else { steps };
	Toy { steps, stride, ..large(rng) }
}

fn lies(toy: &Toy, number: u32, rng: &mut Rng) -> Vec<Lie> {
	// One in eight is an execution of another version: every node of a step is wrong.
	if number == 7 {
		let step = rng.below(toy.steps);
		let lie = |node| Lie::Tile { step, node, tile: 0, block: 0 };
		return (toy.slots..toy.nodes).map(lie).collect();
	}
	let mut lies = vec![root_lie(toy, rng)];
	lies.extend((0..number / 2).map(|_| cover_up(toy, rng)));
	lies
}

/// A lie that makes the claim wrong.
fn root_lie(toy: &Toy, rng: &mut Rng) -> Lie {
	let step = rng.below(toy.steps);
	let node = toy.slots + rng.below(toy.nodes - toy.slots);
	let block = rng.below(toy.blocks_of(node));
	match rng.below(4) {
		0 => Lie::Slot { step, slot: rng.below(toy.slots) },
		1 => Lie::State { step: ((step / toy.stride + 1) * toy.stride).min(toy.steps) },
		_ => Lie::Tile { step, node, tile: rng.below(toy.tiles), block },
	}
}

/// A lie at a lower level, to cover up the first.
fn cover_up(toy: &Toy, rng: &mut Rng) -> Lie {
	let node = rng.below(toy.nodes);
	match rng.below(5) {
		0 => Lie::Output { node },
		1 => Lie::Letter { node, tile: rng.below(toy.tiles) },
		2 => Lie::Partial { block: rng.below(toy.blocks) },
		3 => Lie::Input { step: rng.below(toy.steps), slot: rng.below(toy.slots) },
		_ => Lie::State { step: 1 + rng.below(toy.steps) },
	}
}
