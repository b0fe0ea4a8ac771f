//! Operands of a matrix product as strided views, and their copies in the order that the innermost
//! loop reads.

use std::ops::Range;

/// A matrix of `lanes × k` elements inside a slice of words.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
	/// The words.
	pub data: &'a [u32],
	/// Rows of `A`, columns of `B`.
	pub lanes: usize,
	/// Distance between neighbouring lanes.
	pub lane_stride: usize,
	/// Distance between neighbouring `k`.
	pub k_stride: usize,
}

impl View<'_> {
	/// Copies the panel of lanes from `first` on, `k` in `range`, into `panel` (one entry per `k`).
	/// Lanes beyond the matrix are `+0`; they only feed results that are thrown away.
	#[inline(always)]
	pub(super) fn pack<const R: usize>(
		&self,
		first: usize,
		range: Range<usize>,
		panel: &mut [[f32; R]],
	) {
		let present = R.min(self.lanes - first);
		if self.lane_stride == 1 && present == R {
			for (k, entry) in range.zip(panel) {
				let from = first + k * self.k_stride;
				let words: &[u32] = &self.data[from..from + R];
				for (to, word) in entry.iter_mut().zip(words) {
					*to = f32::from_bits(*word);
				}
			}
			return;
		}
		if present < R {
			panel.fill([0.0; R]);
		}
		for lane in 0..present {
			let from = (first + lane) * self.lane_stride + range.start * self.k_stride;
			let words = self.data[from..].iter().step_by(self.k_stride);
			for (entry, word) in panel[..range.len()].iter_mut().zip(words) {
				entry[lane] = f32::from_bits(*word);
			}
		}
	}
}
