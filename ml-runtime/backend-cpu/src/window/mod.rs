//! Operations that slide a window over images: patches, pooling, and their gradients.
//!
//! The spec writes gradients as gathers: each pixel adds what it receives in a fixed order. Here they
//! are loops over the windows in an order that gives each pixel the same sequence of additions, but for some of `+0`, which change no sum that began with
//! `+0`. Images
//! are independent, so threads take whole images.

mod patches;
mod pixels;
mod pool;

use assay_ops::Window;

use crate::level::{Fused, Level, Task};

/// Which of the operations.
#[derive(Clone, Copy)]
pub(crate) enum Sliding {
	/// Patches of an image.
	Im2Col,
	/// Gradient of the patches.
	Col2Im,
	/// Greatest of each window.
	MaxPool,
	/// Gradient of the greatest; the second operand is the output gradient.
	MaxPoolGrad,
	/// Mean of each window.
	AvgPool,
	/// Gradient of the mean.
	AvgPoolGrad,
}

/// A [`Window`] with everything in machine words.
#[derive(Clone, Copy)]
pub(crate) struct Geometry {
	height: usize,
	width: usize,
	channels: usize,
	kernel_h: usize,
	kernel_w: usize,
	stride_h: usize,
	stride_w: usize,
	pad_h: usize,
	pad_w: usize,
	out_h: usize,
	out_w: usize,
}

impl From<Window> for Geometry {
	fn from(window: Window) -> Self {
		let (height, width) = (usize::from(window.height), usize::from(window.width));
		let (kernel_h, kernel_w) = (usize::from(window.kernel_h), usize::from(window.kernel_w));
		let (stride_h, stride_w) = (usize::from(window.stride_h), usize::from(window.stride_w));
		let (pad_h, pad_w) = (usize::from(window.pad_h), usize::from(window.pad_w));
		Self {
			height,
			width,
			channels: usize::from(window.channels),
			kernel_h,
			kernel_w,
			stride_h,
			stride_w,
			pad_h,
			pad_w,
			out_h: window.out_height() as usize,
			out_w: window.out_width() as usize,
		}
	}
}

impl Geometry {
	/// Words of one image.
	pub(crate) fn image(&self) -> usize {
		self.height * self.width * self.channels
	}

	/// Words of the patches of one image.
	pub(crate) fn patches(&self) -> usize {
		self.out_h * self.out_w * self.patch()
	}

	/// Words of one pooled image.
	pub(crate) fn pooled(&self) -> usize {
		self.out_h * self.out_w * self.channels
	}

	fn patch(&self) -> usize {
		self.channels * self.kernel()
	}

	fn kernel(&self) -> usize {
		self.kernel_h * self.kernel_w
	}

	/// Words of one image of the operands and of the result.
	pub(crate) fn sizes(&self, sliding: Sliding) -> (usize, usize, usize) {
		match sliding {
			Sliding::Im2Col => (self.image(), 0, self.patches()),
			Sliding::Col2Im => (self.patches(), 0, self.image()),
			Sliding::MaxPool | Sliding::AvgPool => (self.image(), 0, self.pooled()),
			Sliding::MaxPoolGrad => (self.image(), self.pooled(), self.image()),
			Sliding::AvgPoolGrad => (self.pooled(), 0, self.image()),
		}
	}
}

/// One operation on one image.
pub(crate) struct OneImage<'a> {
	/// Instructions, those with which this task is run.
	pub level: Level,
	/// Which operation.
	pub sliding: Sliding,
	/// Shape of the window.
	pub geometry: Geometry,
	/// First operand.
	pub first: &'a [u32],
	/// Second operand, empty where there is none.
	pub second: &'a [u32],
	/// Result.
	pub out: &'a mut [u32],
}

impl Task for OneImage<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let Self { level, sliding, geometry, first, second, out } = self;
		match sliding {
			Sliding::Im2Col if geometry.is_spread() => geometry.spread(first, out),
			Sliding::Im2Col => geometry.im2col(first, out),
			Sliding::Col2Im if geometry.has_many_channels() => geometry.gather(first, out),
			Sliding::Col2Im => geometry.col2im(level, first, out),
			Sliding::MaxPool => geometry.max_pool(first, out),
			Sliding::MaxPoolGrad => geometry.max_pool_grad(first, second, out),
			Sliding::AvgPool => geometry.avg_pool(first, out),
			Sliding::AvgPoolGrad => geometry.avg_pool_grad(first, out),
		}
	}
}
