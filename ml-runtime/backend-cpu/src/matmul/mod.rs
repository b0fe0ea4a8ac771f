//! Matrix product in the spec's order.
//!
//! The shape of the computation is the usual one of fast matrix products: an innermost loop keeps a
//! small tile of results in registers, and operands are copied into panels where it would otherwise
//! read them badly. What is special is what is *not* done: `k` is never split among lanes or threads
//! inside a block of 512, and never padded. Rows and columns may be divided, padded and computed twice
//! at will, because each result has its own chain.
//!
//! From the outside in: [`split`] divides a product into K-blocks and among threads, [`stripes`] does so
//! where it has few rows, [`nest`] goes through the tiles in an order that suits the caches, [`tile`]
//! computes one with the registers of [`vector`]. The last two are where pointers are read without a check
//! for each word, and [`out`] is what threads share that write to the same rows.

pub(crate) mod buffer;
mod nest;
mod out;
mod pack;
mod split;
mod stripes;
#[cfg(test)]
mod tests;
mod tile;
mod vector;

use crate::level::{Fused, Level, Task};
use crate::scalar::canonical;
use crate::team::Team;
use nest::Pack;
pub(crate) use pack::View;
use split::Split;
#[cfg(target_arch = "x86_64")]
pub(crate) use vector::turn_words;
use vector::Vector;

pub(crate) const BLOCK: usize = assay_ops::K_BLOCK as usize;

/// Products of fewer terms than this are not worth a second thread.
const SMALL: usize = 1 << 17;

/// A row-major matrix, possibly some columns of a wider one.
#[derive(Clone, Copy)]
pub(crate) struct Strided<'a> {
	/// The words from its first element on, at least to its last.
	pub words: &'a [u32],
	/// Words from one row to the next, at least the length of a row.
	pub stride: usize,
}

/// `out = A · B` with `A: m × k`, `B: k × n`; a transposed operand is stored the other way around.
#[derive(Clone, Copy)]
pub(crate) struct MatMul<'a> {
	/// `A`, or its transpose.
	pub a: Strided<'a>,
	/// `B`, or its transpose.
	pub b: Strided<'a>,
	/// Rows of the result.
	pub m: usize,
	/// Terms of each result.
	pub k: usize,
	/// Columns of the result.
	pub n: usize,
	/// `a` is stored as `k × m`.
	pub transpose_a: bool,
	/// `b` is stored as `n × k`.
	pub transpose_b: bool,
}

impl<'a> MatMul<'a> {
	/// Computes the product into `out` (`m · n` words), on all threads of the team.
	pub(crate) fn run(self, level: Level, team: &Team, out: &mut [u32]) {
		let alone = self.m * self.k * self.n < SMALL || team.threads() == 1;
		self.choose(level, (!alone).then_some(team), out, self.n);
	}

	/// Computes the product on the calling thread, into the first `n` words of each row of `out`. A
	/// row begins every `stride` words; the last one may end after its `n`.
	///
	/// Rows can be computed in parts: those from `i` on are the product of the rows of `A` from `i`
	/// on, whose words begin at `i · stride`, or at `i` where `A` is transposed.
	pub(crate) fn run_strided(self, level: Level, out: &mut [u32], stride: usize) {
		self.choose(level, None, out, stride);
	}

	fn choose(self, level: Level, team: Option<&Team>, out: &mut [u32], stride: usize) {
		match level {
			#[cfg(target_arch = "aarch64")]
			Level::Neon | Level::Dotprod => {
				self.shape::<vector::Neon, 8, 3, 16, 1>(level, team, out, stride);
			},
			#[cfg(target_arch = "x86_64")]
			Level::Avx2 => self.shape::<vector::Avx2, 6, 2, 12, 1>(level, team, out, stride),
			#[cfg(target_arch = "x86_64")]
			Level::Avx512 | Level::Vnni if self.suits_low_tiles(4 * vector::Avx512::LANES) => {
				self.shape::<vector::Avx512, 6, 4, 12, 1>(level, team, out, stride)
			},
			#[cfg(target_arch = "x86_64")]
			Level::Avx512 | Level::Vnni => {
				self.shape::<vector::Avx512, 12, 2, 12, 1>(level, team, out, stride)
			},
			// The others do not exist on this processor.
			_ => self.shape::<vector::Soft, 4, 2, 8, 1>(level, team, out, stride),
		}
	}

