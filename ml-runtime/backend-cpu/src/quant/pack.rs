//! Terms to integers, in the order that the innermost loop reads.
//!
//! Rows of `A` are written one after the other, columns of `B` in panels. What is contiguous is what is quantised
//! together: the terms of a lane where they are neighbours ([`Group::along`]), else a term of many lanes
//! ([`Group::across`]). Where that is not the order in which words are wanted, they are turned afterwards, when
//! they are fewer: a word holds two or four terms.

#![allow(unsafe_code, reason = "squares are turned by code made for one level of instructions")]

use std::marker::PhantomData;

use assay_ops::QuantFormat;

use super::products::Layout;
use crate::level::{near, Fused, Level, Task};
use crate::matmul::{buffer, View};
use crate::team::Team;

/// Adding this rounds a number below 2²² to the nearest integer, ties to even, in its lowest bits.
const MAGIC: f32 = 12_582_912.0;

/// Side of the squares in which words are turned.
const SQUARE: usize = 8;

/// Most terms of a word.
pub(super) const MOST_TERMS: usize = 4;

/// Terms of a lane that are put into words at a time.
pub(super) const RUN: usize = 64;

/// Words of a cache line.
const LINE: usize = 16;

/// Most lanes of a group: of a row of as many words more than a scrap is read at a time.
const MOST_LANES: usize = 256;

/// Words of a lane of a block, without those that its sums start from: as many terms each as the layout says, padded with
/// zeros. Of 15 bits first the high digits, then for each term both of its digits.
#[derive(Clone, Copy)]
pub(super) struct Words {
	/// The integers, or the high digits.
	pub(super) first: usize,
	/// Both digits; none of eight bits.
	pub(super) crossed: usize,
	/// What the sums of each of the two start from, in panels.
	pub(super) starts: usize,
}

impl Words {
	pub(super) fn per_lane<P: Layout>(format: QuantFormat, side: Side, terms: usize) -> Self {
		let first = terms.div_ceil(P::TERMS);
		let starts = usize::from(P::STARTS && side == Side::Lanes);
		let crossed = match format {
			QuantFormat::I8 => 0,
			QuantFormat::Q15 => 2 * first,
		};
		Self { first, crossed, starts }
	}

	/// The integers or high digits, with what their sums start from.
	pub(super) fn half(self) -> usize {
		self.starts + self.first
	}

	pub(super) fn all(self) -> usize {
		match self.crossed {
			0 => self.half(),
			crossed => self.half() + self.starts + crossed,
		}
	}
}

/// The scale of each lane, NaN where a term is not finite.
#[derive(Clone)]
pub(super) struct Scales(pub(super) Vec<f64>);

impl Scales {
	pub(super) fn new(lanes: usize) -> Self {
		Self(vec![1.0; lanes])
	}

	pub(super) fn lanes(&self) -> usize {
		self.0.len()
	}
}

