//! The rules by which gradients move parameters.
//!
//! SGD, as `torch.optim.SGD` without dampening or Nesterov, each line one node per parameter:
//! ```text
//! g' = fma(w, λ, g)        where λ ≠ 0
//! v' = fma(v, μ, g')       where μ ≠ 0, v starts at 0
//! w' = fma(v', −lr, w)
//! ```
//! AdamW, as `torch.optim.AdamW`; `p₁`, `p₂` are running products β₁ᵗ, β₂ᵗ in 1 × 1 slots that start
//! at 1, so that no power is ever computed:
//! ```text
//! p₁' = p₁ · β₁            p₂' = p₂ · β₂            c₂ = 1 − p₂'
//! step = −lr / (1 − p₁')
//! m' = fma(m, β₁, g · (1 − β₁))
//! v' = fma(v, β₂, (g · g) · (1 − β₂))
//! u  = m' / (sqrt(v' / c₂) + ε)
//! w' = fma(u, step, w · (1 − lr·λ))      (without the product where λ = 0)
//! ```

use assay_ops::{soft::ONE, Binary, Broadcast, NodeId, Op, Unary};

use super::{zeros, Accumulation, Rate};
use crate::{
	constant,
	graph::{Graph, Refusal, Role},
	init::Init,
	manifest::Optimizer,
};

/// A rule with the nodes that all parameters share.
pub(super) enum Rule {
	Sgd(Sgd),
	AdamW(AdamW),
}

impl Rule {
	pub(super) fn prepare(
		graph: &mut Graph,
		optimizer: &Optimizer,
		rate: Rate,
		accumulation: &Accumulation,
	) -> Result<Self, Refusal> {
		match *optimizer {
			Optimizer::Sgd { momentum, weight_decay, .. } => {
				Ok(Self::Sgd(Sgd { rate, momentum, weight_decay }))
			},
			Optimizer::AdamW { beta1, beta2, eps, weight_decay, .. } => {
				let power1 = running_power(graph, accumulation, beta1)?;
				let power2 = running_power(graph, accumulation, beta2)?;
				let one = graph.scalar(ONE)?;
				let rest1 = graph.binary(Binary::Sub, Broadcast::None, one, power1)?;
				let rest2 = graph.binary(Binary::Sub, Broadcast::None, one, power2)?;
				let minus_lr = rate.minus(graph)?;
				let step = graph.binary(Binary::Div, Broadcast::None, minus_lr, rest1)?;
				Ok(Self::AdamW(AdamW { rate, beta1, beta2, eps, weight_decay, step, rest2 }))
			},
		}
	}

	/// The content of a parameter after the update.
	pub(super) fn next(
		&self,
		graph: &mut Graph,
		accumulation: &Accumulation,
		(parameter, decays): (NodeId, bool),
		gradient: NodeId,
	) -> Result<NodeId, Refusal> {
		match self {
			Self::Sgd(sgd) => sgd.next(graph, accumulation, (parameter, decays), gradient),
			Self::AdamW(adam) => adam.next(graph, accumulation, (parameter, decays), gradient),
		}
	}
}

/// A slot that starts at 1 and is multiplied with `beta` in every update; the product.
fn running_power(
	graph: &mut Graph,
	accumulation: &Accumulation,
	beta: u32,
) -> Result<NodeId, Refusal> {
	let before = graph.slot(1, 1, Role::State, Init::Constant { bits: ONE })?;
	let after = graph.with_constant(Binary::Mul, before.node, beta)?;
	accumulation.set(graph, before, after)?;
	Ok(after)
}

pub(super) struct Sgd {
	rate: Rate,
	momentum: u32,
	weight_decay: u32,
}

impl Sgd {
	fn next(
		&self,
		graph: &mut Graph,
		accumulation: &Accumulation,
		(parameter, decays): (NodeId, bool),
		mut gradient: NodeId,
	) -> Result<NodeId, Refusal> {
		if self.weight_decay != 0 && decays {
			gradient = graph.fma_constant(parameter, self.weight_decay, gradient)?;
		}
		if self.momentum != 0 {
			let velocity = zeros(graph, parameter)?;
			gradient = graph.fma_constant(velocity.node, self.momentum, gradient)?;
			accumulation.set(graph, velocity, gradient)?;
		}
		let minus = self.rate.minus(graph)?;
		graph.add(Op::Fma(Broadcast::Scalar), &[gradient, minus, parameter])
	}
}

pub(super) struct AdamW {
	rate: Rate,
	beta1: u32,
	beta2: u32,
	eps: u32,
	weight_decay: u32,
	/// Node of −lr / (1 − β₁ᵗ).
	step: NodeId,
	/// Node of 1 − β₂ᵗ.
	rest2: NodeId,
}

impl AdamW {
	fn next(
		&self,
		graph: &mut Graph,
		accumulation: &Accumulation,
		(parameter, decays): (NodeId, bool),
		gradient: NodeId,
	) -> Result<NodeId, Refusal> {
		let mean = average(graph, accumulation, self.beta1, gradient)?;
		let square = graph.binary(Binary::Mul, Broadcast::None, gradient, gradient)?;
		let variance = average(graph, accumulation, self.beta2, square)?;
		let unbiased = graph.binary(Binary::Div, Broadcast::Scalar, variance, self.rest2)?;
		let root = graph.unary(Unary::Sqrt, unbiased)?;
		let scale = graph.with_constant(Binary::Add, root, self.eps)?;
		let direction = graph.binary(Binary::Div, Broadcast::None, mean, scale)?;
		let mut decayed = parameter;
		if self.weight_decay != 0 && decays {
			let kept = self.rate.rest(graph, self.weight_decay)?;
			decayed = graph.binary(Binary::Mul, Broadcast::Scalar, parameter, kept)?;
		}
		graph.add(Op::Fma(Broadcast::Scalar), &[direction, self.step, decayed])
	}
}

/// A running mean of `value` in a slot of its own.
fn average(
	graph: &mut Graph,
	accumulation: &Accumulation,
	beta: u32,
	value: NodeId,
) -> Result<NodeId, Refusal> {
	let before = zeros(graph, value)?;
	let share = graph.with_constant(Binary::Mul, value, constant::one_minus(beta))?;
	let after = graph.fma_constant(before.node, beta, share)?;
	accumulation.set(graph, before, after)?;
	Ok(after)
}
