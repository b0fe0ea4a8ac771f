//! Layers as nodes.
//!
//! Images are `(batch · height · width) × channels`, features are `batch × n`. A linear layer's weight
//! is `out × in`, a convolution's `out × (in · kernel_h · kernel_w)`, which is PyTorch's
//! `[out, in, kernel_h, kernel_w]` read row by row; a bias is `1 × out`.

use assay_ops::{Binary, Broadcast, Limits, NodeId, NodeSpec, Op, Unary, Window};

use crate::{
	constant,
	error::ErrorKind,
	graph::{Graph, Refusal},
	init::Init,
	manifest::{LayerKind, Shape, Size},
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
	pub name: String,
	/// Shape in PyTorch's `state_dict`; its elements in row-major order are those of the slot.
	pub shape: Vec<u32>,
}

/// The layers built so far.
pub(crate) struct Network<'a> {
	pub(crate) graph: &'a mut Graph,
	pub(crate) mode: Mode,
	/// What the last layer made, and its shape for one record.
	pub(crate) value: NodeId,
	pub(crate) shape: Shape,
	pub(crate) parameters: Vec<Parameter>,
	/// The nodes of the parameters.
	pub(crate) nodes: Vec<NodeId>,
	pub(crate) inits: Vec<Init>,
	masks: u32,
}

impl<'a> Network<'a> {
	/// A network without layers over `input` (`batch × elements`).
	pub(crate) fn new(
		graph: &'a mut Graph,
		mode: Mode,
		input: NodeId,
		shape: Shape,
	) -> Result<Self, Refusal> {
		let mut value = input;
		if let Shape::Image { height, width, channels } = shape {
			let rows = u64::from(graph.batch()) * u64::from(height) * u64::from(width);
			let rows = u32::try_from(rows).map_err(|_| "too many pixels in a batch")?;
			value = graph.add(Op::Reshape { rows, cols: channels.into() }, &[input])?;
		}
		let (parameters, nodes, inits) = Default::default();
		Ok(Self { graph, mode, value, shape, parameters, nodes, inits, masks: 0 })
	}

	/// Appends layer number `index`.
	pub(crate) fn push(&mut self, index: usize, kind: &LayerKind) -> Result<(), ErrorKind> {
		let layer = kind.name();
		let wrong = |message| ErrorKind::Layer { layer, message };
		match *kind {
			LayerKind::Linear { out, bias } => {
				let Shape::Features(inputs) = self.shape else {
					return Err(ErrorKind::NotFeatures { layer, found: self.shape.to_string() });
				};
				self.weigh(index, vec![out, inputs], bias).map_err(wrong)?;
				self.shape = Shape::Features(out);
			},
			LayerKind::Conv2d { out, kernel, stride, pad, bias } => {
				let (window, height, width) = self.window(layer, kernel, stride, pad)?;
				let shape = [out, window.channels, kernel.height.into(), kernel.width.into()];
				// A 1 × 1 window at every pixel is the image itself.
				if (kernel.height, kernel.width, stride.height, stride.width) != (1, 1, 1, 1) {
					self.patches(window).map_err(wrong)?;
				}
				self.weigh(index, shape.map(u32::from).to_vec(), bias).map_err(wrong)?;
				self.shape = Shape::Image { height, width, channels: out };
			},
			LayerKind::Relu => self.apply(Op::Unary(Unary::Relu)).map_err(wrong)?,
			LayerKind::MaxPool { kernel, stride } => {
				let (window, height, width) = self.window(layer, kernel, stride, NO_PAD)?;
				self.apply(Op::MaxPool(window)).map_err(wrong)?;
				self.shape = Shape::Image { height, width, channels: window.channels };
			},
			LayerKind::AvgPool { kernel, stride } => {
				let (window, height, width) = self.window(layer, kernel, stride, NO_PAD)?;
				self.apply(Op::AvgPool(window)).map_err(wrong)?;
				self.shape = Shape::Image { height, width, channels: window.channels };
			},
			LayerKind::Flatten => self.flatten(layer)?,
			LayerKind::Dropout { p } => self.dropout(p).map_err(wrong)?,
		}
		Ok(())
	}

	fn apply(&mut self, op: Op) -> Result<(), Refusal> {
		self.value = self.graph.add(op, &[self.value])?;
		Ok(())
	}

