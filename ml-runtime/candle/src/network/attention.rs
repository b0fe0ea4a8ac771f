//! Multi-head self-attention.

use candle_core::{Result, Tensor, D};

use assay_compiler::{Rope, RopeScaling};

use super::{layer::Linear, norm::normalise};

/// Attention with its projections.
#[derive(Clone, Debug)]
pub(super) struct Attention {
	pub(super) q: Linear,
	pub(super) k: Linear,
	pub(super) v: Linear,
	pub(super) o: Linear,
	pub(super) heads: usize,
	/// Those of keys and values.
	pub(super) kv_heads: usize,
	pub(super) causal: bool,
	pub(super) rope: Option<Rope>,
	/// What normalises each head of queries, and of keys.
	pub(super) norms: Option<[Norm; 2]>,
}

/// Divides each head by the root of its mean square, and multiplies it with a weight.
#[derive(Clone, Debug)]
pub(super) struct Norm {
	pub(super) weight: Tensor,
	pub(super) eps: f64,
}

impl Norm {
	/// `batch × length × (heads · width)`.
	fn forward(&self, x: &Tensor) -> Result<Tensor> {
		let by_head = x.reshape(((), self.weight.elem_count()))?;
		normalise(&by_head, &self.weight, None, self.eps, false)?.reshape(x.shape())
	}
}

impl Attention {
	/// No position looks at one where `seen` is 0.
	pub(super) fn forward(&self, x: &Tensor, seen: Option<&Tensor>) -> Result<Tensor> {
		let (batch, length, _) = x.dims3()?;
		let features = self.q.weight.dim(0)?;
		let width = features / self.heads.max(1);
		let split = |y: Tensor, heads: usize| {
			y.reshape((batch, length, heads, width))?.transpose(1, 2)?.contiguous()
		};
		let shared = |y: Tensor| split(y, self.kv_heads);
		let (q, k) = (self.q.forward(x)?, self.k.forward(x)?);
		let (q, k) = match &self.norms {
			Some([of_q, of_k]) => (of_q.forward(&q)?, of_k.forward(&k)?),
			None => (q, k),
		};
		let (q, k, v) = (split(q, self.heads)?, shared(k)?, shared(self.v.forward(x)?)?);
		let (q, k) = match self.rope {
			Some(rope) => (rotate(&q, rope)?, rotate(&k, rope)?),
			None => (q, k),
		};
		let each_own = |y: Tensor| {
			if self.kv_heads == self.heads {
				return Ok(y);
			}
			let group = self.heads / self.kv_heads.max(1);
			let wide = (batch, self.kv_heads, group, length, width);
			let wide = y.unsqueeze(2)?.broadcast_as(wide)?.contiguous()?;
			wide.reshape((batch, self.heads, length, width))
		};
		let (k, v) = (each_own(k)?, each_own(v)?);
		let scores = (q.matmul(&k.transpose(2, 3)?.contiguous()?)? / (width as f64).sqrt())?;
		let scores = match seen {
			Some(seen) => hide(&scores, &seen.reshape((batch, 1, 1, length))?)?,
			None => scores,
		};
		let scores = if self.causal { scores.broadcast_add(&mask(&scores)?)? } else { scores };
		let exp = scores.broadcast_sub(&scores.max_keepdim(D::Minus1)?)?.exp()?;
		let weights = exp.broadcast_div(&exp.sum_keepdim(D::Minus1)?)?;
		let context = weights.matmul(&v)?.transpose(1, 2)?.contiguous()?;
		self.o.forward(&context.reshape((batch, length, features))?)
	}
}

/// The least number of `f32` where `seen` is 0.
fn hide(scores: &Tensor, seen: &Tensor) -> Result<Tensor> {
	let seen = seen.broadcast_as(scores.shape())?.ne(0.0)?;
	let least =
		Tensor::full(f32::MIN, scores.shape(), scores.device())?.to_dtype(scores.dtype())?;
	seen.where_cond(scores, &least)
}

/// 0 up to the diagonal, −∞ behind it.
fn mask(scores: &Tensor) -> Result<Tensor> {
	let length = scores.dim(D::Minus1)?;
	let place = |i: usize| if i % length > i / length { f32::NEG_INFINITY } else { 0.0 };
	let numbers: Vec<f32> = (0..length * length).map(place).collect();
	Tensor::from_vec(numbers, (length, length), scores.device())?.to_dtype(scores.dtype())
}

/// Turns the pairs (i, i + width / 2) of each head by `t` times what [`turn`] says.
fn rotate(x: &Tensor, rope: Rope) -> Result<Tensor> {
	let (.., length, width) = x.dims4()?;
	let half = width / 2;
	let angle = |place: usize| (place / half) as f64 * turn(place % half, width, rope);
	let table = |f: fn(f64) -> f64| {
		let numbers: Vec<f64> = (0..length * half).map(|place| f(angle(place))).collect();
		Tensor::from_vec(numbers, (length, half), x.device())?.to_dtype(x.dtype())
	};
	let (cos, sin) = (table(f64::cos)?, table(f64::sin)?);
	let (first, second) = (x.narrow(3, 0, half)?, x.narrow(3, half, half)?);
	let turned = |a: &Tensor, b: &Tensor| a.broadcast_mul(&cos)? + b.broadcast_mul(&sin)?;
	let low = turned(&first, &second.neg()?)?;
	Tensor::cat(&[low, turned(&second, &first)?], 3)
}

/// `base^(−2i / dims)`, slower where positions are scaled; 0 for pairs that do not turn.
fn turn(i: usize, width: usize, rope: Rope) -> f64 {
	let number = |bits: u32| f64::from(f32::from_bits(bits));
	let dims = rope.dims.map_or(width, |dims| dims as usize);
	if i >= dims / 2 {
		return 0.0;
	}
	let usual = number(rope.base).powf(-2.0 * i as f64 / dims as f64);
	match rope.scaling {
		None => usual,
		Some(RopeScaling::Linear { factor }) => usual / number(factor),
		Some(RopeScaling::Llama3 { factor, low, high, original }) => {
			let length = std::f64::consts::TAU / usual;
			let (shortest, longest) =
				(f64::from(original) / number(high), f64::from(original) / number(low));
			if length < shortest {
				usual
			} else if length > longest {
				usual / number(factor)
			} else {
				let rounds = f64::from(original) / length;
				let share = (rounds - number(low)) / (number(high) - number(low));
				(1.0 - share) * usual / number(factor) + share * usual
			}
		},
	}
}
