//! Products with weights.

use assay_ops::{Binary, Broadcast, NodeId, Unary};

use super::{Network, Place};
use crate::{
	error::ErrorKind,
	graph::Refusal,
	init::Init,
	manifest::{Gate, Lora, Shape},
};
use assay_ops::soft;

impl Network<'_> {
	pub(super) fn linear(
		&mut self,
		place: Place,
		out: u32,
		bias: bool,
		lora: Option<Lora>,
	) -> Result<(), ErrorKind> {
		let inputs = self.width(place.layer)?;
		let init = place.std.map_or(Init::KaimingUniform { fan_in: inputs }, Init::deviating);
		let made = match lora {
			None => self.weigh(place, "", self.value, (vec![out, inputs], init), bias),
			Some(lora) => self.adapt(place, "", self.value, (vec![out, inputs], init), bias, lora),
		};
		self.value = made.map_err(place.refused())?;
		self.set_width(out);
		Ok(())
	}

	/// `down(f(gate(x)) · up(x))`.
	pub(super) fn gated(
		&mut self,
		place: Place,
		gate: Gate,
		hidden: u32,
		bias: bool,
	) -> Result<(), ErrorKind> {
		let sizes = (self.width(place.layer)?, hidden);
		self.value = self.through_gate(place, gate, sizes, bias).map_err(place.refused())?;
		Ok(())
	}

	fn through_gate(
		&mut self,
		place: Place,
		function: Gate,
		(features, hidden): (u32, u32),
		bias: bool,
	) -> Result<NodeId, Refusal> {
		let init = |fan_in| place.std.map_or(Init::keeping(fan_in), Init::deviating);
		let wide = || (vec![hidden, features], init(features));
		let gate = self.weigh(place, "gate.", self.value, wide(), bias)?;
		let up = self.weigh(place, "up.", self.value, wide(), bias)?;
		let open = match function {
			Gate::Silu => self.graph.unary(Unary::Silu, gate)?,
			Gate::Gelu { tanh: false } => self.graph.unary(Unary::Gelu, gate)?,
			Gate::Gelu { tanh: true } => self.gelu_by_tanh(gate)?,
		};
		let inner = self.graph.binary(Binary::Mul, Broadcast::None, open, up)?;
		self.weigh(place, "down.", inner, (vec![features, hidden], init(hidden)), bias)
	}

	/// Logits by the embedding's table.
	pub(super) fn tied_linear(&mut self, place: Place) -> Result<(), ErrorKind> {
		let Some(table) = self.embedding else { return Err(ErrorKind::NoEmbedding) };
		if self.width(place.layer)? != table.features {
			let (embedding, found) = (table.features, self.shape.to_string());
			return Err(ErrorKind::TiedWidth { embedding, found });
		}
		let logits = self.graph.product((false, true), self.value, table.node);
		self.value = logits.map_err(place.refused())?;
		self.set_width(self.graph.ty(table.node).rows);
		Ok(())
	}

	/// Numbers of a vector of the features or the sequence that arrives.
	fn width(&self, layer: &'static str) -> Result<u32, ErrorKind> {
		match self.shape {
			Shape::Features(features) | Shape::Sequence { features, .. } => Ok(features),
			other => Err(ErrorKind::NotFeatures { layer, found: other.to_string() }),
		}
	}

	fn set_width(&mut self, width: u32) {
		match &mut self.shape {
			Shape::Features(features) | Shape::Sequence { features, .. } => *features = width,
			Shape::Tokens(_) | Shape::Image { .. } => {},
		}
	}

	/// `x · Wᵀ + b`, `W` with a PyTorch shape, whose first number is the outputs. `prefix` names the
	/// module within the layer's.
	pub(super) fn weigh(
		&mut self,
		place: Place,
		prefix: &str,
		x: NodeId,
		(shape, init): (Vec<u32>, Init),
		bias: bool,
	) -> Result<NodeId, Refusal> {
		let (out, fan_in) = (shape[0], self.graph.ty(x).cols);
		let name = format!("{prefix}weight");
		let weight = self.parameter(place, &name, shape, (out, fan_in), init)?;
		let product = self.graph.product((false, true), x, weight)?;
		if !bias {
			return Ok(product);
		}
		let (name, zero) = (format!("{prefix}bias"), Init::Constant { bits: 0 });
		let bias = self.parameter(place, &name, vec![out], (1, out), zero)?;
		self.graph.binary(Binary::Add, Broadcast::Row, product, bias)
	}

	/// The same with `W` and `b` frozen, and what adapters add to it.
	pub(super) fn adapt(
		&mut self,
		place: Place,
		prefix: &str,
		x: NodeId,
		(shape, init): (Vec<u32>, Init),
		bias: bool,
		lora: Lora,
	) -> Result<NodeId, Refusal> {
		let (out, fan_in, rank) = (shape[0], self.graph.ty(x).cols, lora.rank);
		let frozen = Place { frozen: true, ..place };
		let base = self.weigh(frozen, prefix, x, (shape, init), bias)?;
		let (down, up) = (format!("{prefix}lora_A.weight"), format!("{prefix}lora_B.weight"));
		let kaiming = Init::KaimingUniform { fan_in };
		let a = self.parameter(place, &down, vec![rank, fan_in], (rank, fan_in), kaiming)?;
		let zero = Init::Constant { bits: 0 };
		let b = self.parameter(place, &up, vec![out, rank], (out, rank), zero)?;
		let small = self.graph.product((false, true), x, a)?;
		let scale = soft::div(lora.alpha, soft::from_u32(rank));
		let scaled = self.graph.with_constant(Binary::Mul, small, scale)?;
		let added = self.graph.product((false, true), scaled, b)?;
		self.graph.binary(Binary::Add, Broadcast::None, base, added)
	}
}
