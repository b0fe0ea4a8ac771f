//! Operations whose result at one position needs the operands at that position only.

use assay_ops::{Binary, Broadcast, Unary};

use crate::functions;
use crate::level::{Fused, Task};
use crate::scalar::canonical;

/// Which elementwise operation.
#[derive(Clone, Copy)]
pub(crate) enum Elementwise {
	/// One operand.
	Unary(Unary),
	/// Two operands.
	Binary(Binary),
	/// Three operands.
	Fma,
}

/// How the second operand of some rows of the result is read.
#[derive(Clone, Copy)]
pub(crate) enum Second<'a> {
	/// One word for each word of the result; also for operations without a second operand.
	Same(&'a [u32]),
	/// The words repeat: whole rows, several of them where rows are short.
	Repeat(&'a [u32]),
	/// One word for each run of this many words.
	PerRow(&'a [u32], usize),
	/// One word for all.
	Word(u32),
}

/// Fewest words in a repeated pattern, so that short rows still fill vectors.
const PATTERN: usize = 256;

/// The row `b` as often as needed to be worth a loop; empty if the operand is not a row.
pub(crate) fn pattern(b: &[u32], broadcast: Broadcast) -> Vec<u32> {
	match broadcast {
		Broadcast::Row => b.repeat(PATTERN.div_ceil(b.len().max(1))),
		Broadcast::None | Broadcast::Col | Broadcast::Scalar => Vec::new(),
	}
}

/// An elementwise operation on some whole rows of the result.
pub(crate) struct Piece<'a> {
	/// Which operation.
	pub elementwise: Elementwise,
	/// Rows of the first operand.
	pub a: &'a [u32],
	/// The second operand.
	pub b: Second<'a>,
	/// Rows of the third operand, or empty.
	pub c: &'a [u32],
	/// Rows of the result.
	pub out: &'a mut [u32],
}

impl Task for Piece<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		match self.elementwise {
			Elementwise::Unary(Unary::Neg) => self.unary(|a| -a),
			Elementwise::Unary(Unary::Sqrt) => self.unary(f32::sqrt),
			Elementwise::Unary(Unary::Relu) => self.unary(|a| relu_grad(a, a)),
			Elementwise::Unary(Unary::Exp) => self.unary(functions::exp::<F>),
			Elementwise::Unary(Unary::Log) => self.unary(functions::log::<F>),
			Elementwise::Binary(Binary::Add) => self.binary(|a, b| a + b),
			Elementwise::Binary(Binary::Sub) => self.binary(|a, b| a - b),
			Elementwise::Binary(Binary::Mul) => self.binary(|a, b| a * b),
			Elementwise::Binary(Binary::Div) => self.binary(|a, b| a / b),
			Elementwise::Binary(Binary::ReluGrad) => self.binary(relu_grad),
			Elementwise::Fma => self.fma::<F>(),
		}
	}
}

/// `b` where `a > 0`, NaN where `a` is NaN, else `+0`.
#[inline(always)]
fn relu_grad(a: f32, b: f32) -> f32 {
	let open = if a > 0.0 { b } else { 0.0 };
	if a.is_nan() {
		a
	} else {
		open
	}
}

impl Piece<'_> {
	#[inline(always)]
	fn unary(self, f: impl Fn(f32) -> f32) {
		for (out, a) in self.out.iter_mut().zip(self.a) {
			*out = canonical(f(f32::from_bits(*a)));
		}
	}

	#[inline(always)]
	fn binary(self, f: impl Fn(f32, f32) -> f32) {
		let pairs = |out: &mut [u32], a: &[u32], b: &[u32]| {
			for ((out, a), b) in out.iter_mut().zip(a).zip(b) {
				*out = canonical(f(f32::from_bits(*a), f32::from_bits(*b)));
			}
		};
		let single = |out: &mut [u32], a: &[u32], b: u32| {
			let b = f32::from_bits(b);
			for (out, a) in out.iter_mut().zip(a) {
				*out = canonical(f(f32::from_bits(*a), b));
			}
		};
		match self.b {
			Second::Same(b) => pairs(self.out, self.a, b),
			Second::Word(b) => single(self.out, self.a, b),
			Second::Repeat(b) => {
				let runs = self.out.chunks_mut(b.len()).zip(self.a.chunks(b.len()));
				runs.for_each(|(out, a)| pairs(out, a, b));
			},
			Second::PerRow(b, cols) => {
				let runs = self.out.chunks_mut(cols).zip(self.a.chunks(cols)).zip(b);
				runs.for_each(|((out, a), b)| single(out, a, *b));
			},
		}
	}

	#[inline(always)]
	fn fma<F: Fused>(self) {
		let triples = |out: &mut [u32], a: &[u32], b: &[u32], c: &[u32]| {
			for (((out, a), b), c) in out.iter_mut().zip(a).zip(b).zip(c) {
				let (a, b, c) = (f32::from_bits(*a), f32::from_bits(*b), f32::from_bits(*c));
				*out = canonical(F::fma(a, b, c));
			}
		};
		let single = |out: &mut [u32], a: &[u32], b: u32, c: &[u32]| {
			let b = f32::from_bits(b);
			for ((out, a), c) in out.iter_mut().zip(a).zip(c) {
				*out = canonical(F::fma(f32::from_bits(*a), b, f32::from_bits(*c)));
			}
		};
		let (out, a, c) = (self.out, self.a, self.c);
		match self.b {
			Second::Same(b) => triples(out, a, b, c),
			Second::Word(b) => single(out, a, b, c),
			Second::Repeat(b) => {
				let size = b.len();
				let runs = out.chunks_mut(size).zip(a.chunks(size)).zip(c.chunks(size));
				runs.for_each(|((out, a), c)| triples(out, a, b, c));
			},
			Second::PerRow(b, cols) => {
				let runs = out.chunks_mut(cols).zip(a.chunks(cols)).zip(c.chunks(cols)).zip(b);
				runs.for_each(|(((out, a), c), b)| single(out, a, *b, c));
			},
		}
	}
}
