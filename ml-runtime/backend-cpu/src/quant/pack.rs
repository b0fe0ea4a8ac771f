//! Terms to integers, in the order that the innermost loop reads.

use std::marker::PhantomData;

use assay_ops::QuantFormat;

use super::products::Layout;
use crate::level::{Fused, Level, Task};
use crate::matmul::View;
use crate::team::Team;

/// Adding this rounds a number below 2²² to the nearest integer, ties to even, in its lowest bits.
const MAGIC: f32 = 12_582_912.0;

/// Words that one lane of a block takes: as many terms each as the layout says, padded with zeros. Of 15 bits
/// first the high digits, then for each term both of its digits.
#[derive(Clone, Copy)]
pub(super) struct Words {
	/// The integers, or the high digits.
	pub(super) first: usize,
	/// All.
	pub(super) all: usize,
}

impl Words {
	pub(super) fn per_lane<P: Layout>(format: QuantFormat, terms: usize) -> Self {
		let words = |integers: usize| usize::from(P::STARTS) + integers.div_ceil(P::TERMS);
		let first = words(terms);
		match format {
			QuantFormat::I8 => Self { first, all: first },
			QuantFormat::Q15 => Self { first, all: first + words(2 * terms) },
		}
	}
}

/// The scale of each lane, NaN where a term is not finite.
pub(super) struct Scales(pub(super) Vec<f64>);

impl Scales {
	pub(super) fn new(lanes: usize) -> Self {
		Self(vec![0.0; lanes])
	}

	pub(super) fn lanes(&self) -> usize {
		self.0.len()
	}
}

/// Which operand is written, that is, which digit of a term comes first: `(hi, lo)` times `(lo, hi)` is what
/// the two digits contribute crosswise.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
	/// `A`.
	Rows,
	/// `B`.
	Lanes,
}

/// A block of one operand.
#[derive(Clone, Copy)]
pub(super) struct Packed<'a> {
	pub(super) format: QuantFormat,
	pub(super) view: View<'a>,
	pub(super) side: Side,
	/// First term of the block.
	pub(super) start: usize,
	/// Its terms.
	pub(super) terms: usize,
	pub(super) level: Level,
}

impl Packed<'_> {
	/// Writes all lanes, in panels of `WIDTH` lanes, and their scales.
	pub(super) fn run<P: Layout, const WIDTH: usize>(
		self,
		team: &Team,
		words: &mut [u32],
		scales: &mut Scales,
	) {
		let size = WIDTH * Words::per_lane::<P>(self.format, self.terms).all;
		let panels = words.chunks_exact_mut(size).zip(scales.0.chunks_exact_mut(WIDTH));
		let mut panels: Vec<_> = panels.collect();
		let group = Team::rows_per_piece(size);
		team.pieces(&mut panels, group, |piece, panels| {
			for (index, (words, scales)) in (piece * group..).zip(panels) {
				let packed = self;
				let (first, layout) = (index * WIDTH, PhantomData);
				self.level.run(Panel::<P, WIDTH> { packed, first, words, scales, layout });
			}
		});
	}

	/// The scale as a factor for the result, and the two factors, whose product is its reciprocal, that
	/// lead to integers.
	fn factors(self, greatest: u32) -> (f64, [f32; 2]) {
		let Some(exponent) = self.format.exponent(greatest) else { return (f64::NAN, [0.0; 2]) };
		let first = exponent.saturating_neg().clamp(-126, 127);
		let second = exponent.saturating_neg() - first;
		let single = |exponent: i32| f32::from_bits(((exponent + 127) as u32) << 23);
		let double = f64::from_bits(((exponent + 1023) as u64) << 52);
		(double, [single(first), single(second)])
	}
}

/// `WIDTH` neighbouring lanes of a block.
struct Panel<'a, 'b, P, const WIDTH: usize> {
	packed: Packed<'a>,
	/// The first of the lanes.
	first: usize,
	words: &'b mut [u32],
	scales: &'b mut [f64],
	layout: PhantomData<P>,
}

