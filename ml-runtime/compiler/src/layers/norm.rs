//! Norms over the last dimension: the vectors of a sequence, the pixels of an image.

use assay_ops::{soft::ONE, Binary, Broadcast, NodeId, Op, Unary};

use super::{Network, Place};
use crate::{
	constant,
	graph::{Graph, Refusal, Shortcut},
	init::Init,
};

impl Network<'_> {
	/// `(x − mean) / sqrt(variance + eps) · w + b`.
	pub(super) fn layer_norm(&mut self, place: Place, eps: u32, bias: bool) -> Result<(), Refusal> {
		let x = self.value;
		let mean = row_mean(self.graph, x)?;
		let centred = self.graph.binary(Binary::Sub, Broadcast::Col, x, mean)?;
		self.value = self.normalise(place, "", (x, centred), eps)?;
		if bias {
			let (width, zero) = (self.graph.ty(x).cols, Init::Constant { bits: 0 });
			let bias = self.parameter(place, "bias", vec![width], (1, width), zero)?;
			self.value = self.graph.binary(Binary::Add, Broadcast::Row, self.value, bias)?;
		}
		Ok(())
	}

	/// `x / sqrt(mean of squares + eps) · w`.
	pub(super) fn rms_norm(&mut self, place: Place, eps: u32) -> Result<(), Refusal> {
		self.value = self.rms(place, "", self.value, eps)?;
		Ok(())
	}

	/// The same of `x`, with a weight whose name begins so.
	pub(super) fn rms(
		&mut self,
		place: Place,
		name: &str,
		x: NodeId,
		eps: u32,
	) -> Result<NodeId, Refusal> {
		self.normalise(place, name, (x, x), eps)
	}

	/// `y / sqrt(mean of y² + eps) · w`, where `y` is `input` or that without its mean.
	fn normalise(
		&mut self,
		place: Place,
		name: &str,
		(input, y): (NodeId, NodeId),
		eps: u32,
	) -> Result<NodeId, Refusal> {
		let width = self.graph.ty(y).cols;
		let square = self.graph.binary(Binary::Mul, Broadcast::None, y, y)?;
		let mean = row_mean(self.graph, square)?;
		let sum = self.graph.with_constant(Binary::Add, mean, eps)?;
		let inverse = self.graph.unary(Unary::Rsqrt, sum)?;
		let unit = self.graph.binary(Binary::Mul, Broadcast::Col, y, inverse)?;
		self.graph.shorten(unit, Shortcut::Normalise { input, inverse, centred: input != y });
		let (name, one) = (format!("{name}weight"), Init::Constant { bits: ONE });
		let weight = self.parameter(place, &name, vec![width], (1, width), one)?;
		self.graph.binary(Binary::Mul, Broadcast::Row, unit, weight)
	}
}

/// The mean of each row, `rows × 1`.
pub(crate) fn row_mean(graph: &mut Graph, x: NodeId) -> Result<NodeId, Refusal> {
	let share = constant::reciprocal(graph.ty(x).cols);
	let sum = graph.add(Op::RowSum, &[x])?;
	graph.with_constant(Binary::Mul, sum, share)
}
