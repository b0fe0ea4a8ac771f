//! The loss and its gradient with respect to the logits.

use assay_ops::{Binary, Broadcast, NodeId, Op, Unary};

use crate::{
	constant,
	graph::{Graph, Refusal},
};

/// Nodes of a loss.
pub(crate) struct LossNodes {
	/// Mean loss of the batch, 1 × 1.
	pub(crate) loss: NodeId,
	/// Its gradient with respect to the logits, divided by the number of steps that share an update.
	pub(crate) gradient: NodeId,
}

/// Mean over rows of `log Σⱼ exp(xⱼ − m) − (x_label − m)` with `m` the maximum of the row; its
/// gradient is `(softmax(x) − onehot(label)) / n`, which is divided by `accumulate` as well.
pub(crate) fn cross_entropy(
	graph: &mut Graph,
	logits: NodeId,
	labels: NodeId,
	accumulate: u32,
) -> Result<LossNodes, Refusal> {
	use Broadcast::{Col, None};
	let rows = graph.ty(logits).rows;
	let share = constant::reciprocal(rows);
	let max = graph.add(Op::RowMax, &[logits])?;
	let shifted = graph.binary(Binary::Sub, Col, logits, max)?;
	let exp = graph.unary(Unary::Exp, shifted)?;
	let sum = graph.add(Op::RowSum, &[exp])?;
	let log = graph.unary(Unary::Log, sum)?;
	let picked = graph.add(Op::Pick, &[shifted, labels])?;
	let each = graph.binary(Binary::Sub, None, log, picked)?;
	let total = graph.add(Op::ColSum, &[each])?;
	let loss = graph.with_constant(Binary::Mul, total, share)?;

	let softmax = graph.binary(Binary::Div, Col, exp, sum)?;
	let target = graph.add(Op::OneHot { cols: graph.ty(logits).cols }, &[labels])?;
	let error = graph.binary(Binary::Sub, None, softmax, target)?;
	let share = constant::reciprocal(rows.saturating_mul(accumulate));
	let gradient = graph.with_constant(Binary::Mul, error, share)?;
	Ok(LossNodes { loss, gradient })
}
