//! One layer.

use assay_compiler::{Gate, LayerKind, Pooling, Size};
use candle_core::{Result, Tensor};

use super::{
	attention::Attention,
	image::{convolve, max_pool},
	norm::normalise,
	run,
};

/// `x · Wᵀ + b`, and what an adapter (A, B, scale) adds.
#[derive(Clone, Debug)]
pub(super) struct Linear {
	pub(super) weight: Tensor,
	pub(super) bias: Option<Tensor>,
	pub(super) adapter: Option<(Tensor, Tensor, f64)>,
}

impl Linear {
	pub(super) fn forward(&self, x: &Tensor) -> Result<Tensor> {
		let product = |x: &Tensor, weight: &Tensor| x.broadcast_matmul(&weight.t()?);
		let mut y = product(x, &self.weight)?;
		if let Some((a, b, scale)) = &self.adapter {
			y = (y + (product(&product(x, a)?, b)? * *scale)?)?;
		}
		self.bias.as_ref().map_or(Ok(y.clone()), |bias| y.broadcast_add(bias))
	}
}

/// One layer with its parameters.
#[derive(Clone, Debug)]
pub(super) enum Layer {
	Linear(Linear),
	Conv2d { linear: Linear, stride: Size, pad: Size, groups: usize },
	Relu,
	Gelu { tanh: bool },
	LeakyRelu(f64),
	Elu(f64),
	Relu6,
	HardSwish,
	Silu,
	Tanh,
	Sigmoid,
	MaxPool { kernel: Size, stride: Size, pad: Size },
	AvgPool { kernel: Size, stride: Size, pad: Size },
	Sequence,
	Flatten,
	Embedding(Tensor),
	Position(Tensor),
	Norm { weight: Tensor, bias: Option<Tensor>, eps: f64, centred: bool },
	Attention(Attention),
	Gated { function: Gate, gate: Linear, up: Linear, down: Linear },
	Pool(Pooling),
	Residual { layers: Vec<Layer>, skip: Vec<Layer> },
}

/// A layer without parameters.
pub(super) fn plain(kind: &LayerKind) -> Result<Layer> {
	Ok(match *kind {
		LayerKind::Relu => Layer::Relu,
		LayerKind::Gelu { tanh } => Layer::Gelu { tanh },
		LayerKind::LeakyRelu { slope } => Layer::LeakyRelu(f64::from(f32::from_bits(slope))),
		LayerKind::Elu { alpha } => Layer::Elu(f64::from(f32::from_bits(alpha))),
		LayerKind::Relu6 => Layer::Relu6,
		LayerKind::HardSwish => Layer::HardSwish,
		LayerKind::Silu => Layer::Silu,
		LayerKind::Tanh => Layer::Tanh,
		LayerKind::Sigmoid => Layer::Sigmoid,
		LayerKind::MaxPool { kernel, stride, pad } => Layer::MaxPool { kernel, stride, pad },
		LayerKind::AvgPool { kernel, stride, pad } => Layer::AvgPool { kernel, stride, pad },
		LayerKind::Sequence => Layer::Sequence,
		LayerKind::Flatten => Layer::Flatten,
		LayerKind::Pool { take } => Layer::Pool(take),
		ref other => {
			return Err(candle_core::Error::msg(format!("no meaning in candle: {}", other.name())))
		},
	})
}

fn pair(size: Size) -> (usize, usize) {
	(size.height.into(), size.width.into())
}

fn sigmoid(x: &Tensor) -> Result<Tensor> {
	(x.neg()?.exp()? + 1.0)?.recip()
}

impl Layer {
	/// `mask` is 1 for positions of a sequence and 0 for padding.
	pub(super) fn forward(&self, x: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
		match self {
			Self::Linear(linear) => linear.forward(x),
			Self::Conv2d { linear, stride, pad, groups } => {
				let y = convolve(x, (&linear.weight, *groups), pair(*stride), pair(*pad))?;
				match &linear.bias {
					Some(bias) => y.broadcast_add(&bias.reshape((1, bias.elem_count(), 1, 1))?),
					None => Ok(y),
				}
			},
			Self::Relu => x.relu(),
			Self::Gelu { tanh: false } => x.gelu_erf(),
			Self::Gelu { tanh: true } => x.gelu(),
			Self::LeakyRelu(slope) => x.maximum(&(x * *slope)?),
			Self::Elu(alpha) => x.elu(*alpha),
			Self::Relu6 => x.clamp(0.0, 6.0),
			Self::HardSwish => (x * (x + 3.0)?.clamp(0.0, 6.0)?)? / 6.0,
			Self::Silu => x * sigmoid(x)?,
			Self::Tanh => x.tanh(),
			Self::Sigmoid => sigmoid(x),
			Self::MaxPool { kernel, stride, pad } => {
				max_pool(x, pair(*kernel), pair(*stride), pair(*pad))
			},
			Self::AvgPool { kernel, stride, pad } => {
				let (rows, cols) = pair(*pad);
				let padded = x.pad_with_zeros(2, rows, rows)?.pad_with_zeros(3, cols, cols)?;
				padded.avg_pool2d_with_stride(pair(*kernel), pair(*stride))
			},
			Self::Sequence => x.flatten_from(2)?.transpose(1, 2)?.contiguous(),
			Self::Flatten => x.flatten_from(1),
			Self::Embedding(table) => {
				let (batch, length) = x.dims2()?;
				let rows = table.index_select(&x.flatten_all()?, 0)?;
				rows.reshape((batch, length, table.dim(1)?))
			},
			Self::Position(table) => x.broadcast_add(table),
			Self::Norm { weight, bias, eps, centred } => {
				normalise(x, weight, bias.as_ref(), *eps, *centred)
			},
			Self::Attention(attention) => attention.forward(x, mask),
			Self::Gated { function, gate, up, down } => {
				let gate = gate.forward(x)?;
				let open = match function {
					Gate::Silu => (&gate * sigmoid(&gate)?)?,
					Gate::Gelu { tanh: false } => gate.gelu_erf()?,
					Gate::Gelu { tanh: true } => gate.gelu()?,
				};
				down.forward(&(open * up.forward(x)?)?)
			},
			Self::Pool(Pooling::First) => x.narrow(1, 0, 1)?.squeeze(1),
			Self::Pool(Pooling::Last) => x.narrow(1, x.dim(1)? - 1, 1)?.squeeze(1),
			Self::Pool(Pooling::Mean) => match mask {
				Some(mask) => {
					let mask = mask.to_dtype(x.dtype())?;
					let sum = x.broadcast_mul(&mask.unsqueeze(2)?)?.sum(1)?;
					sum.broadcast_div(&mask.sum_keepdim(1)?.maximum(1e-9)?)
				},
				None => x.mean(1),
			},
			Self::Residual { layers, skip } => run(layers, x, mask)? + run(skip, x, mask)?,
		}
	}
}
