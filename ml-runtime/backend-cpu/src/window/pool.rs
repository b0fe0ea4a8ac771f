//! Pooling and its gradients: windows without padding, one number per channel.
//!
//! What all windows of a row see at one place of the kernel is laid side by side first, so that the rest is loops over
//! neighbouring words, however few channels there are.

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

	/// First word of what the windows of row `oy` see at a place.
	fn first(&self, oy: usize, (ky, kx): (usize, usize)) -> usize {
		((oy * self.stride_h + ky) * self.width + kx) * self.channels
	}

	/// What the windows of row `oy` see at a place, one after the other; copied to `room` unless it lies so.
	#[inline(always)]
	fn seen<'a>(
		&self,
		image: &'a [u32],
		oy: usize,
		place: (usize, usize),
		room: &'a mut [u32],
	) -> &'a [u32] {
		let (channels, words) = (self.channels, &image[self.first(oy, place)..]);
		if self.stride_w == 1 {
			return &words[..self.pooled_row()];
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

	/// Gives the windows of row `oy` their words at a place: adds them to the pixels, or, where no windows overlap,
	/// stores them.
	#[inline(always)]
	fn give(&self, out: &mut [u32], oy: usize, place: (usize, usize), words: &[u32]) {
		let (channels, out) = (self.channels, &mut out[self.first(oy, place)..]);
		let apart = self.are_apart();
		let pixels = out.chunks_mut(self.stride_w * channels);
		for (pixel, words) in pixels.zip(words.chunks_exact(channels)) {
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
				let seen = self.seen(image, oy, place, &mut room);
				best.iter_mut().zip(seen).for_each(|(best, word)| *best = key(*word).max(*best));
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
				let seen = self.seen(image, oy, place, &mut room);
				for ((best, at), word) in best.iter_mut().zip(&mut at).zip(seen) {
					let key = key(*word);
					// Numbers ascend. Conditional stores would be slow.
					*at = (*at).max(if key > *best { number } else { 0 });
					*best = key.max(*best);
				}
			}
			// The windows that see a pixel add to it from left to right: the last place of the kernel comes first.
			for (number, place) in (0..self.kernel() as u32).zip(self.places()).rev() {
				for ((given, at), word) in given.iter_mut().zip(&at).zip(gradient) {
					// A sum that begins with `+0` is never `−0`: neither is this, nor does `+0` change one.
					let word = if *at == number { *word } else { 0 };
					*given = canonical(0.0 + f32::from_bits(word));
				}
				self.give(out, oy, place, &given);
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
				let seen = self.seen(image, oy, place, &mut room);
				out.iter_mut().zip(seen).for_each(|(sum, word)| add_to(sum, *word));
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
				self.give(out, oy, place, &given);
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
