//! Optimisers as fixed lists of nodes.
//!
//! Between gradients and rule, where the manifest asks for it:
//! ```text
//! a' = fma(a, k, g)                            accumulate: k is 0 in the first step of an update, else 1
//! s  = Σ over parameters, in order, of Σ g·g    clip: sums of rows, then of the column of them
//! g' = g · min(clip / (sqrt(s) + 10⁻⁶), 1)
//! ```
//! Where gradients are accumulated, each step calculates an update, and parameters and state take it
//! only in the last step of each ([`Op::Select`] by a flag).
//!
//! Decay applies to every parameter, biases included, as it does in PyTorch, or to those with two
//! dimensions or more.

mod accumulate;
mod clip;
mod rule;

use std::collections::BTreeMap;

use assay_ops::{soft, Binary, NodeId};

use crate::{
	constant,
	graph::{Graph, Refusal, Role, SlotNode},
	init::Init,
	layers::Learned,
	manifest::{Decay, Manifest},
	schedule,
};
use accumulate::Accumulation;
use rule::Rule;

/// Gives every parameter that learns its content after the step.
pub(crate) fn update(
	graph: &mut Graph,
	manifest: &Manifest,
	learned: &[Learned],
	gradients: &BTreeMap<NodeId, NodeId>,
) -> Result<(), Refusal> {
	let updates = &manifest.updates;
	let accumulation = Accumulation::prepare(graph, updates.accumulate)?;
	let lr = manifest.optimizer.lr();
	let rate = match &updates.schedule {
		None => Rate::Constant(lr),
		Some(schedule) => {
			Rate::Node(schedule::minus_rate(graph, schedule, lr, updates.accumulate)?)
		},
	};
	let rule = Rule::prepare(graph, &manifest.optimizer, rate, &accumulation)?;
	let mut found = Vec::new();
	for parameter in learned {
		graph.origin = graph.origin_of(parameter.node);
		let missing = || "a parameter has no influence on the loss".to_string();
		let gradient = gradients.get(&parameter.node).copied().ok_or_else(missing)?;
		found.push(accumulation.add(graph, gradient)?);
	}
	if let Some(most) = updates.clip {
		graph.origin = None;
		clip::clip(graph, most, &mut found)?;
	}
	for (parameter, gradient) in learned.iter().zip(found) {
		graph.origin = graph.origin_of(parameter.node);
		let decays = updates.decay == Decay::All || parameter.is_matrix;
		let next = rule.next(graph, &accumulation, (parameter.node, decays), gradient)?;
		let place = SlotNode { slot: parameter.slot, node: parameter.node };
		accumulation.set(graph, place, next)?;
	}
	graph.origin = None;
	Ok(())
}

/// The learning rate.
#[derive(Clone, Copy)]
enum Rate {
	/// The same in every step.
	Constant(u32),
	/// Negated, in a 1 × 1 node.
	Node(NodeId),
}

impl Rate {
	/// A node of `−lr`.
	fn minus(self, graph: &mut Graph) -> Result<NodeId, Refusal> {
		match self {
			Self::Constant(lr) => graph.scalar(soft::neg(lr)),
			Self::Node(node) => Ok(node),
		}
	}

	/// A node of `1 − lr · factor`.
	fn rest(self, graph: &mut Graph, factor: u32) -> Result<NodeId, Refusal> {
		match self {
			Self::Constant(lr) => graph.scalar(constant::one_minus(soft::mul(lr, factor))),
			Self::Node(minus) => {
				let share = graph.with_constant(Binary::Mul, minus, factor)?;
				graph.with_constant(Binary::Add, share, soft::ONE)
			},
		}
	}
}

/// A slot of zeros shaped like `like`.
fn zeros(graph: &mut Graph, like: NodeId) -> Result<SlotNode, Refusal> {
	let ty = graph.ty(like);
	graph.slot(ty.rows, ty.cols, Role::State, Init::Constant { bits: 0 })
}
