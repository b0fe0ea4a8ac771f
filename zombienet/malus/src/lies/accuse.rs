//! A challenger that finds fault where there is none.

use std::sync::Arc;

use assay_dispute_game::{Level, Root, Side, Spot};
use assay_executor::Prepared;
use assay_worker::Behaviour;
use assay_worker_protocol::Checked;

use crate::{
	lies::{forward, spoil},
	plan::{Place, Plan},
};

/// Trains honestly, but disputes every claim: it plays as if its own execution had another result.
pub(crate) struct Accuse(pub(crate) Arc<Plan>);

/// The leaf at which it pretends to differ.
fn leaf(place: &Place, level: &Level) -> u64 {
	match level {
		Level::Claim => place.state(),
		Level::Steps { .. } => place.inner(),
		Level::Trace { .. } => place.node.unwrap_or_default().into(),
		Level::Tiles { .. } | Level::Slots { .. } => 0,
	}
}

impl Behaviour for Accuse {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, false, forward::node);
	}

	fn checked(&self, checked: Checked) -> Checked {
		match self.0.place() {
			Some(place) => Checked::Differs { first_state: place.state() as u32 },
			None => checked,
		}
	}

	fn list(&self, side: Side, level: &Level, list: &mut [Root]) {
		let leaf = self.0.place().map(|place| leaf(place, level) as usize);
		let leaf = leaf.and_then(|leaf| list.get_mut(leaf));
		if let (Side::Challenger, Some(leaf)) = (side, leaf) {
			spoil(leaf);
		}
	}

	fn partials(&self, side: Side, _spot: &Spot, _tile: &Root, partials: &mut [Root]) {
		if let (Side::Challenger, Some(first)) = (side, partials.first_mut()) {
			spoil(first);
		}
	}
}
