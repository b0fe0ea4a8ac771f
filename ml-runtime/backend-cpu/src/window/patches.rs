//! Patches of images and their gradient.
//!
//! Both go by way of the image with its padding, channel by channel: there the entries of a patch that
//! lie in one kernel row are neighbours, and no window needs a look at the border.

use super::Geometry;
use crate::level::Level;
use crate::matmul::{columns, Strided, COLUMNS};
use crate::scalar::{add_to, canonical_word};

/// A padded image, channel by channel.
struct Planes {
	words: Vec<u32>,
	/// Words of a row, and of a channel.
	row: usize,
	plane: usize,
}

impl Planes {
	/// An image with so many words between its rows.
	fn zeros(geometry: &Geometry, gap: usize) -> Self {
		let row = geometry.width + 2 * geometry.pad_w + gap;
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
		let mut planes = Planes::zeros(self, 0);
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

	/// Gradient of [`Geometry::cut`].
	///
	/// A pixel adds its entries in ascending (kernel row, kernel column): the further up or left in the
	/// kernel, the further down or right the window. So the last window that sees a pixel comes first.
	#[inline(always)]
	pub(super) fn col2im(&self, level: Level, patches: &[u32], out: &mut [u32]) {
		// With so many windows most of the lanes are there.
		let by_rows = self.stride_w == 1 && self.out_w >= COLUMNS / 2;
		let mut planes = Planes::zeros(self, if by_rows { COLUMNS } else { 0 });
		match self.kernel_w {
			_ if by_rows => self.join_rows(level, patches, &mut planes),
			1 => self.join::<1>(patches, &mut planes),
			2 => self.join::<2>(patches, &mut planes),
			3 => self.join::<3>(patches, &mut planes),
			5 => self.join::<5>(patches, &mut planes),
			7 => self.join::<7>(patches, &mut planes),
			_ => self.join::<0>(patches, &mut planes),
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

	/// Window by window, from the last to the first.
	#[inline(always)]
	fn join<const K: usize>(&self, patches: &[u32], planes: &mut Planes) {
		let length = if K == 0 { self.kernel_w } else { K };
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
	}

	/// Some neighbouring windows at a time, which are a word apart: the entries that they have at one place of the kernel
	/// go to neighbouring pixels. Windows that do not exist add `+0`, which changes no sum that began with `+0`.
	///
	/// Of neighbours, the last window is the first to add to a pixel, with its first entry: they go from left to right
	/// through the kernel.
	#[inline(always)]
	fn join_rows(&self, level: Level, patches: &[u32], planes: &mut Planes) {
		let (patch, rows) = (self.patch(), planes.kernel_rows(self));
		let mut turned = vec![0; patch * COLUMNS];
		for oy in (0..self.out_h).rev() {
			for ox in (0..self.out_w).step_by(COLUMNS).rev() {
				let (window, count) = (oy * self.out_w + ox, COLUMNS.min(self.out_w - ox));
				let strip = Strided { words: &patches[window * patch..], stride: patch };
				columns(level, strip, count, patch, &mut turned);
				let from = planes.window(self, window);
				let (entries, _) = turned.as_chunks::<COLUMNS>();
				for kx in 0..self.kernel_w {
					// All rows before the next place, which reads what this one writes: that comes late from stores that
					// are not of the very words. For the same reason no row reaches into the next one.
					for (entries, row) in entries[kx..].iter().step_by(self.kernel_w).zip(&rows) {
						let pixels = planes.words[from + row + kx..].first_chunk_mut::<COLUMNS>();
						let pixels = pixels.expect("there is room after each row");
						// A copy, so that the compiler sees that none is an entry.
						let mut sums = *pixels;
						for i in 0..COLUMNS {
							add_to(&mut sums[i], entries[i]);
						}
						*pixels = sums;
					}
				}
			}
		}
	}
}