/// Which operand is written. Of the two digits of a term, which comes first: `(hi, lo)` times `(lo, hi)` is what
/// they contribute crosswise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
	/// `A`, lane after lane.
	Rows,
	/// `B`, in panels: a word of each lane, then the next of each.
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
	/// Writes all lanes of some blocks and their scales, of which there are as many as whole panels of `WIDTH` have. What
	/// is written of lanes that the matrix does not have is of no use.
	pub(super) fn run<P: Layout, const WIDTH: usize>(
		team: &Team,
		blocks: Vec<(Packed<'_>, &mut [u32], &mut Scales)>,
	) {
		let mut groups = Vec::new();
		for (packed, words, scales) in blocks {
			let panels = scales.lanes() / WIDTH;
			let most = (MOST_LANES / WIDTH).min(panels.div_ceil(team.threads())).max(1);
			let each = Words::per_lane::<P>(packed.format, packed.side, packed.terms).all();
			let words = words.chunks_mut(most * WIDTH * each);
			let parts = words.zip(scales.0.chunks_mut(most * WIDTH));
			let firsts = (0..).step_by(most * WIDTH);
			groups.extend(firsts.zip(parts).map(|(first, parts)| (packed, first, parts)));
		}
		team.pieces(&mut groups, 1, |_, groups| {
			for (packed, first, (words, scales)) in groups {
				let (packed, first, layout) = (*packed, *first, PhantomData);
				let each = Words::per_lane::<P>(packed.format, packed.side, packed.terms).all();
				// What is turned afterwards: eight lanes, or a panel.
				buffer::with(WIDTH * each, |room| {
					let group = Group::<P, WIDTH> { packed, first, words, scales, room, layout };
					packed.level.run(group);
				});
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

/// Neighbouring panels of a block, `WIDTH` lanes each.
struct Group<'a, 'b, P, const WIDTH: usize> {
	packed: Packed<'a>,
	/// The first of the lanes.
	first: usize,
	words: &'b mut [u32],
	scales: &'b mut [f64],
	/// Room for a panel.
	room: &'b mut [u32],
	layout: PhantomData<P>,
}

impl<P: Layout, const WIDTH: usize> Task for Group<'_, '_, P, WIDTH> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		match self.packed.view.k_stride {
			1 => self.along(),
			_ => self.across(),
		}
	}
}

impl<P: Layout, const WIDTH: usize> Group<'_, '_, P, WIDTH> {
	/// Lane by lane.
	#[inline(always)]
	fn along(self) {
		let Self { packed, first, words, scales, room, .. } = self;
		let Packed { format, view, side, start, terms, .. } = packed;
		let each = Words::per_lane::<P>(format, side, terms);
		let length = each.first + each.crossed;
		let lanes = (view.lanes - first).min(scales.len());
		if side == Side::Rows {
			let rows = words.chunks_exact_mut(each.all()).zip(scales).take(lanes);
			for (lane, (words, scale)) in (first..).zip(rows) {
				let from = &view.data[lane * view.lane_stride + start..];
				let next = from.get(view.lane_stride..).unwrap_or_default();
				*scale = packed.lane::<P>(&from[..terms], next, words.split_at_mut(each.first));
			}
			return;
		}
		let square = &mut room[..SQUARE * length];
		let panels = words.chunks_exact_mut(WIDTH * each.all());
		for (index, (words, scales)) in panels.zip(scales.chunks_exact_mut(WIDTH)).enumerate() {
			for corner in (0..WIDTH).step_by(SQUARE) {
				let mut sums = [[0; SQUARE]; 2];
				for (lane, row) in square.chunks_exact_mut(length).enumerate() {
					let number = index * WIDTH + corner + lane;
					if number >= lanes {
						break;
					}
					let from = &view.data[(first + number) * view.lane_stride + start..];
					let next = from.get(view.lane_stride..).unwrap_or_default();
					let (high, crossed) = row.split_at_mut(each.first);
					scales[corner + lane] =
						packed.lane::<P>(&from[..terms], next, (&mut *high, &mut *crossed));
					if P::STARTS {
						(sums[0][lane], sums[1][lane]) = (P::sum(high), P::sum(crossed));
					}
				}
				let (high, crossed) = words.split_at_mut(WIDTH * each.half());
				let parts = [(high, 0, each.first), (crossed, each.first, each.crossed)];
				for ((words, from, count), sums) in parts.into_iter().zip(sums) {
					if count == 0 {
						continue;
					}
					let (starts, words) = words.split_at_mut(WIDTH * each.starts);
					for (start, sum) in starts.iter_mut().skip(corner).zip(sums) {
						*start = P::start(sum) as u32;
					}
					turn::<P>((&square[from..], length), (&mut words[corner..], WIDTH), count);
				}
			}
		}
	}

	/// Term by term.
	#[inline(always)]
	fn across(self) {
		let Self { packed, first, words, scales, room, .. } = self;
		let Packed { format, view, side, start, terms, .. } = packed;
		let each = Words::per_lane::<P>(format, side, terms);
		let lanes = (view.lanes - first).min(scales.len());
		let data = &view.data[first + start * view.k_stride..];
		let mut greatest = [0; MOST_LANES];
		for row in data.chunks(view.k_stride).take(terms) {
			for (most, word) in greatest.iter_mut().zip(&row[..lanes]) {
				*most = (*most).max(word & 0x7FFF_FFFF);
			}
		}
		let mut factors = [[0.0; MOST_LANES]; 2];
		for (lane, most) in greatest[..lanes].iter().enumerate() {
			let (scale, [one, two]) = packed.factors(*most);
			(scales[lane], factors[0][lane], factors[1][lane]) = (scale, one, two);
		}
		let size = WIDTH * each.all();
		let from = Across { data, stride: view.k_stride, lanes, terms };
		match side {
			Side::Lanes => {
				for (index, words) in words.chunks_exact_mut(size).enumerate() {
					let (words, []) = words.as_chunks_mut() else { unreachable!("whole panels") };
					from.quantise::<P, WIDTH>(format, side, &factors, index * WIDTH, words);
				}
			},
			Side::Rows => {
				for (index, words) in words.chunks_exact_mut(size).enumerate() {
					let (panel, []) = room.as_chunks_mut() else { unreachable!("a whole panel") };
					from.quantise::<P, WIDTH>(format, side, &factors, index * WIDTH, panel);
					for corner in (0..WIDTH).step_by(SQUARE) {
						let to = &mut words[corner * each.all()..];
						turn_back::<P>((&room[corner..], WIDTH), (to, each.all()), each.all());
					}
				}
			},
		}
	}
}

impl Packed<'_> {
	/// Writes the words of a lane's terms, all of eight bits or those of the high digits and of both, and gives its scale. The
	/// terms of the `next` lane are asked for.
	#[inline(always)]
	fn lane<P: Layout>(
		self,
		terms: &[u32],
		next: &[u32],
		(high, crossed): (&mut [u32], &mut [u32]),
	) -> f64 {
		let mut greatest = 0;
		for word in terms {
			greatest = greatest.max(word & 0x7FFF_FFFF);
		}
		for next in next[..terms.len().min(next.len())].iter().step_by(LINE) {
			near::<0>(next);
		}
		let (scale, [one, two]) = self.factors(greatest);
		let mut crossed = crossed.chunks_mut(2 * RUN / P::TERMS);
		for (run, high) in terms.chunks(RUN).zip(high.chunks_mut(RUN / P::TERMS)) {
			let mut rest = [0; RUN];
			let run = match run.first_chunk() {
				Some(run) => run,
				None => {
					rest[..run.len()].copy_from_slice(run);
					&rest
				},
			};
			match self.format {
				// SAFETY: this is inlined into code compiled for the level of `P`.
				QuantFormat::I8 => unsafe { P::words_along(self.side, run, [one, two], high) },
				QuantFormat::Q15 => {
					let (mut digit, mut pairs) = ([0; RUN], [0; RUN]);
					for ((digit, pair), word) in digit.iter_mut().zip(&mut pairs).zip(run) {
						let (hi, lo) = digits(integer_of(rounded(*word, one, two)));
						let [one, other] = in_order(self.side, hi, lo);
						*digit = P::bits(self.side, hi);
						*pair =
							placed_at::<P>(self.side, one, 0) | placed_at::<P>(self.side, other, 1);
					}
					narrow(&digit, P::TERMS, high);
					narrow(&pairs, P::TERMS / 2, crossed.next().unwrap_or_default());
				},
			}
		}
		scale
	}
}

/// Terms of neighbouring lanes: those of each term are neighbours.
#[derive(Clone, Copy)]
struct Across<'a> {
	data: &'a [u32],
	stride: usize,
	lanes: usize,
	terms: usize,
}

impl Across<'_> {
	/// A term of `WIDTH` lanes from `lane` on, where they lie, or in `room` with 0 where there is none.
	#[inline(always)]
	fn row<'b, const WIDTH: usize>(
		&'b self,
		term: usize,
		lane: usize,
		room: &'b mut [u32; WIDTH],
	) -> &'b [u32; WIDTH] {
		if term < self.terms && lane < self.lanes {
			let words = &self.data[term * self.stride + lane..];
			if let (Some(words), true) = (words.first_chunk(), lane + WIDTH <= self.lanes) {
				return words;
			}
			let words = &words[..self.lanes - lane];
			*room = [0; WIDTH];
			room.iter_mut().zip(words).for_each(|(to, word)| *to = *word);
		} else {
			*room = [0; WIDTH];
		}
		room
	}

	/// Writes a panel of the lanes from `first` on.
	#[inline(always)]
	fn quantise<P: Layout, const WIDTH: usize>(
		self,
		format: QuantFormat,
		side: Side,
		factors: &[[f32; MOST_LANES]; 2],
		first: usize,
		words: &mut [[u32; WIDTH]],
	) {
		let each = Words::per_lane::<P>(format, side, self.terms);
		let factor = |index: usize| -> &[f32; WIDTH] {
			match factors[index][first..].first_chunk() {
				Some(factors) => factors,
				None => unreachable!("a group has no more lanes than factors"),
			}
		};
		let (ones, twos) = (factor(0), factor(1));
		let (high, crossed) = words.split_at_mut(each.half());
		let (high_start, high) = high.split_at_mut(each.starts);
		let (crossed_start, crossed) =
			crossed.split_at_mut(if each.crossed == 0 { 0 } else { each.starts });
		let mut sums = [[0; WIDTH]; 2];
		let mut room = [[0; WIDTH]; MOST_TERMS];
		for (index, word) in high.iter_mut().enumerate() {
			let term = index * P::TERMS;
			let [first_room, second_room, third_room, fourth_room] = &mut room;
			// A word holds two terms or four.
			let has_four = P::TERMS == MOST_TERMS;
			let rows = [
				self.row(term, first, first_room),
				self.row(term + 1, first, second_room),
				if has_four { self.row(term + 2, first, third_room) } else { third_room },
				if has_four { self.row(term + 3, first, fourth_room) } else { fourth_room },
			];
			if format == QuantFormat::I8 {
				// SAFETY: this is inlined into code compiled for the level of `P`.
				unsafe { P::words_across(side, rows, [ones, twos], word, &mut sums[0]) };
				continue;
			}
			// Loops as simple as this become vector instructions.
			let (mut high, mut low) = ([[0; WIDTH]; MOST_TERMS], [[0; WIDTH]; MOST_TERMS]);
			for slot in 0..P::TERMS {
				for lane in 0..WIDTH {
					let rounded = rounded(rows[slot][lane], ones[lane], twos[lane]);
					(high[slot][lane], low[slot][lane]) = digits(integer_of(rounded));
				}
				for lane in 0..WIDTH {
					sums[0][lane] += high[slot][lane];
					sums[1][lane] += high[slot][lane] + low[slot][lane];
				}
			}
			let [high_0, high_1, high_2, high_3] = &high;
			for lane in 0..WIDTH {
				let terms = [high_0[lane], high_1[lane], high_2[lane], high_3[lane]];
				word[lane] = word_of::<P>(side, terms);
			}
			if let Some(pairs) = crossed.as_chunks_mut::<2>().0.get_mut(index) {
				// `P::TERMS / 2` terms to a word.
				let step = P::TERMS / 2;
				for (half, words) in pairs.iter_mut().enumerate() {
					let (a, b) = (half * step, half * step + step - 1);
					let (high_a, low_a, high_b, low_b) = (&high[a], &low[a], &high[b], &low[b]);
					for lane in 0..WIDTH {
						let [one, other] = in_order(side, high_a[lane], low_a[lane]);
						let [third, fourth] = in_order(side, high_b[lane], low_b[lane]);
						words[lane] = word_of::<P>(side, [one, other, third, fourth]);
					}
				}
			}
		}
		for (starts, sums) in [high_start, crossed_start].into_iter().zip(sums) {
			for start in starts {
				*start = sums.map(|sum| P::start(sum) as u32);
			}
		}
	}
}

