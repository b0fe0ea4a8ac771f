//! Patches of images with many channels, and their gradient.
//!
//! A pixel is a run of neighbouring words, one for each channel, which a patch holds at equal distances. Loops over the
//! channels stay near each other in memory, where those of [`super::patches`] go from channel to channel of an image.

use super::Geometry;
use crate::scalar::{add_to, canonical_word};

/// Channels that are worth a loop.
const MANY: usize = 16;

impl Geometry {
	/// Whether there are channels enough to go through the pixels.
	pub(super) fn has_many_channels(&self) -> bool {
		self.channels >= MANY
	}

	/// Whether [`Geometry::spread`] makes such patches.
	pub(super) fn is_spread(&self) -> bool {
		self.has_many_channels() && matches!(self.kernel(), 1 | 3 | 5 | 7)
	}

	/// The first word of the pixel that a window sees at a place of the kernel; `None` outside the image.
	#[inline(always)]
	fn pixel(&self, window: usize, place: usize) -> Option<usize> {
		let (oy, ox) = (window / self.out_w, window % self.out_w);
		let (ky, kx) = (place / self.kernel_w, place % self.kernel_w);
		let y = (oy * self.stride_h + ky).checked_sub(self.pad_h)?;
		let x = (ox * self.stride_w + kx).checked_sub(self.pad_w)?;
		(y < self.height && x < self.width).then(|| (y * self.width + x) * self.channels)
	}

	/// Patches of windows that see few pixels: so few streams are interleaved by the shuffles of a vector unit. More would
	/// be stored word by word.
	#[inline(always)]
	pub(super) fn spread(&self, image: &[u32], out: &mut [u32]) {
		let odd = image.iter().fold(false, |odd, word| odd | (canonical_word(*word) != *word));
		let copy: Vec<u32>;
		let image = if odd {
			copy = image.iter().map(|word| canonical_word(*word)).collect();
			&copy
		} else {
			image
		};
		match self.kernel() {
			1 => self.interleave::<1>(image, out),
			3 => self.interleave::<3>(image, out),
			5 => self.interleave::<5>(image, out),
			7 => self.interleave::<7>(image, out),
			_ => unreachable!("these patches are not spread"),
		}
	}

	/// With `N` places in the kernel.
	#[inline(always)]
	fn interleave<const N: usize>(&self, image: &[u32], out: &mut [u32]) {
		let outside = vec![0; self.channels];
		for (window, patch) in out.chunks_exact_mut(self.patch()).enumerate() {
			let pixels: [&[u32]; N] = std::array::from_fn(|place| {
				let first = self.pixel(window, place);
				first.map_or(&outside[..], |first| &image[first..][..self.channels])
			});
			let (entries, _) = patch.as_chunks_mut::<N>();
			for (channel, entries) in entries[..self.channels].iter_mut().enumerate() {
				for (entry, pixel) in entries.iter_mut().zip(pixels) {
					*entry = pixel[channel];
				}
			}
		}
	}

	/// Gradient of the patches.
	///
	/// A pixel adds its entries in ascending (kernel row, kernel column): the further up or left in the
	/// kernel, the further down or right the window. So the last window that sees a pixel comes first.
	#[inline(always)]
	pub(super) fn gather(&self, patches: &[u32], out: &mut [u32]) {
		out.fill(0);
		match self.kernel() {
			// Distances that the compiler knows.
			3 => self.gather_by(3, patches, out),
			9 => self.gather_by(9, patches, out),
			25 => self.gather_by(25, patches, out),
			kernel => self.gather_by(kernel, patches, out),
		}
		out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}

	#[inline(always)]
	fn gather_by(&self, kernel: usize, patches: &[u32], out: &mut [u32]) {
		for (window, patch) in patches.chunks_exact(self.patch()).enumerate().rev() {
			for place in 0..kernel {
				if let Some(first) = self.pixel(window, place) {
					let pixel = &mut out[first..][..self.channels];
					let entries = patch[place..].iter().step_by(kernel);
					pixel.iter_mut().zip(entries).for_each(|(sum, word)| add_to(sum, *word));
				}
			}
		}
	}
}
