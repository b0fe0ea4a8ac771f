//! Layers of a manifest.

use super::{Attention, Bits};
use crate::error::Span;

/// One `[[model.layer]]`, or one of a list inside another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
	/// What it does.
	pub kind: LayerKind,
	/// Whether its parameters, and those of the layers inside it, stay as they start.
	pub frozen: bool,
	/// Standard deviation of initial weights, which are uniform; `None` for the usual one of the kind.
	pub std: Option<Bits>,
	/// Where the manifest names it.
	pub span: Span,
}

/// Height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
	/// Vertical.
	pub height: u8,
	/// Horizontal.
	pub width: u8,
}

/// Low-rank adapters (Hu et al., 2021): to the product with a frozen weight is added
/// `((x · Aᵀ) · Bᵀ) · (alpha / rank)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lora {
	/// Rows of `A`.
	pub rank: u32,
	/// Numerator of the scale.
	pub alpha: Bits,
}

/// How a sequence becomes features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
	/// The vector at the first position.
	First,
	/// The vector at the last position.
	Last,
	/// The mean over all positions.
	Mean,
}

/// What a layer does. Layers are those of `torch.nn` with the same names, where there are any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerKind {
	/// `x · Wᵀ + b`, `W` of `out × in`, on features or on each vector of a sequence.
	Linear {
		/// Features of the result.
		out: u32,
		/// Whether there is a `b`.
		bias: bool,
		/// Adapters that learn in place of `W` and `b`.
		lora: Option<Lora>,
	},
	/// `x · Eᵀ` with the table `E` of the model's embedding: logits that share its parameter.
	TiedLinear,
	/// Two-dimensional convolution.
	Conv2d {
		/// Channels of the result.
		out: u16,
		/// Window.
		kernel: Size,
		/// Distance of windows.
		stride: Size,
		/// Zeros around the image.
		pad: Size,
		/// Groups of neighbouring channels, each of which is computed from a group of its own.
		groups: u16,
		/// Whether there is a bias per channel.
		bias: bool,
	},
	/// `max(x, 0)`.
	Relu,
	/// Gaussian error linear unit.
	Gelu {
		/// Whether it is the approximation by the hyperbolic tangent, as in GPT-2, in place of the error function.
		tanh: bool,
	},
	/// `x` above 0 and `slope · x` below.
	LeakyRelu {
		/// Slope below 0.
		slope: Bits,
	},
	/// `x` above 0 and `alpha · (exp(x) − 1)` below.
	Elu {
		/// What it tends to far below 0, with the other sign.
		alpha: Bits,
	},
	/// `min(max(x, 0), 6)`.
	Relu6,
	/// `x · min(max(x + 3, 0), 6) / 6`.
	HardSwish,
	/// `x · sigmoid(x)`.
	Silu,
	/// Hyperbolic tangent.
	Tanh,
	/// `1 / (1 + exp(−x))`.
	Sigmoid,
	/// Largest number of each window.
	MaxPool {
		/// Window.
		kernel: Size,
		/// Distance of windows.
		stride: Size,
		/// Rows and columns around the image, which are no numbers.
		pad: Size,
	},
	/// Mean of each window.
	AvgPool {
		/// Window.
		kernel: Size,
		/// Distance of windows.
		stride: Size,
		/// Rows and columns of zeros around the image, which count.
		pad: Size,
	},
	/// Image to a sequence of its pixels, row by row.
	Sequence,
	/// Image or sequence to features: channel, row, column, or position, feature, as in
	/// `torch.nn.Flatten`.
	Flatten,
	/// Zeroes elements with probability `p` and scales the others by `1 / (1 − p)`; in training only.
	Dropout {
		/// Probability.
		p: Bits,
	},
	/// Tokens to vectors: the rows of a table.
	Embedding {
		/// Rows of the table.
		vocab: u32,
		/// Features of the result.
		out: u32,
	},
	/// Adds a learned vector per position.
	Position,
	/// Each vector (or pixel) to mean 0 and variance 1, then `· w + b`.
	LayerNorm {
		/// Added to the variance.
		eps: Bits,
		/// Whether there is a `b`.
		bias: bool,
	},
	/// Each vector (or pixel) divided by the root of its mean square, then `· w`.
	RmsNorm {
		/// Added to the mean square.
		eps: Bits,
	},
	/// Multi-head self-attention with the projections `q`, `k`, `v` and `o`.
	Attention(Attention),
	/// `down(f(gate(x)) · up(x))`, three linear layers (Shazeer, 2020).
	Gated {
		/// The function of the gate.
		gate: Gate,
		/// Features between them.
		hidden: u32,
		/// Whether they have a bias.
		bias: bool,
	},
	/// Sequence to features.
	Pool {
		/// How.
		take: Pooling,
	},
	/// `layers(x) + skip(x)`.
	Residual {
		/// The branch.
		layers: Vec<Layer>,
		/// The way past it; nothing where it is empty.
		skip: Vec<Layer>,
	},
	/// The same layers several times, each time with parameters of their own.
	Repeat {
		/// How often.
		times: u32,
		/// The layers.
		layers: Vec<Layer>,
	},
}

