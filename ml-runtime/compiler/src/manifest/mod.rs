//! The task manifest: what a requester writes.
//!
//! A [`Manifest`] that exists is in range field by field; whether its layers fit together is found
//! out when it is compiled.

mod kinds;
mod number;
mod raw;
mod read;

use std::{collections::BTreeMap, ops::Range, sync::Arc};

use crate::error::{Error, ErrorKind};

/// The bits of an `f32`.
pub type Bits = u32;

/// A validated task manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
	/// What is run, and for how long.
	pub task: Task,
	/// What the records of the data set look like.
	pub data: Data,
	/// The network.
	pub model: Model,
	/// What is minimised.
	pub loss: Loss,
	/// How parameters move.
	pub optimizer: Optimizer,
	source: Arc<str>,
}

impl Manifest {
	/// Reads and validates a manifest.
	pub fn parse(text: &str) -> Result<Self, Error> {
		read::manifest(text)
	}

	pub(crate) fn error(&self, kind: ErrorKind, span: Option<Range<usize>>) -> Error {
		Error::new(kind, span, &self.source)
	}
}

/// `[task]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
	/// Name, for people.
	pub name: String,
	/// Training steps.
	pub steps: u32,
	/// Steps from one committed state to the next, at most `steps`.
	pub stride: u32,
	/// Records per step.
	pub batch: u32,
	/// Seed of initial parameters, shuffle and dropout. An integer in the manifest is its first eight
	/// bytes, little-endian.
	pub seed: [u8; 32],
}

/// `[data]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Data {
	/// Records in the data set.
	pub records: u32,
	/// Bytes per record.
	pub record_size: u32,
	/// Parts of a record, by name.
	pub fields: BTreeMap<String, Field>,
}

/// One entry of `[data.fields]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
	/// First byte within the record.
	pub offset: u32,
	/// Elements per record.
	pub width: u32,
	/// How bytes become elements.
	pub format: Format,
	/// Factor applied to each number; 1 without.
	pub scale: Bits,
	/// Number added after that; 0 without.
	pub shift: Bits,
}

/// How the bytes of a field become elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
	/// `"u8"`: one byte, a number from 0 to 255.
	U8,
	/// `"f32"`: four little-endian bytes, a number.
	F32,
	/// `"label_u8"`: one byte, a class.
	LabelU8,
	/// `"label_u32"`: four little-endian bytes, a class.
	LabelU32,
}

impl Format {
	/// Whether elements are classes and not numbers.
	pub fn is_label(self) -> bool {
		matches!(self, Self::LabelU8 | Self::LabelU32)
	}

	/// Bytes per element.
	pub fn bytes(self) -> u32 {
		match self {
			Self::U8 | Self::LabelU8 => 1,
			Self::F32 | Self::LabelU32 => 4,
		}
	}
}

/// `[model]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
	/// Name of the field that is fed to the first layer.
	pub input: String,
	/// Its shape.
	pub shape: Shape,
	/// Layers, first to last; the last one makes the logits.
	pub layers: Vec<Layer>,
}

/// Shape of what flows between layers, for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
	/// A vector.
	Features(u32),
	/// An image; records hold it pixel by pixel, channels innermost.
	Image {
		/// Rows of pixels.
		height: u16,
		/// Columns of pixels.
		width: u16,
		/// Numbers per pixel.
		channels: u16,
	},
}

impl std::fmt::Display for Shape {
	fn fmt(&self, f: &mut std::fmt::Formatter) -> std::fmt::Result {
		match self {
			Self::Features(n) => write!(f, "{n} features"),
			Self::Image { height, width, channels } => {
				write!(f, "an image of {height} × {width} × {channels}")
			},
		}
	}
}

/// One `[[model.layer]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layer {
	/// What it does.
	pub kind: LayerKind,
	/// Where the manifest names it.
	pub span: Range<usize>,
}

/// Height and width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
	/// Vertical.
	pub height: u8,
	/// Horizontal.
	pub width: u8,
}

/// What a layer does. Layers are those of `torch.nn` with the same names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerKind {
	/// `x · Wᵀ + b`, `W` of `out × in`.
	Linear {
		/// Features of the result.
		out: u32,
		/// Whether there is a `b`.
		bias: bool,
	},
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
		/// Whether there is a bias per channel.
		bias: bool,
	},
	/// `max(x, 0)`.
	Relu,
	/// Largest number of each window.
	MaxPool {
		/// Window.
		kernel: Size,
		/// Distance of windows.
		stride: Size,
	},
	/// Mean of each window.
	AvgPool {
		/// Window.
		kernel: Size,
		/// Distance of windows.
		stride: Size,
	},
	/// Image to features, ordered channel, row, column as in `torch.nn.Flatten`.
	Flatten,
	/// Zeroes elements with probability `p` and scales the others by `1 / (1 − p)`; in training only.
	Dropout {
		/// Probability.
		p: Bits,
	},
}

impl LayerKind {
	/// Its name in a manifest.
	pub fn name(&self) -> &'static str {
		match self {
			Self::Linear { .. } => "linear",
			Self::Conv2d { .. } => "conv2d",
			Self::Relu => "relu",
			Self::MaxPool { .. } => "max_pool",
			Self::AvgPool { .. } => "avg_pool",
			Self::Flatten => "flatten",
			Self::Dropout { .. } => "dropout",
		}
	}
}

/// `[loss]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Loss {
	/// Mean over the batch of the cross-entropy of softmax and labels.
	CrossEntropy {
		/// Name of the label field.
		labels: String,
	},
}

/// `[optimizer]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Optimizer {
	/// Stochastic gradient descent as in `torch.optim.SGD`.
	Sgd {
		/// Learning rate.
		lr: Bits,
		/// Momentum; 0 for none.
		momentum: Bits,
		/// Decay added to the gradient; 0 for none.
		weight_decay: Bits,
	},
	/// AdamW as in `torch.optim.AdamW`: decay is apart from the gradient.
	AdamW {
		/// Learning rate.
		lr: Bits,
		/// Decay of the running mean of gradients.
		beta1: Bits,
		/// Decay of the running mean of squared gradients.
		beta2: Bits,
		/// Added to the denominator.
		eps: Bits,
		/// Decay of parameters; 0 for none.
		weight_decay: Bits,
	},
}
