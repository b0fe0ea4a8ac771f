//! Pooling and its gradients: one number per channel. Outside the image, windows see nothing.
//!
//! What all windows of a row see at one place of the kernel is laid side by side first, so that the rest is loops over
//! neighbouring words, however few channels there are.

use std::ops::Range;

use super::Geometry;
use crate::scalar::{add_to, canonical, canonical_word, key, of_key};

/// Copies a run of words that is often a short one: a call for each would take longer than the copy.
#[inline(always)]
fn copy_run(to: &mut [u32], from: &[u32]) {
	#[inline(always)]
	fn ends<const N: usize>(to: &mut [u32], from: &[u32]) -> Option<()> {
		*to.first_chunk_mut::<N>()? = *from.first_chunk()?;
		*to.last_chunk_mut::<N>()? = *from.last_chunk()?;
		Some(())
	}
	let copied = match from.len() {
		2..4 => ends::<2>(to, from),
		4..8 => ends::<4>(to, from),
		8..=16 => ends::<8>(to, from),
		_ => None,
	};
	if copied.is_none() {
		to.copy_from_slice(from);
	}
}

/// The windows of a row that see a pixel at some place of the kernel.
#[derive(Clone, Copy)]
struct Seeing {
	/// First of their words in the row of pooled pixels.
	from: usize,
	/// Behind the last.
	to: usize,
	/// First word of the pixel that the first of them sees.
	first: usize,
}

impl Seeing {
	/// Their words in the row of pooled pixels.
	fn words(&self) -> Range<usize> {
		self.from..self.to
	}
}

impl Geometry {
	/// Places of the kernel, in the order in which a window is read.
	#[inline(always)]
	fn places(&self) -> impl DoubleEndedIterator<Item = (usize, usize)> + ExactSizeIterator {
		let columns = self.kernel_w;
		(0..self.kernel()).map(move |place| (place / columns, place % columns))
	}

	/// Words of a row of pooled pixels.
	fn pooled_row(&self) -> usize {
		self.out_w * self.channels
	}

	/// Which windows of row `oy` see a pixel at a place; `None` if all of them see padding there.
	#[inline(always)]
	fn seeing(&self, oy: usize, (ky, kx): (usize, usize)) -> Option<Seeing> {
		let y = (oy * self.stride_h + ky).checked_sub(self.pad_h)?;
		// The first window that is not too far left, and the one behind the last that is not too far right.
		let from = self.pad_w.saturating_sub(kx).div_ceil(self.stride_w);
		let to =
			((self.width + self.pad_w).checked_sub(kx)?.div_ceil(self.stride_w)).min(self.out_w);
		if y >= self.height || from >= to {
			return None;
		}
		let x = from * self.stride_w + kx - self.pad_w;
		let first = (y * self.width + x) * self.channels;
		Some(Seeing { from: from * self.channels, to: to * self.channels, first })
	}

	/// What these windows see, one after the other; copied to `room` unless it lies so.
	#[inline(always)]
	fn seen<'a>(&self, image: &'a [u32], seeing: Seeing, room: &'a mut [u32]) -> &'a [u32] {
		let (channels, words) = (self.channels, &image[seeing.first..]);
		let room = &mut room[seeing.words()];
		if self.stride_w == 1 {
			return &words[..room.len()];
		}
		for (to, from) in
			room.chunks_exact_mut(channels).zip(words.chunks(self.stride_w * channels))
		{
			copy_run(to, &from[..channels]);
		}
		room
	}

	/// Whether no pixel is seen by two windows.
	fn are_apart(&self) -> bool {
		self.stride_w >= self.kernel_w && self.stride_h >= self.kernel_h
	}

	/// Gives the pixels that these windows see the windows' words: adds them, or, where no windows overlap, stores them.
	#[inline(always)]
	fn give(&self, out: &mut [u32], seeing: Seeing, words: &[u32]) {
		let (channels, out) = (self.channels, &mut out[seeing.first..]);
		let apart = self.are_apart();
		let pixels = out.chunks_mut(self.stride_w * channels);
		for (pixel, words) in pixels.zip(words[seeing.words()].chunks_exact(channels)) {
			let pixel = &mut pixel[..channels];
			if apart {
				copy_run(pixel, words);
			} else {
				pixel.iter_mut().zip(words).for_each(|(pixel, word)| add_to(pixel, *word));
			}
		}
	}