impl<P: Layout, const WIDTH: usize> Task for Panel<'_, '_, P, WIDTH> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let Self { packed, first, words, scales, .. } = self;
		let Packed { format, view, side, start, terms, .. } = packed;
		let (words, []) = words.as_chunks_mut::<WIDTH>() else { unreachable!("whole panels") };
		let lanes = view.lanes.saturating_sub(first).min(WIDTH);
		// Integers, a row of lanes for each term; what is outside the matrix is 0.
		let mut integers = [[0_i32; WIDTH]; crate::matmul::BLOCK];
		let integers = &mut integers[..terms];
		let data =
			&view.data[(first * view.lane_stride + start * view.k_stride).min(view.data.len())..];
		scales.fill(1.0);
		if view.lane_stride == 1 && lanes == WIDTH {
			let mut greatest = [0; WIDTH];
			for term in 0..terms {
				let row: &[u32; WIDTH] = row(data, term * view.k_stride);
				for (most, word) in greatest.iter_mut().zip(row) {
					*most = (*most).max(word & 0x7FFF_FFFF);
				}
			}
			let mut factors = [[0.0; WIDTH]; 2];
			for (lane, most) in greatest.into_iter().enumerate() {
				let (scale, [one, two]) = packed.factors(most);
				(scales[lane], factors[0][lane], factors[1][lane]) = (scale, one, two);
			}
			let [ones, twos] = &factors;
			for (term, integers) in integers.iter_mut().enumerate() {
				let row: &[u32; WIDTH] = row(data, term * view.k_stride);
				for lane in 0..WIDTH {
					integers[lane] = integer(row[lane], ones[lane], twos[lane]);
				}
			}
		} else {
			for lane in 0..lanes {
				let data = &data[lane * view.lane_stride..];
				let greatest = match view.k_stride {
					1 => greatest(data[..terms].iter()),
					stride => greatest(data.iter().step_by(stride).take(terms)),
				};
				let (scale, [one, two]) = packed.factors(greatest);
				scales[lane] = scale;
				for (integers, word) in integers.iter_mut().zip(data.iter().step_by(view.k_stride))
				{
					integers[lane] = integer(*word, one, two);
				}
			}
		}
		match format {
			QuantFormat::I8 => join::<P, WIDTH, 1>(side, [integers], words),
			QuantFormat::Q15 => {
				let mut low = [[0_i32; WIDTH]; crate::matmul::BLOCK];
				let low = &mut low[..terms];
				for (integers, low) in integers.iter_mut().zip(low.iter_mut()) {
					for (q, low) in integers.iter_mut().zip(low) {
						let hi = (*q + 64) >> 7;
						*low = *q - (hi << 7);
						*q = hi;
					}
				}
				let (high, digits) = words.split_at_mut(Words::per_lane::<P>(format, terms).first);
				let crossed: [&[_]; 2] = match side {
					Side::Rows => [integers, low],
					Side::Lanes => [low, integers],
				};
				join::<P, WIDTH, 2>(side, crossed, digits);
				join::<P, WIDTH, 1>(side, [integers], high);
			},
		}
	}
}

#[inline(always)]
fn row<const WIDTH: usize>(data: &[u32], at: usize) -> &[u32; WIDTH] {
	match data[at..].first_chunk() {
		Some(row) => row,
		None => unreachable!("a row of lanes ends before its matrix does"),
	}
}

#[inline(always)]
fn greatest<'a>(words: impl Iterator<Item = &'a u32>) -> u32 {
	let mut most = 0;
	for word in words {
		most = most.max(word & 0x7FFF_FFFF);
	}
	most
}

/// `word` times both factors, rounded to nearest even; 0 where the factors are. (Each factor makes it an
/// exact product, or so small that it is rounded to 0 in any case.)
#[inline(always)]
fn integer(word: u32, one: f32, two: f32) -> i32 {
	let rounded = f32::from_bits(word) * one * two + MAGIC;
	let integer = rounded.to_bits() as i32 - MAGIC.to_bits() as i32;
	if one == 0.0 {
		0
	} else {
		integer
	}
}

/// Integers to words, one of each sequence in turn; what is missing in the last word is 0.
#[inline(always)]
fn join<P: Layout, const WIDTH: usize, const SEQUENCES: usize>(
	side: Side,
	sequences: [&[[i32; WIDTH]]; SEQUENCES],
	words: &mut [[u32; WIDTH]],
) {
	let zeros = [0; WIDTH];
	let (starts, words) = words.split_at_mut(usize::from(P::STARTS));
	for (index, words) in words.iter_mut().enumerate() {
		let mut joined = zeros.map(|_: i32| 0);
		for slot in 0..P::TERMS {
			let at = index * P::TERMS + slot;
			let integers = sequences[at % SEQUENCES].get(at / SEQUENCES).unwrap_or(&zeros);
			for (word, integer) in joined.iter_mut().zip(integers) {
				*word |= P::bits(side, *integer) << (slot * (32 / P::TERMS));
			}
		}
		*words = joined;
	}
	for start in starts {
		let mut sums = zeros;
		for integers in sequences.into_iter().flatten() {
			for (sum, integer) in sums.iter_mut().zip(integers) {
				*sum += integer;
			}
		}
		*start = sums.map(|sum| P::start(sum) as u32);
	}
}
