//! Elementwise operations.

use assay_ops::{Binary, Broadcast, NodeSpec, Op, Unary};

use super::{Launch, A, B, C, OUT};

/// The launch of a node whose operation is elementwise.
pub(super) fn launch(spec: &NodeSpec, count: u32) -> Option<Launch> {
	let (kernel, broadcast) = match &spec.op {
		Op::Unary(function) => {
			return Some(Launch::each(unary(*function), count, &[A, OUT], &[count]));
		},
		Op::Binary(function, broadcast) => (binary(*function), broadcast),
		Op::Fma(broadcast) => ("fma_f32", broadcast),
		Op::Select(broadcast) => ("select_f32", broadcast),
		_ => return None,
	};
	let second = spec.operand(1)?;
	let each = match broadcast {
		Broadcast::Periodic { each } => *each,
		Broadcast::None | Broadcast::Row | Broadcast::Col | Broadcast::Scalar => 1,
	};
	let words = [count, spec.ty.cols, each, second.rows, second.cols];
	let buffers = [A, B, C, OUT];
	let buffers = if matches!(spec.op, Op::Binary(..)) { &[A, B, OUT][..] } else { &buffers };
	Some(Launch::each(kernel, count, buffers, &words))
}

fn unary(function: Unary) -> &'static str {
	match function {
		Unary::Neg => "neg_f32",
		Unary::Sqrt => "sqrt_f32",
		Unary::Relu => "relu_f32",
		Unary::Exp => "exp_f32",
		Unary::Log => "log_f32",
		Unary::Tanh => "tanh_f32",
		Unary::Erf => "erf_f32",
		Unary::Abs => "abs_f32",
		Unary::Sigmoid => "sigmoid_f32",
		Unary::Silu => "silu_f32",
		Unary::Gelu => "gelu_f32",
		Unary::Rsqrt => "rsqrt_f32",
	}
}

fn binary(function: Binary) -> &'static str {
	match function {
		Binary::Add => "add_f32",
		Binary::Sub => "sub_f32",
		Binary::Mul => "mul_f32",
		Binary::Div => "div_f32",
		Binary::ReluGrad => "relu_grad_f32",
		Binary::Max => "max_f32",
		Binary::Min => "min_f32",
		Binary::TanhGrad => "tanh_grad_f32",
		Binary::SigmoidGrad => "sigmoid_grad_f32",
		Binary::SiluGrad => "silu_grad_f32",
		Binary::GeluGrad => "gelu_grad_f32",
	}
}