	/// `value · Wᵀ + b`, `W` with the PyTorch shape `shape`, whose first number is the outputs.
	fn weigh(&mut self, index: usize, shape: Vec<u32>, bias: bool) -> Result<(), Refusal> {
		let out = shape[0];
		let fan_in = self.graph.ty(self.value).cols;
		let weight = self.graph.slot(out, fan_in, true)?;
		self.parameters.push(Parameter { name: format!("{index}.weight"), shape });
		self.nodes.push(weight);
		self.inits.push(Init::KaimingUniform { fan_in });
		let op = Op::MatMul { transpose_a: false, transpose_b: true };
		self.value = self.graph.add(op, &[self.value, weight])?;
		if bias {
			let bias = self.graph.slot(1, out, true)?;
			self.parameters.push(Parameter { name: format!("{index}.bias"), shape: vec![out] });
			self.nodes.push(bias);
			self.inits.push(Init::Constant { bits: 0 });
			self.value = self.graph.binary(Binary::Add, Broadcast::Row, self.value, bias)?;
		}
		Ok(())
	}

	/// The window over the image, and height and width of the result.
	fn window(
		&self,
		layer: &'static str,
		kernel: Size,
		stride: Size,
		pad: Size,
	) -> Result<(Window, u16, u16), ErrorKind> {
		let Shape::Image { height, width, channels } = self.shape else {
			return Err(ErrorKind::NotAnImage { layer, found: self.shape.to_string() });
		};
		let places = |side: u16, kernel: u8, stride: u8, pad: u8| {
			let free = (u32::from(side) + 2 * u32::from(pad)).checked_sub(kernel.into())?;
			u16::try_from(free / u32::from(stride) + 1).ok()
		};
		let rows = places(height, kernel.height, stride.height, pad.height);
		let cols = places(width, kernel.width, stride.width, pad.width);
		let (Some(rows), Some(cols)) = (rows, cols) else {
			let window = format!("{} × {}", kernel.height, kernel.width);
			return Err(ErrorKind::WindowTooLarge { window, found: self.shape.to_string() });
		};
		let window = Window {
			height,
			width,
			channels,
			kernel_h: kernel.height,
			kernel_w: kernel.width,
			stride_h: stride.height,
			stride_w: stride.width,
			pad_h: pad.height,
			pad_w: pad.width,
		};
		Ok((window, rows, cols))
	}

	/// Features in the order channel, row, column: the one patch that is the whole image.
	fn flatten(&mut self, layer: &'static str) -> Result<(), ErrorKind> {
		let Shape::Image { height, width, .. } = self.shape else {
			return Err(ErrorKind::NotAnImage { layer, found: self.shape.to_string() });
		};
		let side = |n: u16| {
			let wrong = || format!("images may have up to 255 rows and columns, not {n}");
			u8::try_from(n).map_err(|_| ErrorKind::Layer { layer, message: wrong() })
		};
		let kernel = Size { height: side(height)?, width: side(width)? };
		let (window, ..) = self.window(layer, kernel, ONE, NO_PAD)?;
		if (height, width) != (1, 1) {
			self.patches(window).map_err(|message| ErrorKind::Layer { layer, message })?;
		}
		self.shape = Shape::Features(self.graph.ty(self.value).cols);
		Ok(())
	}

	/// The patches of an image as rows.
	///
	/// In one step where one tile of it, and of its gradient, can be judged; else first along columns
	/// and then along rows, which gives the same columns in the same order (channel, kernel row, kernel
	/// column) through smaller windows.
	fn patches(&mut self, window: Window) -> Result<(), Refusal> {
		let whole = Op::Im2Col(window);
		if window.kernel_h == 1 || window.kernel_w == 1 || self.judgeable(window)? {
			return self.apply(whole);
		}
		let tall = Window { kernel_w: 1, stride_w: 1, pad_w: 0, ..window };
		self.apply(Op::Im2Col(tall))?;
		let short = |n: u32| u16::try_from(n).map_err(|_| "a column has more than 65535 numbers");
		let wide = Window {
			height: short(tall.out_height())?,
			channels: short(tall.patch())?,
			kernel_h: 1,
			stride_h: 1,
			pad_h: 0,
			..window
		};
		self.apply(Op::Im2Col(wide))
	}

	/// Whether a referee accepts every tile of the patches and, if something before learns, of their
	/// gradient.
	fn judgeable(&self, window: Window) -> Result<bool, Refusal> {
		let forward = self.graph.spec(Op::Im2Col(window), self.graph.ty(self.value))?;
		let backward = self.graph.spec(Op::Col2Im(window), forward.ty)?;
		let limits = Limits::new(0);
		let fits = |spec: &NodeSpec| {
			spec.worst_footprint() <= limits.footprint && spec.worst_tile_work() <= limits.tile_work
		};
		Ok(fits(&forward) && (self.nodes.is_empty() || fits(&backward)))
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

const NO_PAD: Size = Size { height: 0, width: 0 };
const ONE: Size = Size { height: 1, width: 1 };
