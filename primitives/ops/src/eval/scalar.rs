//! Functions of one and two numbers.

use super::reduce;
use crate::{
	functions,
	op::{Binary, Unary},
	soft::{self, canonical, SIGN},
	CANONICAL_NAN,
};

/// A function of one number.
pub fn unary(function: Unary, x: u32) -> u32 {
	match function {
		Unary::Neg => soft::neg(x),
		Unary::Sqrt => soft::sqrt(x),
		Unary::Relu => gate(x, x),
		Unary::Exp => functions::exp(x),
		Unary::Log => functions::log(x),
		Unary::Tanh => functions::tanh(x),
		Unary::Erf => functions::erf(x),
		Unary::Abs => canonical(x & !SIGN),
		Unary::Sigmoid => functions::sigmoid(x),
		Unary::Silu => functions::silu(x),
		Unary::Gelu => functions::gelu(x),
		Unary::Rsqrt => soft::div(soft::ONE, soft::sqrt(x)),
	}
}

/// A function of two numbers.
pub fn binary(function: Binary, a: u32, b: u32) -> u32 {
	match function {
		Binary::Add => soft::add(a, b),
		Binary::Sub => soft::sub(a, b),
		Binary::Mul => soft::mul(a, b),
		Binary::Div => soft::div(a, b),
		Binary::ReluGrad => gate(a, b),
		Binary::Max => reduce::greater(a, b),
		Binary::Min => reduce::lesser(a, b),
		Binary::TanhGrad => functions::tanh_grad(a, b),
		Binary::SigmoidGrad => functions::sigmoid_grad(a, b),
		Binary::SiluGrad => functions::silu_grad(a, b),
		Binary::GeluGrad => functions::gelu_grad(a, b),
	}
}

/// `value` where `switch > 0`, `+0` where it is not, NaN where it is NaN.
fn gate(switch: u32, value: u32) -> u32 {
	if soft::is_nan(switch) {
		CANONICAL_NAN
	} else if soft::gt(switch, 0) {
		canonical(value)
	} else {
		0
	}
}
