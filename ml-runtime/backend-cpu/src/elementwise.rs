//! Operations whose result at one position needs the operands at that position only.

use assay_ops::{Binary, Broadcast, Op, Unary};

use crate::broadcast::{Run, Second};
use crate::functions;
use crate::level::{Fused, Level, Task};
use crate::scalar::{canonical, greater, lesser};
use crate::team::Team;
use crate::value::Value;
use crate::KernelError;

/// Which elementwise operation.
#[derive(Clone, Copy)]
pub(crate) enum Elementwise {
	/// The operand, NaN made canonical.
	Copy,
	/// One operand.
	Unary(Unary),
	/// Two operands.
	Binary(Binary),
	/// Three operands: `a · b + c`.
	Fma,
	/// Three operands: `a` where `b` is not zero, else `c`.
	Select,
}

impl Elementwise {
	/// The operation of a node, if it is one of these, and how its second operand is spread.
	pub(crate) fn of(op: &Op) -> Option<(Self, Broadcast)> {
		Some(match *op {
			Op::Unary(function) => (Self::Unary(function), Broadcast::None),
			Op::Binary(function, broadcast) => (Self::Binary(function), broadcast),
			Op::Fma(broadcast) => (Self::Fma, broadcast),
			Op::Select(broadcast) => (Self::Select, broadcast),
			_ => return None,
		})
	}

	/// Work of one word, in words copied.
	pub(crate) fn work(self) -> usize {
		match self {
			Self::Unary(Unary::Neg | Unary::Sqrt | Unary::Relu | Unary::Abs | Unary::Rsqrt) => 1,
			// Functions are worth a thread's while much earlier.
			Self::Unary(_) | Self::Binary(Binary::SiluGrad | Binary::GeluGrad) => 16,
			Self::Copy | Self::Binary(_) | Self::Fma | Self::Select => 1,
		}
	}

	/// Computes an operation of one operand.
	pub(crate) fn one(self, level: Level, team: &Team, a: &[u32], out: &mut [u32]) {
		self.run(level, team, (a, &Second::Word(0), &[]), out);
	}

	/// Computes an operation of two operands, or three.
	pub(crate) fn more(
		self,
		level: Level,
		team: &Team,
		(a, b, broadcast, c): (&Value<'_>, &Value<'_>, Broadcast, &[u32]),
		out: &mut [u32],
	) -> Result<(), KernelError> {
		let b = Second::new(b, broadcast, a.cols)?;
		self.run(level, team, (a.words, &b, c), out);
		Ok(())
	}

	fn run(
		self,
		level: Level,
		team: &Team,
		(a, b, c): (&[u32], &Second<'_>, &[u32]),
		out: &mut [u32],
	) {
		let length = Team::rows_per_piece(self.work());
		team.pieces(out, length, |index, out| {
			let first = index * length;
			let part = first..first + out.len();
			let (a, c) = (&a[part.clone()], c.get(part).unwrap_or_default());
			level.run(Piece { elementwise: self, first, a, b, c, out });
		});
	}
}

/// An elementwise operation on some words of the result.
pub(crate) struct Piece<'a> {
	/// Which operation.
	pub elementwise: Elementwise,
	/// Position of the first word in the result.
	pub first: usize,
	/// Words of the first operand.
	pub a: &'a [u32],
	/// The whole second operand.
	pub b: &'a Second<'a>,
	/// Words of the third operand, or empty.
	pub c: &'a [u32],
	/// Words of the result.
	pub out: &'a mut [u32],
}

/// `out = f(a)`.
///
/// These are macros because the body has to be part of the loop: a closure that several levels share
/// may stay a call, and what is called has the instructions of no level.
macro_rules! one {
	($piece:expr, |$a:ident| $f:expr) => {{
		let Piece { a, out, .. } = $piece;
		for (out, a) in out.iter_mut().zip(a) {
			let $a = f32::from_bits(*a);
			*out = canonical($f);
		}
	}};
}

