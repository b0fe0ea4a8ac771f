//! Layers of images: convolution, pooling, and the way out of them.

use assay_ops::{BatchMatMul, Binary, Broadcast, HeadLayout, Limits, NodeId, NodeSpec, Op, Window};

use super::{Network, Place};
use crate::{
	error::ErrorKind,
	graph::Refusal,
	init::Init,
	manifest::{Shape, Size},
};

const NO_PAD: Size = Size { height: 0, width: 0 };
const ONE: Size = Size { height: 1, width: 1 };

impl Network<'_> {
	/// Convolution to `out` channels in groups, with a (kernel, stride, padding).
	pub(super) fn conv2d(
		&mut self,
		place: Place,
		(out, groups): (u16, u16),
		(kernel, stride, pad): (Size, Size, Size),
		bias: bool,
	) -> Result<(), ErrorKind> {
		let (window, height, width) = self.window(place.layer, kernel, stride, pad)?;
		let channels = window.channels;
		if !channels.is_multiple_of(groups) || !out.is_multiple_of(groups) {
			return Err(ErrorKind::Groups { groups, channels, out });
		}
		let shape = [out, channels / groups, kernel.height.into(), kernel.width.into()];
		// A 1 × 1 window at every pixel is the image itself.
		if (kernel.height, kernel.width, stride.height, stride.width) != (1, 1, 1, 1) {
			self.patches(window).map_err(place.refused())?;
		}
		let fan_in = self.graph.ty(self.value).cols / u32::from(groups);
		let init = place.std.map_or(Init::KaimingUniform { fan_in }, Init::deviating);
		let weight = (shape.map(u32::from).to_vec(), init);
		self.value = match groups {
			1 => self.weigh(place, "", self.value, weight, bias),
			_ => self.weigh_groups(place, groups, weight, bias),
		}
		.map_err(place.refused())?;
		self.shape = Shape::Image { height, width, channels: out };
		Ok(())
	}

	/// `x · Wᵀ + b` of patches, where each group of outputs has the patches of its own group of channels.
	fn weigh_groups(
		&mut self,
		place: Place,
		groups: u16,
		(shape, init): (Vec<u32>, Init),
		bias: bool,
	) -> Result<NodeId, Refusal> {
		let (patches, out) = (self.value, shape[0]);
		let fan_in = self.graph.ty(patches).cols / u32::from(groups);
		let weight = self.parameter(place, "weight", shape, (out, fan_in), init)?;
		let product = if out == u32::from(groups) {
			self.depthwise(patches, weight)?
		} else {
			// Groups are as heads are: side by side in the patches, one below the other in the weight.
			let product = BatchMatMul {
				batch: 1,
				heads: groups,
				transpose_a: false,
				transpose_b: true,
				a: HeadLayout::Interleaved,
				b: HeadLayout::Stacked,
				out: HeadLayout::Interleaved,
			};
			self.graph.add(Op::BatchMatMul(product), &[patches, weight])?
		};
		if !bias {
			return Ok(product);
		}
		let zero = Init::Constant { bits: 0 };
		let bias = self.parameter(place, "bias", vec![out], (1, out), zero)?;
		self.graph.binary(Binary::Add, Broadcast::Row, product, bias)
	}

	/// Each group of patches times the one row of the weight that is for it.
	///
	/// As elementwise products and sums: a product of matrices would have a gradient of which one tile is the sum over all
	/// pixels for many groups, which is more than evidence has room for.
	fn depthwise(&mut self, patches: NodeId, weight: NodeId) -> Result<NodeId, Refusal> {
		let (rows, ty) = (self.graph.ty(patches).rows, self.graph.ty(weight));
		let each = rows.checked_mul(ty.rows).ok_or("too many pixels in a batch")?;
		let each = Op::Reshape { rows: each, cols: ty.cols };
		let each = self.graph.add(each, &[patches])?;
		let spread = Broadcast::Periodic { each: 1 };
		let product = self.graph.binary(Binary::Mul, spread, each, weight)?;
		let sum = self.graph.add(Op::RowSum, &[product])?;
		self.graph.add(Op::Reshape { rows, cols: ty.rows }, &[sum])
	}

	/// An image as the sequence of its pixels: nothing moves.
	pub(super) fn pixels(&mut self, place: Place) -> Result<(), ErrorKind> {
		let Shape::Image { height, width, channels } = self.shape else {
			let found = self.shape.to_string();
			return Err(ErrorKind::NotAnImage { layer: place.layer, found });
		};
		let length = u32::from(height) * u32::from(width);
		self.shape = Shape::Sequence { length, features: channels.into() };
		Ok(())
	}

	pub(super) fn window_pool(
		&mut self,
		place: Place,
		op: fn(Window) -> Op,
		(kernel, stride, pad): (Size, Size, Size),
	) -> Result<(), ErrorKind> {
		let (window, height, width) = self.window(place.layer, kernel, stride, pad)?;
		self.pooled(op, window).map_err(place.refused())?;
		self.shape = Shape::Image { height, width, channels: window.channels };
		Ok(())
	}

	/// In one step where one tile of it, and of its gradient, can be judged. Else first along rows, whose pixels are neighbours,
	/// then along columns, and along each of them in several steps, if windows do not overlap.
	fn pooled(&mut self, op: fn(Window) -> Op, window: Window) -> Result<(), Refusal> {
		if !self.judgeable(op, window)? {
			if window.kernel_h > 1 && window.kernel_w > 1 {
				let wide = Window { kernel_h: 1, stride_h: 1, pad_h: 0, ..window };
				self.pooled(op, wide)?;
				let tall = Window { kernel_w: 1, stride_w: 1, pad_w: 0, ..beside(wide, window) };
				return self.pooled(op, tall);
			}
			if let Some(first) = divided(window) {
				self.pooled(op, first)?;
				let rest = beside(first, window);
				let kernel_h = window.kernel_h / first.kernel_h;
				let kernel_w = window.kernel_w / first.kernel_w;
				return self.pooled(
					op,
					Window { kernel_h, stride_h: kernel_h, kernel_w, stride_w: kernel_w, ..rest },
				);
			}
		}
		self.value = self.graph.add(op(window), &[self.value])?;
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

	/// Features in the order channel, row, column: the one patch that is the whole image. Those of a
	/// sequence have their order already.
	pub(super) fn flatten(&mut self, place: Place) -> Result<(), ErrorKind> {
		let layer = place.layer;
		if let Shape::Sequence { length, features } = self.shape {
			if self.mask.is_some() {
				let message = "its weights would learn from padding; use `pool` instead".into();
				return Err(ErrorKind::Layer { layer, message });
			}
			let cols = length.checked_mul(features);
			let cols = cols.ok_or_else(|| place.refused()("too many features".into()))?;
			self.apply(place, Op::Reshape { rows: self.graph.batch(), cols })?;
			self.shape = Shape::Features(cols);
			return Ok(());
		}
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
			self.patches(window).map_err(place.refused())?;
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
		if window.kernel_h == 1 || window.kernel_w == 1 || self.judgeable(Op::Im2Col, window)? {
			self.value = self.graph.add(whole, &[self.value])?;
			return Ok(());
		}
		let tall = Window { kernel_w: 1, stride_w: 1, pad_w: 0, ..window };
		self.value = self.graph.add(Op::Im2Col(tall), &[self.value])?;
		let short = |n: u32| u16::try_from(n).map_err(|_| "a column has more than 65535 numbers");
		let wide = Window {
			height: short(tall.out_height())?,
			channels: short(tall.patch())?,
			kernel_h: 1,
			stride_h: 1,
			pad_h: 0,
			..window
		};
		self.value = self.graph.add(Op::Im2Col(wide), &[self.value])?;
		Ok(())
	}

	/// Whether a referee accepts every tile of what is made of windows and, if something before learns, of its gradient.
	fn judgeable(&self, op: fn(Window) -> Op, window: Window) -> Result<bool, Refusal> {
		let whole = self.graph.ty(self.value);
		let forward = self.graph.spec(op(window), &[whole])?;
		let backward = match op(window) {
			Op::MaxPool(_) => self.graph.spec(Op::MaxPoolGrad(window), &[whole, forward.ty])?,
			Op::AvgPool(_) => self.graph.spec(Op::AvgPoolGrad(window), &[forward.ty])?,
			_ => self.graph.spec(Op::Col2Im(window), &[forward.ty])?,
		};
		let limits = Limits::new(0);
		let fits = |spec: &NodeSpec| {
			spec.worst_footprint() <= limits.footprint && spec.worst_tile_work() <= limits.tile_work
		};
		Ok(fits(&forward) && (self.learned.is_empty() || fits(&backward)))
	}
}

