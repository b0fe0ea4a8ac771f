//! The optimiser of a manifest.

use super::Bits;

/// The rule of `[optimizer]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Optimizer {
	/// Stochastic gradient descent as in `torch.optim.SGD`.
	Sgd {
		/// Learning rate.
		lr: Bits,
		/// Momentum; 0 for none.
		momentum: Bits,
		/// Decay added to the gradient; 0 for none.
		weight_decay: Bits,
	},
	/// AdamW as in `torch.optim.AdamW`: decay is apart from the gradient.
	AdamW {
		/// Learning rate.
		lr: Bits,
		/// Decay of the running mean of gradients.
		beta1: Bits,
		/// Decay of the running mean of squared gradients.
		beta2: Bits,
		/// Added to the denominator.
		eps: Bits,
		/// Decay of parameters; 0 for none.
		weight_decay: Bits,
	},
}

impl Optimizer {
	/// The learning rate, the highest one where there is a schedule.
	pub fn lr(&self) -> Bits {
		match self {
			Self::Sgd { lr, .. } | Self::AdamW { lr, .. } => *lr,
		}
	}
}

/// What happens between gradients and the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Updates {
	/// Largest norm of all gradients together, as in `torch.nn.utils.clip_grad_norm_`.
	pub clip: Option<Bits>,
	/// Steps whose gradients are averaged for one update.
	pub accumulate: u32,
	/// What decays.
	pub decay: Decay,
	/// How the learning rate changes; `None` where it does not.
	pub schedule: Option<Schedule>,
}

/// The parameters that decay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decay {
	/// All, as in PyTorch.
	All,
	/// Those with two dimensions or more: no bias, no weight of a norm.
	Matrices,
}

/// The learning rate of each update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
	/// What follows the warm-up.
	pub course: Course,
	/// Updates over which the rate rises evenly to the learning rate.
	pub warmup: u32,
	/// Updates from the first to the one that reaches `min`.
	pub steps: u32,
	/// Updates that the table holds: at least all of the task.
	pub entries: u32,
	/// Learning rate at the end.
	pub min: Bits,
}

/// The way of the learning rate after the warm-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Course {
	/// It stays.
	Constant,
	/// Down on a line.
	Linear,
	/// Down on half a period of the cosine.
	Cosine,
}