	#[inline(always)]
	pub(super) fn max_pool(&self, image: &[u32], out: &mut [u32]) {
		let length = self.pooled_row();
		let (mut room, mut best) = (vec![0; length], vec![i32::MIN; length]);
		for (oy, out) in out.chunks_exact_mut(length).enumerate() {
			best.fill(i32::MIN);
			for place in self.places() {
				let Some(seeing) = self.seeing(oy, place) else { continue };
				let seen = self.seen(image, seeing, &mut room);
				let best = best[seeing.words()].iter_mut();
				best.zip(seen).for_each(|(best, word)| *best = key(*word).max(*best));
			}
			out.iter_mut().zip(&best).for_each(|(out, best)| *out = of_key(*best));
		}
	}

	#[inline(always)]
	pub(super) fn max_pool_grad(&self, image: &[u32], gradient: &[u32], out: &mut [u32]) {
		let length = self.pooled_row();
		// Greatest key so far, and the number of the place that has it.
		let (mut best, mut at) = (vec![0; length], vec![0; length]);
		let (mut room, mut given) = (vec![0; length], vec![0; length]);
		out.fill(0);
		for (oy, gradient) in gradient.chunks_exact(length).enumerate() {
			best.fill(i32::MIN);
			at.fill(0);
			for (number, place) in (0..).zip(self.places()) {
				let Some(seeing) = self.seeing(oy, place) else { continue };
				let seen = self.seen(image, seeing, &mut room);
				let best = best[seeing.words()].iter_mut().zip(&mut at[seeing.words()]);
				for ((best, at), word) in best.zip(seen) {
					let key = key(*word);
					// Numbers ascend. Conditional stores would be slow.
					*at = (*at).max(if key > *best { number } else { 0 });
					*best = key.max(*best);
				}
			}
			// The windows that see a pixel add to it from left to right: the last place of the kernel comes first.
			for (number, place) in (0..self.kernel() as u32).zip(self.places()).rev() {
				let Some(seeing) = self.seeing(oy, place) else { continue };
				for ((given, at), word) in given.iter_mut().zip(&at).zip(gradient) {
					// A sum that begins with `+0` is never `−0`: neither is this, nor does `+0` change one.
					let word = if *at == number { *word } else { 0 };
					*given = canonical(0.0 + f32::from_bits(word));
				}
				self.give(out, seeing, &given);
			}
		}
		if !self.are_apart() {
			out.iter_mut().for_each(|word| *word = canonical_word(*word));
		}
	}

	/// One over the number of pixels in a window, rounded once.
	fn reciprocal(&self) -> f32 {
		// At most 255 · 255, which `f32` holds exactly.
		1.0 / self.kernel() as f32
	}

	#[inline(always)]
	pub(super) fn avg_pool(&self, image: &[u32], out: &mut [u32]) {
		let length = self.pooled_row();
		let mut room = vec![0; length];
		out.fill(0);
		for (oy, out) in out.chunks_exact_mut(length).enumerate() {
			for place in self.places() {
				let Some(seeing) = self.seeing(oy, place) else { continue };
				let seen = self.seen(image, seeing, &mut room);
				let sums = out[seeing.words()].iter_mut();
				sums.zip(seen).for_each(|(sum, word)| add_to(sum, *word));
			}
		}
		self.scale(out);
	}

	#[inline(always)]
	pub(super) fn avg_pool_grad(&self, gradient: &[u32], out: &mut [u32]) {
		let length = self.pooled_row();
		let mut given = vec![0; length];
		out.fill(0);
		for (oy, gradient) in gradient.chunks_exact(length).enumerate() {
			for (given, word) in given.iter_mut().zip(gradient) {
				*given = (0.0 + f32::from_bits(*word)).to_bits();
			}
			// As in `max_pool_grad`.
			for place in self.places().rev() {
				if let Some(seeing) = self.seeing(oy, place) {
					self.give(out, seeing, &given);
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