/// A window over what another one over the image makes.
fn beside(first: Window, window: Window) -> Window {
	let side = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
	Window { height: side(first.out_height()), width: side(first.out_width()), ..window }
}

/// The first of two steps in which a window in one direction can be pooled: one whose results are next to each other, or the
/// only one.
fn divided(window: Window) -> Option<Window> {
	/// Largest window of a step: of 32 results, it makes 33 tiles to judge.
	const MOST: u8 = 32;
	let part =
		|kernel: u8| (2..=MOST.min(kernel - 1)).rev().find(|part| kernel.is_multiple_of(*part));
	// Windows next to each other, or a single one behind which there is no room for another.
	let padded = (window.pad_h, window.pad_w) != (0, 0);
	let divides = |side: u16, kernel: u8, stride: u8, outs: u32| {
		let alone = outs == 1 && u32::from(side) < 2 * u32::from(kernel);
		!padded && kernel > 1 && (stride == kernel || alone)
	};
	if divides(window.height, window.kernel_h, window.stride_h, window.out_height()) {
		let kernel_h = part(window.kernel_h)?;
		return Some(Window { kernel_h, stride_h: kernel_h, ..window });
	}
	if divides(window.width, window.kernel_w, window.stride_w, window.out_width()) {
		let kernel_w = part(window.kernel_w)?;
		return Some(Window { kernel_w, stride_w: kernel_w, ..window });
	}
	None
}
