//! Gradients that take fewer passes over memory than the chain rule.
//!
//! With `g` the gradient of the result `y`, and means and sums over a row:
//! ```text
//! softmax     y · (g − Σ g·y)
//! norm        r · (g − y · mean(g·y))                where y = x · r
//!             r · (g − mean(g) − y · mean(g·y))      where y = (x − mean(x)) · r
//! rotation    g · cos − rotate_half(g) · sin         the transpose of the rotation
//! ```

use assay_ops::{Binary, Broadcast, NodeId, Op, Unary};

use crate::{
	graph::{Graph, Refusal, Shortcut},
	layers::row_mean,
};

/// What the node `y` returns to the input of its shortcut.
pub(super) fn pull(
	graph: &mut Graph,
	shortcut: Shortcut,
	y: NodeId,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	use Broadcast::{Col, None};
	match shortcut {
		Shortcut::Softmax { .. } => {
			let product = graph.binary(Binary::Mul, None, gradient, y)?;
			let sum = graph.add(Op::RowSum, &[product])?;
			let rest = graph.binary(Binary::Sub, Col, gradient, sum)?;
			graph.binary(Binary::Mul, None, rest, y)
		},
		Shortcut::Normalise { inverse, centred, .. } => {
			let product = graph.binary(Binary::Mul, None, gradient, y)?;
			let mean = row_mean(graph, product)?;
			let minus = graph.unary(Unary::Neg, mean)?;
			let mut rest = gradient;
			if centred {
				let mean = row_mean(graph, gradient)?;
				rest = graph.binary(Binary::Sub, Col, gradient, mean)?;
			}
			let rest = graph.add(Op::Fma(Col), &[y, minus, rest])?;
			graph.binary(Binary::Mul, Col, rest, inverse)
		},
		Shortcut::Rotate { cos, sin, width, .. } => {
			let spread = Broadcast::Periodic { each: 1 };
			let back = graph.unary(Unary::Neg, sin)?;
			let turned = graph.add(Op::RotateHalf { width }, &[gradient])?;
			let straight = graph.binary(Binary::Mul, spread, gradient, cos)?;
			graph.add(Op::Fma(spread), &[turned, back, straight])
		},
	}
}
