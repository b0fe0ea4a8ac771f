//! Sines, cosines and powers for tables, in integers.
//!
//! A [`Fixed`] is an integer that counts `2⁻⁹⁶`. Constants and functions are sums of their series, each
//! term rounded towards zero, so that results depend on nothing but this text, and are off by far less
//! than an `f32` can show: by some `2⁻⁹⁰`, times the number of turns where an angle is reduced.

use std::sync::OnceLock;

use assay_ops::soft;

use crate::manifest::{Rope, RopeScaling};

const FRACTION: u32 = 96;

/// A number of magnitude below 2³⁰.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fixed(i128);

impl Fixed {
	pub(crate) const ZERO: Self = Self(0);
	pub(crate) const ONE: Self = Self(1 << FRACTION);

	/// `n / d`.
	pub(crate) fn ratio(n: u32, d: u32) -> Self {
		Self((i128::from(n) << FRACTION) / i128::from(d.max(1)))
	}

	pub(crate) fn plus(self, other: Self) -> Self {
		Self(self.0 + other.0)
	}

	pub(crate) fn minus(self, other: Self) -> Self {
		Self(self.0 - other.0)
	}

	/// `self · n` for a result below 2³⁰.
	pub(crate) fn times(self, n: u32) -> Self {
		Self(self.0 * i128::from(n))
	}

	fn over(self, n: i128) -> Self {
		Self(self.0 / n)
	}

	/// The quotient by a positive number, for a positive number and a result below 2³⁰.
	fn over_fixed(self, divisor: Self) -> Self {
		let (number, divisor) = (self.0.unsigned_abs(), divisor.0.unsigned_abs().max(1));
		let (mut quotient, mut rest) = (number / divisor, number % divisor);
		// Digit by digit; both stay below 2¹²⁷.
		for _ in 0..FRACTION {
			rest <<= 1;
			let digit = u128::from(rest >= divisor);
			rest -= digit * divisor;
			quotient = quotient << 1 | digit;
		}
		Self(quotient as i128)
	}

	/// A positive `f32` of at least 2⁻⁷³ and below 2³⁰, exactly.
	fn of_f32(bits: u32) -> Self {
		let significand = i128::from(bits & 0x7F_FFFF | 1 << 23);
		Self(significand << ((bits >> 23) + FRACTION - 127 - 23))
	}

	/// The product, for a result below 2³⁰.
	pub(crate) fn by(self, other: Self) -> Self {
		const LOW: u128 = u64::MAX as u128;
		let (a, b) = (self.0.unsigned_abs(), other.0.unsigned_abs());
		let ((a1, a0), (b1, b0)) = ((a >> 64, a & LOW), (b >> 64, b & LOW));
		// Below 2⁶² each, so that no sum passes 2¹²⁸.
		let middle = a1 * b0 + a0 * b1 + ((a0 * b0) >> 64);
		let product = ((a1 * b1) << 32) + (middle >> 32);
		let sign = if (self.0 < 0) == (other.0 < 0) { 1 } else { -1 };
		Self(product as i128 * sign)
	}

	/// The nearest `f32`, ties to even; numbers here are never so small that it would be subnormal.
	pub(crate) fn to_f32(self) -> u32 {
		let sign = if self.0 < 0 { 1 << 31 } else { 0 };
		let magnitude = self.0.unsigned_abs();
		if magnitude == 0 {
			return 0;
		}
		let top = 127 - magnitude.leading_zeros();
		let kept = match top.checked_sub(23) {
			None | Some(0) => (magnitude << (23 - top)) as u32,
			Some(cut) => {
				let half = 1u128 << (cut - 1);
				let rest = magnitude & ((1 << cut) - 1);
				let kept = (magnitude >> cut) as u32;
				kept + u32::from(rest > half || (rest == half && kept & 1 == 1))
			},
		};
		// A carry out of the significand goes into the exponent, where it belongs.
		sign + ((top + 127 - FRACTION - 1) << 23) + kept
	}