/// `out = f(a, b)`.
macro_rules! two {
	($piece:expr, |$a:ident, $b:ident| $f:expr) => {{
		let Piece { first, a, b, out, .. } = $piece;
		let mut runs = b.runs(first, out.len());
		while let Some((range, run)) = runs.next() {
			let pairs = out[range.clone()].iter_mut().zip(&a[range]);
			match run {
				Run::Words(b) => {
					for ((out, a), b) in pairs.zip(b) {
						let ($a, $b) = (f32::from_bits(*a), f32::from_bits(*b));
						*out = canonical($f);
					}
				},
				Run::Word(b) => {
					let $b = f32::from_bits(b);
					for (out, a) in pairs {
						let $a = f32::from_bits(*a);
						*out = canonical($f);
					}
				},
			}
		}
	}};
}

/// `out = f(a, b, c)`.
macro_rules! three {
	($piece:expr, |$a:ident, $b:ident, $c:ident| $f:expr) => {{
		let Piece { first, a, b, c, out, .. } = $piece;
		let mut runs = b.runs(first, out.len());
		while let Some((range, run)) = runs.next() {
			let triples = out[range.clone()].iter_mut().zip(&a[range.clone()]).zip(&c[range]);
			match run {
				Run::Words(b) => {
					for (((out, a), c), b) in triples.zip(b) {
						let ($a, $b) = (f32::from_bits(*a), f32::from_bits(*b));
						let $c = f32::from_bits(*c);
						*out = canonical($f);
					}
				},
				Run::Word(b) => {
					let $b = f32::from_bits(b);
					for ((out, a), c) in triples {
						let ($a, $c) = (f32::from_bits(*a), f32::from_bits(*c));
						*out = canonical($f);
					}
				},
			}
		}
	}};
}

impl Task for Piece<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		match self.elementwise {
			Elementwise::Copy => one!(self, |a| a),
			Elementwise::Unary(f) => self.unary::<F>(f),
			Elementwise::Binary(f) => self.binary::<F>(f),
			Elementwise::Fma => three!(self, |a, b, c| F::fma(a, b, c)),
			Elementwise::Select => three!(self, |a, b, c| select(a, b, c)),
		}
	}
}

impl Piece<'_> {
	#[inline(always)]
	fn unary<F: Fused>(self, f: Unary) {
		match f {
			Unary::Neg => one!(self, |a| -a),
			Unary::Sqrt => one!(self, |a| a.sqrt()),
			Unary::Relu => one!(self, |a| relu_grad(a, a)),
			Unary::Exp => one!(self, |a| functions::exp::<F>(a)),
			Unary::Log => one!(self, |a| functions::log::<F>(a)),
			Unary::Tanh => one!(self, |a| functions::tanh::<F>(a)),
			Unary::Erf => one!(self, |a| functions::erf::<F>(a)),
			Unary::Abs => one!(self, |a| a.abs()),
			Unary::Sigmoid => one!(self, |a| functions::sigmoid::<F>(a)),
			Unary::Silu => one!(self, |a| functions::silu::<F>(a)),
			Unary::Gelu => one!(self, |a| functions::gelu::<F>(a)),
			Unary::Rsqrt => one!(self, |a| 1.0 / a.sqrt()),
		}
	}

	#[inline(always)]
	fn binary<F: Fused>(self, f: Binary) {
		match f {
			Binary::Add => two!(self, |a, b| a + b),
			Binary::Sub => two!(self, |a, b| a - b),
			Binary::Mul => two!(self, |a, b| a * b),
			Binary::Div => two!(self, |a, b| a / b),
			Binary::ReluGrad => two!(self, |a, b| relu_grad(a, b)),
			Binary::Max => two!(self, |a, b| f32::from_bits(greater(a.to_bits(), b.to_bits()))),
			Binary::Min => two!(self, |a, b| f32::from_bits(lesser(a.to_bits(), b.to_bits()))),
			Binary::TanhGrad => two!(self, |a, b| functions::tanh_grad::<F>(a, b)),
			Binary::SigmoidGrad => two!(self, |a, b| functions::sigmoid_grad::<F>(a, b)),
			Binary::SiluGrad => two!(self, |a, b| functions::silu_grad::<F>(a, b)),
			Binary::GeluGrad => two!(self, |a, b| functions::gelu_grad::<F>(a, b)),
		}
	}
}

/// `a` where `b` is not zero, else `c`: in bits, so that no word is read on one condition only.
#[inline(always)]
fn select(a: f32, b: f32, c: f32) -> f32 {
	let is_zero = u32::from(b.to_bits() << 1 == 0).wrapping_neg();
	f32::from_bits(a.to_bits() & !is_zero | c.to_bits() & is_zero)
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
