//! Functions of one, two and three words.

use assay_ops::{Binary, Broadcast, Op, Unary};

use crate::{Draft, Draw};

/// Functions of one operand.
pub const UNARY: [(&str, Unary); 12] = [
	("neg", Unary::Neg),
	("sqrt", Unary::Sqrt),
	("relu", Unary::Relu),
	("exp", Unary::Exp),
	("log", Unary::Log),
	("tanh", Unary::Tanh),
	("erf", Unary::Erf),
	("abs", Unary::Abs),
	("sigmoid", Unary::Sigmoid),
	("silu", Unary::Silu),
	("gelu", Unary::Gelu),
	("rsqrt", Unary::Rsqrt),
];

/// Functions of two operands.
pub const BINARY: [(&str, Binary); 11] = [
	("add", Binary::Add),
	("sub", Binary::Sub),
	("mul", Binary::Mul),
	("div", Binary::Div),
	("relu_grad", Binary::ReluGrad),
	("max", Binary::Max),
	("min", Binary::Min),
	("tanh_grad", Binary::TanhGrad),
	("sigmoid_grad", Binary::SigmoidGrad),
	("silu_grad", Binary::SiluGrad),
	("gelu_grad", Binary::GeluGrad),
];

pub(super) fn unary(function: Unary, draw: &mut Draw<'_>) -> Draft {
	Draft::floats(Op::Unary(function), &[(draw.size(), draw.size())])
}

pub(super) fn binary(function: Binary, draw: &mut Draw<'_>) -> Draft {
	let (broadcast, result, b) = broadcast(draw);
	Draft::floats(Op::Binary(function, broadcast), &[result, b])
}

pub(super) fn fma(draw: &mut Draw<'_>) -> Draft {
	let (broadcast, result, b) = broadcast(draw);
	Draft::floats(Op::Fma(broadcast), &[result, b, result])
}

pub(super) fn select(draw: &mut Draw<'_>) -> Draft {
	let (broadcast, result, condition) = broadcast(draw);
	Draft::floats(Op::Select(broadcast), &[result, condition, result])
}

/// A broadcast, the shape of a result and that of the operand that is spread over it.
fn broadcast(draw: &mut Draw<'_>) -> (Broadcast, (u32, u32), (u32, u32)) {
	let (rows, cols) = (draw.size(), draw.size());
	match draw.random.below(5) {
		0 => (Broadcast::None, (rows, cols), (rows, cols)),
		1 => (Broadcast::Row, (rows, cols), (1, cols)),
		2 => (Broadcast::Col, (rows, cols), (rows, 1)),
		3 => (Broadcast::Scalar, (rows, cols), (1, 1)),
		_ => {
			let each = draw.size_up_to(64);
			let (down, across) = (1 + draw.random.below(4), 1 + draw.random.below(4));
			let result = (rows * each * down, cols * across);
			(Broadcast::Periodic { each }, result, (rows, cols))
		},
	}
}
