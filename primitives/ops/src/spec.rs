//! One node of a checked program with everything that says what it computes.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	op::Op,
	program::{NodeId, ValueType, MAX_INPUTS},
	K_BLOCK,
};

/// One operand of a node: which node produces it, and its type.
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
pub struct Operand {
	/// The producer.
	pub id: NodeId,
	/// Type of the producer's output.
	pub ty: ValueType,
}

/// A node with its place and all types: the leaf of the program tree, and all that the referee needs
/// to know of a program. [`crate::Program::check`] makes them.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NodeSpec {
	/// Position of the node in its program.
	pub id: NodeId,
	/// What is computed.
	pub op: Op,
	/// The operands, in order.
	pub inputs: BoundedVec<Operand, ConstU32<MAX_INPUTS>>,
	/// Type of the result.
	pub ty: ValueType,
}

impl NodeSpec {
	/// Type of an operand, if there is one.
	pub fn operand(&self, index: usize) -> Option<&ValueType> {
		self.inputs.get(index).map(|operand| &operand.ty)
	}

	/// Terms of the long reduction behind each element: K of a matrix product, rows of a column sum;
	/// 1 for every other operation.
	pub fn terms(&self) -> u32 {
		match (&self.op, self.operand(0)) {
			(Op::MatMul { transpose_a: true, .. } | Op::ColSum, Some(a)) => a.rows,
			(Op::MatMul { transpose_a: false, .. }, Some(a)) => a.cols,
			_ => 1,
		}
	}

	/// Number of K-blocks of each tile, at least 1.
	pub fn blocks(&self) -> u32 {
		self.terms().div_ceil(K_BLOCK).max(1)
	}
}
