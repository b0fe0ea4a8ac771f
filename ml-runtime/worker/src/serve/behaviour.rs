//! What a worker does beside computing.

use assay_dispute_game::{Level, Root, Side, Spot};
use assay_executor::Prepared;
use assay_worker_protocol::{BlobKey, Checked, Progress};

/// Every decision in which a worker could lie. The defaults are honest.
pub trait Behaviour: Send + Sync + 'static {
	/// The job is known and nothing has been computed yet.
	fn prepared(&self, job: &Prepared) {
		let _ = job;
	}

	/// So many steps are done.
	fn after_step(&self, steps: u64) {
		let _ = steps;
	}

	/// What the host is told while training.
	fn progress(&self, progress: Progress) -> Progress {
		progress
	}

	/// Whether this blob is handed over.
	fn publishes(&self, key: &BlobKey) -> bool {
		let _ = key;
		true
	}

	/// The result of a check.
	fn checked(&self, checked: Checked) -> Checked {
		checked
	}

	/// May change the list at this level of a dispute, as computed.
	fn list(&self, side: Side, level: &Level, list: &mut [Root]) {
		let _ = (side, level, list);
	}

	/// May change the hashes of the partials of a long reduction, as computed. `tile` is the hash of
	/// the tile in this worker's trace.
	fn partials(&self, side: Side, spot: &Spot, tile: &Root, partials: &mut [Root]) {
		let _ = (side, spot, tile, partials);
	}

	/// Whether a claim that this worker cannot reproduce is withdrawn.
	fn concedes(&self) -> bool {
		true
	}
}

/// Says what it has computed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Honest;

impl Behaviour for Honest {}
