//! Matrix product in the spec's order.
//!
//! The shape of the computation is the usual one of fast matrix products: both operands are copied
//! into panels, and an innermost loop keeps a small tile of results in registers. What is special is
//! what is *not* done: `k` is never split among lanes or threads inside a block of 512, and never
//! padded. Rows and columns may be divided and padded at will, because each result has its own chain.
//!
//! `a · b` is commutative, so the tile may also be computed transposed; that is done where it wastes
//! fewer lanes (few columns, many rows: convolutions).

mod micro;
mod pack;

use std::ops::Range;

use crate::level::{Fused, Level, Task};
use crate::scalar::canonical;
use crate::team::Team;
use pack::View;

const BLOCK: usize = assay_ops::K_BLOCK as usize;

/// Words of packed rows that a piece of work may hold: they should stay in a core's own cache.
const PACKED_WORDS: usize = 48 * 1024;

/// Most words of block results that may be held before they are folded.
const MAX_PARTIAL_WORDS: usize = 1 << 22;

/// `out = A · B` with `A: m × k`, `B: k × n`; a transposed operand is stored the other way around.
#[derive(Clone, Copy)]
pub(crate) struct MatMul<'a> {
	/// `A` row-major, or its transpose row-major.
	pub a: &'a [u32],
	/// `B` row-major, or its transpose row-major.
	pub b: &'a [u32],
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
	/// Computes the product into `out` (`m · n` words).
	pub(crate) fn run(self, level: Level, team: &Team, out: &mut [u32]) {
		match level {
			Level::Soft => self.choose::<4, 8>(level, team, out),
			Level::Neon => self.choose::<8, 12>(level, team, out),
			Level::Avx2 => self.choose::<6, 16>(level, team, out),
			// Half as high where one side is so small that the other half would be thrown away.
			Level::Avx512 if self.m.min(self.n) <= 6 => self.choose::<6, 32>(level, team, out),
			Level::Avx512 => self.choose::<12, 32>(level, team, out),
		}
	}

	fn choose<const MR: usize, const NR: usize>(self, level: Level, team: &Team, out: &mut [u32]) {
		let direct = self.m.next_multiple_of(MR) * self.n.next_multiple_of(NR);
		let swapped = self.n.next_multiple_of(MR) * self.m.next_multiple_of(NR);
		if swapped < direct {
			self.divide::<NR, MR, true>(level, team, out);
		} else {
			self.divide::<MR, NR, false>(level, team, out);
		}
	}

	fn divide<const L: usize, const S: usize, const SWAP: bool>(
		self,
		level: Level,
		team: &Team,
		out: &mut [u32],
	) {
		let (m, k, n) = (self.m, self.k, self.n);
		let rows = View {
			data: self.a,
			lanes: m,
			lane_stride: if self.transpose_a { 1 } else { k },
			k_stride: if self.transpose_a { m } else { 1 },
		};
		let shared = self.pack_shared::<S>(level, team);
		let piece = rows_per_piece::<L>(m, k, team.threads());
		let work = |first: usize, range: Range<usize>, out: &mut [u32]| {
			level.run(Rows::<L, S, SWAP> { rows, shared: &shared, k, n, first, range, out });
		};
		let blocks = k.div_ceil(BLOCK);
		if m.div_ceil(piece) >= team.threads() || blocks * m * n > MAX_PARTIAL_WORDS {
			team.pieces(out, piece * n, |index, out| work(index * piece, 0..k, out));
			return;
		}
		// Few rows and a long K: blocks are independent of each other, only their fold is ordered.
		let mut partials = vec![0_u32; blocks * m * n];
		team.pieces(&mut partials, m * n, |block, out| {
			work(0, block * BLOCK..k.min((block + 1) * BLOCK), out);
		});
		fold(level, &partials, out);
	}

	fn pack_shared<const S: usize>(&self, level: Level, team: &Team) -> Vec<[f32; S]> {
		let view = View {
			data: self.b,
			lanes: self.n,
			lane_stride: if self.transpose_b { self.k } else { 1 },
			k_stride: if self.transpose_b { 1 } else { self.n },
		};
		let mut packed = vec![[0.0_f32; S]; self.n.div_ceil(S) * self.k];
		team.pieces(&mut packed, self.k, |panel, out| {
			level.run(Pack { view, first: panel * S, out })
		});
		packed
	}
}

