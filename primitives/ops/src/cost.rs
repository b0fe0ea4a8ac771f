//! What a node, a tile and a step cost.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	op::{Binary, Op, Unary, Window},
	program::Slot,
	spec::NodeSpec,
	TILE_WORDS,
};

/// What one step costs, and the worst of its tiles.
#[derive(
	Clone,
	Copy,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Cost {
	/// Scalar operations, weighted (see [`NodeSpec::flops`]).
	pub flops: u64,
	/// Bytes read and written when every node reads its operands and writes its result once.
	pub bytes: u64,
	/// Words of all values and slots: the memory plan, in which nothing is reused.
	pub words: u64,
	/// Largest [`NodeSpec::worst_footprint`].
	pub worst_tile_footprint: u32,
	/// Largest [`NodeSpec::blocks`].
	pub max_blocks: u32,
}

/// What moving a byte takes, in operations: small steps spend their time with memory, large ones with arithmetic, and by
/// both together the programs of the examples take the same time for the same effort within a factor of two (ADR 0028).
const OPERATIONS_PER_BYTE: u64 = 16;

/// What executing some steps takes, in operations: those that one step computes, and 16 for each byte that it moves.
pub fn effort(flops: u64, bytes: u64, steps: u32) -> u64 {
	let moving = bytes.saturating_mul(OPERATIONS_PER_BYTE);
	flops.saturating_add(moving).saturating_mul(steps.into())
}

impl Cost {
	pub(crate) fn with_slot(mut self, slot: &Slot) -> Option<Self> {
		self.words = self.words.checked_add(slot.ty.words())?;
		Some(self)
	}

	pub(crate) fn with_node(mut self, spec: &NodeSpec) -> Option<Self> {
		let mut traffic = spec.ty.words();
		for operand in &spec.inputs {
			traffic = traffic.checked_add(operand.ty.words())?;
		}
		self.flops = self.flops.checked_add(spec.flops()?)?;
		self.bytes = self.bytes.checked_add(traffic.checked_mul(4)?)?;
		self.words = self.words.checked_add(spec.ty.words())?;
		self.worst_tile_footprint = self.worst_tile_footprint.max(spec.worst_footprint());
		self.max_blocks = self.max_blocks.max(spec.blocks());
		Some(self)
	}
}

/// Windows that cover a pixel, at most.
fn windows_over(w: &Window) -> u64 {
	let along = |kernel: u8, stride: u8| u64::from(kernel).div_ceil(u64::from(stride).max(1));
	along(w.kernel_h, w.stride_h).saturating_mul(along(w.kernel_w, w.stride_w))
}

fn unary_work(function: Unary) -> u64 {
	match function {
		Unary::Neg | Unary::Relu | Unary::Abs => 1,
		Unary::Sqrt => 4,
		Unary::Rsqrt => 8,
		Unary::Exp | Unary::Log => 20,
		Unary::Tanh | Unary::Erf | Unary::Sigmoid | Unary::Silu => 30,
		Unary::Gelu => 35,
	}
}

fn binary_work(function: Binary) -> u64 {
	match function {
		Binary::Add | Binary::Sub | Binary::Mul | Binary::ReluGrad => 1,
		Binary::Max | Binary::Min => 1,
		Binary::TanhGrad | Binary::SigmoidGrad => 3,
		Binary::Div => 4,
		Binary::SiluGrad => 35,
		Binary::GeluGrad => 65,
	}
}

impl NodeSpec {
	/// Scalar operations for one element of the result, where the whole reduction counts. An add, mul,
	/// fma, compare or copy is 1, a division or root 4, a logarithm or exponential 20, what is composed of
	/// them the sum of its parts, a random word or a record's element 8.
	pub fn element_work(&self) -> u64 {
		match &self.op {
			Op::State { .. } | Op::Fill { .. } | Op::Iota { .. } | Op::StepIndex { .. } => 1,
			Op::Load { .. } | Op::Mask { .. } => 8,
			Op::MatMul { .. }
			| Op::QuantMatMul { .. }
			| Op::BatchMatMul(_)
			| Op::ColSum
			| Op::ScatterAdd { .. }
			| Op::RowSum
			| Op::RowMax => self.terms().into(),
			Op::Im2Col(_) | Op::Reshape { .. } => 1,
			Op::Col2Im(w) | Op::MaxPool(w) | Op::AvgPool(w) => w.kernel().into(),
			Op::MaxPoolGrad(w) => windows_over(w).saturating_mul(w.kernel().into()),
			Op::AvgPoolGrad(w) => windows_over(w),
			Op::Unary(function) => unary_work(*function),
			Op::Binary(function, _) => binary_work(*function),
			Op::Fma(_) | Op::Select(_) => 1,
			Op::Pick | Op::OneHot { .. } | Op::Gather => 1,
			Op::Causal { .. } | Op::RotateHalf { .. } => 1,
		}
	}

	/// Scalar operations for the whole result; `None` if they do not fit 64 bits. Each row of a scatter
	/// is added once, whichever row of the result it goes to.
	pub fn flops(&self) -> Option<u64> {
		match (&self.op, self.operand(1)) {
			(Op::ScatterAdd { .. }, Some(gradient)) => {
				self.ty.words().checked_add(gradient.words())
			},
			(_, _) => self.element_work().checked_mul(self.ty.words()),
		}
	}

	/// Upper bound on the scalar operations for one block of a tile, as the referee does them: to find
	/// the place of an operand in a window takes it as long as three more (see the bench `referee`).
	pub fn worst_tile_work(&self) -> u64 {
		let one = self.element_work();
		let terms = if self.blocks() > 1 { one.min(self.block_terms().into()) } else { one };
		let places = match &self.op {
			Op::Col2Im(_)
			| Op::MaxPool(_)
			| Op::AvgPool(_)
			| Op::MaxPoolGrad(_)
			| Op::AvgPoolGrad(_) => 4,
			Op::State { .. }
			| Op::Fill { .. }
			| Op::Load { .. }
			| Op::Mask { .. }
			| Op::MatMul { .. }
			| Op::QuantMatMul { .. }
			| Op::BatchMatMul(_)
			| Op::ColSum
			| Op::ScatterAdd { .. }
			| Op::Im2Col(_)
			| Op::Reshape { .. }
			| Op::Unary(_)
			| Op::Binary(..)
			| Op::Fma(_)
			| Op::Select(_)
			| Op::RowSum
			| Op::RowMax
			| Op::Pick
			| Op::OneHot { .. }
			| Op::Gather
			| Op::Iota { .. }
			| Op::StepIndex { .. }
			| Op::Causal { .. }
			| Op::RotateHalf { .. } => 1,
		};
		terms.saturating_mul(places).saturating_mul(self.ty.words().min(TILE_WORDS as u64))
	}
}
