//! Executions of a task, honest and lying.

use alloc::{vec, vec::Vec};

use assay_commitment::{
	list, list::List, state_root, tile_hash, tile_of_words, ListTag, Path, Root, TensorTree,
};
use assay_dispute_game::{Level, Spot};
use assay_ops::{
	eval::{self, Missing, Operands, Tile},
	NodeSpec, Op,
};

use super::Task;

/// One departure from the honest execution. What follows from it is computed honestly. Steps have the
/// numbers that the task gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lie {
	/// A bit of a word of a node's output is flipped.
	Output {
		/// Step.
		step: u32,
		/// Node, not a state node.
		node: u32,
		/// Word, row-major.
		word: u32,
		/// Bit.
		bit: u32,
	},
	/// A bit of the first word of a partial is flipped.
	Partial {
		/// Step.
		step: u32,
		/// Node with a long reduction.
		node: u32,
		/// Tile.
		tile: u32,
		/// Block.
		block: u32,
	},
	/// A slot after a step is not what its node gives.
	Slot {
		/// Step.
		step: u32,
		/// Slot.
		slot: u32,
	},
	/// A state node does not give the slot before the step.
	Input {
		/// Step.
		step: u32,
		/// State node.
		node: u32,
	},
	/// The training starts from another state.
	Init {
		/// Slot that differs.
		slot: u32,
	},
	/// The root of a state is the hash of nothing.
	State {
		/// Steps done, ever.
		step: u32,
	},
}

/// An execution of a whole task.
#[derive(Clone, Debug)]
pub struct Execution {
	/// The task.
	pub task: Task,
	/// What is wrong with it.
	pub lies: Vec<Lie>,
	/// Slots before each step and after the last.
	pub states: Vec<Vec<Vec<u32>>>,
}

struct Tensors<'a> {
	task: &'a Task,
	spec: &'a NodeSpec,
	outputs: &'a [Vec<u32>],
}

impl Operands for Tensors<'_> {
	fn word(&self, operand: usize, row: u32, col: u32) -> Result<u32, Missing> {
		let source = self.spec.inputs[operand];
		let at = u64::from(row) * u64::from(source.ty.cols) + u64::from(col);
		Ok(self.outputs[usize::from(source.id)][at as usize])
	}

	fn record_byte(&self, record: u64, offset: u32) -> Result<u8, Missing> {
		let at = record * u64::from(self.task.record_size) + u64::from(offset);
		Ok(self.task.data[at as usize])
	}
}

impl Execution {
	/// Executes the task with these lies, none for an honest execution.
	pub fn new(task: &Task, lies: Vec<Lie>) -> Self {
		let mut first = task.init.clone();
		for lie in &lies {
			if let Lie::Init { slot } = lie {
				first[*slot as usize][0] ^= 1;
			}
		}
		let mut this = Self { task: task.clone(), lies, states: vec![first] };
		for step in task.first_step..task.end_step() {
			let outputs = this.outputs(step);
			let slots = task.program.slots.iter();
			let mut after: Vec<Vec<u32>> =
				slots.map(|slot| outputs[usize::from(slot.next)].clone()).collect();
			for lie in &this.lies {
				match lie {
					Lie::Slot { step: at, slot } if *at == step => after[*slot as usize][0] ^= 1,
					_ => (),
				}
			}
			this.states.push(after);
		}
		this
	}

	/// Contents of the slots after `step` steps.
	fn contents(&self, step: u32) -> &[Vec<u32>] {
		&self.states[(step - self.task.first_step) as usize]
	}

	/// The outputs of all nodes of a step.
	pub fn outputs(&self, step: u32) -> Vec<Vec<u32>> {
		let mut outputs: Vec<Vec<u32>> = Vec::new();
		for spec in &self.task.program.specs {
			let output = match spec.op {
				Op::State { slot } => self.contents(step)[usize::from(slot)].clone(),
				_ => self.compute(step, spec, &outputs),
			};
			outputs.push(self.bend(step, spec, output));
		}
		outputs
	}

	fn compute(&self, step: u32, spec: &NodeSpec, outputs: &[Vec<u32>]) -> Vec<u32> {
		let mut output = vec![0; spec.ty.words() as usize];
		for tile in 0..spec.ty.tiles() as u32 {
			let words = *self.chain(step, spec, tile, outputs).last().unwrap();
			for (place, row, col) in spec.ty.tile_area(tile).unwrap().elements() {
				output[(row * spec.ty.cols + col) as usize] = words[place];
			}
		}
		output
	}

