//! The layers of a manifest in candle's operations.

mod attention;
mod image;
mod layer;
mod norm;

use assay_compiler::{Layer as Described, LayerKind, Model};
use candle_core::{DType, Device, Result, Tensor};

use crate::Error;
use attention::Attention;
use layer::{Layer, Linear};

/// A network that candle evaluates, and through which its autograd can go.
///
/// Features are `batch × n`, sequences `batch × length × n`, images `batch × channels × height × width`,
/// tokens `batch × length`.
#[derive(Clone, Debug)]
pub struct Network {
	layers: Vec<Layer>,
}

impl Network {
	/// The layers of a model with these parameters (in their order, in any float type). Dropout is
	/// left out, as in every evaluation.
	pub fn new(model: &Model, parameters: &[Tensor]) -> std::result::Result<Self, Error> {
		let mut builder = Builder { parameters, taken: 0, table: None };
		let layers = builder.stack(&model.layers)?;
		if builder.taken != parameters.len() {
			return Err(Error::SlotCount { expected: builder.taken, got: parameters.len() });
		}
		Ok(Self { layers })
	}

	/// The logits of a batch shaped as [`crate::Inputs`] shapes it: `batch × classes`, or of a sequence
	/// `(batch · length) × classes`. `mask` is that of the inputs, if the model has one.
	pub fn forward(&self, inputs: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
		let logits = run(&self.layers, inputs, mask)?;
		let classes = logits.dims().last().copied().unwrap_or(1).max(1);
		logits.reshape((logits.elem_count() / classes, classes))
	}
}

/// One layer after the other.
fn run(layers: &[Layer], x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
	layers.iter().try_fold(x.clone(), |value, layer| layer.forward(&value, mask))
}

/// Hands out parameters in order.
struct Builder<'a> {
	parameters: &'a [Tensor],
	taken: usize,
	/// The table of the first embedding.
	table: Option<Tensor>,
}

impl Builder<'_> {
	/// The next parameter; anything where there is none, which the count tells in the end.
	fn next(&mut self) -> Result<Tensor> {
		let found = self.parameters.get(self.taken).cloned();
		self.taken += 1;
		found.map_or_else(|| Tensor::zeros((1, 1), DType::F32, &Device::Cpu), Ok)
	}

	fn linear(&mut self, bias: bool, scale: Option<f64>) -> Result<Linear> {
		let weight = self.next()?;
		let bias = bias.then(|| self.next()).transpose()?;
		let adapter =
			scale.map(|scale| Ok::<_, candle_core::Error>((self.next()?, self.next()?, scale)));
		Ok(Linear { weight, bias, adapter: adapter.transpose()? })
	}

	fn stack(&mut self, layers: &[Described]) -> Result<Vec<Layer>> {
		let mut made = Vec::new();
		for layer in layers {
			match &layer.kind {
				LayerKind::Dropout { .. } => {},
				LayerKind::Repeat { times, layers } => {
					for _ in 0..*times {
						made.extend(self.stack(layers)?);
					}
				},
				kind => made.push(self.layer(kind)?),
			}
		}
		Ok(made)
	}

	fn layer(&mut self, kind: &LayerKind) -> Result<Layer> {
		let scale = |lora: &assay_compiler::Lora| {
			f64::from(f32::from_bits(lora.alpha)) / f64::from(lora.rank)
		};
		Ok(match kind {
			LayerKind::Linear { bias, lora, .. } => {
				Layer::Linear(self.linear(*bias, lora.as_ref().map(scale))?)
			},
			LayerKind::TiedLinear => {
				let missing = || candle_core::Error::msg("there is no embedding to tie to");
				let weight = self.table.clone().ok_or_else(missing)?;
				Layer::Linear(Linear { weight, bias: None, adapter: None })
			},
			LayerKind::Conv2d { stride, pad, groups, bias, .. } => {
				let linear = self.linear(*bias, None)?;
				let groups = usize::from(*groups);
				Layer::Conv2d { linear, stride: *stride, pad: *pad, groups }
			},
			LayerKind::Embedding { .. } => {
				let table = self.next()?;
				self.table.get_or_insert_with(|| table.clone());
				Layer::Embedding(table)
			},
			LayerKind::Position => Layer::Position(self.next()?),
			LayerKind::LayerNorm { eps, bias } => {
				let (weight, eps) = (self.next()?, f64::from(f32::from_bits(*eps)));
				let bias = bias.then(|| self.next()).transpose()?;
				Layer::Norm { weight, bias, eps, centred: true }
			},
			LayerKind::RmsNorm { eps } => {
				let (weight, eps) = (self.next()?, f64::from(f32::from_bits(*eps)));
				Layer::Norm { weight, bias: None, eps, centred: false }
			},
			LayerKind::Attention(layer) => {
				let (bias, scale) = (layer.bias, layer.lora.as_ref().map(scale));
				let (q, k) = (self.linear(bias, scale)?, self.linear(bias, None)?);
				let v = self.linear(bias, scale)?;
				let mut norm = |eps: u32| {
					let eps = f64::from(f32::from_bits(eps));
					Ok::<_, candle_core::Error>(attention::Norm { weight: self.next()?, eps })
				};
				let norms =
					layer.qk_norm.map(|eps| Ok::<_, candle_core::Error>([norm(eps)?, norm(eps)?]));
				Layer::Attention(Attention {
					q,
					k,
					v,
					norms: norms.transpose()?,
					o: self.linear(bias, None)?,
					heads: layer.heads.into(),
					kv_heads: layer.kv_heads.into(),
					causal: layer.causal,
					rope: layer.rope,
				})
			},
			LayerKind::Gated { gate: function, bias, .. } => {
				let (gate, up) = (self.linear(*bias, None)?, self.linear(*bias, None)?);
				Layer::Gated { function: *function, gate, up, down: self.linear(*bias, None)? }
			},
			LayerKind::Residual { layers, skip } => {
				let layers = self.stack(layers)?;
				Layer::Residual { layers, skip: self.stack(skip)? }
			},
			other => layer::plain(other)?,
		})
	}
}
