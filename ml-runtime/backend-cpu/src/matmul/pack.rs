//! Operands of a matrix product as strided views, and their copies in the order that the innermost
//! loop reads.

use std::ops::Range;

/// Side of the squares in which rows are turned into columns: loads and stores stay contiguous.
const SQUARE: usize = 8;

/// Copies [`SQUARE`] rows of `words`, `stride` apart, to lanes from `lane` on.
#[inline(always)]
fn turn<const R: usize>(words: &[u32], stride: usize, lane: usize, panel: &mut [[f32; R]]) {
	let rows: [&[u32]; SQUARE] = std::array::from_fn(|i| &words[i * stride..][..panel.len()]);
	let mut square = [[0_u32; SQUARE]; SQUARE];
	let whole = panel.len() - panel.len() % SQUARE;
	for k in (0..whole).step_by(SQUARE) {
		for (line, row) in square.iter_mut().zip(rows) {
			line.copy_from_slice(&row[k..k + SQUARE]);
		}
		for (j, entry) in panel[k..k + SQUARE].iter_mut().enumerate() {
			let lanes = &mut entry[lane..lane + SQUARE];
			for (lane, line) in lanes.iter_mut().zip(&square) {
				*lane = f32::from_bits(line[j]);
			}
		}
	}
	for (k, entry) in panel.iter_mut().enumerate().skip(whole) {
		for (lane, row) in entry[lane..lane + SQUARE].iter_mut().zip(rows) {
			*lane = f32::from_bits(row[k]);
		}
	}
}

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
		if self.lane_stride == 1 {
			for (k, entry) in range.zip(panel) {
				let from = first + k * self.k_stride;
				let words = &self.data[from..from + present];
				if present < R {
					*entry = [0.0; R];
				}
				for (to, word) in entry.iter_mut().zip(words) {
					*to = f32::from_bits(*word);
				}
			}
			return;
		}
		if present < R {
			panel.fill([0.0; R]);
		}
		let panel = &mut panel[..range.len()];
		let mut lane = 0;
		while lane < present {
			let from = (first + lane) * self.lane_stride + range.start * self.k_stride;
			if self.k_stride == 1 && lane + SQUARE <= present {
				turn(&self.data[from..], self.lane_stride, lane, panel);
				lane += SQUARE;
			} else {
				let mut at = from;
				for entry in panel.iter_mut() {
					entry[lane] = f32::from_bits(self.data[at]);
					at += self.k_stride;
				}
				lane += 1;
			}
		}
	}
}