/// [`MAGIC`] and `word` times both factors, rounded to nearest even: an integer in the lowest 22 bits. It is 0 where the
/// factors are, which is where a lane is not finite and its integers do not matter. (Each factor makes it an exact
/// product, or so small that it is rounded to 0 in any case.)
#[inline(always)]
pub(super) fn rounded(word: u32, one: f32, two: f32) -> i32 {
	let rounded = f32::from_bits(word) * one * two + MAGIC;
	let rounded = if one == 0.0 { MAGIC } else { rounded };
	rounded.to_bits() as i32
}

/// All of the integer whose lowest bits these are.
#[inline(always)]
pub(super) fn integer_of(rounded: i32) -> i32 {
	rounded.wrapping_sub(MAGIC.to_bits() as i32)
}

/// The high digit and the low one of fifteen bits.
#[inline(always)]
fn digits(integer: i32) -> (i32, i32) {
	let hi = (integer + 64) >> 7;
	(hi, integer - (hi << 7))
}

#[inline(always)]
fn in_order(side: Side, hi: i32, lo: i32) -> [i32; 2] {
	match side {
		Side::Rows => [hi, lo],
		Side::Lanes => [lo, hi],
	}
}

/// An integer at its place in a word.
#[inline(always)]
fn placed_at<P: Layout>(side: Side, integer: i32, slot: usize) -> u32 {
	P::bits(side, integer) << (slot * (32 / P::TERMS))
}