	/// The partials of a tile; the last is the tile.
	fn chain(&self, step: u32, spec: &NodeSpec, tile: u32, outputs: &[Vec<u32>]) -> Vec<Tile> {
		let operands = Tensors { task: &self.task, spec, outputs };
		let mut partials: Vec<Tile> = Vec::new();
		for block in 0..spec.blocks() {
			let sum = eval::block(spec, &self.task.context(step), &operands, tile, block).unwrap();
			let mut partial = partials.last().map_or(sum, |last| eval::fold(spec, last, &sum));
			let lie = Lie::Partial { step, node: spec.id.into(), tile, block };
			partial[0] ^= u32::from(self.lies.contains(&lie));
			partials.push(partial);
		}
		partials
	}

	fn bend(&self, step: u32, spec: &NodeSpec, mut output: Vec<u32>) -> Vec<u32> {
		for lie in &self.lies {
			match lie {
				Lie::Output { step: at, node, word, bit }
					if (*at, *node) == (step, spec.id.into()) =>
				{
					output[*word as usize] ^= 1 << bit;
				},
				Lie::Input { step: at, node } if (*at, *node) == (step, spec.id.into()) => {
					output[0] ^= 1;
				},
				_ => (),
			}
		}
		output
	}

	/// The partial tiles of a tile. The last is the tile as it is claimed.
	pub fn partials(&self, spot: &Spot) -> Vec<Tile> {
		let outputs = self.outputs(spot.step.start);
		let spec = &self.task.program.specs[spot.node as usize];
		let mut partials = self.chain(spot.step.start, spec, spot.tile, &outputs);
		let words = &outputs[spot.node as usize];
		let claimed = partials.last_mut().unwrap();
		for (place, row, col) in spec.ty.tile_area(spot.tile).unwrap().elements() {
			claimed[place] = words[(row * spec.ty.cols + col) as usize];
		}
		partials
	}

	/// Hashes of the partials.
	pub fn partial_hashes(&self, spot: &Spot) -> Vec<Root> {
		let tiles = self.task.program.specs[spot.node as usize].ty.tiles() as u32;
		let hash = |words: &Tile| tile_hash(&tile_of_words(words), spot.tile, tiles).unwrap();
		self.partials(spot).iter().map(hash).collect()
	}

	/// Trees of the outputs of a step.
	pub fn trees(&self, step: u32) -> Vec<TensorTree> {
		let specs = self.task.program.specs.iter().zip(self.outputs(step));
		specs.map(|(spec, words)| TensorTree::from_words(spec.ty, &words).unwrap()).collect()
	}

	/// Output roots of a step.
	pub fn trace(&self, step: u32) -> List {
		let roots = self.trees(step).iter().map(TensorTree::root).collect();
		List::new(ListTag::Trace, roots).unwrap()
	}

	/// Slot roots after `step` steps.
	pub fn slots(&self, step: u32) -> Vec<Root> {
		self.task.slot_roots(self.contents(step))
	}

	/// Root of the state after `step` steps.
	pub fn state(&self, step: u32) -> Root {
		if self.lies.contains(&Lie::State { step }) {
			return [0xEE; 32];
		}
		state_root(step.into(), &self.slots(step))
	}

	/// The list of the claim.
	pub fn claim(&self) -> Vec<Root> {
		let (first, end) = (self.task.first_step, self.task.end_step());
		let inner = (first..end).step_by(self.task.stride as usize);
		inner.chain([end]).map(|step| self.state(step)).collect()
	}

	/// Root of the claim.
	pub fn claim_root(&self) -> Root {
		list::root(ListTag::States, &self.claim())
	}

	/// Root of the list of slots of the last state: what a claim calls its artefact.
	pub fn artifact(&self) -> Root {
		list::root(ListTag::Slots, &self.slots(self.task.end_step()))
	}

	/// Paths of the first and of the last state in the list of the claim.
	pub fn ends(&self) -> [Path; 2] {
		let states = self.claim();
		let last = states.len() as u32 - 1;
		[0, last].map(|index| list::prove(ListTag::States, &states, index).unwrap())
	}

	/// The list at `level` as this execution has it.
	pub fn list(&self, level: &Level) -> Vec<Root> {
		match level {
			Level::Claim => self.claim(),
			Level::Steps { span, .. } => {
				(0..span.len).map(|step| self.state(span.start + step + 1)).collect()
			},
			Level::Trace { step, .. } => self.trace(step.start).tree().values().to_vec(),
			Level::Tiles { step, node, .. } => {
				self.trees(step.start)[*node as usize].tree().values().to_vec()
			},
			Level::Slots { step, .. } => self.slots(step.start + 1),
		}
	}
}
