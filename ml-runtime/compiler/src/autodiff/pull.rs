//! What each operation returns to its operands.

use assay_ops::{
	soft::ONE, BatchMatMul, Binary, Broadcast, HeadLayout, Node, NodeId, Op, Unary, ValueType,
};

use crate::graph::{Graph, Refusal};

/// 2/√π.
const ERF_SLOPE: u32 = 0x3F90_6EBB;
/// ½ and −½.
const HALF: u32 = 0x3F00_0000;
const MINUS_HALF: u32 = 0xBF00_0000;

/// What a node returns to its operand at `position` when its result has `gradient`.
///
/// [`Op::RowMax`] has none: it serves as the shift of a softmax, which is a shortcut of its own.
pub(super) fn pull(
	graph: &mut Graph,
	(id, node): (NodeId, &Node),
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let inputs = node.inputs.as_slice();
	let operand = graph.ty(inputs[position]);
	match (node.op, position) {
		(
			Op::MatMul { transpose_a, transpose_b }
			| Op::QuantMatMul { transpose_a, transpose_b, .. },
			_,
		) => {
			let (left, right, flags) =
				factors((transpose_a, transpose_b), (inputs[0], inputs[1]), position, gradient);
			graph.product(flags, left, right)
		},
		(Op::BatchMatMul(product), _) => batch(graph, product, inputs, position, gradient),
		(Op::Unary(function), _) => unary(graph, function, inputs[0], id, gradient),
		(Op::Binary(function, spread), _) => {
			binary(graph, (function, spread), inputs, (position, id), gradient)
		},
		(Op::Fma(_), 2) => Ok(gradient),
		(Op::Fma(spread), _) => product(graph, spread, inputs, position, gradient),
		(Op::Select(spread), 0 | 2) => select(graph, spread, inputs[1], position, gradient),
		(Op::Im2Col(window), _) => graph.add(Op::Col2Im(window), &[gradient]),
		(Op::MaxPool(window), _) => graph.add(Op::MaxPoolGrad(window), &[inputs[0], gradient]),
		(Op::AvgPool(window), _) => graph.add(Op::AvgPoolGrad(window), &[gradient]),
		(Op::Reshape { .. }, _) => {
			graph.add(Op::Reshape { rows: operand.rows, cols: operand.cols }, &[gradient])
		},
		(Op::RowSum, _) => repeat(graph, operand, Broadcast::Col, gradient),
		(Op::ColSum, _) => repeat(graph, operand, Broadcast::Row, gradient),
		(Op::Pick, 0) => {
			let place = graph.add(Op::OneHot { cols: operand.cols }, &[inputs[1]])?;
			graph.binary(Binary::Mul, Broadcast::Col, place, gradient)
		},
		(Op::Gather, 0) => graph.add(Op::ScatterAdd { rows: operand.rows }, &[inputs[1], gradient]),
		(Op::Causal { .. }, _) => graph.add(Op::Causal { bits: 0 }, &[gradient]),
		(Op::RotateHalf { width }, _) => {
			let turned = graph.add(Op::RotateHalf { width }, &[gradient])?;
			graph.unary(Unary::Neg, turned)
		},
		(op, _) => Err(format!("no gradient is defined for operand {position} of {op:?}")),
	}
}

