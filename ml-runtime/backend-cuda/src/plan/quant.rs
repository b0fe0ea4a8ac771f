//! Quantised products: both operands become integers, which are then multiplied.

use assay_ops::{NodeSpec, Op, QuantFormat, K_BLOCK};

use super::matmul::{single, ENOUGH_SMALL_TILES, ENOUGH_TILES};
use super::{Buffer, Launch, Steps, A, B, OUT, THREADS, WARP};

/// Terms of a stage. The lanes are padded with zeros to whole stages.
const STAGE: u32 = 64;

/// Words of a lane in a stage, for each digit.
const STAGE_WORDS: u32 = STAGE / 4;

/// Results that a block of threads computes.
#[derive(Clone, Copy)]
struct Tile {
	kernel: &'static str,
	rows: u32,
	cols: u32,
	threads: u32,
}

/// The kernels of a format.
struct Format {
	/// Digits of eight bits.
	digits: u32,
	/// For lanes whose terms are neighbours in memory.
	along: &'static str,
	/// For lanes that are neighbours in memory.
	across: &'static str,
	large: Tile,
	small: Tile,
}

const I8: Format = Format {
	digits: 1,
	along: "quantise_along_i8",
	across: "quantise_across_i8",
	large: Tile { kernel: "quant_matmul_large_i8", rows: 128, cols: 128, threads: 256 },
	small: Tile { kernel: "quant_matmul_small_i8", rows: 32, cols: 32, threads: 128 },
};

const Q15: Format = Format {
	digits: 2,
	along: "quantise_along_q15",
	across: "quantise_across_q15",
	large: Tile { kernel: "quant_matmul_large_q15", rows: 128, cols: 64, threads: 256 },
	small: Tile { kernel: "quant_matmul_small_q15", rows: 32, cols: 32, threads: 128 },
};

/// An operand that becomes integers.
struct Quantised {
	terms: Buffer,
	/// Whether the terms of a lane are neighbours in memory.
	along: bool,
	lanes: u32,
	/// Lanes of the tiles that hold them.
	padded: u32,
	/// Where the digits and the exponents go.
	digits: Buffer,
	exponents: Buffer,
}

impl Quantised {
	/// The launch, and the words of both buffers.
	fn launch(&self, format: &Format, k: u32) -> Option<(Launch, [usize; 2])> {
		let blocks = k.div_ceil(K_BLOCK);
		let (kernel, grid) = if self.along {
			let warps = self.padded.checked_mul(blocks)?;
			(format.along, warps.div_ceil(THREADS / WARP))
		} else {
			(format.across, (self.padded / WARP).checked_mul(blocks)?)
		};
		let buffers = [self.terms, self.digits, self.exponents];
		let words = [self.lanes, self.padded, k];
		let lane = k.div_ceil(STAGE).checked_mul(STAGE_WORDS)?.checked_mul(format.digits)?;
		let sizes = [self.padded.checked_mul(lane)?, self.padded.checked_mul(blocks)?];
		let launch = Launch::of(kernel, (grid, THREADS), &buffers, &words);
		Some((launch, sizes.map(|size| size as usize)))
	}
}

/// Which tiles a product has.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Tiles {
	/// Those that suit its size.
	Fitting,
	Large,
}

/// The launches of a quantised product.
pub(super) fn steps(spec: &NodeSpec) -> Option<Steps> {
	steps_in(spec, Tiles::Fitting)
}

/// The same in such tiles.
pub(super) fn steps_in(spec: &NodeSpec, which: Tiles) -> Option<Steps> {
	let Op::QuantMatMul { format, transpose_a, transpose_b } = spec.op else { return None };
	let shapes = single(transpose_a, transpose_b).shapes(spec.operand(0)?, spec.operand(1)?)?;
	let (m, k, n) = (shapes.m, shapes.k, shapes.n);
	let format = match format {
		QuantFormat::I8 => &I8,
		QuantFormat::Q15 => &Q15,
	};
	let tiles = |tile: Tile| u64::from(m.div_ceil(tile.rows)) * u64::from(n.div_ceil(tile.cols));
	let (large, small) = (format.large, format.small);
	let is_small =
		which == Tiles::Fitting && (m.min(n) <= small.rows * 2 || tiles(large) < ENOUGH_TILES);
	let tile = if is_small { small } else { large };
	let split = is_small && tiles(small) < ENOUGH_SMALL_TILES;
	let parts = if split { k.div_ceil(K_BLOCK) } else { 1 };

	let left = Quantised {
		terms: A,
		along: !transpose_a,
		lanes: m,
		padded: m.checked_next_multiple_of(tile.rows)?,
		digits: Buffer::Scratch(0),
		exponents: Buffer::Scratch(1),
	};
	let right = Quantised {
		terms: B,
		along: transpose_b,
		lanes: n,
		padded: n.checked_next_multiple_of(tile.cols)?,
		digits: Buffer::Scratch(2),
		exponents: Buffer::Scratch(3),
	};
	let (quantise_left, left_sizes) = left.launch(format, k)?;
	let (quantise_right, right_sizes) = right.launch(format, k)?;
	let grid = u32::try_from(tiles(tile).checked_mul(parts.into())?).ok()?;
	let out = if parts > 1 { Buffer::Scratch(4) } else { OUT };
	let buffers = [left.digits, left.exponents, right.digits, right.exponents, out];
	let words = [m, n, k, parts];
	let multiply = Launch::of(tile.kernel, (grid, tile.threads), &buffers, &words);
	let mut steps = Steps {
		scratch: [left_sizes, right_sizes].concat(),
		launches: vec![quantise_left, quantise_right, multiply],
	};
	if parts > 1 {
		let count = m.checked_mul(n)?;
		steps.scratch.push(count.checked_mul(parts)? as usize);
		steps.launches.push(Launch::each("fold", count, &[out, OUT], &[count, parts]));
	}
	Some(steps)
}
