//! Operands that repeat, and columns that move.

use super::spanned;
use crate::{op::Broadcast, program::ValueType, TILE};

/// Tiles of a broadcast operand that a tile of the result reads.
pub(super) fn tiles(broadcast: &Broadcast, operand: &ValueType) -> u64 {
	let Broadcast::Periodic { each } = broadcast else { return 1 };
	let down = along(operand.rows, *each, operand.tile_rows());
	down.saturating_mul(along(operand.cols, 1, operand.tile_cols()))
}

/// Tiles under 32 elements of the result along one direction, which start at a multiple of 32: where
/// each of `period` elements stands for `each`, and all repeat.
fn along(period: u32, each: u32, tiles: u32) -> u64 {
	let aligned = |n: u32| n.checked_rem(TILE) == Some(0);
	let divides = TILE.checked_rem(each) == Some(0);
	if period <= TILE || (aligned(period) && (aligned(each) || divides)) {
		return 1;
	}
	// A run may cross a border of tiles, reach the end of the period, and start again.
	let run = TILE.div_ceil(each.max(1)).saturating_add(1);
	spanned(run.into(), TILE.into()).saturating_add(1).min(tiles.into())
}

/// Tiles under 32 columns after the halves of each run of `width` are swapped.
pub(super) fn halves(width: u32, operand: &ValueType) -> u64 {
	let half = width.checked_div(2).unwrap_or(0);
	if TILE.checked_rem(width) == Some(0) || half.checked_rem(TILE) == Some(0) {
		return 1;
	}
	// Each half of a run moves as a whole, by half a run to the left or right; 32 columns meet some
	// halves, each of which lies in one or two tiles more than it fills.
	let met = spanned(TILE.into(), half.max(1).into());
	met.saturating_mul(2).min(operand.tile_cols().into())
}