fn unary(
	graph: &mut Graph,
	function: Unary,
	x: NodeId,
	y: NodeId,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let mut with = |f, a, b| graph.binary(f, Broadcast::None, a, b);
	match function {
		Unary::Relu => with(Binary::ReluGrad, x, gradient),
		Unary::Tanh => with(Binary::TanhGrad, y, gradient),
		Unary::Sigmoid => with(Binary::SigmoidGrad, y, gradient),
		Unary::Silu => with(Binary::SiluGrad, x, gradient),
		Unary::Gelu => with(Binary::GeluGrad, x, gradient),
		Unary::Exp => with(Binary::Mul, gradient, y),
		Unary::Log => with(Binary::Div, gradient, x),
		Unary::Neg => graph.unary(Unary::Neg, gradient),
		Unary::Sqrt => {
			let share = with(Binary::Div, gradient, y)?;
			graph.with_constant(Binary::Mul, share, HALF)
		},
		Unary::Rsqrt => {
			// −½ · y³.
			let square = with(Binary::Mul, y, y)?;
			let cube = with(Binary::Mul, square, y)?;
			let product = with(Binary::Mul, gradient, cube)?;
			graph.with_constant(Binary::Mul, product, MINUS_HALF)
		},
		Unary::Erf => {
			let square = with(Binary::Mul, x, x)?;
			let negative = graph.unary(Unary::Neg, square)?;
			let bell = graph.unary(Unary::Exp, negative)?;
			let slope = graph.with_constant(Binary::Mul, bell, ERF_SLOPE)?;
			graph.binary(Binary::Mul, Broadcast::None, gradient, slope)
		},
		Unary::Abs => {
			// Nothing at 0, as in PyTorch.
			let negative = graph.unary(Unary::Neg, x)?;
			let up = graph.binary(Binary::ReluGrad, Broadcast::None, x, gradient)?;
			let down = graph.binary(Binary::ReluGrad, Broadcast::None, negative, gradient)?;
			graph.binary(Binary::Sub, Broadcast::None, up, down)
		},
	}
}

fn binary(
	graph: &mut Graph,
	(function, spread): (Binary, Broadcast),
	inputs: &[NodeId],
	(position, y): (usize, NodeId),
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let second = graph.ty(inputs[1]);
	match (function, position) {
		(Binary::Add | Binary::Sub, 0) => Ok(gradient),
		(Binary::Add, _) => reduce(graph, spread, second, gradient),
		(Binary::Sub, _) => {
			let sum = reduce(graph, spread, second, gradient)?;
			graph.unary(Unary::Neg, sum)
		},
		(Binary::Mul, _) => product(graph, spread, inputs, position, gradient),
		(Binary::Div, 0) => graph.binary(Binary::Div, spread, gradient, inputs[1]),
		(Binary::Div, _) => {
			// With y = a / b: −Σ g · y / b.
			let product = graph.binary(Binary::Mul, Broadcast::None, gradient, y)?;
			let sum = reduce(graph, spread, second, product)?;
			let share = graph.binary(Binary::Div, Broadcast::None, sum, inputs[1])?;
			graph.unary(Unary::Neg, share)
		},
		(Binary::Max | Binary::Min, _) => {
			// To the operand that was chosen; to none where they are equal.
			let more = graph.binary(Binary::Sub, spread, inputs[0], inputs[1])?;
			let chosen = match (function, position) {
				(Binary::Max, 0) | (Binary::Min, 1) => more,
				_ => graph.unary(Unary::Neg, more)?,
			};
			let mine = graph.binary(Binary::ReluGrad, Broadcast::None, chosen, gradient)?;
			if position == 0 {
				return Ok(mine);
			}
			reduce(graph, spread, second, mine)
		},
		(function, _) => {
			Err(format!("no gradient is defined for operand {position} of {function:?}"))
		},
	}
}

/// For `a · b` with `b` spread.
fn product(
	graph: &mut Graph,
	spread: Broadcast,
	inputs: &[NodeId],
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	if position == 0 {
		return graph.binary(Binary::Mul, spread, gradient, inputs[1]);
	}
	let operand = graph.ty(inputs[1]);
	let product = graph.binary(Binary::Mul, Broadcast::None, gradient, inputs[0])?;
	reduce(graph, spread, operand, product)
}

