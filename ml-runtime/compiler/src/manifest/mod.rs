//! The task manifest: what a requester writes.
//!
//! A [`Manifest`] that exists is in range field by field; whether its layers fit together is found
//! out when it is compiled.

mod attention;
mod layer;
mod number;
mod optimizer;
mod raw;
mod read;
mod read_layers;
mod read_optimizer;
mod section;

use std::{collections::BTreeMap, sync::Arc};

pub use attention::{Attention, Rope, RopeScaling};
pub use layer::{Gate, Layer, LayerKind, Lora, Pooling, Size};
pub use optimizer::{Course, Decay, Optimizer, Schedule, Updates};

use assay_ops::QuantFormat;

use crate::error::{Error, ErrorKind, Span};

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
	/// How the products of layers with weights are computed.
	pub numerics: Numerics,
	/// What is minimised.
	pub loss: Loss,
	/// How parameters move.
	pub optimizer: Optimizer,
	/// When they move, and what is done to gradients before.
	pub updates: Updates,
	source: Arc<str>,
}

impl Manifest {
	/// Reads and validates a manifest.
	pub fn parse(text: &str) -> Result<Self, Error> {
		read::manifest(text)
	}

	pub(crate) fn error(&self, kind: ErrorKind, span: Option<Span>) -> Error {
		Error::new(kind, span.map(Into::into), &self.source)
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
	/// `"token_u8"`: one byte, a row of the vocabulary.
	TokenU8,
	/// `"token_u32"`: four little-endian bytes, a row of the vocabulary.
	TokenU32,
}

impl Format {
	/// Whether elements are classes.
	pub fn is_label(self) -> bool {
		matches!(self, Self::LabelU8 | Self::LabelU32)
	}

	/// Whether elements are tokens.
	pub fn is_token(self) -> bool {
		matches!(self, Self::TokenU8 | Self::TokenU32)
	}

	/// Bytes per element.
	pub fn bytes(self) -> u32 {
		match self {
			Self::U8 | Self::LabelU8 | Self::TokenU8 => 1,
			Self::F32 | Self::LabelU32 | Self::TokenU32 => 4,
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
	/// Name of a field with a number for each position of the sequence: positions with 0 are padding, which
	/// no attention and no mean looks at.
	pub mask: Option<String>,
	/// Layers, first to last; the last one makes the logits.
	pub layers: Vec<Layer>,
}

/// Shape of what flows between layers, for one record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
	/// A vector.
	Features(u32),
	/// A sequence of tokens: rows of an embedding's table.
	Tokens(u32),
	/// A sequence of vectors; records hold it one vector after the other.
	Sequence {
		/// Vectors.
		length: u32,
		/// Numbers of each.
		features: u32,
	},
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
			Self::Tokens(n) => write!(f, "{n} tokens"),
			Self::Sequence { length, features } => {
				write!(f, "a sequence of {length} × {features}")
			},
			Self::Image { height, width, channels } => {
				write!(f, "an image of {height} × {width} × {channels}")
			},
		}
	}
}

/// `[numerics]`: the arithmetic of matrix products with weights, in linear layers, convolutions and adapters.
/// The products of attention are always of `f32`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numerics {
	/// From input to loss; also in evaluations.
	pub forward: Precision,
	/// From the loss back: the gradients of operands and weights. That of a product is taken as if
	/// its operands had not been rounded to integers.
	pub backward: Precision,
}

/// How a matrix product is computed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
	/// `"f32"`: [`Op::MatMul`](assay_ops::Op::MatMul).
	#[default]
	F32,
	/// `"q15x3"`: [`QuantFormat::Q15`], three products of eight-bit digits.
	Q15x3,
	/// `"i8"`: [`QuantFormat::I8`].
	I8,
}

impl Precision {
	/// The integers, unless the product is one of `f32`.
	pub fn format(self) -> Option<QuantFormat> {
		match self {
			Self::F32 => None,
			Self::Q15x3 => Some(QuantFormat::Q15),
			Self::I8 => Some(QuantFormat::I8),
		}
	}
}

/// `[loss]`: a mean over the batch, and over the positions of what leaves the model where that is a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
	/// Of what.
	pub kind: LossKind,
	/// Name of the field of labels, one per record or position, or of targets, a number for each that leaves the model.
	pub field: String,
	/// Name of a field with a number for each record, or each position: those with 0 do not count. Without it, and where
	/// what leaves the model is a sequence, [`Model::mask`].
	pub mask: Option<String>,
	/// Where the manifest names the field.
	pub span: Span,
}

/// How far a model is off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
	/// The cross-entropy of the softmax of logits and a label.
	CrossEntropy,
	/// The mean of the squares of differences from the targets.
	Mse,
}

impl LossKind {
	/// The word for it in a manifest.
	pub(crate) fn name(self) -> &'static str {
		match self {
			Self::CrossEntropy => "cross_entropy",
			Self::Mse => "mse",
		}
	}
}