/// Enough rows to fill a cache with packed panels, few enough to occupy every thread.
fn rows_per_piece<const L: usize>(m: usize, k: usize, threads: usize) -> usize {
	let cache = (PACKED_WORDS / k.min(BLOCK)).max(1);
	let share = if threads == 1 { m } else { m.div_ceil(threads * 4) };
	cache.min(share).max(1).next_multiple_of(L)
}

struct Pack<'a, const S: usize> {
	view: View<'a>,
	first: usize,
	out: &'a mut [[f32; S]],
}

impl<const S: usize> Task for Pack<'_, S> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		self.view.pack(self.first, 0..self.out.len(), self.out);
	}
}

/// Some rows of the result, over the blocks of `range`.
struct Rows<'a, const L: usize, const S: usize, const SWAP: bool> {
	rows: View<'a>,
	shared: &'a [[f32; S]],
	k: usize,
	n: usize,
	first: usize,
	range: Range<usize>,
	out: &'a mut [u32],
}

impl<const L: usize, const S: usize, const SWAP: bool> Task for Rows<'_, L, S, SWAP> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let count = self.out.len() / self.n;
		let panels = count.div_ceil(L);
		let mut local = vec![[0.0_f32; L]; panels * self.range.len().min(BLOCK)];
		for start in self.range.clone().step_by(BLOCK) {
			let range = start..self.range.end.min(start + BLOCK);
			let length = range.len();
			let fold = start != self.range.start;
			for (panel, local) in local.chunks_exact_mut(length).take(panels).enumerate() {
				self.rows.pack(self.first + panel * L, range.clone(), local);
			}
			for column in (0..self.n).step_by(S) {
				let shared = &self.shared[column / S * self.k + start..][..length];
				for (panel, local) in local.chunks_exact(length).take(panels).enumerate() {
					let tile = if SWAP {
						transpose(&micro::tile::<F, S, L>(shared, local))
					} else {
						micro::tile::<F, L, S>(local, shared)
					};
					let place = Place { row: panel * L, rows: count, column, n: self.n, fold };
					place.store(&tile, self.out);
				}
			}
		}
	}
}

#[inline(always)]
fn transpose<const R: usize, const C: usize>(tile: &[[f32; C]; R]) -> [[f32; R]; C] {
	let mut turned = [[0.0; R]; C];
	for i in 0..R {
		for j in 0..C {
			turned[j][i] = tile[i][j];
		}
	}
	turned
}

/// Where a tile of results goes.
struct Place {
	row: usize,
	rows: usize,
	column: usize,
	n: usize,
	fold: bool,
}

impl Place {
	#[inline(always)]
	fn store<const R: usize, const C: usize>(&self, tile: &[[f32; C]; R], out: &mut [u32]) {
		let width = C.min(self.n - self.column);
		for i in 0..R.min(self.rows - self.row) {
			let from = (self.row + i) * self.n + self.column;
			let out = &mut out[from..from + width];
			let tile = &tile[i][..width];
			if self.fold {
				for (out, x) in out.iter_mut().zip(tile) {
					*out = canonical(f32::from_bits(*out) + x);
				}
			} else {
				for (out, x) in out.iter_mut().zip(tile) {
					*out = canonical(*x);
				}
			}
		}
	}
}

/// Adds up results of blocks, each as long as `out`, first to last.
pub(crate) fn fold(level: Level, partials: &[u32], out: &mut [u32]) {
	level.run(Fold { partials, out });
}

struct Fold<'a> {
	partials: &'a [u32],
	out: &'a mut [u32],
}

impl Task for Fold<'_> {
	type Out = ();

	#[inline(always)]
	fn run<F: Fused>(self) {
		let mut blocks = self.partials.chunks_exact(self.out.len());
		if let Some(first) = blocks.next() {
			self.out.copy_from_slice(first);
		}
		for block in blocks {
			for (out, x) in self.out.iter_mut().zip(block) {
				*out = canonical(f32::from_bits(*out) + f32::from_bits(*x));
			}
		}
	}
}
