//! The only rule in which version 2 differs from version 1, and operation set 2 from 1: the last twelve bits of
//! each result of a rectifier are zero. Nobody needs it; it is there so that an upgrade has something to get
//! wrong.

use assay_ops::{eval::Tile, NodeSpec, Op, Unary};

/// The bits that are zero.
const LAST: u32 = 0xFFF;

/// What version 2 makes of a tile as version 1 computes it.
pub(crate) fn amend(spec: &NodeSpec, mut tile: Tile) -> Tile {
	if spec.op == Op::Unary(Unary::Relu) {
		tile.iter_mut().for_each(|word| *word &= !LAST);
	}
	tile
}