	/// Sine and cosine.
	pub(crate) fn sin_cos(self) -> (Self, Self) {
		let quarter = pi().0 / 2;
		let turns = (self.0 + quarter / 2).div_euclid(quarter);
		let rest = Self(self.0 - turns * quarter);
		let (sin, cos) = (series(rest, rest, 2), series(Self::ONE, rest, 1));
		let minus = |x: Self| Self(-x.0);
		match turns.rem_euclid(4) {
			0 => (sin, cos),
			1 => (cos, minus(sin)),
			2 => (minus(sin), minus(cos)),
			_ => (minus(cos), sin),
		}
	}

	/// `e` to the power of a number of at most 0.
	pub(crate) fn exp(self) -> Self {
		let ln2 = ln2().0;
		let whole = (-self.0).max(0) / ln2;
		let rest = Self(self.0 + whole * ln2);
		let (mut sum, mut term, mut n) = (Self::ONE, Self::ONE, 1);
		while term.0 != 0 {
			term = term.by(rest).over(n);
			sum = sum.plus(term);
			n += 1;
		}
		Self(if whole < 127 { sum.0 >> whole } else { 0 })
	}

	/// Natural logarithm of a normal positive `f32`.
	pub(crate) fn ln(bits: u32) -> Self {
		let significand = i128::from(bits & 0x7F_FFFF | 1 << 23);
		let exponent = i128::from(bits >> 23) - 127;
		let one = 1i128 << 23;
		let z = Self(((significand - one) << FRACTION) / (significand + one));
		Self(exponent * ln2().0 + 2 * inverse_tangent(z, 1).0)
	}
}

/// `first − first · x² / (k (k+1)) + …` with k = `from`, then two further: sine from x and 2, cosine
/// from 1 and 1.
fn series(first: Fixed, x: Fixed, from: i128) -> Fixed {
	let square = x.by(x);
	let (mut sum, mut term, mut k) = (first, first, from);
	while term.0 != 0 {
		term = Fixed(-term.by(square).over(k * (k + 1)).0);
		sum = sum.plus(term);
		k += 2;
	}
	sum
}

/// `z + s·z³/3 + z⁵/5 + …` with alternating signs where `s` is −1: the inverse tangent; the hyperbolic
/// one where it is 1.
fn inverse_tangent(z: Fixed, s: i128) -> Fixed {
	let square = z.by(z);
	let (mut sum, mut power, mut k) = (z, z, 1);
	while power.0 != 0 {
		power = Fixed(power.by(square).0 * s);
		k += 2;
		sum = sum.plus(power.over(k));
	}
	sum
}

/// By Machin's formula.
fn pi() -> Fixed {
	static PI: OnceLock<Fixed> = OnceLock::new();
	let part = |n, d| inverse_tangent(Fixed::ratio(1, d), -1).times(n).0;
	*PI.get_or_init(|| Fixed(part(16, 5) - part(4, 239)))
}

/// `2 · artanh(1/3)`.
fn ln2() -> Fixed {
	static LN2: OnceLock<Fixed> = OnceLock::new();
	*LN2.get_or_init(|| inverse_tangent(Fixed::ratio(1, 3), 1).times(2))
}

/// `(1 + cos(π · share)) / 2`.
pub(crate) fn half_cosine(share: Fixed) -> Fixed {
	let (_, cos) = pi().by(share).sin_cos();
	Fixed::ONE.plus(cos).over(2)
}

/// Tables of cosines and of sines for rotary position embedding, each `length × width`: the angle of
/// columns `i` and `i + width / 2` at position `t` is `t` times what [`turns`] says for `i`.
pub(crate) fn rotary(length: u32, width: u32, rope: Rope) -> [Vec<u32>; 2] {
	let turns = turns(width, rope);
	let (mut cos, mut sin) = (Vec::new(), Vec::new());
	for t in 0..length {
		let row: Vec<_> = turns.iter().map(|turn| turn.times(t).sin_cos()).collect();
		for (sine, cosine) in row.iter().chain(&row) {
			cos.push(cosine.to_f32());
			sin.push(sine.to_f32());
		}
	}
	[cos, sin]
}

