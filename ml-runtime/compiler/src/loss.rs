//! The loss and its gradient with respect to the logits.

use assay_ops::{
	soft::{self, from_u32, ONE},
	Binary, Broadcast, NodeId, Op, Unary,
};

use crate::{
	constant,
	graph::{Graph, Refusal},
	mask,
};

const TWO: u32 = 0x4000_0000;

/// Nodes of a loss.
pub(crate) struct LossNodes {
	/// Mean loss of the batch, 1 × 1.
	pub(crate) loss: NodeId,
	/// Its gradient with respect to the logits, divided by the number of steps that share an update.
	pub(crate) gradient: NodeId,
}

/// How much each row of logits weighs.
enum Share {
	/// As much as every other: this much in the loss, and this much in its gradient.
	Even(u32, u32),
	/// 1 or 0 in `seen`, divided by `count` in the loss and by `updates` in its gradient.
	Masked { seen: NodeId, count: NodeId, updates: NodeId },
}

impl Share {
	/// Of `rows` rows those count where `mask` (a column) is not 0; without a mask all.
	fn new(
		graph: &mut Graph,
		rows: u32,
		mask: Option<NodeId>,
		accumulate: u32,
	) -> Result<Self, Refusal> {
		let Some(seen) = mask else {
			let updates = constant::reciprocal(rows.saturating_mul(accumulate));
			return Ok(Self::Even(constant::reciprocal(rows), updates));
		};
		let count = graph.add(Op::ColSum, &[seen])?;
		let count = graph.with_constant(Binary::Max, count, ONE)?;
		let updates = graph.with_constant(Binary::Mul, count, from_u32(accumulate))?;
		Ok(Self::Masked { seen, count, updates })
	}

	/// The mean of a column.
	fn mean(&self, graph: &mut Graph, each: NodeId) -> Result<NodeId, Refusal> {
		match *self {
			Self::Even(share, _) => {
				let total = graph.add(Op::ColSum, &[each])?;
				graph.with_constant(Binary::Mul, total, share)
			},
			Self::Masked { seen, count, .. } => {
				let each = mask::only(graph, each, seen)?;
				let total = graph.add(Op::ColSum, &[each])?;
				graph.binary(Binary::Div, Broadcast::None, total, count)
			},
		}
	}

	/// 0 in rows that do not count, whatever they hold.
	fn only(&self, graph: &mut Graph, rows: NodeId) -> Result<NodeId, Refusal> {
		let Self::Masked { seen, .. } = *self else { return Ok(rows) };
		let ty = graph.ty(rows);
		let nothing = graph.add(Op::Fill { bits: 0, rows: ty.rows, cols: ty.cols }, &[])?;
		graph.add(Op::Select(Broadcast::Col), &[rows, seen, nothing])
	}

	/// What each row of errors adds to an update.
	fn weigh(&self, graph: &mut Graph, errors: NodeId) -> Result<NodeId, Refusal> {
		match *self {
			Self::Even(_, share) => graph.with_constant(Binary::Mul, errors, share),
			Self::Masked { seen, updates, .. } => {
				let share = graph.binary(Binary::Div, Broadcast::Scalar, seen, updates)?;
				graph.binary(Binary::Mul, Broadcast::Col, errors, share)
			},
		}
	}
}

/// Mean over rows of `log Σⱼ exp(xⱼ − m) − (x_label − m)` with `m` the maximum of the row; its
/// gradient is `(softmax(x) − onehot(label)) / n`, which is divided by `accumulate` as well. Rows where `mask`
/// (a column of 1 and 0) is 0 do not count, whatever their label.
pub(crate) fn cross_entropy(
	graph: &mut Graph,
	logits: NodeId,
	labels: NodeId,
	mask: Option<NodeId>,
	accumulate: u32,
) -> Result<LossNodes, Refusal> {
	use Broadcast::{Col, None};
	let rows = graph.ty(logits).rows;
	let share = Share::new(graph, rows, mask, accumulate)?;
	let max = graph.add(Op::RowMax, &[logits])?;
	let shifted = graph.binary(Binary::Sub, Col, logits, max)?;
	let exp = graph.unary(Unary::Exp, shifted)?;
	let sum = graph.add(Op::RowSum, &[exp])?;
	let log = graph.unary(Unary::Log, sum)?;
	let picked = graph.add(Op::Pick, &[shifted, labels])?;
	let each = graph.binary(Binary::Sub, None, log, picked)?;
	let loss = share.mean(graph, each)?;

	let softmax = graph.binary(Binary::Div, Col, exp, sum)?;
	let target = graph.add(Op::OneHot { cols: graph.ty(logits).cols }, &[labels])?;
	let error = graph.binary(Binary::Sub, None, softmax, target)?;
	let gradient = share.weigh(graph, error)?;
	Ok(LossNodes { loss, gradient })
}

/// Mean over rows of the mean of `(x − target)²` in a row of `n`; its gradient is `2 (x − target) / n`, divided by rows and by
/// `accumulate`. Rows where `mask` (a column of 1 and 0) is 0 do not count, whatever their targets.
pub(crate) fn mean_square(
	graph: &mut Graph,
	outputs: NodeId,
	targets: NodeId,
	mask: Option<NodeId>,
	accumulate: u32,
) -> Result<LossNodes, Refusal> {
	let ty = graph.ty(outputs);
	let share = Share::new(graph, ty.rows, mask, accumulate)?;
	let error = graph.binary(Binary::Sub, Broadcast::None, outputs, targets)?;
	let error = share.only(graph, error)?;
	let square = graph.binary(Binary::Mul, Broadcast::None, error, error)?;
	let sum = graph.add(Op::RowSum, &[square])?;
	let each = graph.with_constant(Binary::Mul, sum, constant::reciprocal(ty.cols))?;
	let loss = share.mean(graph, each)?;

	let slope = soft::div(TWO, from_u32(ty.cols));
	let slopes = graph.with_constant(Binary::Mul, error, slope)?;
	let gradient = share.weigh(graph, slopes)?;
	Ok(LossNodes { loss, gradient })
}
