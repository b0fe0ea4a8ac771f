//! Patches of images and their gradient.
//!
//! Both go by way of the image with its padding, channel by channel: there the entries of a patch that
//! lie in one kernel row are neighbours, and no window needs a look at the border.

use super::Geometry;
use crate::scalar::{add_to, canonical_word};

/// A padded image, channel by channel.
struct Planes {
	words: Vec<u32>,
	/// Words of a row, and of a channel.
	row: usize,
	plane: usize,
}

impl Planes {
	fn zeros(geometry: &Geometry) -> Self {
		let row = geometry.width + 2 * geometry.pad_w;
		let plane = (geometry.height + 2 * geometry.pad_h) * row;
		Self { words: vec![0; geometry.channels * plane], row, plane }
	}

	/// Where the pixels of image row `y` in a channel begin.
	fn line(&self, geometry: &Geometry, channel: usize, y: usize) -> usize {
		channel * self.plane + (y + geometry.pad_h) * self.row + geometry.pad_w
	}

	/// Distance of each kernel row of each channel from the first.
	fn kernel_rows(&self, geometry: &Geometry) -> Vec<usize> {
		let channel = |channel| (0..geometry.kernel_h).map(move |ky| (channel, ky));
		let rows = (0..geometry.channels).flat_map(channel);
		rows.map(|(channel, ky)| channel * self.plane + ky * self.row).collect()
	}

	/// Where the first kernel row of a window begins.
	#[inline(always)]
	fn window(&self, geometry: &Geometry, window: usize) -> usize {
		let (oy, ox) = (window / geometry.out_w, window % geometry.out_w);
		oy * geometry.stride_h * self.row + ox * geometry.stride_w
	}
}

impl Geometry {
	#[inline(always)]
	pub(super) fn im2col(&self, image: &[u32], out: &mut [u32]) {
		// Short copies are worth a loop for each length.
		match self.kernel_w {
			1 => self.cut::<1>(image, out),
			2 => self.cut::<2>(image, out),
			3 => self.cut::<3>(image, out),
			5 => self.cut::<5>(image, out),
			7 => self.cut::<7>(image, out),
			_ => self.cut::<0>(image, out),
		}
	}

	/// Patches with `K` kernel columns, any number of them if `K` is 0.
	#[inline(always)]
	fn cut<const K: usize>(&self, image: &[u32], out: &mut [u32]) {
		let length = if K == 0 { self.kernel_w } else { K };
		let mut planes = Planes::zeros(self);
		for channel in 0..self.channels {
			for y in 0..self.height {
				let from = planes.line(self, channel, y);
				let line = &mut planes.words[from..from + self.width];
				let pixels = image[y * self.width * self.channels..].chunks_exact(self.channels);
				for (word, pixel) in line.iter_mut().zip(pixels) {
					*word = canonical_word(pixel[channel]);
				}
			}
		}
		let rows = planes.kernel_rows(self);
		for (window, patch) in out.chunks_exact_mut(self.patch()).enumerate() {
			let seen = &planes.words[planes.window(self, window)..];
			for (entries, row) in patch.chunks_exact_mut(length).zip(&rows) {
				entries.copy_from_slice(&seen[*row..*row + length]);
			}
		}
	}

	#[inline(always)]
	pub(super) fn col2im(&self, patches: &[u32], out: &mut [u32]) {
		match self.kernel_w {
			1 => self.join::<1>(patches, out),
			2 => self.join::<2>(patches, out),
			3 => self.join::<3>(patches, out),
			5 => self.join::<5>(patches, out),
			7 => self.join::<7>(patches, out),
			_ => self.join::<0>(patches, out),
		}
	}

	/// Gradient of [`Geometry::cut`].
	///
	/// A pixel adds its entries in ascending (kernel row, kernel column): the further up or left in the
	/// kernel, the further down or right the window. So windows go from the last to the first.
	#[inline(always)]
	fn join<const K: usize>(&self, patches: &[u32], out: &mut [u32]) {
		let length = if K == 0 { self.kernel_w } else { K };
		let mut planes = Planes::zeros(self);
		let rows = planes.kernel_rows(self);
		for (window, patch) in patches.chunks_exact(self.patch()).enumerate().rev() {
			let from = planes.window(self, window);
			let seen = &mut planes.words[from..];
			for (entries, row) in patch.chunks_exact(length).zip(&rows) {
				let pixels = &mut seen[*row..*row + length];
				for i in 0..length {
					add_to(&mut pixels[i], entries[i]);
				}
			}
		}
		for channel in 0..self.channels {
			for y in 0..self.height {
				let from = planes.line(self, channel, y);
				let line = &planes.words[from..from + self.width];
				let pixels = out[y * self.width * self.channels..].chunks_exact_mut(self.channels);
				for (pixel, word) in pixels.zip(line) {
					pixel[channel] = canonical_word(*word);
				}
			}
		}
	}
}
