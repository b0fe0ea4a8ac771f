//! LeNet as one writes and trains it in candle, with candle's own pooling.

use assay_candle::Inputs;
use candle_core::{Error, Result, Tensor, Var};

const RATE: f64 = 0.02;
const MOMENTUM: f64 = 0.9;

/// Records as tensors, batch by batch.
pub(crate) struct Batches(Vec<(Tensor, Tensor)>);

impl Batches {
	pub(crate) fn new(inputs: Inputs, size: usize) -> Result<Self> {
		let records = inputs.labels.len();
		let labels = Tensor::from_vec(inputs.labels, (records, 1), inputs.values.device())?;
		let batch =
			|from| Ok((inputs.values.narrow(0, from, size)?, labels.narrow(0, from, size)?));
		Ok(Self((0..records / size).map(|index| batch(index * size)).collect::<Result<_>>()?))
	}
}

/// The network in training.
pub(crate) struct LeNet {
	/// Weight and bias of each layer, in order.
	parameters: Vec<Var>,
	velocities: Vec<Tensor>,
	steps: usize,
}

impl LeNet {
	pub(crate) fn new(parameters: &[Tensor]) -> Result<Self> {
		Ok(Self {
			parameters: parameters.iter().map(Var::from_tensor).collect::<Result<_>>()?,
			velocities: parameters.iter().map(Tensor::zeros_like).collect::<Result<_>>()?,
			steps: 0,
		})
	}

	fn convolve(&self, layer: usize, x: &Tensor, pad: usize) -> Result<Tensor> {
		let (weight, bias) = (&self.parameters[2 * layer], &self.parameters[2 * layer + 1]);
		let bias = bias.reshape((1, bias.elem_count(), 1, 1))?;
		x.conv2d(weight, pad, 1, 1, 1)?.broadcast_add(&bias)?.relu()?.max_pool2d(2)
	}

	fn connect(&self, layer: usize, x: &Tensor) -> Result<Tensor> {
		let (weight, bias) = (&self.parameters[2 * layer], &self.parameters[2 * layer + 1]);
		x.matmul(&weight.t()?)?.broadcast_add(bias)
	}

	fn logits(&self, images: &Tensor) -> Result<Tensor> {
		let x = self.convolve(0, images, 2)?;
		let x = self.convolve(1, &x, 0)?.flatten_from(1)?;
		let x = self.connect(2, &x)?.relu()?;
		let x = self.connect(3, &x)?.relu()?;
		self.connect(4, &x)
	}

	/// One step of gradient descent with momentum on the cross-entropy of the next batch.
	pub(crate) fn step(&mut self, batches: &Batches) -> Result<()> {
		let (images, labels) = &batches.0[self.steps % batches.0.len()];
		let logits = self.logits(images)?;
		let picked = logits.gather(labels, 1)?.squeeze(1)?;
		let loss = (logits.log_sum_exp(1)? - picked)?.mean_all()?;
		let gradients = loss.backward()?;
		for (parameter, velocity) in self.parameters.iter().zip(&mut self.velocities) {
			let gradient = gradients.get(parameter);
			let gradient = gradient.ok_or_else(|| Error::msg("a parameter takes no part"))?;
			// Detached, since a gradient remembers how it came about.
			*velocity = ((&*velocity * MOMENTUM)? + gradient)?.detach();
			parameter.set(&(parameter.as_tensor() - (&*velocity * RATE)?)?)?;
		}
		self.steps += 1;
		Ok(())
	}
}
