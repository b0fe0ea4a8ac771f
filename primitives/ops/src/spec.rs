//! One node of a checked program with everything that says what it computes.

use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	op::Op,
	program::{NodeId, ValueType, MAX_INPUTS},
	K_BLOCK, ROW_BLOCK,
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

	/// Terms of the long reduction behind each element, terms of a block, and how blocks are put
	/// together; `None` if there is no such reduction.
	fn reduction(&self) -> Option<(u32, u32, Fold)> {
		match (&self.op, self.operand(0)?) {
			(Op::MatMul { transpose_a, .. } | Op::QuantMatMul { transpose_a, .. }, a) => {
				let terms = if *transpose_a { a.rows } else { a.cols };
				Some((terms, K_BLOCK, Fold::Sum))
			},
			(Op::ColSum | Op::ScatterAdd { .. }, a) => Some((a.rows, K_BLOCK, Fold::Sum)),
			(Op::BatchMatMul(product), a) => {
				let k = product.shapes(a, self.operand(1)?)?.k;
				Some((k, K_BLOCK, Fold::Sum))
			},
			(Op::RowSum, a) => Some((a.cols, ROW_BLOCK, Fold::Sum)),
			(Op::RowMax, a) => Some((a.cols, ROW_BLOCK, Fold::Max)),
			(_, _) => None,
		}
	}

	/// Terms of the long reduction behind each element: K of a matrix product, rows of a column sum,
	/// columns of a row sum or maximum, positions of a scatter; 1 for every other operation.
	pub fn terms(&self) -> u32 {
		self.reduction().map_or(1, |(terms, _, _)| terms)
	}

	/// Terms of a block of the reduction; the last block may have fewer.
	pub fn block_terms(&self) -> u32 {
		self.reduction().map_or(1, |(_, block, _)| block)
	}

	/// How blocks are put together.
	pub fn fold(&self) -> Fold {
		self.reduction().map_or(Fold::Sum, |(_, _, fold)| fold)
	}

	/// Number of blocks of each tile, at least 1.
	pub fn blocks(&self) -> u32 {
		self.terms().div_ceil(self.block_terms()).max(1)
	}

	/// First term of a block and the number of its terms.
	pub fn block_range(&self, block: u32) -> (u32, u32) {
		let first = block.saturating_mul(self.block_terms());
		(first, self.terms().saturating_sub(first).min(self.block_terms()))
	}
}

/// How the blocks of a long reduction are put together, left to right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fold {
	/// `add`.
	Sum,
	/// The greater in the total order; the first where they are the same.
	Max,
}
