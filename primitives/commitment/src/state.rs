//! States between steps, and the trace of a step.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	domain::Domain,
	list::{self, ListTag, Path},
	Root,
};

/// Root Σ of the state after `step` steps: binds the step and the tensor root of every slot, in slot
/// order. The position in the data set follows from the step.
pub fn state_root(step: u64, slot_roots: &[Root]) -> Root {
	state_of_slots(step, &list::root(ListTag::Slots, slot_roots))
}

/// [`state_root`] from the root of the list of slots: connects a bisection of that list with the state.
pub fn state_of_slots(step: u64, slots: &Root) -> Root {
	Domain::State.hash(&[&step.to_le_bytes(), slots])
}

/// Root of the trace of one step: the tensor root of every node's output, in program order.
pub fn trace_root(output_roots: &[Root]) -> Root {
	list::root(ListTag::Trace, output_roots)
}

/// Proof of the content of one slot in a state.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SlotOpening {
	/// Tensor root of the slot.
	pub root: Root,
	/// Its path in the list of slots.
	pub path: Path,
}

impl SlotOpening {
	/// Proof of slot `index`; `None` when there is no such slot.
	pub fn prove(slot_roots: &[Root], index: u16) -> Option<Self> {
		let root = *slot_roots.get(usize::from(index))?;
		let path = list::prove(ListTag::Slots, slot_roots, index.into())?;
		Some(Self { root, path })
	}

	/// Whether slot `index` of the `slots` slots of the state Σ after `step` steps has this root.
	pub fn verify(&self, sigma: &Root, step: u64, slots: u16, index: u16) -> bool {
		let list = list::root_from_path(
			ListTag::Slots,
			slots.into(),
			index.into(),
			&self.root,
			&self.path,
		);
		list.is_some_and(|list| state_of_slots(step, &list) == *sigma)
	}
}
