//! The layers of a manifest in candle's operations.

use assay_compiler::{LayerKind, Model, Size};
use candle_core::{Result, Tensor};

use crate::Error;

/// A network that candle evaluates, and through which its autograd can go.
#[derive(Clone, Debug)]
pub struct Network {
	layers: Vec<Layer>,
}

/// One layer with its parameters.
#[derive(Clone, Debug)]
enum Layer {
	Linear { weight: Tensor, bias: Option<Tensor> },
	Conv2d { weight: Tensor, bias: Option<Tensor>, stride: Size, pad: Size },
	Relu,
	MaxPool { kernel: Size, stride: Size },
	AvgPool { kernel: Size, stride: Size },
	Flatten,
}

fn pair(size: Size) -> (usize, usize) {
	(size.height.into(), size.width.into())
}

impl Network {
	/// The layers of a model with these parameters (in their order, in any float type). Dropout is
	/// left out, as in every evaluation.
	pub fn new(model: &Model, parameters: &[Tensor]) -> std::result::Result<Self, Error> {
		let mut rest = parameters.iter().cloned();
		let mut needed = 0;
		let mut next = |wanted: bool| {
			needed += usize::from(wanted);
			if wanted {
				rest.next()
			} else {
				None
			}
		};
		let mut layers = Vec::new();
		for layer in &model.layers {
			layers.push(match layer.kind {
				LayerKind::Linear { bias, .. } => match next(true) {
					Some(weight) => Layer::Linear { weight, bias: next(bias) },
					None => continue,
				},
				LayerKind::Conv2d { stride, pad, bias, .. } => match next(true) {
					Some(weight) => Layer::Conv2d { weight, bias: next(bias), stride, pad },
					None => continue,
				},
				LayerKind::Relu => Layer::Relu,
				LayerKind::MaxPool { kernel, stride } => Layer::MaxPool { kernel, stride },
				LayerKind::AvgPool { kernel, stride } => Layer::AvgPool { kernel, stride },
				LayerKind::Flatten => Layer::Flatten,
				LayerKind::Dropout { .. } => continue,
			});
		}
		if needed != parameters.len() {
			return Err(Error::SlotCount { expected: needed, got: parameters.len() });
		}
		Ok(Self { layers })
	}

	/// The logits, `batch × classes`, of a batch shaped as [`crate::Inputs`] shapes it.
	pub fn forward(&self, inputs: &Tensor) -> Result<Tensor> {
		self.layers.iter().try_fold(inputs.clone(), |value, layer| layer.forward(&value))
	}
}

impl Layer {
	fn forward(&self, x: &Tensor) -> Result<Tensor> {
		match self {
			Self::Linear { weight, bias } => {
				let product = x.matmul(&weight.t()?)?;
				bias.as_ref().map_or(Ok(product.clone()), |bias| product.broadcast_add(bias))
			},
			Self::Conv2d { weight, bias, stride, pad } => {
				let y = convolve(x, weight, pair(*stride), pair(*pad))?;
				match bias {
					Some(bias) => y.broadcast_add(&bias.reshape((1, bias.elem_count(), 1, 1))?),
					None => Ok(y),
				}
			},
			Self::Relu => x.relu(),
			Self::MaxPool { kernel, stride } => max_pool(x, pair(*kernel), pair(*stride)),
			Self::AvgPool { kernel, stride } => {
				x.avg_pool2d_with_stride(pair(*kernel), pair(*stride))
			},
			Self::Flatten => x.flatten_from(1),
		}
	}
}

/// Convolution. candle has one stride for both directions; where they differ, results are left out
/// of that with stride 1.
fn convolve(
	x: &Tensor,
	weight: &Tensor,
	(down, right): (usize, usize),
	(rows, cols): (usize, usize),
) -> Result<Tensor> {
	let padded = x.pad_with_zeros(2, rows, rows)?.pad_with_zeros(3, cols, cols)?;
	if down == right {
		return padded.conv2d(weight, 0, down, 1, 1);
	}
	let dense = padded.conv2d(weight, 0, 1, 1, 1)?;
	every(&every(&dense, 2, down)?, 3, right)
}

/// Maximum of each window, entry by entry. candle's own `max_pool2d` has another gradient: it divides
/// by the size of the window.
fn max_pool(
	x: &Tensor,
	(rows, cols): (usize, usize),
	(down, right): (usize, usize),
) -> Result<Tensor> {
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

/// Positions 0, `stride`, 2 · `stride`, … along a dimension.
fn every(x: &Tensor, dim: usize, stride: usize) -> Result<Tensor> {
	let positions: Vec<u32> = (0..x.dim(dim)? as u32).step_by(stride).collect();
	x.contiguous()?.index_select(&Tensor::new(positions, x.device())?, dim)
}
