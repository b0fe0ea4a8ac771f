//! Elementwise functions in `f64`.

use assay_ops::{Binary, Unary};

pub(crate) fn unary(f: Unary, x: f64) -> f64 {
	let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
	match f {
		Unary::Relu => x.max(0.0),
		Unary::Exp => x.exp(),
		Unary::Log => x.ln(),
		Unary::Rsqrt => 1.0 / x.sqrt(),
		Unary::Tanh => x.tanh(),
		Unary::Sigmoid => sigmoid(x),
		Unary::Silu => x * sigmoid(x),
		Unary::Gelu => x * (1.0 + erf(x * 0.5f64.sqrt())) / 2.0,
		Unary::Neg => -x,
		Unary::Sqrt | Unary::Erf | Unary::Abs => panic!("not in a forward pass"),
	}
}

pub(crate) fn binary(f: Binary, a: f64, b: f64) -> f64 {
	match f {
		Binary::Add => a + b,
		Binary::Sub => a - b,
		Binary::Mul => a * b,
		Binary::Div => a / b,
		Binary::Min => a.min(b),
		Binary::Max => a.max(b),
		other => panic!("{other:?} is not in a forward pass"),
	}
}

/// The error function, by its series around 0, for the small numbers of a test.
fn erf(x: f64) -> f64 {
	assert!(x.abs() < 4.0);
	let (mut sum, mut term) = (0.0, x);
	for n in 0..80 {
		let n = f64::from(n);
		sum += term / (2.0 * n + 1.0);
		term *= -x * x / (n + 1.0);
	}
	sum * 2.0 / std::f64::consts::PI.sqrt()
}
