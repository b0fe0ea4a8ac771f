//! Functions of each number that are put together from operations.

use assay_ops::{soft, Binary, Broadcast, NodeId, Unary};

use super::Network;
use crate::{constant, graph::Refusal};

/// `2 · sqrt(2 / π)` and 0.044715 times that.
const GELU_SLOPE: u32 = 0x3FCC_422A;
const GELU_CUBE: u32 = 0x3D92_2279;
const MINUS_ONE: u32 = 0xBF80_0000;
const THREE: u32 = 0x4040_0000;
const SIX: u32 = 0x40C0_0000;

impl Network<'_> {
	/// `x · (1 + tanh(sqrt(2 / π) · (x + 0.044715 · x³))) / 2`, where `(1 + tanh(y)) / 2` is `sigmoid(2 · y)`.
	pub(super) fn gelu_by_tanh(&mut self, x: NodeId) -> Result<NodeId, Refusal> {
		let graph = &mut *self.graph;
		let square = graph.binary(Binary::Mul, Broadcast::None, x, x)?;
		let cubic = graph.with_constant(Binary::Mul, square, GELU_CUBE)?;
		let slope = graph.with_constant(Binary::Add, cubic, GELU_SLOPE)?;
		let inner = graph.binary(Binary::Mul, Broadcast::None, x, slope)?;
		let share = graph.unary(Unary::Sigmoid, inner)?;
		graph.binary(Binary::Mul, Broadcast::None, x, share)
	}

	/// `max(x, 0) − slope · max(−x, 0)`.
	pub(super) fn leaky_relu(&mut self, slope: u32) -> Result<(), Refusal> {
		let (x, graph) = (self.value, &mut *self.graph);
		let above = graph.unary(Unary::Relu, x)?;
		let negative = graph.unary(Unary::Neg, x)?;
		let below = graph.unary(Unary::Relu, negative)?;
		self.value = graph.fma_constant(below, soft::neg(slope), above)?;
		Ok(())
	}

	/// `max(x, 0) + alpha · (exp(min(x, 0)) − 1)`.
	pub(super) fn elu(&mut self, alpha: u32) -> Result<(), Refusal> {
		let (x, graph) = (self.value, &mut *self.graph);
		let above = graph.unary(Unary::Relu, x)?;
		let below = graph.with_constant(Binary::Min, x, 0)?;
		let power = graph.unary(Unary::Exp, below)?;
		let below = graph.with_constant(Binary::Add, power, MINUS_ONE)?;
		self.value = graph.fma_constant(below, alpha, above)?;
		Ok(())
	}

	/// `min(max(x, 0), 6)`.
	pub(super) fn relu6(&mut self) -> Result<(), Refusal> {
		let above = self.graph.unary(Unary::Relu, self.value)?;
		self.value = self.graph.with_constant(Binary::Min, above, SIX)?;
		Ok(())
	}

	/// `x · relu6(x + 3) / 6`.
	pub(super) fn hard_swish(&mut self) -> Result<(), Refusal> {
		let x = self.value;
		self.value = self.graph.with_constant(Binary::Add, x, THREE)?;
		self.relu6()?;
		let share = self.graph.with_constant(Binary::Mul, self.value, constant::reciprocal(6))?;
		self.value = self.graph.binary(Binary::Mul, Broadcast::None, x, share)?;
		Ok(())
	}
}
