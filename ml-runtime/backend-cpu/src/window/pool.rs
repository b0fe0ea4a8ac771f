//! Pooling and its gradients: windows without padding, one number per channel.

use super::Geometry;
use crate::scalar::{add_to, canonical, canonical_word, key, of_key};

impl Geometry {
	/// Row and column of a window.
	#[inline(always)]
	fn place(&self, window: usize) -> (usize, usize) {
		(window / self.out_w, window % self.out_w)
	}

	#[inline(always)]
	pub(super) fn max_pool(&self, image: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		let mut best = vec![i32::MIN; channels];
		for (window, out) in out.chunks_exact_mut(channels).enumerate() {
			let place = self.place(window);
			best.fill(i32::MIN);
			for ky in 0..self.kernel_h {
				for kx in 0..self.kernel_w {
					let pixel = &image[self.pixel(place, (ky, kx))..][..channels];
					for c in 0..channels {
						best[c] = best[c].max(key(pixel[c]));
					}
				}
			}
			for c in 0..channels {
				out[c] = of_key(best[c]);
			}
		}
	}

	#[inline(always)]
	pub(super) fn max_pool_grad(&self, image: &[u32], gradient: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		// Greatest key so far, and the pixel that has it.
		let (mut best, mut at) = (vec![0; channels], vec![0_u32; channels]);
		out.fill(0);
		for (window, gradient) in gradient.chunks_exact(channels).enumerate() {
			let place = self.place(window);
			let first = self.pixel(place, (0, 0));
			at.fill(first as u32);
			for c in 0..channels {
				best[c] = key(image[first + c]);
			}
			for ky in 0..self.kernel_h {
				for kx in 0..self.kernel_w {
					let from = self.pixel(place, (ky, kx));
					let pixel = &image[from..from + channels];
					for c in 0..channels {
						let key = key(pixel[c]);
						let greater = key > best[c];
						best[c] = if greater { key } else { best[c] };
						at[c] = if greater { from as u32 } else { at[c] };
					}
				}
			}
			for c in 0..channels {
				add_to(&mut out[at[c] as usize + c], gradient[c]);
			}
		}
		out.iter_mut().for_each(|word| *word = canonical_word(*word));
	}

	/// One over the number of pixels in a window, rounded once.
	fn reciprocal(&self) -> f32 {
		// At most 255 · 255, which `f32` holds exactly.
		1.0 / self.kernel() as f32
	}

	#[inline(always)]
	pub(super) fn avg_pool(&self, image: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		out.fill(0);
		for (window, out) in out.chunks_exact_mut(channels).enumerate() {
			let place = self.place(window);
			for ky in 0..self.kernel_h {
				for kx in 0..self.kernel_w {
					let pixel = &image[self.pixel(place, (ky, kx))..][..channels];
					for c in 0..channels {
						add_to(&mut out[c], pixel[c]);
					}
				}
			}
		}
		self.scale(out);
	}

	#[inline(always)]
	pub(super) fn avg_pool_grad(&self, gradient: &[u32], out: &mut [u32]) {
		let channels = self.channels;
		out.fill(0);
		for (window, gradient) in gradient.chunks_exact(channels).enumerate() {
			let place = self.place(window);
			for ky in 0..self.kernel_h {
				for kx in 0..self.kernel_w {
					let pixel = &mut out[self.pixel(place, (ky, kx))..][..channels];
					for c in 0..channels {
						add_to(&mut pixel[c], gradient[c]);
					}
				}
			}
		}
		self.scale(out);
	}

	#[inline(always)]
	fn scale(&self, out: &mut [u32]) {
		let reciprocal = self.reciprocal();
		for word in out {
			*word = canonical(f32::from_bits(*word) * reciprocal);
		}
	}
}