/// The function of the gate of two linear layers whose outputs are multiplied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
	/// `x · sigmoid(x)`.
	Silu,
	/// Gaussian error linear unit.
	Gelu {
		/// Whether it is the approximation by the hyperbolic tangent, as in Gemma, in place of the error function.
		tanh: bool,
	},
}

impl LayerKind {
	/// Its name in a manifest.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Linear { .. } => "linear",
			Self::TiedLinear => "tied_linear",
			Self::Conv2d { .. } => "conv2d",
			Self::Relu => "relu",
			Self::Gelu { .. } => "gelu",
			Self::LeakyRelu { .. } => "leaky_relu",
			Self::Elu { .. } => "elu",
			Self::Relu6 => "relu6",
			Self::HardSwish => "hardswish",
			Self::Silu => "silu",
			Self::Tanh => "tanh",
			Self::Sigmoid => "sigmoid",
			Self::MaxPool { .. } => "max_pool",
			Self::AvgPool { .. } => "avg_pool",
			Self::Sequence => "sequence",
			Self::Flatten => "flatten",
			Self::Dropout { .. } => "dropout",
			Self::Embedding { .. } => "embedding",
			Self::Position => "position",
			Self::LayerNorm { .. } => "layer_norm",
			Self::RmsNorm { .. } => "rms_norm",
			Self::Attention(_) => "attention",
			Self::Gated { gate: Gate::Silu, .. } => "swiglu",
			Self::Gated { gate: Gate::Gelu { .. }, .. } => "geglu",
			Self::Pool { .. } => "pool",
			Self::Residual { .. } => "residual",
			Self::Repeat { .. } => "repeat",
		}
	}

	/// Whether it has parameters of its own.
	pub(crate) fn has_parameters(&self) -> bool {
		match self {
			Self::Linear { .. }
			| Self::Conv2d { .. }
			| Self::Embedding { .. }
			| Self::Position
			| Self::LayerNorm { .. }
			| Self::RmsNorm { .. }
			| Self::Attention(_)
			| Self::Gated { .. } => true,
			Self::TiedLinear
			| Self::Relu
			| Self::Gelu { .. }
			| Self::LeakyRelu { .. }
			| Self::Elu { .. }
			| Self::Relu6
			| Self::HardSwish
			| Self::Silu
			| Self::Tanh
			| Self::Sigmoid
			| Self::MaxPool { .. }
			| Self::AvgPool { .. }
			| Self::Sequence
			| Self::Flatten
			| Self::Dropout { .. }
			| Self::Pool { .. }
			| Self::Residual { .. }
			| Self::Repeat { .. } => false,
		}
	}
}

impl Layer {
	/// The lists of layers inside it.
	pub(crate) fn inside(&self) -> [&[Layer]; 2] {
		match &self.kind {
			LayerKind::Residual { layers, skip } => [layers, skip],
			LayerKind::Repeat { layers, .. } => [layers, &[]],
			_ => [&[], &[]],
		}
	}

	/// Whether a parameter of it, or of a layer inside it, learns.
	pub(crate) fn learns(&self) -> bool {
		let inside = || self.inside().into_iter().flatten().any(Layer::learns);
		!self.frozen && (self.kind.has_parameters() || inside())
	}

	/// Layers that it stands for: itself and all inside it, as often as they are repeated.
	pub(crate) fn count(&self) -> usize {
		let times = match self.kind {
			LayerKind::Repeat { times, .. } => times as usize,
			_ => 1,
		};
		let inside = self.inside().into_iter().flatten();
		let inside = inside.fold(0usize, |sum, layer| sum.saturating_add(layer.count()));
		inside.saturating_mul(times).saturating_add(1)
	}
}
