//! Reshapes: the same words in row-major order on another grid.

use super::{gcd, same_shape, spanned};
use crate::{program::ValueType, TILE};

const WIDTH: u64 = TILE as u64;

/// Tiles of `from` that a tile of `to` reads.
///
/// A tile of the result is up to 32 runs of up to 32 consecutive elements, and lies within one longer
/// run. Both views give a bound; the smaller counts.
pub(super) fn reshape(from: &ValueType, to: &ValueType) -> Option<u64> {
	if same_shape(from, to) {
		return Some(1);
	}
	let (from_cols, to_cols) = (u64::from(from.cols), u64::from(to.cols));
	let (rows, width) = (u64::from(to.rows).min(WIDTH), to_cols.min(WIDTH));
	let span = rows.checked_sub(1)?.checked_mul(to_cols)?.checked_add(width)?;
	let (by_runs, by_span) = if from_cols <= WIDTH {
		// A tile of the operand is itself a run of 32 · cols elements.
		let tile = WIDTH.checked_mul(from_cols)?;
		let whole = to_cols <= WIDTH && aligned(span, tile);
		let by_span = if whole { span.div_ceil(tile) } else { spanned(span, tile) };
		(runs_in_narrow(rows, width, to_cols, tile)?, by_span)
	} else {
		(
			rows.checked_mul(run_in_wide(width, to_cols, from_cols))?,
			span_in_wide(span, from, to_cols)?,
		)
	};
	Some(by_runs.min(by_span).min(from.tiles()))
}

/// Whether runs that start at multiples of `n` never cross a border of tiles without need.
fn aligned(n: u64, tile: u64) -> bool {
	n.checked_rem(tile) == Some(0) || tile.checked_rem(n) == Some(0)
}

/// Tiles of `tile` consecutive elements under `rows` runs of `width`, which start `stride` apart.
///
/// A run touches one more tile if it crosses a border. The starts modulo the tile step through the
/// residues of a class modulo g = gcd(stride, tile), each once in tile / g runs. They are multiples of
/// a = gcd(stride, 32), as is the tile, so only those in `[tile − width + a, tile − a]` cross.
fn runs_in_narrow(rows: u64, width: u64, stride: u64, tile: u64) -> Option<u64> {
	let (g, a) = (gcd(stride, tile), gcd(stride, WIDTH));
	let period = tile.checked_div(g)?;
	let crossing = match width.checked_sub(a.saturating_mul(2)) {
		Some(room) => room.checked_div(g)?.saturating_add(1),
		None => 0,
	};
	let crossings = rows.div_ceil(period).checked_mul(crossing)?.min(rows);
	let inside = width.saturating_sub(1).checked_div(tile)?.checked_add(1)?;
	rows.checked_mul(inside)?.checked_add(crossings)
}

/// Tiles under a run of `width ≤ 32` elements of a matrix of more than 32 columns: one if runs and
/// rows both start at tiles, two at the end of a row before one at the start of the next otherwise.
fn run_in_wide(width: u64, to_cols: u64, from_cols: u64) -> u64 {
	if to_cols.checked_rem(WIDTH) == Some(0) && from_cols.checked_rem(WIDTH) == Some(0) {
		return 1;
	}
	width.min(3)
}

/// Tiles under a run of `span` elements of a matrix of more than 32 columns.
fn span_in_wide(span: u64, from: &ValueType, to_cols: u64) -> Option<u64> {
	let from_cols = u64::from(from.cols);
	if span <= from_cols {
		// The run lies in one row, or in two: the end of one and the start of the next.
		let start = gcd(gcd(to_cols, WIDTH), from_cols);
		if start == WIDTH {
			return Some(span.div_ceil(WIDTH));
		}
		return span.checked_div(WIDTH)?.checked_add(3);
	}
	let rows = spanned(span, from_cols);
	spanned(rows, WIDTH).checked_mul(from.tile_cols().into())
}
