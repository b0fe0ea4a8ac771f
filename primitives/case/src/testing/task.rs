//! A task: what a requester fixes.

use alloc::vec::Vec;

use assay_commitment::{list, state_root, DataTree, ListTag, ProgramTree, Root, TensorTree};
use assay_dispute_game::Params;
use assay_ops::{eval::StepContext, CheckedProgram, Limits, Program};
use assay_referee::Referee;

use crate::{Case, Heartbeats, NodeProof, SlotProof};

/// A program with its data and its state before the first step.
#[derive(Clone, Debug)]
pub struct Task {
	/// The program as it is posted.
	pub posted: Program,
	/// The program after its check.
	pub program: CheckedProgram,
	/// Tree of the program.
	pub tree: ProgramTree,
	/// The data set.
	pub data: Vec<u8>,
	/// Bytes per record.
	pub record_size: u32,
	/// Seed of shuffling and dropout.
	pub seed: [u8; 32],
	/// Slots before the first step.
	pub init: Vec<Vec<u32>>,
	/// Steps that were done before: steps are numbered from here.
	pub first_step: u32,
	/// Steps.
	pub steps: u32,
	/// Steps between two committed states.
	pub stride: u32,
}

impl Task {
	/// A task of `steps` steps that starts from `init`, with none done before.
	pub fn new(
		posted: Program,
		data: Vec<u8>,
		record_size: u32,
		init: Vec<Vec<u32>>,
		(steps, stride): (u32, u32),
	) -> Self {
		let program = posted.check(&Limits::new(record_size)).unwrap();
		let tree = ProgramTree::new(&program).unwrap();
		let (seed, first_step) = ([5; 32], 0);
		Self { posted, program, tree, data, record_size, seed, init, first_step, steps, stride }
	}

	/// Number of the step after the last one.
	pub fn end_step(&self) -> u32 {
		self.first_step + self.steps
	}

	/// Records in the data set.
	pub fn records(&self) -> u32 {
		self.data.len() as u32 / self.record_size
	}

	/// Root of the data set.
	pub fn data_root(&self) -> Root {
		DataTree::new(&self.data).unwrap().root()
	}

	/// The newest judge of the task's operation set; the first where only a later build has one.
	fn referee(&self) -> Referee {
		Referee::of_opset(self.posted.opset).unwrap_or(Referee::V1)
	}

	/// The task before the referee, without heartbeats.
	pub fn case(&self) -> Case {
		Case {
			referee: self.referee(),
			program: self.tree.commitment(),
			data: self.data_root(),
			records: self.records(),
			record_size: self.record_size,
			batch: self.program.batch,
			seed: self.seed,
			heartbeats: Heartbeats::new(),
		}
	}

	/// A game about a claim.
	pub fn params(&self, claim: Root) -> Params {
		Params {
			id: [9; 32],
			claim,
			first_step: self.first_step,
			steps: self.steps,
			stride: self.stride,
			nodes: self.program.specs.len() as u32,
			slots: self.program.slots.len() as u32,
			referee: self.referee().number(),
			clock: 100,
			reserve: 20,
			extension: 4,
		}
	}

	/// What a step depends on besides state and program.
	pub fn context(&self, step: u32) -> StepContext {
		StepContext {
			seed: self.seed,
			step: step.into(),
			batch: self.program.batch,
			records: self.records().into(),
			record_size: self.record_size,
		}
	}

	/// Roots of slots with these contents.
	pub fn slot_roots(&self, slots: &[Vec<u32>]) -> Vec<Root> {
		let tree = |(slot, words): (&assay_ops::Slot, &Vec<u32>)| {
			TensorTree::from_words(slot.ty, words).unwrap().root()
		};
		self.program.slots.iter().zip(slots).map(tree).collect()
	}

	/// Root of the list of slots of the state before the first step.
	pub fn init_slots(&self) -> Root {
		list::root(ListTag::Slots, &self.slot_roots(&self.init))
	}

	/// Root of the state before the first step.
	pub fn init_root(&self) -> Root {
		state_root(self.first_step.into(), &self.slot_roots(&self.init))
	}

	/// A node and its path.
	pub fn node(&self, node: u32) -> Option<NodeProof> {
		let id = u16::try_from(node).ok()?;
		let spec = self.program.specs.get(usize::from(id))?.clone();
		Some(NodeProof { spec, path: self.tree.prove_node(id)? })
	}

	/// A slot and its path.
	pub fn slot(&self, slot: u32) -> Option<SlotProof> {
		let index = u16::try_from(slot).ok()?;
		let slot = *self.program.slots.get(usize::from(index))?;
		Some(SlotProof { index, slot, path: self.tree.prove_slot(index)? })
	}
}