/// As many integers as a word has; of four, the first two where it has two.
#[inline(always)]
pub(super) fn word_of<P: Layout>(side: Side, [a, b, c, d]: [i32; MOST_TERMS]) -> u32 {
	let pair = placed_at::<P>(side, a, 0) | placed_at::<P>(side, b, 1);
	if P::TERMS == MOST_TERMS {
		pair | placed_at::<P>(side, c, 2) | placed_at::<P>(side, d, 3)
	} else {
		pair
	}
}

/// The lowest bits of `values`, `count` of them to a word, from the lowest up, for as many words as there are.
#[inline(always)]
pub(super) fn narrow(values: &[u32; RUN], count: usize, words: &mut [u32]) {
	match count {
		4 => {
			let mut bytes = [0; RUN];
			for (byte, value) in bytes.iter_mut().zip(values) {
				*byte = *value as u8;
			}
			let mut narrowed = [0; RUN / 4];
			for (word, bytes) in narrowed.iter_mut().zip(bytes.as_chunks().0) {
				*word = u32::from_le_bytes(*bytes);
			}
			copy(&narrowed, words);
		},
		2 => {
			let mut halves = [0; RUN];
			for (half, value) in halves.iter_mut().zip(values) {
				*half = *value as u16;
			}
			let mut narrowed = [0; RUN / 2];
			for (word, [low, high]) in narrowed.iter_mut().zip(halves.as_chunks().0) {
				*word = u32::from(*low) | u32::from(*high) << 16;
			}
			copy(&narrowed, words);
		},
		_ => copy(values, words),
	}
}

