//! Operands that repeat, and columns that move.

use super::{gcd, spanned_from};
use crate::{op::Broadcast, program::ValueType, TILE};

const WIDTH: u64 = TILE as u64;

/// Tiles of a broadcast operand that a tile of the result reads.
pub(super) fn tiles(broadcast: &Broadcast, operand: &ValueType) -> u64 {
	let Broadcast::Periodic { each } = broadcast else { return 1 };
	let down = along(operand.rows.into(), u64::from(*each));
	down.saturating_mul(along(operand.cols.into(), 1))
}

/// Tiles under 32 elements of the result along one direction, which start at a multiple of 32: each of
/// `period` elements of the operand stands for `each`, and all repeat.
fn along(period: u64, each: u64) -> u64 {
	// Elements under the 32 if they did not repeat, and what the number of the first is a multiple of.
	let run = spanned_from(WIDTH, each, WIDTH);
	let whole = WIDTH.checked_rem(each) == Some(0);
	let start = if whole { WIDTH.checked_div(each).unwrap_or(1) } else { 1 };
	let aligned = gcd(start, period);
	let straight = spanned_from(run, WIDTH, aligned);
	// At the end of the period at least one element of the run is in the first tile.
	let wrapped = match spanned_from(run, period, start) {
		0 | 1 => 0,
		_ => spanned_from(run.saturating_sub(1), WIDTH, aligned).saturating_add(1),
	};
	straight.max(wrapped).min(period.div_ceil(WIDTH))
}

/// Tiles under 32 columns after the halves of each run of `width` are swapped.
pub(super) fn swapped(width: u32, operand: &ValueType) -> u64 {
	let width = u64::from(width);
	let half = width.checked_div(2).unwrap_or(0);
	// Each half moves as a whole to where the other was, and no column leaves its run.
	let halves = spanned_from(WIDTH, half, WIDTH);
	let moved = halves.saturating_mul(spanned_from(half.min(WIDTH), WIDTH, half));
	let runs = spanned_from(WIDTH, width, WIDTH);
	let whole = spanned_from(runs.saturating_mul(width), WIDTH, width);
	moved.min(whole).min(operand.tile_cols().into())
}
