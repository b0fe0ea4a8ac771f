//! Several steps to an update.

use assay_ops::{soft::ONE, Binary, Broadcast, NodeId, Op};

use super::zeros;
use crate::graph::{Graph, Refusal, SlotNode};

/// How the gradients of several steps become one.
pub(super) enum Accumulation {
	/// Every step updates.
	None,
	/// The nodes that all parameters share, 1 × 1.
	Several {
		/// 0 in the first step of an update, else 1.
		keep: NodeId,
		/// 1 in the last step of an update, else 0.
		last: NodeId,
	},
}

impl Accumulation {
	pub(super) fn prepare(graph: &mut Graph, steps: u32) -> Result<Self, Refusal> {
		if steps == 1 {
			return Ok(Self::None);
		}
		let index = graph.add(Op::StepIndex { every: 1, period: steps }, &[])?;
		let flags = graph.add(Op::OneHot { cols: steps }, &[index])?;
		let mut flag = |of: u32| {
			let place = graph.add(Op::Iota { rows: 1, first: of, stride: 0 }, &[])?;
			graph.add(Op::Pick, &[flags, place])
		};
		let (first, last) = (flag(0)?, flag(steps - 1)?);
		let one = graph.scalar(ONE)?;
		let keep = graph.binary(Binary::Sub, Broadcast::None, one, first)?;
		Ok(Self::Several { keep, last })
	}

	/// The sum of a gradient and those before it in the same update. An infinite one becomes NaN in the
	/// next update, but then the parameters are not finite either.
	pub(super) fn add(&self, graph: &mut Graph, gradient: NodeId) -> Result<NodeId, Refusal> {
		let Self::Several { keep, .. } = self else { return Ok(gradient) };
		let before = zeros(graph, gradient)?;
		let sum = graph.add(Op::Fma(Broadcast::Scalar), &[before.node, *keep, gradient])?;
		graph.set_next(before.slot, sum);
		Ok(sum)
	}

	/// Makes `next` the content of a slot after the last step of an update.
	pub(super) fn set(
		&self,
		graph: &mut Graph,
		slot: SlotNode,
		next: NodeId,
	) -> Result<(), Refusal> {
		let next = match self {
			Self::None => next,
			Self::Several { last, .. } => {
				graph.add(Op::Select(Broadcast::Scalar), &[next, *last, slot.node])?
			},
		};
		graph.set_next(slot.slot, next);
		Ok(())
	}
}