	/// Whether tiles of 6 rows and this width suit better than those of 12: rows are read where they lie, at as many places
	/// of the nearest cache as a tile has rows, and hardly any row or column is computed for nothing.
	#[cfg(target_arch = "x86_64")]
	fn suits_low_tiles(&self, width: usize) -> bool {
		let (low, high) = (rows::<6>(self.m), rows::<12>(self.m));
		let columns = self.n.next_multiple_of(width);
		!self.transpose_a && columns - self.n <= self.n / 16 && low <= high + high / 16
	}

	/// Chooses between wide tiles and high ones, and which operand's lanes are in the registers.
	fn shape<
		V: Vector,
		const MR: usize,
		const NV: usize,
		const HIGH: usize,
		const NARROW: usize,
	>(
		self,
		level: Level,
		team: Option<&Team>,
		out: &mut [u32],
		stride: usize,
	) {
		let (m, k, n) = (self.m, self.k, self.n);
		let a = View::new(self.a, m, !self.transpose_a);
		let b = View::new(self.b, n, self.transpose_b);
		let (wide, narrow) = (NV * V::LANES, NARROW * V::LANES);
		// `A · B` is the transpose of `Bᵀ · Aᵀ`, and products of numbers commute. Of ways that suit, the one is taken that
		// computes with the fewest registers for each term.
		let turned = self.transpose_a && n < wide;
		let cost = |suits: bool, registers: usize| if suits { registers } else { usize::MAX };
		let straight = cost(n <= narrow, rows::<HIGH>(m) * NARROW);
		let by_wide = cost(turned && m >= wide, rows::<MR>(n) * m.div_ceil(wide) * NV);
		let by_narrow = cost(turned && m > narrow, rows::<HIGH>(n) * m.div_ceil(narrow) * NARROW);
		if by_wide < straight && by_wide <= by_narrow {
			Split::<V, MR, NV>::new(b, a, true, level, k, stride).run(team, out);
		} else if by_narrow < straight {
			Split::<V, HIGH, NARROW>::new(b, a, true, level, k, stride).run(team, out);
		} else if n <= narrow {
			Split::<V, HIGH, NARROW>::new(a, b, false, level, k, stride).run(team, out);
		} else {
			Split::<V, MR, NV>::new(a, b, false, level, k, stride).run(team, out);
		}
	}
}

/// Rows that are computed for `count` of them, in tiles of `MR`.
const fn rows<const MR: usize>(count: usize) -> usize {
	count - count % MR + tile::height::<MR>(count % MR)
}

/// Lanes of [`columns`].
pub(crate) const COLUMNS: usize = 16;

/// Turns at most [`COLUMNS`] rows of `terms` words into columns, each term's words side by side. Rows that do not exist
/// are `+0`.
pub(crate) fn columns(
	level: Level,
	rows: Strided<'_>,
	count: usize,
	terms: usize,
	out: &mut [u32],
) {
	let view = View::new(rows, count, true);
	match level {
		#[cfg(target_arch = "aarch64")]
		Level::Neon | Level::Dotprod => {
			level.run(Pack::<vector::Neon, COLUMNS>::new(view, 0, 0, terms, out));
		},
		#[cfg(target_arch = "x86_64")]
		Level::Avx2 => level.run(Pack::<vector::Avx2, COLUMNS>::new(view, 0, 0, terms, out)),
		#[cfg(target_arch = "x86_64")]
		Level::Avx512 | Level::Vnni => {
			level.run(Pack::<vector::Avx512, COLUMNS>::new(view, 0, 0, terms, out));
		},
		// The others do not exist on this processor.
		_ => level.run(Pack::<vector::Soft, COLUMNS>::new(view, 0, 0, terms, out)),
	}
}

/// Adds up results of blocks, first to last, and begins with what is there if `onto`: the first words, as many as `out`
/// has, of each `size`.
pub(crate) fn fold(level: Level, (partials, size): (&[u32], usize), onto: bool, out: &mut [u32]) {
	level.run(Fold { partials, size, onto, out });
}

struct Fold<'a> {
	partials: &'a [u32],
	size: usize,
	onto: bool,
	out: &'a mut [u32],
}

impl Task for Fold<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let length = self.out.len();
		let mut blocks = self.partials.chunks(self.size).map(|block| &block[..length]);
		if let Some(first) = (!self.onto).then(|| blocks.next()).flatten() {
			self.out.copy_from_slice(first);
		}
		for block in blocks {
			for (out, x) in self.out.iter_mut().zip(block) {
				*out = canonical(f32::from_bits(*out) + f32::from_bits(*x));
			}
		}
	}
}
