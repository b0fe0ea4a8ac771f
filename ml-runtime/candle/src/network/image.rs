//! Convolution and pooling.

use candle_core::{Result, Tensor};

/// Convolution. candle has one stride for both directions; where they differ, results are left out
/// of that with stride 1.
pub(super) fn convolve(
	x: &Tensor,
	(weight, groups): (&Tensor, usize),
	(down, right): (usize, usize),
	(rows, cols): (usize, usize),
) -> Result<Tensor> {
	let padded = x.pad_with_zeros(2, rows, rows)?.pad_with_zeros(3, cols, cols)?;
	if down == right {
		return padded.conv2d(weight, 0, down, 1, groups);
	}
	let dense = padded.conv2d(weight, 0, 1, 1, groups)?;
	every(&every(&dense, 2, down)?, 3, right)
}

/// Maximum of each window, entry by entry. candle's own `max_pool2d` has another gradient: it divides
/// by the size of the window.
pub(super) fn max_pool(
	x: &Tensor,
	(rows, cols): (usize, usize),
	(down, right): (usize, usize),
	(above, left): (usize, usize),
) -> Result<Tensor> {
	let x = beneath_all(&beneath_all(x, 2, above)?, 3, left)?;
	let (_, _, height, width) = x.dims4()?;
	let mut most: Option<Tensor> = None;
	for row in 0..rows {
		let line = every(&x.narrow(2, row, height + 1 - rows)?, 2, down)?;
		for col in 0..cols {
			let entry = every(&line.narrow(3, col, width + 1 - cols)?, 3, right)?;
			most = Some(match most {
				Some(most) => most.maximum(&entry)?,
				None => entry,
			});
		}
	}
	most.ok_or_else(|| candle_core::Error::msg("a window has no entries"))
}

/// Padding that is below every number, before and behind.
fn beneath_all(x: &Tensor, dim: usize, pad: usize) -> Result<Tensor> {
	if pad == 0 {
		return Ok(x.clone());
	}
	let mut shape = x.dims().to_vec();
	shape[dim] = pad;
	let side = Tensor::full(f32::NEG_INFINITY, shape, x.device())?.to_dtype(x.dtype())?;
	Tensor::cat(&[&side, x, &side], dim)
}

/// Positions 0, `stride`, 2 · `stride`, … along a dimension.
fn every(x: &Tensor, dim: usize, stride: usize) -> Result<Tensor> {
	let positions: Vec<u32> = (0..x.dim(dim)? as u32).step_by(stride).collect();
	x.contiguous()?.index_select(&Tensor::new(positions, x.device())?, dim)
}
