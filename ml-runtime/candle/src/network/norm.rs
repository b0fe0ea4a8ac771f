//! Norms over vectors, or over the channels of pixels.

use candle_core::{Result, Tensor, D};

pub(super) fn normalise(
	x: &Tensor,
	weight: &Tensor,
	bias: Option<&Tensor>,
	eps: f64,
	centred: bool,
) -> Result<Tensor> {
	// An image has its channels before height and width.
	let image = x.rank() == 4;
	let mut y = if image { x.permute((0, 2, 3, 1))? } else { x.clone() };
	if centred {
		y = y.broadcast_sub(&y.mean_keepdim(D::Minus1)?)?;
	}
	let square = y.sqr()?.mean_keepdim(D::Minus1)?;
	y = y.broadcast_div(&(square + eps)?.sqrt()?)?.broadcast_mul(weight)?;
	if let Some(bias) = bias {
		y = y.broadcast_add(bias)?;
	}
	if image {
		y = y.permute((0, 3, 1, 2))?.contiguous()?;
	}
	Ok(y)
}
