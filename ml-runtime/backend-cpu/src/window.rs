//! Operations that slide a window over images: patches, pooling, and their gradients.
//!
//! The spec writes gradients as gathers: each pixel adds what it receives in a fixed order. Here they
//! are loops over the windows in an order that gives each pixel the same sequence of additions. Images
//! are independent, so threads take whole images.

use std::ops::Range;

use assay_ops::{soft, Window};

use crate::level::{Fused, Task};
use crate::scalar::{add_to, canonical, canonical_word, greater};

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

	/// First word of the pixel that window (`oy`, `ox`) sees at (`ky`, `kx`), or `None` in the padding.
	#[inline(always)]
	fn pixel(&self, oy: usize, ox: usize, ky: usize, kx: usize) -> Option<usize> {
		let y = (oy * self.stride_h + ky).checked_sub(self.pad_h)?;
		let x = (ox * self.stride_w + kx).checked_sub(self.pad_w)?;
		(y < self.height && x < self.width).then(|| (y * self.width + x) * self.channels)
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
		let Self { sliding, geometry, first, second, out } = self;
		match sliding {
			Sliding::Im2Col => geometry.im2col(first, out),
			Sliding::Col2Im => geometry.col2im(first, out),
			Sliding::MaxPool => geometry.max_pool(first, out),
			Sliding::MaxPoolGrad => geometry.max_pool_grad(first, second, out),
			Sliding::AvgPool => geometry.avg_pool(first, out),
			Sliding::AvgPoolGrad => geometry.avg_pool_grad(first, out),
		}
	}
}

impl Geometry {
	/// Calls `visit(window, position in the kernel, first word of the pixel)` for each pixel that each
	/// window sees, windows in order.
	#[inline(always)]
	fn windows(&self, mut visit: impl FnMut(usize, usize, Option<usize>)) {
		for oy in 0..self.out_h {
			for ox in 0..self.out_w {
				for ky in 0..self.kernel_h {
					for kx in 0..self.kernel_w {
						let window = oy * self.out_w + ox;
						visit(window, ky * self.kernel_w + kx, self.pixel(oy, ox, ky, kx));
					}
				}
			}
		}
	}

	/// The pixels that row `ky` of the window at (`oy`, `ox`) sees: the first word of the first pixel, and
	/// the kernel columns that lie inside the image. `None` where the whole row is padding.
	#[inline(always)]
	fn kernel_row(&self, oy: usize, ox: usize, ky: usize) -> Option<(usize, Range<usize>)> {
		let y = (oy * self.stride_h + ky).checked_sub(self.pad_h)?;
		let left = ox * self.stride_w;
		let first = self.pad_w.saturating_sub(left);
		let until = self.kernel_w.min((self.width + self.pad_w).saturating_sub(left));
		if y >= self.height || first >= until {
			return None;
		}
		let x = left + first - self.pad_w;
		Some(((y * self.width + x) * self.channels, first..until))
	}

	#[inline(always)]
	fn im2col(&self, image: &[u32], out: &mut [u32]) {
		let (kernel, channels) = (self.kernel(), self.channels);
		for (window, patch) in out.chunks_exact_mut(self.patch()).enumerate() {
			let (oy, ox) = (window / self.out_w, window % self.out_w);
			for ky in 0..self.kernel_h {
				let seen = self.kernel_row(oy, ox, ky);
				let rows = patch
					.chunks_exact_mut(kernel)
					.map(|entries| &mut entries[ky * self.kernel_w..(ky + 1) * self.kernel_w]);
				let Some((from, inside)) = seen else {
					rows.for_each(|row| row.fill(0));
					continue;
				};
				for (channel, row) in rows.enumerate() {
					row[..inside.start].fill(0);
					row[inside.end..].fill(0);
					let mut at = from + channel;
					for entry in &mut row[inside.clone()] {
						*entry = canonical_word(image[at]);
						at += channels;
					}
				}
			}
		}
	}

	/// The horizontal positions of the window whose kernel column `kx` lies inside the image.
	fn positions_with(&self, kx: usize) -> Range<usize> {
		let first = self.pad_w.saturating_sub(kx).div_ceil(self.stride_w);
		let until = (self.width + self.pad_w).saturating_sub(kx).div_ceil(self.stride_w);
		first..until.min(self.out_w)
	}

	#[inline(always)]
	fn col2im(&self, patches: &[u32], out: &mut [u32]) {
		let (patch, kernel, channels) = (self.patch(), self.kernel(), self.channels);
		out.fill(0);
		// Kernel entries outermost: that is the order in which a pixel adds.
		for entry in 0..kernel {
			let (ky, kx) = (entry / self.kernel_w, entry % self.kernel_w);
			let positions = self.positions_with(kx);
			for oy in 0..self.out_h {
				let Some(at) = self.pixel(oy, positions.start, ky, kx) else { continue };
				let mut from = (oy * self.out_w + positions.start) * patch + entry;
				let mut at = at;
				for _ in positions.clone() {
					for channel in 0..channels {
						add_to(&mut out[at + channel], patches[from + channel * kernel]);
					}
					from += patch;
					at += self.stride_w * channels;
				}
			}
		}
		out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}

	#[inline(always)]
	fn max_pool(&self, image: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		self.windows(|window, position, pixel| {
			let Some(at) = pixel else { return };
			let out = &mut out[window * channels..(window + 1) * channels];
			let words = &image[at..at + channels];
			if position == 0 {
				out.copy_from_slice(words);
			} else {
				out.iter_mut().zip(words).for_each(|(out, word)| *out = greater(*out, *word));
			}
		});
		out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}

	#[inline(always)]
	fn max_pool_grad(&self, image: &[u32], gradient: &[u32], out: &mut [u32]) {
		let (kernel, channels) = (self.kernel(), self.channels);
		let mut best = vec![(0_u32, 0_usize); channels];
		out.fill(0);
		self.windows(|window, position, pixel| {
			let Some(at) = pixel else { return };
			for (channel, best) in best.iter_mut().enumerate() {
				let key = soft::order_key(image[at + channel]);
				if position == 0 || key > best.0 {
					*best = (key, at + channel);
				}
			}
			if position + 1 == kernel {
				let gradient = &gradient[window * channels..(window + 1) * channels];
				for ((_, at), gradient) in best.iter().zip(gradient) {
					add_to(&mut out[*at], *gradient);
				}
			}
		});
		out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}

	/// One over the number of pixels in a window, rounded once.
	fn reciprocal(&self) -> f32 {
		// At most 255 · 255, which `f32` holds exactly.
		1.0 / self.kernel() as f32
	}

	#[inline(always)]
	fn avg_pool(&self, image: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		out.fill(0);
		self.windows(|window, _, pixel| {
			let Some(at) = pixel else { return };
			let out = &mut out[window * channels..(window + 1) * channels];
			let words = &image[at..at + channels];
			out.iter_mut().zip(words).for_each(|(out, word)| add_to(out, *word));
		});
		self.scale(out);
	}

	#[inline(always)]
	fn avg_pool_grad(&self, gradient: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		out.fill(0);
		self.windows(|window, _, pixel| {
			let Some(at) = pixel else { return };
			let out = &mut out[at..at + channels];
			let words = &gradient[window * channels..(window + 1) * channels];
			out.iter_mut().zip(words).for_each(|(out, word)| add_to(out, *word));
		});
		self.scale(out);
	}

	#[inline(always)]
	fn scale(&self, out: &mut [u32]) {
		let reciprocal = self.reciprocal();
		out.iter_mut().for_each(|word| *word = canonical(f32::from_bits(*word) * reciprocal));
	}
}
