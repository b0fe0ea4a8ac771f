//! Layers as nodes.
//!
//! Images are `(batch · height · width) × channels`, sequences `(batch · length) × features`, features
//! `batch × n`. A linear layer's weight is `out × in`, a convolution's `out × (in · kernel_h · kernel_w)`,
//! which is PyTorch's `[out, in, kernel_h, kernel_w]` read row by row; a bias is `1 × out`.

mod activation;
mod attention;
mod image;
mod linear;
mod norm;
mod sequence;

use std::collections::BTreeMap;

use assay_ops::{Binary, Broadcast, NodeId, Op, Unary};

pub(crate) use norm::row_mean;

use crate::{
	constant,
	error::{Error, ErrorKind, Span},
	graph::{Graph, Refusal, Role},
	init::Init,
	manifest::{Layer, LayerKind, Manifest, Rope, Shape},
	mask::Mask,
};

/// Whether dropout is active.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
	/// Training.
	Train,
	/// Evaluation: dropout does nothing.
	Evaluate,
}

/// A parameter of a layer and its slot. Parameters are the first slots, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
	/// Name as `torch.nn.Sequential` of the same layers gives it: `0.weight`, `0.bias`, `3.weight`, …
	/// A layer inside others has the whole way to it: `2.0.1.q.weight`.
	pub name: String,
	/// Shape in PyTorch's `state_dict`; its elements in row-major order are those of the slot.
	pub shape: Vec<u32>,
}

/// A parameter that the optimiser moves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Learned {
	pub(crate) slot: u16,
	pub(crate) node: NodeId,
	/// Whether it has two dimensions or more.
	pub(crate) is_matrix: bool,
}

/// The table of an embedding.
#[derive(Clone, Copy)]
struct Table {
	node: NodeId,
	features: u32,
}

/// What a layer is told by where it stands.
#[derive(Clone, Copy)]
struct Place<'a> {
	/// Name of the layer's module, which its parameters' names start with.
	path: &'a str,
	layer: &'static str,
	frozen: bool,
	std: Option<u32>,
}

impl Place<'_> {
	/// A limit of the operation set that was hit.
	fn refused(&self) -> impl Fn(Refusal) -> ErrorKind {
		let layer = self.layer;
		move |message| ErrorKind::Layer { layer, message }
	}
}

/// The layers built so far.
pub(crate) struct Network<'a> {
	pub(crate) graph: &'a mut Graph,
	pub(crate) mode: Mode,
	/// What the last layer made, and its shape for one record.
	pub(crate) value: NodeId,
	pub(crate) shape: Shape,
	pub(crate) parameters: Vec<Parameter>,
	pub(crate) learned: Vec<Learned>,
	manifest: &'a Manifest,
	embedding: Option<Table>,
	/// Cosines and sines, by length, width and turns.
	tables: BTreeMap<(u32, u32, Rope), [NodeId; 2]>,
	/// The positions that are not padding.
	mask: Option<Mask>,
	masks: u32,
}

impl<'a> Network<'a> {
	/// A network without layers over `input` (`batch × elements`).
	pub(crate) fn new(
		graph: &'a mut Graph,
		mode: Mode,
		input: NodeId,
		mask: Option<Mask>,
		manifest: &'a Manifest,
	) -> Result<Self, Refusal> {
		let shape = manifest.model.shape;
		let (each, cols) = match shape {
			Shape::Features(features) => (1, features),
			Shape::Tokens(length) => (length.into(), 1),
			Shape::Sequence { length, features } => (length.into(), features),
			Shape::Image { height, width, channels } => {
				(u64::from(height) * u64::from(width), channels.into())
			},
		};
		let mut value = input;
		if !matches!(shape, Shape::Features(_)) {
			let rows = u32::try_from(u64::from(graph.batch()) * each);
			let rows = rows.map_err(|_| "too many pixels or positions in a batch")?;
			value = graph.add(Op::Reshape { rows, cols }, &[input])?;
		}
		let (parameters, learned, embedding, tables, masks) = Default::default();
		Ok(Self {
			graph,
			mode,
			value,
			shape,
			parameters,
			learned,
			manifest,
			embedding,
			tables,
			mask,
			masks,
		})
	}

	/// Appends a list of layers, whose modules are numbered within the module `path`.
	pub(crate) fn stack(
		&mut self,
		layers: &[Layer],
		path: &str,
		frozen: bool,
	) -> Result<(), Error> {
		for (index, layer) in layers.iter().enumerate() {
			let path = format!("{path}{index}");
			self.graph.origin = Some(layer.span);
			self.layer(layer, &path, frozen || layer.frozen)?;
		}
		Ok(())
	}

	fn layer(&mut self, layer: &Layer, path: &str, frozen: bool) -> Result<(), Error> {
		match &layer.kind {
			LayerKind::Repeat { times, layers } => (0..*times)
				.try_for_each(|time| self.stack(layers, &format!("{path}.{time}."), frozen)),
			LayerKind::Residual { layers, skip } => {
				self.residual(layers, skip, path, (frozen, layer.span))
			},
			kind => {
				let place = Place { path, layer: kind.name(), frozen, std: layer.std };
				self.push(place, kind).map_err(|kind| self.error(kind, layer.span))
			},
		}
	}

	fn error(&self, kind: ErrorKind, span: Span) -> Error {
		self.manifest.error(kind, Some(span))
	}

