//! An invented state inside a stride.

use std::sync::Arc;

use assay_dispute_game::{Level, Root, Side};
use assay_executor::Prepared;
use assay_worker::Behaviour;

use crate::{
	lies::{forward, spoil},
	plan::Plan,
};

/// Lies as `forward` does. When a stride is disputed it invents the state after the first step: the
/// end of the list is checked by the chain, its beginning is not.
pub(crate) struct Steps(pub(crate) Arc<Plan>);

impl Behaviour for Steps {
	fn prepared(&self, job: &Prepared) {
		self.0.settle(job, true, forward::node);
	}

	fn list(&self, side: Side, level: &Level, list: &mut [Root]) {
		if let (Side::Defender, Level::Steps { .. }, [first, _, ..]) = (side, level, list) {
			spoil(first);
		}
	}

	fn concedes(&self) -> bool {
		false
	}
}
