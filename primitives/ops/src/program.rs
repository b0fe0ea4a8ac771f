//! Programs: the static description of one training step.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::op::Op;

/// Most nodes a program may have.
pub const MAX_NODES: u32 = 16_384;

/// Most state slots (parameters, optimiser state, counters) a program may have.
pub const MAX_SLOTS: u32 = 2048;

/// Most inputs a node may have.
pub const MAX_INPUTS: u32 = 3;

/// Position of a node in its program.
pub type NodeId = u16;

/// The producers of a node's operands, in operand order. Each is smaller than the node's own id.
pub type Inputs = BoundedVec<NodeId, ConstU32<MAX_INPUTS>>;

/// What the 32-bit words of a value are.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub enum DType {
	/// IEEE 754 binary32, as bits.
	#[codec(index = 0)]
	F32,
	/// Unsigned integer (labels, tokens).
	#[codec(index = 1)]
	U32,
}

/// Type of a value: every value is a matrix, a vector is a matrix with one row or one column, a scalar
/// is 1 × 1. An image batch is `(batch · height · width) × channels`.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ValueType {
	/// Kind of word.
	pub dtype: DType,
	/// Rows, at least 1.
	pub rows: u32,
	/// Columns, at least 1.
	pub cols: u32,
}

/// One operation of a program and where its operands come from.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Node {
	/// What is computed.
	pub op: Op,
	/// Producers of the operands.
	pub inputs: Inputs,
}

/// One tensor that lives from step to step: a parameter, optimiser state or a counter.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Slot {
	/// Type of the tensor.
	pub ty: ValueType,
	/// The node whose output is the slot's content after the step.
	pub next: NodeId,
	/// Whether the tensor is a parameter of the model (and not optimiser state): parameters are what
	/// must stay finite and what the artefact holds.
	pub parameter: bool,
}

/// One training step, compiled: load a batch, forward, loss, backward, optimiser.
///
/// Node `i` may only use nodes before it. Types are not stored: they follow from the operations (see
/// [`Program::check`]).
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Program {
	/// The operation set that gives the nodes their meaning; one of [`crate::OPSETS`].
	pub opset: u16,
	/// Records per step.
	pub batch: u32,
	/// Operations in order of execution.
	pub nodes: BoundedVec<Node, ConstU32<MAX_NODES>>,
	/// State that is carried from step to step.
	pub slots: BoundedVec<Slot, ConstU32<MAX_SLOTS>>,
	/// The node (1 × 1) whose output is the loss of the step.
	pub loss: NodeId,
}
