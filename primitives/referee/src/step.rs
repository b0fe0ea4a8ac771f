//! What is known and agreed before evidence is looked at.

use assay_commitment::{list, ListTag, Path, ProgramCommitment, Root};
use assay_ops::{eval::StepContext, NodeId, NodeSpec, Slot};

use crate::{Referee, RefereeError};

/// The commitments that hold for one step of one task, and the version that judges them.
#[derive(Clone, Copy, Debug)]
pub struct Step {
	/// The judge. In a game it is the version that the game has stored.
	pub referee: Referee,
	/// The program of the task.
	pub program: ProgramCommitment,
	/// Root of the claimed trace of the step.
	pub trace: Root,
	/// Seed, step and form of the data set.
	pub context: StepContext,
	/// Root of the data set.
	pub data: Root,
}

impl Step {
	/// Whether the trace has this output root for a node.
	pub(crate) fn has_output(&self, id: NodeId, root: &Root, path: &Path) -> bool {
		let len = self.program.nodes.into();
		list::verify(ListTag::Trace, &self.trace, len, id.into(), root, path)
	}

	/// Length of the data set in bytes.
	pub(crate) fn data_len(&self) -> Option<u64> {
		self.context.records.checked_mul(self.context.record_size.into())
	}
}

/// A node that is known to be in a program.
///
/// The judges take only this, so that no caller can forget the proof.
#[derive(Clone, Copy, Debug)]
pub struct ProvenNode<'a>(&'a NodeSpec);

impl<'a> ProvenNode<'a> {
	/// Checks that the program has this node.
	pub fn verify(
		program: &ProgramCommitment,
		spec: &'a NodeSpec,
		path: &Path,
	) -> Result<Self, RefereeError> {
		let proven = program.verify_node(spec, path);
		proven.then_some(Self(spec)).ok_or(RefereeError::NodeNotInProgram)
	}

	/// The node.
	pub fn spec(&self) -> &'a NodeSpec {
		self.0
	}
}

/// A slot that is known to be in a program.
#[derive(Clone, Copy, Debug)]
pub struct ProvenSlot {
	index: u16,
	slot: Slot,
}

impl ProvenSlot {
	/// Checks that this is slot `index` of the program.
	pub fn verify(
		program: &ProgramCommitment,
		index: u16,
		slot: Slot,
		path: &Path,
	) -> Result<Self, RefereeError> {
		let proven = program.verify_slot(index, &slot, path);
		proven.then_some(Self { index, slot }).ok_or(RefereeError::SlotNotInProgram)
	}

	/// Index of the slot.
	pub fn index(&self) -> u16 {
		self.index
	}

	/// The slot.
	pub fn slot(&self) -> &Slot {
		&self.slot
	}
}