	/// The sum of two ways from the same value.
	fn residual(
		&mut self,
		layers: &[Layer],
		skip: &[Layer],
		path: &str,
		(frozen, span): (bool, Span),
	) -> Result<(), Error> {
		let (value, shape) = (self.value, self.shape);
		self.stack(layers, &format!("{path}."), frozen)?;
		let (branch, made) = (self.value, self.shape);
		(self.value, self.shape) = (value, shape);
		self.stack(skip, &format!("{path}.skip."), frozen)?;
		if self.shape != made {
			let (found, past) = (made.to_string(), self.shape.to_string());
			return Err(self.error(ErrorKind::ResidualShape { found, past }, span));
		}
		self.graph.origin = Some(span);
		let sum = self.graph.binary(Binary::Add, Broadcast::None, branch, self.value);
		let refused = |message| ErrorKind::Layer { layer: "residual", message };
		self.value = sum.map_err(|message| self.error(refused(message), span))?;
		Ok(())
	}

	/// Appends a layer that holds no others.
	fn push(&mut self, place: Place, kind: &LayerKind) -> Result<(), ErrorKind> {
		if matches!(self.shape, Shape::Tokens(_)) && !matches!(kind, LayerKind::Embedding { .. }) {
			let found = self.shape.to_string();
			return Err(ErrorKind::NotNumbers { layer: place.layer, found });
		}
		let apply = |unary| Op::Unary(unary);
		match *kind {
			LayerKind::Linear { out, bias, lora } => self.linear(place, out, bias, lora),
			LayerKind::TiedLinear => self.tied_linear(place),
			LayerKind::Conv2d { out, kernel, stride, pad, groups, bias } => {
				self.conv2d(place, (out, groups), (kernel, stride, pad), bias)
			},
			LayerKind::Relu => self.apply(place, apply(Unary::Relu)),
			LayerKind::Gelu { tanh: false } => self.apply(place, apply(Unary::Gelu)),
			LayerKind::Gelu { tanh: true } => {
				self.value = self.gelu_by_tanh(self.value).map_err(place.refused())?;
				Ok(())
			},
			LayerKind::LeakyRelu { slope } => self.leaky_relu(slope).map_err(place.refused()),
			LayerKind::Elu { alpha } => self.elu(alpha).map_err(place.refused()),
			LayerKind::Relu6 => self.relu6().map_err(place.refused()),
			LayerKind::HardSwish => self.hard_swish().map_err(place.refused()),
			LayerKind::Silu => self.apply(place, apply(Unary::Silu)),
			LayerKind::Tanh => self.apply(place, apply(Unary::Tanh)),
			LayerKind::Sigmoid => self.apply(place, apply(Unary::Sigmoid)),
			LayerKind::MaxPool { kernel, stride, pad } => {
				self.window_pool(place, Op::MaxPool, (kernel, stride, pad))
			},
			LayerKind::AvgPool { kernel, stride, pad } => {
				self.window_pool(place, Op::AvgPool, (kernel, stride, pad))
			},
			LayerKind::Sequence => self.pixels(place),
			LayerKind::Flatten => self.flatten(place),
			LayerKind::Dropout { p } => self.dropout(p).map_err(place.refused()),
			LayerKind::Embedding { vocab, out } => self.embed(place, vocab, out),
			LayerKind::Position => self.position(place),
			LayerKind::LayerNorm { eps, bias } => {
				self.layer_norm(place, eps, bias).map_err(place.refused())
			},
			LayerKind::RmsNorm { eps } => self.rms_norm(place, eps).map_err(place.refused()),
			LayerKind::Attention(layer) => {
				let heads = self.heads(place, layer)?;
				self.attention(place, heads, layer).map_err(place.refused())
			},
			LayerKind::Gated { gate, hidden, bias } => self.gated(place, gate, hidden, bias),
			LayerKind::Pool { take } => self.pool(place, take),
			LayerKind::Residual { .. } | LayerKind::Repeat { .. } => Ok(()),
		}
	}

	fn apply(&mut self, place: Place, op: Op) -> Result<(), ErrorKind> {
		self.value = self.graph.add(op, &[self.value]).map_err(place.refused())?;
		Ok(())
	}

	/// Length and features of the sequence that arrives.
	fn sequence(&self, layer: &'static str) -> Result<(u32, u32), ErrorKind> {
		match self.shape {
			Shape::Sequence { length, features } => Ok((length, features)),
			other => Err(ErrorKind::NotASequence { layer, found: other.to_string() }),
		}
	}

	/// A new parameter of the PyTorch shape `shape`, stored as `rows × cols`.
	fn parameter(
		&mut self,
		place: Place,
		name: &str,
		shape: Vec<u32>,
		(rows, cols): (u32, u32),
		init: Init,
	) -> Result<NodeId, Refusal> {
		let made = self.graph.slot(rows, cols, Role::Parameter, init)?;
		if !place.frozen {
			let is_matrix = shape.len() > 1;
			self.learned.push(Learned { slot: made.slot, node: made.node, is_matrix });
		}
		self.parameters.push(Parameter { name: format!("{}.{name}", place.path), shape });
		Ok(made.node)
	}

	/// Each dropout layer has its own stream of random numbers.
	fn dropout(&mut self, p: u32) -> Result<(), Refusal> {
		let threshold = constant::threshold(p);
		if self.mode == Mode::Evaluate || threshold == 0 {
			return Ok(());
		}
		let ty = self.graph.ty(self.value);
		let stream = self.masks;
		self.masks += 1;
		let scale = constant::inverse_of_rest(p);
		let op = Op::Mask { stream, threshold, scale, rows: ty.rows, cols: ty.cols };
		let mask = self.graph.add(op, &[])?;
		self.value = self.graph.binary(Binary::Mul, Broadcast::None, self.value, mask)?;
		Ok(())
	}
}
