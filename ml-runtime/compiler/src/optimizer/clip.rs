//! The norm of all gradients together, and its limit.

use assay_ops::{soft::ONE, Binary, Broadcast, NodeId, Op, Unary};

use crate::graph::{Graph, Refusal};

/// 10⁻⁶, as in PyTorch.
const EPS: u32 = 0x3586_37BD;

/// Scales gradients so that their norm is at most `most`.
pub(super) fn clip(graph: &mut Graph, most: u32, gradients: &mut [NodeId]) -> Result<(), Refusal> {
	let mut total = None;
	for gradient in gradients.iter() {
		let part = sum_of_squares(graph, *gradient)?;
		total = Some(match total {
			None => part,
			Some(sum) => graph.binary(Binary::Add, Broadcast::None, sum, part)?,
		});
	}
	let Some(total) = total else { return Ok(()) };
	let norm = graph.unary(Unary::Sqrt, total)?;
	let sum = graph.with_constant(Binary::Add, norm, EPS)?;
	let most = graph.scalar(most)?;
	let share = graph.binary(Binary::Div, Broadcast::None, most, sum)?;
	let scale = graph.with_constant(Binary::Min, share, ONE)?;
	for gradient in gradients {
		*gradient = graph.binary(Binary::Mul, Broadcast::Scalar, *gradient, scale)?;
	}
	Ok(())
}

/// Sums along rows, then along the column of them; 1 × 1.
fn sum_of_squares(graph: &mut Graph, x: NodeId) -> Result<NodeId, Refusal> {
	let ty = graph.ty(x);
	let mut sum = graph.binary(Binary::Mul, Broadcast::None, x, x)?;
	if ty.cols > 1 {
		sum = graph.add(Op::RowSum, &[sum])?;
	}
	if ty.rows > 1 {
		sum = graph.add(Op::ColSum, &[sum])?;
	}
	Ok(sum)
}
