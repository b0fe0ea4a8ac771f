//! The GPT of `gpt-shakespeare.toml` as one writes and trains it in candle: the formulas of
//! `candle_nn::ops` (its softmax and norms for training), AdamW and clipping as in PyTorch.

use candle_core::{DType, Device, Error, Result, Tensor, Var, D};

const LAYERS: usize = 6;
const HEADS: usize = 6;
const EPS: f64 = 1e-5;
const ROPE: f64 = 10_000.0;
const RATE: f64 = 1e-3;
const BETAS: (f64, f64) = (0.9, 0.99);
const DECAY: f64 = 0.1;
const CLIP: f64 = 1.0;

/// Parameters of a layer: two norms, four projections of the attention, three of the feed-forward part.
const PER_LAYER: usize = 9;

/// The network in training.
pub(crate) struct Gpt {
	/// Embedding, layers, last norm.
	parameters: Vec<Var>,
	means: Vec<Tensor>,
	squares: Vec<Tensor>,
	cos: Tensor,
	sin: Tensor,
	mask: Tensor,
	steps: i32,
}

fn normalise(x: &Tensor, weight: &Tensor) -> Result<Tensor> {
	let scale = (x.sqr()?.mean_keepdim(D::Minus1)? + EPS)?.sqrt()?;
	x.broadcast_div(&scale)?.broadcast_mul(weight)
}

fn softmax(x: &Tensor) -> Result<Tensor> {
	let exp = x.broadcast_sub(&x.max_keepdim(D::Minus1)?)?.exp()?;
	exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)
}

/// Angles of rotary position embedding, `length × width`, the same in both halves.
fn angles(length: usize, width: usize) -> Result<Tensor> {
	let half = width / 2;
	let angle = |position: usize, pair: usize| {
		position as f64 / ROPE.powf(2.0 * (pair % half) as f64 / width as f64)
	};
	let all = (0..length).flat_map(|p| (0..width).map(move |pair| angle(p, pair) as f32));
	Tensor::from_vec(all.collect(), (length, width), &Device::Cpu)
}

impl Gpt {
	/// Starts from parameters in the manifest's order, for sequences of this length.
	pub(crate) fn new(parameters: &[Tensor], length: usize) -> Result<Self> {
		let width = parameters[0].dim(1)? / HEADS;
		let angles = angles(length, width)?;
		let mask =
			(0..length * length)
				.map(|i| if i % length > i / length { f32::NEG_INFINITY } else { 0.0 });
		Ok(Self {
			parameters: parameters.iter().map(Var::from_tensor).collect::<Result<_>>()?,
			means: parameters.iter().map(Tensor::zeros_like).collect::<Result<_>>()?,
			squares: parameters.iter().map(Tensor::zeros_like).collect::<Result<_>>()?,
			cos: angles.cos()?,
			sin: angles.sin()?,
			mask: Tensor::from_vec(mask.collect(), (length, length), &Device::Cpu)?,
			steps: 0,
		})
	}

	fn linear(&self, index: usize, x: &Tensor) -> Result<Tensor> {
		x.matmul(&self.parameters[index].t()?)
	}

	fn rotate(&self, x: &Tensor) -> Result<Tensor> {
		let half = x.dim(D::Minus1)? / 2;
		let (first, second) = (x.narrow(D::Minus1, 0, half)?, x.narrow(D::Minus1, half, half)?);
		let turned = Tensor::cat(&[&second.neg()?, &first], D::Minus1)?;
		x.broadcast_mul(&self.cos)? + turned.broadcast_mul(&self.sin)?
	}

	fn attend(&self, first: usize, x: &Tensor, batch: usize, length: usize) -> Result<Tensor> {
		let (rows, features) = x.dims2()?;
		let width = features / HEADS;
		let heads = |index| {
			let value = self.linear(first + index, x)?.reshape((batch, length, HEADS, width))?;
			value.transpose(1, 2)?.contiguous()
		};
		let (q, k, v) = (self.rotate(&heads(0)?)?, self.rotate(&heads(1)?)?, heads(2)?);
		let scores = (q.matmul(&k.t()?)? * (1.0 / (width as f64).sqrt()))?;
		let weights = softmax(&scores.broadcast_add(&self.mask)?)?;
		let context = weights.matmul(&v)?.transpose(1, 2)?.reshape((rows, features))?;
		self.linear(first + 3, &context)
	}

	/// Mean cross-entropy of `next` (`batch · length`) after `tokens` (`batch × length`).
	fn loss(&self, tokens: &Tensor, next: &Tensor) -> Result<Tensor> {
		let (batch, length) = tokens.dims2()?;
		let embedding = &self.parameters[0];
		let mut x = embedding.embedding(&tokens.flatten_all()?)?;
		for layer in 0..LAYERS {
			let at = 1 + layer * PER_LAYER;
			let normal = normalise(&x, &self.parameters[at])?;
			x = (x + self.attend(at + 1, &normal, batch, length)?)?;
			let normal = normalise(&x, &self.parameters[at + 5])?;
			let gate = self.linear(at + 6, &normal)?.silu()?;
			x = (x + self.linear(at + 8, &(gate * self.linear(at + 7, &normal)?)?)?)?;
		}
		let x = normalise(&x, &self.parameters[1 + LAYERS * PER_LAYER])?;
		let logits = self.linear(0, &x)?;
		let shifted = logits.broadcast_sub(&logits.max_keepdim(D::Minus1)?)?;
		let log = shifted.exp()?.sum_keepdim(D::Minus1)?.log()?;
		(log - shifted.gather(&next.unsqueeze(1)?, D::Minus1)?)?.mean_all()
	}

	/// One step of AdamW with clipped gradients; returns the loss.
	pub(crate) fn step(&mut self, tokens: &Tensor, next: &Tensor) -> Result<f32> {
		let loss = self.loss(tokens, next)?;
		let gradients = loss.backward()?;
		let missing = || Error::msg("a parameter takes no part");
		let gradients: Vec<&Tensor> = (self.parameters.iter())
			.map(|parameter| gradients.get(parameter).ok_or_else(missing))
			.collect::<Result<_>>()?;
		let mut square = 0.0;
		for gradient in &gradients {
			square +=
				f64::from(gradient.sqr()?.sum_all()?.to_dtype(DType::F32)?.to_scalar::<f32>()?);
		}
		let scale = (CLIP / (square.sqrt() + 1e-6)).min(1.0);
		self.steps += 1;
		let rest = |beta: f64| 1.0 - beta.powi(self.steps);
		for (index, gradient) in gradients.into_iter().enumerate() {
			let gradient = (gradient.detach() * scale)?;
			let (mean, square) = (&self.means[index], &self.squares[index]);
			let mean = ((mean * BETAS.0)? + (&gradient * (1.0 - BETAS.0))?)?;
			let square = ((square * BETAS.1)? + (gradient.sqr()? * (1.0 - BETAS.1))?)?;
			let scale = ((&square / rest(BETAS.1))?.sqrt()? + 1e-8)?;
			let direction = ((&mean / rest(BETAS.0))? / scale)?;
			let parameter = self.parameters[index].as_tensor();
			let decay = if parameter.dim(0)? > 1 && parameter.rank() > 1 { DECAY } else { 0.0 };
			let kept = (parameter * (1.0 - RATE * decay))?;
			self.parameters[index].set(&(kept - (direction * RATE)?)?)?;
			(self.means[index], self.squares[index]) = (mean, square);
		}
		loss.to_scalar()
	}
}
