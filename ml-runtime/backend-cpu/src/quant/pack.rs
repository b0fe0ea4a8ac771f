//! Terms to integers, in the order that the innermost loop reads.

use assay_ops::QuantFormat;

use crate::level::{Fused, Level, Task};
use crate::matmul::View;
use crate::team::Team;

/// Adding this rounds a number below 2²² to the nearest integer, ties to even, in its lowest bits.
const MAGIC: f32 = 12_582_912.0;

/// Words that one lane of a block takes: two terms each, padded with zeros; of 15 bits first the pairs of
/// high digits, then for each term the pair of its digits.
pub(super) fn words_per_lane(format: QuantFormat, terms: usize) -> usize {
	match format {
		QuantFormat::I8 => terms.div_ceil(2),
		QuantFormat::Q15 => terms.div_ceil(2) + terms,
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

/// Which operand is written, that is, which digit comes first in the pair of a term: `(hi, lo)` times
/// `(lo, hi)` is what the two digits contribute crosswise.
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
	pub(super) fn run<const WIDTH: usize>(
		self,
		team: &Team,
		words: &mut [u32],
		scales: &mut Scales,
	) {
		let size = WIDTH * words_per_lane(self.format, self.terms);
		let panels = words.chunks_exact_mut(size).zip(scales.0.chunks_exact_mut(WIDTH));
		let mut panels: Vec<_> = panels.collect();
		let group = Team::rows_per_piece(size);
		team.pieces(&mut panels, group, |piece, panels| {
			for (index, (words, scales)) in (piece * group..).zip(panels) {
				let packed = self;
				self.level.run(Panel::<WIDTH> { packed, first: index * WIDTH, words, scales });
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
struct Panel<'a, 'b, const WIDTH: usize> {
	packed: Packed<'a>,
	/// The first of the lanes.
	first: usize,
	words: &'b mut [u32],
	scales: &'b mut [f64],
}

impl<const WIDTH: usize> Task for Panel<'_, '_, WIDTH> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let Self { packed, first, words, scales } = self;
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
			QuantFormat::I8 => pairs(integers, words),
			QuantFormat::Q15 => {
				let (high, digits) = words.split_at_mut(terms.div_ceil(2));
				for (integers, digits) in integers.iter_mut().zip(digits) {
					for (q, word) in integers.iter_mut().zip(digits) {
						let hi = (*q + 64) >> 7;
						let lo = *q - (hi << 7);
						*word = match side {
							Side::Rows => pair(hi, lo),
							Side::Lanes => pair(lo, hi),
						};
						*q = hi;
					}
				}
				pairs(integers, high);
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

/// Two 16-bit integers in a word, the first in its low half.
#[inline(always)]
fn pair(first: i32, second: i32) -> u32 {
	(first as u32 & 0xFFFF) | ((second as u32) << 16)
}

/// Neighbouring terms to pairs; a last one alone is paired with 0.
#[inline(always)]
fn pairs<const WIDTH: usize>(integers: &[[i32; WIDTH]], words: &mut [[u32; WIDTH]]) {
	let zeros = [0; WIDTH];
	for (terms, words) in integers.chunks(2).zip(words) {
		let second = terms.get(1).unwrap_or(&zeros);
		for lane in 0..WIDTH {
			words[lane] = pair(terms[0][lane], second[lane]);
		}
	}
}
