//! Nothing to look at.

use std::sync::Arc;

use assay_executor::Prepared;
use assay_worker::Behaviour;
use assay_worker_protocol::{BlobKey, ListTag};

use crate::{lies::forward, plan::Plan};

/// Lies as `forward` does and keeps its lists to itself: every level of a dispute costs a search.
pub(crate) struct Withhold {
	pub(crate) plan: Arc<Plan>,
	/// Whether the list of states is published all the same.
	pub(crate) publish_claim: bool,
}

impl Behaviour for Withhold {
	fn prepared(&self, job: &Prepared) {
		self.plan.settle(job, true, forward::node);
	}

	fn publishes(&self, key: &BlobKey) -> bool {
		match key {
			BlobKey::Bytes(_) => true,
			BlobKey::List { tag: ListTag::States, .. } => self.publish_claim,
			// What trained tensors are fetched by, without which no host takes a training.
			BlobKey::List { tag: ListTag::Slots, .. } => true,
			BlobKey::List { .. } | BlobKey::Tiles { .. } => false,
		}
	}

	fn concedes(&self) -> bool {
		false
	}
}
