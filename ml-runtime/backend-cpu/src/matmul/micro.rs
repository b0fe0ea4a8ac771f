//! The innermost loop: one tile of `MR × NR` results in registers, one K-block long.

use crate::level::Fused;

/// `acc[i][j] = fma(a[k][i], b[k][j], acc[i][j])` for ascending `k`, from `+0`.
///
/// `a` and `b` are packed panels: entry `k` holds the `MR` (`NR`) elements of column (row) `k`. The
/// vector lanes are `j`; nothing is ever summed across lanes.
#[inline(always)]
pub(super) fn tile<F: Fused, const MR: usize, const NR: usize>(
	a: &[[f32; MR]],
	b: &[[f32; NR]],
) -> [[f32; NR]; MR] {
	let mut acc = [[0.0_f32; NR]; MR];
	for (a, b) in a.iter().zip(b) {
		for i in 0..MR {
			for j in 0..NR {
				acc[i][j] = F::fma(a[i], b[j], acc[i][j]);
			}
		}
	}
	acc
}
