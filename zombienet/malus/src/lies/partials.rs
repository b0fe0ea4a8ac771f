//! Partials that end in the wrong tile.

use std::sync::Arc;

use assay_dispute_game::{Root, Side, Spot};
use assay_executor::Prepared;
use assay_ops::{CheckedProgram, NodeId};
use assay_worker::Behaviour;

use crate::{
	lies::{forward, spoil},
	plan::Plan,
};

/// Changes one bit of a long reduction. When its tile is disputed it invents the first partial and
/// posts the wrong tile as the last, since the chain checks that.
pub(crate) struct Partials(pub(crate) Arc<Plan>);

/// The smallest long reduction; the first matrix product if there is none.
fn node(program: &CheckedProgram) -> Option<NodeId> {
	let long = program.specs.iter().filter(|spec| spec.blocks() > 1);
	let smallest = long.min_by_key(|spec| spec.ty.tiles()).map(|spec| spec.id);
	smallest.or_else(|| forward::node(program))
}

impl Behaviour for Partials {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, true, node);
	}

	fn partials(&self, side: Side, _spot: &Spot, tile: &Root, partials: &mut [Root]) {
		if let (Side::Defender, [first, .., last]) = (side, partials) {
			spoil(first);
			*last = *tile;
		}
	}

	fn concedes(&self) -> bool {
		false
	}
}