/// The sum over the places that an operand of type `operand` was spread to.
fn reduce(
	graph: &mut Graph,
	spread: Broadcast,
	operand: ValueType,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let whole = graph.ty(gradient);
	match spread {
		Broadcast::None => Ok(gradient),
		Broadcast::Row => graph.add(Op::ColSum, &[gradient]),
		Broadcast::Col => graph.add(Op::RowSum, &[gradient]),
		Broadcast::Scalar => {
			let sums = graph.add(Op::RowSum, &[gradient])?;
			graph.add(Op::ColSum, &[sums])
		},
		Broadcast::Periodic { each } if operand.cols == whole.cols => {
			let (sums, count) = (sum_of_runs(graph, gradient, each)?, whole.rows / each);
			if operand.rows == count {
				return Ok(sums);
			}
			// Repetitions as rows.
			let (rows, cols) = (count / operand.rows, operand.rows * operand.cols);
			let lines = graph.add(Op::Reshape { rows, cols }, &[sums])?;
			let sum = graph.add(Op::ColSum, &[lines])?;
			graph.add(Op::Reshape { rows: operand.rows, cols: operand.cols }, &[sum])
		},
		Broadcast::Periodic { .. } => {
			Err("no gradient is defined for an operand that repeats across columns".into())
		},
	}
}

/// The sum of each run of `length` rows.
fn sum_of_runs(graph: &mut Graph, rows: NodeId, length: u32) -> Result<NodeId, Refusal> {
	if length == 1 {
		return Ok(rows);
	}
	let batch = graph.ty(rows).rows / length;
	let ones = graph.add(Op::Fill { bits: ONE, rows: batch, cols: length }, &[])?;
	let product = BatchMatMul {
		batch,
		heads: 1,
		transpose_a: false,
		transpose_b: false,
		a: HeadLayout::Stacked,
		b: HeadLayout::Stacked,
		out: HeadLayout::Stacked,
	};
	graph.add(Op::BatchMatMul(product), &[ones, rows])
}

/// The gradient of a sum, handed to everything that was added.
fn repeat(
	graph: &mut Graph,
	operand: ValueType,
	spread: Broadcast,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let ones = Op::Fill { bits: ONE, rows: operand.rows, cols: operand.cols };
	let ones = graph.add(ones, &[])?;
	graph.binary(Binary::Mul, spread, ones, gradient)
}

/// The gradient where the operand was chosen, else 0.
fn select(
	graph: &mut Graph,
	spread: Broadcast,
	condition: NodeId,
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let ty = graph.ty(gradient);
	let zeros = graph.add(Op::Fill { bits: 0, rows: ty.rows, cols: ty.cols }, &[])?;
	let chosen =
		if position == 0 { [gradient, condition, zeros] } else { [zeros, condition, gradient] };
	graph.add(Op::Select(spread), &chosen)
}

/// For `C = A · B` with operands stored as the flags say: the factors of the gradient, which has the
/// stored layout as well, and whether each is transposed.
fn factors(
	(transpose_a, transpose_b): (bool, bool),
	(a, b): (NodeId, NodeId),
	position: usize,
	gradient: NodeId,
) -> (NodeId, NodeId, (bool, bool)) {
	match (position, transpose_a, transpose_b) {
		// dA = dC · Bᵀ, or its transpose B · dCᵀ where A is stored transposed.
		(0, false, _) => (gradient, b, (false, !transpose_b)),
		(0, true, _) => (b, gradient, (transpose_b, true)),
		// dB = Aᵀ · dC, or its transpose dCᵀ · A where B is stored transposed.
		(_, _, false) => (a, gradient, (!transpose_a, false)),
		(_, _, true) => (gradient, a, (true, transpose_a)),
	}
}

/// The same for a batch: each factor lies where it lay in the product.
fn batch(
	graph: &mut Graph,
	product: BatchMatMul,
	inputs: &[NodeId],
	position: usize,
	gradient: NodeId,
) -> Result<NodeId, Refusal> {
	let flags = (product.transpose_a, product.transpose_b);
	let (left, right, flags) = factors(flags, (inputs[0], inputs[1]), position, gradient);
	let other = if position == 0 { product.b } else { product.a };
	let layout = |node: NodeId| -> HeadLayout {
		if node == gradient {
			product.out
		} else {
			other
		}
	};
	let product = BatchMatMul {
		transpose_a: flags.0,
		transpose_b: flags.1,
		a: layout(left),
		b: layout(right),
		out: if position == 0 { product.a } else { product.b },
		..product
	};
	graph.add(Op::BatchMatMul(product), &[left, right])
}
