//! Why there is no verdict.

use assay_commitment::OpeningError;
use assay_ops::eval::EvalError;
use codec::{Decode, Encode};
use scale_info::TypeInfo;

/// Why evidence gets no verdict. Nothing is shown about the claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode, TypeInfo)]
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts the variant's index"
)]
pub enum RefereeError {
	/// The node, with these operands and types, is not in the program.
	#[codec(index = 0)]
	NodeNotInProgram,
	/// The slot is not in the program.
	#[codec(index = 1)]
	SlotNotInProgram,
	/// A state node is not computed; where it joins the state is judged by `judge_join_in`.
	#[codec(index = 2)]
	StateNode,
	/// Only a state node joins the state before the step.
	#[codec(index = 3)]
	NotAStateNode,
	/// The node's output has no such tile.
	#[codec(index = 4)]
	TileOutOfRange,
	/// The tile has no such K-block.
	#[codec(index = 5)]
	BlockOutOfRange,
	/// The tile has more than one K-block: it is judged block by block.
	#[codec(index = 6)]
	ReductionTooLong,
	/// The tile has only one K-block: it is judged as a whole.
	#[codec(index = 7)]
	ReductionTooShort,
	/// There must be as many partials as K-blocks.
	#[codec(index = 8)]
	WrongPartialsCount,
	/// The tile of the previous partial is missing, not wanted, or not what was posted.
	#[codec(index = 9)]
	PreviousPartialMismatch,
	/// There must be one entry for each operand of the node.
	#[codec(index = 10)]
	WrongOperandCount,
	/// The output root is not in the trace at the node's position.
	#[codec(index = 11)]
	OutputNotInTrace,
	/// The root of this operand is not in the trace at its producer's position.
	#[codec(index = 12)]
	OperandNotInTrace(u8),
	/// The hash of the claimed tile does not verify.
	#[codec(index = 13)]
	Output(OpeningError),
	/// The tiles of this operand do not verify.
	#[codec(index = 14)]
	Operand(u8, OpeningError),
	/// The chunks of the data set do not verify.
	#[codec(index = 15)]
	Records(OpeningError),
	/// A tile of an operand or a chunk of the data set that the result depends on is not opened.
	#[codec(index = 16)]
	OperandMissing,
	/// A tile of an operand or a chunk of the data set is opened but nothing depends on it.
	#[codec(index = 17)]
	Surplus,
	/// The slot root is not in the state at this step.
	#[codec(index = 18)]
	SlotNotInState,
	/// The leaf is not under the root of the heartbeat.
	#[codec(index = 19)]
	NotInHeartbeat,
	/// The leaf is not under the root of the claim.
	#[codec(index = 20)]
	NotInClaim,
	/// The node is not one that a checked program has.
	#[codec(index = 21)]
	Malformed,
	/// This build does not have this version of the referee.
	#[codec(index = 22)]
	UnknownVersion(u16),
}

impl From<EvalError> for RefereeError {
	fn from(error: EvalError) -> Self {
		match error {
			EvalError::Missing => Self::OperandMissing,
			EvalError::NotEvaluable => Self::StateNode,
			EvalError::OutOfRange => Self::TileOutOfRange,
			EvalError::Malformed => Self::Malformed,
		}
	}
}