/// Angles per position of the pairs of a head: `base^(−2i / dims)`, scaled, of those that turn, and else 0.
fn turns(width: u32, rope: Rope) -> Vec<Fixed> {
	let ln = Fixed::ln(rope.base);
	let dims = rope.dims.unwrap_or(width);
	let turn = |i| Fixed::ZERO.minus(ln.by(Fixed::ratio(2 * i, dims))).exp();
	let usual = (0..width / 2).map(|i| if i < dims / 2 { turn(i) } else { Fixed::ZERO });
	match rope.scaling {
		None => usual.collect(),
		Some(RopeScaling::Linear { factor }) => {
			let factor = Fixed::of_f32(factor);
			usual.map(|turn| turn.over_fixed(factor)).collect()
		},
		Some(RopeScaling::Llama3 { factor, low, high, original }) => {
			let [factor, low, high] = [factor, low, high].map(Fixed::of_f32);
			let scaled = |turn: Fixed| {
				let (slow, rounds) =
					(turn.over_fixed(factor), turn.times(original).over_fixed(pi().times(2)));
				let share = rounds.clamp(low, high).minus(low).over_fixed(high.minus(low));
				slow.plus(turn.minus(slow).by(share))
			};
			usual.map(scaled).collect()
		},
	}
}

/// `low + (high − low) · share`, the difference and the sum rounded once each.
pub(crate) fn between(low: u32, high: u32, share: Fixed) -> u32 {
	soft::fma(soft::sub(high, low), share.to_f32(), low)
}

#[cfg(test)]
mod tests {
	use super::*;

	fn number(x: Fixed) -> f64 {
		x.0 as f64 / 2f64.powi(96)
	}

	/// Distance in units of the last place of `f32`.
	fn ulps(found: u32, exact: f64) -> f64 {
		let found = f32::from_bits(found);
		let near = exact as f32;
		let ulp = f64::from(f32::from_bits(near.abs().to_bits() + 1)) - f64::from(near.abs());
		(f64::from(found) - exact).abs() / ulp
	}

	#[test]
	fn constants_should_be_those_of_f64() {
		assert_eq!(number(pi()), std::f64::consts::PI);
		assert_eq!(number(ln2()), std::f64::consts::LN_2);
	}

	#[test]
	fn functions_should_be_close_to_f64() {
		for i in 0..4000u32 {
			let x = Fixed::ratio(i * 7919, 1000);
			let (sin, cos) = x.sin_cos();
			let exact = f64::from(i * 7919) / 1000.0;
			assert!((number(sin) - exact.sin()).abs() < 1e-11, "sin {exact}");
			assert!((number(cos) - exact.cos()).abs() < 1e-11, "cos {exact}");
			let small = Fixed::ZERO.minus(Fixed::ratio(i, 100));
			let exact = (-f64::from(i) / 100.0).exp();
			assert!((number(small.exp()) - exact).abs() < 1e-15, "exp {exact}");
		}
		for x in [1.0f32, 1.5, 2.0, 10_000.0, 500_000.0, 1e9] {
			assert!((number(Fixed::ln(x.to_bits())) - f64::from(x).ln()).abs() < 1e-14, "ln {x}");
		}
	}

	#[test]
	fn rotary_tables_should_be_within_one_ulp_of_f64() {
		for (length, width, base) in [(64, 64, 10_000.0f32), (300, 8, 500_000.0), (5, 2, 1.5)] {
			let rope = Rope { base: base.to_bits(), dims: None, scaling: None };
			let [cos, sin] = rotary(length, width, rope);
			assert_eq!(cos.len(), (length * width) as usize);
			for (place, (cos, sin)) in (0..).zip(cos.iter().zip(&sin)) {
				let (t, i) = (place / width, place % width % (width / 2));
				let step = f64::from(base).powf(-2.0 * f64::from(i) / f64::from(width));
				let (exact_sin, exact_cos) = (f64::from(t) * step).sin_cos();
				assert!(ulps(*cos, exact_cos) < 1.0, "cos {t} {i}");
				assert!(ulps(*sin, exact_sin) < 1.0, "sin {t} {i}");
			}
		}
	}

