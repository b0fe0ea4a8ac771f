//! How much one tile can depend on: the bound that makes every admitted node judgeable.
//!
//! [`NodeSpec::worst_footprint`] is computed from the shapes alone, in constant time, and is never
//! below the number of operand tiles that any tile (any block of it) reads. It need not be
//! reached: a node that is refused by it may be written as several smaller ones.

mod batch;
mod linear;
mod periodic;
mod window;

use crate::{op::Op, program::ValueType, spec::NodeSpec, K_BLOCK, TILE};

impl NodeSpec {
	/// Upper bound on the operand tiles that one output tile (one block of it) reads. A 1 KiB chunk
	/// of the data set, with its path, counts as half a tile. `u32::MAX` if the node is not one that
	/// [`crate::Program::check`] makes.
	pub fn worst_footprint(&self) -> u32 {
		let bound = self.footprint_bound().unwrap_or(u64::MAX);
		u32::try_from(bound).unwrap_or(u32::MAX)
	}

	fn footprint_bound(&self) -> Option<u64> {
		let rows = u64::from(self.ty.rows.min(TILE));
		let mut types = self.inputs.iter().map(|operand| &operand.ty).chain([&self.ty]);
		if types.any(|ty| ty.words() == 0) {
			return None;
		}
		if let Some(window) = self.op.window() {
			window.validate().ok()?;
		}
		Some(match &self.op {
			Op::State { .. }
			| Op::Fill { .. }
			| Op::Mask { .. }
			| Op::Iota { .. }
			| Op::StepIndex { .. } => 0,
			Op::Load { format, .. } => {
				let bytes = self.ty.cols.min(TILE).checked_mul(format.bytes())?;
				// Each row is another record; its bytes may lie across the border of two chunks.
				let chunks = if bytes == 1 { 1u64 } else { 2 };
				rows.checked_mul(chunks)?.div_ceil(2)
			},
			Op::MatMul { .. } | Op::QuantMatMul { .. } | Op::ScatterAdd { .. } => {
				u64::from(self.terms().min(K_BLOCK).div_ceil(TILE)).checked_mul(2)?
			},
			Op::BatchMatMul(product) => {
				batch::tiles(product, self.operand(0)?, self.operand(1)?, &self.ty)?
			},
			Op::ColSum | Op::RowSum | Op::RowMax => {
				self.terms().min(self.block_terms()).div_ceil(TILE).into()
			},
			Op::Reshape { .. } => linear::reshape(self.operand(0)?, &self.ty)?,
			Op::Unary(_) | Op::OneHot { .. } | Op::Causal { .. } => 1,
			Op::Binary(_, broadcast) => {
				periodic::tiles(broadcast, self.operand(1)?).checked_add(1)?
			},
			Op::Fma(broadcast) | Op::Select(broadcast) => {
				periodic::tiles(broadcast, self.operand(1)?).checked_add(2)?
			},
			Op::RotateHalf { width } => periodic::swapped(*width, self.operand(0)?),
			Op::Gather => u64::from(self.operand(0)?.tile_rows()).min(rows).checked_add(1)?,
			Op::Pick => u64::from(self.operand(0)?.tile_cols()).min(rows).checked_add(1)?,
			Op::Im2Col(w) | Op::MaxPool(w) | Op::AvgPool(w) => {
				window::pixels_of_positions(w, rows, self.operand(0)?)?
					.checked_mul(window::channel_tiles(&self.op, w))?
			},
			Op::Col2Im(w) => {
				let columns =
					u64::from(w.channels).min(TILE.into()).checked_mul(w.kernel().into())?;
				window::positions_of_pixels(w, rows, self.operand(0)?)?
					.checked_mul(columns.div_ceil(TILE.into()))?
			},
			Op::AvgPoolGrad(w) => window::positions_of_pixels(w, rows, self.operand(0)?)?,
			Op::MaxPoolGrad(w) => window::positions_of_pixels(w, rows, self.operand(1)?)?
				.checked_add(window::pixels_near_pixels(w, rows, self.operand(0)?)?)?,
		})
	}
}

/// Tiles that a run of `n` consecutive elements touches at most, where a tile is `tile` elements.
fn spanned(n: u64, tile: u64) -> u64 {
	spanned_from(n, tile, 1)
}

/// The same where the run starts at a multiple of `start`.
fn spanned_from(n: u64, tile: u64, start: u64) -> u64 {
	if n == 0 {
		return 0;
	}
	// Furthest into its first tile that the run can start.
	let latest = tile.saturating_sub(gcd(start, tile));
	let last = latest.saturating_add(n).saturating_sub(1);
	last.checked_div(tile).unwrap_or(last).saturating_add(1)
}

/// The greatest common divisor; that of 0 and another number is the other.
fn gcd(mut a: u64, mut b: u64) -> u64 {
	while let Some(rest) = a.checked_rem(b) {
		(a, b) = (b, rest);
	}
	a
}

/// Whether two values have the same shape.
fn same_shape(a: &ValueType, b: &ValueType) -> bool {
	(a.rows, a.cols) == (b.rows, b.cols)
}
