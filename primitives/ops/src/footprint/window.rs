//! Windows: which pixels a run of positions reads, and the other way round.
//!
//! A tile's rows are up to 32 consecutive rows of the result. Each function bounds the rows of the
//! operand that they need, first as one run from the first to the last, then as separate segments of
//! single image rows, and counts tiles; the smaller counts.

use super::spanned;
use crate::{
	op::{Op, Window},
	program::ValueType,
	TILE,
};

const WIDTH: i64 = TILE as i64;

/// The window's numbers, wide enough to calculate with.
struct Geometry {
	height: i64,
	width: i64,
	out_height: i64,
	out_width: i64,
	kernel_h: i64,
	kernel_w: i64,
	stride_h: i64,
	stride_w: i64,
	pad_h: i64,
}

impl Geometry {
	fn new(w: &Window) -> Self {
		Self {
			height: w.height.into(),
			width: w.width.into(),
			out_height: w.out_height().into(),
			out_width: w.out_width().into(),
			kernel_h: w.kernel_h.into(),
			kernel_w: w.kernel_w.into(),
			stride_h: w.stride_h.into(),
			stride_w: w.stride_w.into(),
			pad_h: w.pad_h.into(),
		}
	}

	/// Lines of positions between the first and the last whose windows hold any of some consecutive
	/// pixels, for a number of line breaks (at most 31) among these: within an image, or across the
	/// borders of as many as there is room for.
	#[allow(
		clippy::arithmetic_side_effects,
		reason = "all sizes are below 2^16 and positive where they divide"
	)]
	fn lines(&self, breaks: i64) -> i64 {
		let within = (breaks + self.kernel_h - 1).div_euclid(self.stride_h);
		let most = if breaks > 0 { (breaks - 1) / self.height + 1 } else { 0 };
		let across = |borders: i64| {
			let outside = breaks - (borders - 1) * self.height;
			(borders - 1) * self.out_height
				+ (2 * self.pad_h + outside - 1).div_euclid(self.stride_h)
				+ 1
		};
		(1..=most).map(across).fold(within, i64::max)
	}
}

/// Line breaks within `n` consecutive cells of lines of `width` cells, at most.
fn breaks(n: i64, width: i64) -> Option<i64> {
	match n {
		..=1 => Some(0),
		_ => n.checked_sub(2)?.checked_div(width)?.checked_add(1),
	}
}

/// Tiles under a run of rows, given its length.
fn tiles(rows: i64) -> Option<u64> {
	Some(spanned(u64::try_from(rows).unwrap_or(0), TILE.into()))
}

/// The smaller of a run's and the segments' tiles, and not more than the operand has.
fn smaller(run: u64, segments: i64, operand: &ValueType) -> u64 {
	run.min(u64::try_from(segments).unwrap_or(0)).min(operand.tile_rows().into())
}

/// Row tiles of pixels that `n` consecutive positions read.
#[allow(
	clippy::arithmetic_side_effects,
	reason = "all sizes are below 2^16 (positions included), so every term is below 2^34"
)]
pub(super) fn pixels_of_positions(w: &Window, n: u64, operand: &ValueType) -> Option<u64> {
	let (g, n) = (Geometry::new(w), i64::try_from(n).ok()?);
	let breaks = breaks(n, g.out_width)?;
	// Pixel rows from one line of positions to the next, also across images.
	let line = g.stride_h.max(g.height - (g.out_height - 1) * g.stride_h);
	let run = |breaks: i64| {
		breaks * (line * g.width - g.out_width * g.stride_w)
			+ (n - 1) * g.stride_w
			+ (g.kernel_h - 1) * g.width
			+ g.kernel_w
	};
	let segment = |count: i64| {
		let pixels = (n - count) * g.stride_w + count * g.kernel_w;
		g.kernel_h * (pixels.max(0) / WIDTH + 2 * count)
	};
	let segments = segment(1).max(segment(breaks + 1));
	Some(smaller(tiles(run(0).max(run(breaks)))?, segments, operand))
}

/// Row tiles of positions whose windows cover `n` consecutive pixels.
#[allow(
	clippy::arithmetic_side_effects,
	reason = "all sizes are below 2^16 (positions included), so every term is below 2^34"
)]
pub(super) fn positions_of_pixels(w: &Window, n: u64, operand: &ValueType) -> Option<u64> {
	let (g, n) = (Geometry::new(w), i64::try_from(n).ok()?);
	let most = breaks(n, g.width)?;
	let run = |breaks: i64| {
		if breaks > 0 && g.stride_h > 1 {
			// Two lines of pixels may share a line of positions: take the lines whole.
			return (g.lines(breaks) + 1) * g.out_width;
		}
		let along = n - 1 - breaks * g.width + g.kernel_w - 1;
		g.lines(breaks) * g.out_width + along.div_euclid(g.stride_w) + 1
	};
	let longest = (0..=most.min(n)).map(run).max()?;
	let segment = |count: i64| {
		let positions = (n + count * (g.kernel_w - 1)) / g.stride_w + count;
		((g.kernel_h - 1) / g.stride_h + 1) * (positions / WIDTH + 2 * count)
	};
	let run_tiles = tiles(longest)?.min(whole_lines(&g, n)?);
	Some(smaller(run_tiles, segment(most + 1), operand))
}

/// Row tiles of positions where tiles of pixels are whole lines (the width divides 32): the lines of
/// positions are read whole, and their runs start at multiples of their width.
#[allow(clippy::arithmetic_side_effects, reason = "as above")]
fn whole_lines(g: &Geometry, n: i64) -> Option<u64> {
	if WIDTH % g.width != 0 {
		return Some(u64::MAX);
	}
	let breaks = (n - 1) / g.width;
	let rows = (g.lines(breaks) + 1) * g.out_width;
	// Furthest into its first tile that such a run can start.
	let unit = (1..=WIDTH).rev().find(|unit| WIDTH % unit == 0 && g.out_width % unit == 0)?;
	u64::try_from((rows + WIDTH - unit + WIDTH - 1) / WIDTH).ok()
}

/// Row tiles of pixels that share a window with any of `n` consecutive pixels.
#[allow(clippy::arithmetic_side_effects, reason = "all sizes are below 2^16")]
pub(super) fn pixels_near_pixels(w: &Window, n: u64, operand: &ValueType) -> Option<u64> {
	let (g, n) = (Geometry::new(w), i64::try_from(n).ok()?);
	let reach = (g.kernel_h - 1) * g.width + g.kernel_w - 1;
	let lines = 2 * g.kernel_h - 1;
	let count = breaks(n, g.width)? + 1;
	let segments = lines * ((n + count * 2 * (g.kernel_w - 1)) / WIDTH + 2 * count);
	Some(smaller(tiles(n + 2 * reach)?, segments, operand))
}

/// Column tiles of the images that a tile of the result reads.
pub(super) fn channel_tiles(op: &Op, w: &Window) -> u64 {
	if !matches!(op, Op::Im2Col(_)) {
		return 1;
	}
	let columns = u64::from(w.patch().min(TILE));
	let all = u64::from(w.channels).div_ceil(TILE.into());
	spanned(spanned(columns, w.kernel().into()), TILE.into()).min(all)
}