/// As many words as there is room for; of all of them a copy of known length, not a call.
#[inline(always)]
pub(super) fn copy<const COUNT: usize>(from: &[u32; COUNT], to: &mut [u32]) {
	match to.first_chunk_mut() {
		Some(to) => *to = *from,
		None => to.iter_mut().zip(from).for_each(|(to, from)| *to = *from),
	}
}

/// Turns `count` words of each of [`SQUARE`] rows, `stride` apart, into columns whose words are `width` apart.
#[inline(always)]
fn turn<P: Layout>(
	(from, stride): (&[u32], usize),
	(to, width): (&mut [u32], usize),
	count: usize,
) {
	let whole = count - count % SQUARE;
	for k in (0..whole).step_by(SQUARE) {
		// SAFETY: this is inlined into code compiled for the level of `P`.
		unsafe { P::turn((&from[k..], stride), (&mut to[k * width..], width)) };
	}
	for k in whole..count {
		for lane in 0..SQUARE {
			to[k * width + lane] = from[lane * stride + k];
		}
	}
}

/// Turns [`SQUARE`] columns of `count` words, `width` apart, into rows, `stride` apart.
#[inline(always)]
fn turn_back<P: Layout>(
	(from, width): (&[u32], usize),
	(to, stride): (&mut [u32], usize),
	count: usize,
) {
	let whole = count - count % SQUARE;
	for k in (0..whole).step_by(SQUARE) {
		// SAFETY: this is inlined into code compiled for the level of `P`.
		unsafe { P::turn((&from[k * width..], width), (&mut to[k..], stride)) };
	}
	for k in whole..count {
		for lane in 0..SQUARE {
			to[lane * stride + k] = from[k * width + lane];
		}
	}
}