	#[test]
	fn pairs_should_stay_when_only_those_before_them_turn() {
		let (length, width) = (9, 12);
		let rope = |dims| Rope { base: 100.0f32.to_bits(), dims, scaling: None };
		assert_eq!(rotary(length, width, rope(Some(12))), rotary(length, width, rope(None)));
		let [part, alone] = [rotary(length, width, rope(Some(4))), rotary(length, 4, rope(None))];
		for (part, (alone, still)) in part.iter().zip(alone.iter().zip([soft::ONE, 0])) {
			for (part, alone) in part.chunks(12).zip(alone.chunks(4)) {
				for (half, turned) in part.chunks(6).zip(alone.chunks(2)) {
					assert_eq!(half[..2], *turned);
					assert_eq!(half[2..], [still; 4]);
				}
			}
		}
	}

	#[test]
	fn scaled_turns_should_be_those_of_their_formula() {
		let (factor, low, high, original) = (32.0f32, 1.0f32, 4.0f32, 8192);
		let rope = |scaling| Rope { base: 500_000.0f32.to_bits(), dims: None, scaling };
		let usual: Vec<f64> = turns(64, rope(None)).into_iter().map(number).collect();
		let of_f32 = f32::to_bits;
		let linear = turns(64, rope(Some(RopeScaling::Linear { factor: of_f32(factor) })));
		for (usual, scaled) in usual.iter().zip(linear) {
			assert!((number(scaled) - usual / 32.0).abs() < 1e-15);
		}
		let [factor, low, high] = [factor, low, high].map(of_f32);
		let llama3 = turns(64, rope(Some(RopeScaling::Llama3 { factor, low, high, original })));
		let mut kinds = [0; 3];
		for (usual, scaled) in usual.iter().zip(llama3) {
			// Llama's own: by the length of a round, with the line between two lengths.
			let round = std::f64::consts::TAU / usual;
			let (kind, expected) = if round < 8192.0 / 4.0 {
				(0, *usual)
			} else if round > 8192.0 {
				(1, usual / 32.0)
			} else {
				let smooth = (8192.0 / round - 1.0) / (4.0 - 1.0);
				(2, (1.0 - smooth) * usual / 32.0 + smooth * usual)
			};
			kinds[kind] += 1;
			assert!((number(scaled) - expected).abs() < 1e-15, "{usual} {expected}");
		}
		assert!(kinds.iter().all(|count| *count > 2), "{kinds:?}");
	}

	#[test]
	fn quotients_should_be_rounded_towards_zero() {
		assert_eq!(Fixed::ONE.over_fixed(Fixed::of_f32(3f32.to_bits())), Fixed::ratio(1, 3));
		let (a, b) = (Fixed::of_f32(0.1f32.to_bits()), Fixed::of_f32(1e6f32.to_bits()));
		assert_eq!(number(a), f64::from(0.1f32));
		assert!((number(a.over_fixed(b)) - f64::from(0.1f32) / 1e6).abs() < 1e-22);
		assert_eq!(b.over_fixed(b), Fixed::ONE);
	}

	#[test]
	fn f32_should_be_rounded_to_nearest_even() {
		let of = |n: i128, shift: u32| f32::from_bits(Fixed(n << shift).to_f32());
		assert_eq!(of(1, 96), 1.0);
		assert_eq!(of(-3, 95), -1.5);
		assert_eq!(of((1 << 25) + 2, 71), 1.0);
		assert_eq!(of((1 << 25) + 6, 71), 1.0 + 2.0 * f32::EPSILON);
		assert_eq!(of((1 << 25) - 1, 71), 1.0);
		assert_eq!(of(1, 0), 2f32.powi(-96));
		assert_eq!(Fixed::ZERO.to_f32(), 0);
	}
}
