//! Optimisers as fixed lists of elementwise nodes.
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
//! Decay applies to every parameter, biases included, as it does in PyTorch.

use std::collections::BTreeMap;

use assay_ops::{
	soft::{self, ONE},
	Binary, Broadcast, NodeId, Op, Unary,
};

use crate::{
	constant,
	graph::{Graph, Refusal},
	init::Init,
	manifest::Optimizer,
};

/// Gives every parameter (slot `i` is `parameters[i]`) its content after the step. Returns how the
/// slots that were added start.
pub(crate) fn update(
	graph: &mut Graph,
	optimizer: &Optimizer,
	parameters: &[NodeId],
	gradients: &BTreeMap<NodeId, NodeId>,
) -> Result<Vec<Init>, Refusal> {
	let mut inits = Vec::new();
	let rule = Rule::prepare(graph, &mut inits, optimizer)?;
	for (slot, parameter) in (0..).zip(parameters) {
		graph.origin = graph.origin_of(*parameter);
		let missing = || "a parameter has no influence on the loss".to_string();
		let gradient = gradients.get(parameter).copied().ok_or_else(missing)?;
		let next = match &rule {
			Rule::Sgd(sgd) => sgd.next(graph, &mut inits, *parameter, gradient)?,
			Rule::AdamW(adam) => adam.next(graph, &mut inits, *parameter, gradient)?,
		};
		graph.set_next(slot, next);
	}
	graph.origin = None;
	Ok(inits)
}

/// An optimiser with the nodes that all parameters share.
enum Rule {
	Sgd(Sgd),
	AdamW(AdamW),
}

impl Rule {
	fn prepare(
		graph: &mut Graph,
		inits: &mut Vec<Init>,
		optimizer: &Optimizer,
	) -> Result<Self, Refusal> {
		match *optimizer {
			Optimizer::Sgd { lr, momentum, weight_decay } => {
				Ok(Self::Sgd(Sgd { lr, momentum, weight_decay }))
			},
			Optimizer::AdamW { lr, beta1, beta2, eps, weight_decay } => {
				let power1 = running_power(graph, inits, beta1)?;
				let power2 = running_power(graph, inits, beta2)?;
				let one = graph.scalar(ONE)?;
				let rest1 = graph.binary(Binary::Sub, Broadcast::None, one, power1)?;
				let rest2 = graph.binary(Binary::Sub, Broadcast::None, one, power2)?;
				let minus_lr = graph.scalar(soft::neg(lr))?;
				let step = graph.binary(Binary::Div, Broadcast::None, minus_lr, rest1)?;
				Ok(Self::AdamW(AdamW { lr, beta1, beta2, eps, weight_decay, step, rest2 }))
			},
		}
	}
}

/// A slot that starts at 1 and is multiplied with `beta` in every step; the product.
fn running_power(graph: &mut Graph, inits: &mut Vec<Init>, beta: u32) -> Result<NodeId, Refusal> {
	let slot = graph.slot_count();
	let before = graph.slot(1, 1, false)?;
	inits.push(Init::Constant { bits: ONE });
	let after = graph.with_constant(Binary::Mul, before, beta)?;
	graph.set_next(slot, after);
	Ok(after)
}

/// A slot of zeros shaped like `parameter`: its index and node.
fn zeros_like(
	graph: &mut Graph,
	inits: &mut Vec<Init>,
	parameter: NodeId,
) -> Result<(u16, NodeId), Refusal> {
	let (slot, ty) = (graph.slot_count(), graph.ty(parameter));
	inits.push(Init::Constant { bits: 0 });
	Ok((slot, graph.slot(ty.rows, ty.cols, false)?))
}

struct Sgd {
	lr: u32,
	momentum: u32,
	weight_decay: u32,
}

impl Sgd {
	fn next(
		&self,
		graph: &mut Graph,
		inits: &mut Vec<Init>,
		parameter: NodeId,
		mut gradient: NodeId,
	) -> Result<NodeId, Refusal> {
		if self.weight_decay != 0 {
			gradient = graph.fma_constant(parameter, self.weight_decay, gradient)?;
		}
		if self.momentum != 0 {
			let (slot, velocity) = zeros_like(graph, inits, parameter)?;
			gradient = graph.fma_constant(velocity, self.momentum, gradient)?;
			graph.set_next(slot, gradient);
		}
		graph.fma_constant(gradient, soft::neg(self.lr), parameter)
	}
}

struct AdamW {
	lr: u32,
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
		inits: &mut Vec<Init>,
		parameter: NodeId,
		gradient: NodeId,
	) -> Result<NodeId, Refusal> {
		let mean = self.average(graph, inits, parameter, self.beta1, gradient)?;
		let square = graph.binary(Binary::Mul, Broadcast::None, gradient, gradient)?;
		let variance = self.average(graph, inits, parameter, self.beta2, square)?;
		let unbiased = graph.binary(Binary::Div, Broadcast::Scalar, variance, self.rest2)?;
		let root = graph.unary(Unary::Sqrt, unbiased)?;
		let scale = graph.with_constant(Binary::Add, root, self.eps)?;
		let direction = graph.binary(Binary::Div, Broadcast::None, mean, scale)?;
		let kept = constant::one_minus(soft::mul(self.lr, self.weight_decay));
		let decayed = match self.weight_decay {
			0 => parameter,
			_ => graph.with_constant(Binary::Mul, parameter, kept)?,
		};
		graph.add(Op::Fma(Broadcast::Scalar), &[direction, self.step, decayed])
	}

	/// A running mean of `value` in a slot of its own.
	fn average(
		&self,
		graph: &mut Graph,
		inits: &mut Vec<Init>,
		parameter: NodeId,
		beta: u32,
		value: NodeId,
	) -> Result<NodeId, Refusal> {
		let (slot, before) = zeros_like(graph, inits, parameter)?;
		let share = graph.with_constant(Binary::Mul, value, constant::one_minus(beta))?;
		let after = graph.fma_constant(before, beta, share)?;
		graph.set_next(slot, after);
		Ok(after)
	}
}
