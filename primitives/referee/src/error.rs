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
	NodeNotInProgram,
	/// The slot is not in the program.
	SlotNotInProgram,
	/// A state node is not computed; where it joins the state is judged by `judge_join_in`.
	StateNode,
	/// Only a state node joins the state before the step.
	NotAStateNode,
	/// The node's output has no such tile.
	TileOutOfRange,
	/// The tile has no such K-block.
	BlockOutOfRange,
	/// The tile has more than one K-block: it is judged block by block.
	ReductionTooLong,
	/// The tile has only one K-block: it is judged as a whole.
	ReductionTooShort,
	/// There must be as many partials as K-blocks.
	WrongPartialsCount,
	/// The tile of the previous partial is missing, not wanted, or not what was posted.
	PreviousPartialMismatch,
	/// There must be one entry for each operand of the node.
	WrongOperandCount,
	/// The output root is not in the trace at the node's position.
	OutputNotInTrace,
	/// The root of this operand is not in the trace at its producer's position.
	OperandNotInTrace(u8),
	/// The hash of the claimed tile does not verify.
	Output(OpeningError),
	/// The tiles of this operand do not verify.
	Operand(u8, OpeningError),
	/// The chunks of the data set do not verify.
	Records(OpeningError),
	/// A tile of an operand or a chunk of the data set that the result depends on is not opened.
	OperandMissing,
	/// A tile of an operand or a chunk of the data set is opened but nothing depends on it.
	Surplus,
	/// The slot root is not in the state at this step.
	SlotNotInState,
	/// The leaf is not under the root of the heartbeat.
	NotInHeartbeat,
	/// The leaf is not under the root of the claim.
	NotInClaim,
	/// The node is not one that a checked program has.
	Malformed,
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
