//! Types of crates that are heavy to build.

use assay_executor::ClaimList;
use assay_primitives::{Claim, ClaimEnds, HardwareClass, Heartbeat, Payouts, TaskSpec, Work};

use super::{scale, Decoder};

/// What a task, a claim and a slash are made of.
pub(super) const DECODERS: [(&str, Decoder); 7] = [
	("TaskSpec", scale::<TaskSpec<u128, u32>>),
	("Work", scale::<Work>),
	("Claim", scale::<Claim>),
	("ClaimEnds", scale::<ClaimEnds>),
	("Heartbeat", scale::<Heartbeat>),
	("HardwareClass", scale::<HardwareClass>),
	("Payouts", scale::<Payouts<[u8; 32], u128>>),
];

/// The states of a claim as they are published beside it.
pub(super) fn claim_list(bytes: &[u8], steps: u64, stride: u32) {
	if let Ok(list) = ClaimList::from_bytes(bytes, steps, stride) {
		assert_eq!(list.to_bytes(), bytes);
	}
}
