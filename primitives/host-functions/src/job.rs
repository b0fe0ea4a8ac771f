//! What a runtime asks its node to compute.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};

use crate::{limits, Root};

/// An encoded step program (SCALE of `assay_ops::Program`).
pub type ProgramBytes = BoundedVec<u8, ConstU32<{ limits::MAX_PROGRAM_BYTES }>>;

/// An encoded dispute game.
pub type GameBytes = BoundedVec<u8, ConstU32<{ limits::MAX_GAME_BYTES }>>;

/// What a player may know beside the game, encoded.
pub type PublicBytes = BoundedVec<u8, ConstU32<{ limits::MAX_PUBLIC_BYTES }>>;

/// Everything about a task that decides its result.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct TaskContext {
	/// Genesis hash of the chain that holds the task.
	pub genesis: Root,
	/// Id of the task.
	pub task: u32,
	/// How many times the task was assigned before.
	pub attempt: u32,
	/// The step program, encoded.
	pub program: ProgramBytes,
	/// Seed of everything random.
	pub seed: [u8; 32],
	/// Steps that were done before.
	pub first_step: u32,
	/// Steps to train.
	pub steps: u32,
	/// Steps between two committed states.
	pub stride: u32,
	/// Records in the data set.
	pub records: u64,
	/// Bytes of a record.
	pub record_size: u32,
	/// BLAKE3 of the data set's bytes.
	pub data_root: Root,
	/// State root before the first step.
	pub init_root: Root,
	/// Root of the list of that state's tensor roots.
	pub init_slots: Root,
}

/// A claim as the chain stores it.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub struct ClaimRef {
	/// Root of the list of committed states.
	pub claim_root: Root,
	/// Length of that list.
	pub states: u32,
	/// Its last entry.
	pub final_state: Root,
	/// Root of the list of the trained state's tensor roots.
	pub artifact_root: Root,
}

/// A side in a dispute.
#[derive(
	Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen,
)]
pub enum Side {
	/// Says that the claim is right.
	#[codec(index = 0)]
	Defender,
	/// Says that it is wrong.
	#[codec(index = 1)]
	Challenger,
}

/// What to do with a task.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub enum Work {
	/// Run all steps and keep what a claim needs.
	#[codec(index = 0)]
	Train,
	/// Run all steps and say whether, and where, a claim differs.
	#[codec(index = 1)]
	Check(ClaimRef),
	/// Find the next move in a dispute.
	#[codec(index = 2)]
	Play {
		/// The game as the chain stores it.
		game: GameBytes,
		/// Whose move is wanted.
		side: Side,
		/// What else the chain says.
		public: PublicBytes,
	},
	/// Make a claim of what was trained until now, without training any further: ends a
	/// [`Work::Train`] of the same task.
	#[codec(index = 3)]
	HandIn,
	/// Get everything that the task needs, and see whether it can be run.
	#[codec(index = 4)]
	Prepare,
}

/// One work on one task.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct Job {
	/// The task.
	pub context: TaskContext,
	/// What to do with it.
	pub work: Work,
}
