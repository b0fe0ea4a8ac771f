//! Asking the referee of the chain what a tile must be.

use alloc::vec::Vec;

use assay_case::NodeProof;
use assay_commitment::{tile_words, ProgramCommitment, Root};
use assay_ops::eval::StepContext;
use assay_referee::{BlockEvidence, ProvenNode, Referee, Step};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode};
use scale_info::TypeInfo;

pub use assay_referee::RefereeError;

/// Most questions at once. Each takes the referee as long as the last move of a game.
pub const MAX_QUESTIONS: u32 = 16;

/// Tiles of one node that are asked about.
pub type TileQuestions = BoundedVec<TileQuestion, ConstU32<MAX_QUESTIONS>>;

/// One step under one trace: all that the result of its nodes depends on. It need not be on the chain.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, TypeInfo)]
pub struct StepView {
	/// Version of the referee: that of the game, or of the task's operation set.
	pub referee: u16,
	/// The step program.
	pub program: ProgramCommitment,
	/// Root of the trace that the operands are opened from.
	pub trace: Root,
	/// BLAKE3 of the data set.
	pub data: Root,
	/// Records in the data set.
	pub records: u64,
	/// Bytes per record.
	pub record_size: u32,
	/// Records per step.
	pub batch: u32,
	/// Seed of shuffling and dropout.
	pub seed: [u8; 32],
	/// Number of the step, counted from 0 over all steps ever done.
	pub step: u64,
}

/// What must this tile be, or this block of it?
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
pub struct TileQuestion {
	/// Index of the tile in the node's output.
	pub tile: u32,
	/// Block of the long reduction behind the tile; 0 where there is none.
	pub block: u32,
	/// Openings of what the block reads, and of later blocks the partial before it, which is believed.
	pub evidence: BlockEvidence,
}

impl StepView {
	/// The answer to each question about a node: the 1024 words of the tile (of the partial after the
	/// block), row-major, `+0` outside the matrix; or why the referee does not take the evidence.
	pub fn recompute(
		&self,
		node: &NodeProof,
		questions: &[TileQuestion],
	) -> Vec<Result<Vec<u32>, RefereeError>> {
		let step = self.step();
		let answer = |question: &TileQuestion| {
			let step = step.ok_or(RefereeError::UnknownVersion(self.referee))?;
			let node = ProvenNode::verify(&step.program, &node.spec, &node.path)?;
			let TileQuestion { tile, block, evidence } = question;
			let previous = evidence.previous.as_deref().map(tile_words);
			let inputs = &evidence.inputs;
			assay_referee::recompute(&step, node, *tile, *block, previous.as_ref(), inputs)
				.map(Vec::from)
		};
		questions.iter().map(answer).collect()
	}

	/// `None` where the runtime does not have the version.
	fn step(&self) -> Option<Step> {
		Some(Step {
			referee: Referee::of(self.referee)?,
			program: self.program,
			trace: self.trace,
			context: StepContext {
				seed: self.seed,
				step: self.step,
				batch: self.batch,
				records: self.records,
				record_size: self.record_size,
			},
			data: self.data,
		})
	}
}
