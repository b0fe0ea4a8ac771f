//! The list of committed states that a claim is the root of.

use assay_commitment::{
	claim,
	list::{Accumulator, List, Path},
	ListTag, Root,
};

use crate::{MachineFault, TaskFault};

/// Committed states Σ₀, Σ_h, Σ_2h … so far. The root of any prefix is a heartbeat, the root of the
/// whole is the claim.
#[derive(Clone, Debug)]
pub struct ClaimList {
	states: Vec<Root>,
	roots: Accumulator,
}

impl Default for ClaimList {
	fn default() -> Self {
		Self { states: Vec::new(), roots: Accumulator::new(ListTag::States) }
	}
}

impl ClaimList {
	/// The list of these states. Lists of 2³² − 1 states and more are refused.
	pub fn from_states(states: Vec<Root>) -> Result<Self, TaskFault> {
		let mut list = Self::default();
		for state in states {
			list.push(state).map_err(|_| TaskFault::BadStates("too long"))?;
		}
		Ok(list)
	}

	/// Reads what [`ClaimList::to_bytes`] wrote, for a run of `steps` steps: 32 bytes per state, at
	/// least one and at most as many as such a run commits to.
	pub fn from_bytes(bytes: &[u8], steps: u64, stride: u32) -> Result<Self, TaskFault> {
		let bad = TaskFault::BadStates;
		let most =
			claim::states_len(steps, stride).ok_or(TaskFault::BadStride { steps, stride })?;
		let (states, rest) = bytes.as_chunks::<32>();
		if !rest.is_empty() {
			return Err(bad("not a whole number of roots"));
		}
		if states.is_empty() || states.len() > most as usize {
			return Err(bad("wrong length"));
		}
		Self::from_states(states.to_vec())
	}

	/// The states as bytes, 32 each: what is published beside a claim.
	pub fn to_bytes(&self) -> Vec<u8> {
		self.states.concat()
	}

	/// Appends a state.
	pub(crate) fn push(&mut self, state: Root) -> Result<(), MachineFault> {
		self.roots.push(&state).ok_or(MachineFault::Internal("list of states is full"))?;
		self.states.push(state);
		Ok(())
	}

	/// The states, oldest first.
	pub fn states(&self) -> &[Root] {
		&self.states
	}

	/// Root over all states so far: the heartbeat, and in the end the claim root.
	pub fn root(&self) -> Root {
		self.roots.root()
	}

	/// Proof that state `index` is in the list of the first `len` states.
	pub fn prove(&self, len: usize, index: u32) -> Option<Path> {
		List::new(ListTag::States, self.states.get(..len)?.to_vec())?.prove(index)
	}

	/// The first state in which two lists differ: a different root, or one that only one list has.
	pub fn first_difference(&self, other: &Self) -> Option<usize> {
		let same = self.states.iter().zip(&other.states).take_while(|(a, b)| a == b).count();
		(same < self.states.len().max(other.states.len())).then_some(same)
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	fn list(len: u8) -> ClaimList {
		ClaimList::from_states((0..len).map(|byte| [byte; 32]).collect()).unwrap()
	}

	#[test]
	fn claim_list_should_survive_when_exported_and_imported() {
		let imported = ClaimList::from_bytes(&list(5).to_bytes(), 40, 10).unwrap();
		assert_eq!(imported.states(), list(5).states());
		assert_eq!(imported.root(), list(5).root());
	}

	#[test]
	fn claim_list_should_be_refused_when_bytes_are_malformed() {
		let bytes = list(5).to_bytes();
		let refused = |bytes: &[u8], steps| {
			matches!(ClaimList::from_bytes(bytes, steps, 10), Err(TaskFault::BadStates(_)))
		};
		assert!(refused(&bytes[1..], 40));
		assert!(refused(&[], 40));
		assert!(refused(&bytes, 39 - 10));
		assert!(!refused(&bytes, 40));
	}

	#[test]
	fn first_difference_should_be_found_when_lists_differ() {
		let mut changed = list(5).states().to_vec();
		changed[3] = [9; 32];
		let changed = ClaimList::from_states(changed).unwrap();
		assert_eq!(list(5).first_difference(&changed), Some(3));
		assert_eq!(list(5).first_difference(&list(4)), Some(4));
		assert_eq!(list(5).first_difference(&list(5)), None);
	}

	#[test]
	fn proof_should_verify_when_list_is_a_prefix() {
		let path = list(5).prove(4, 2).unwrap();
		let root = list(4).root();
		assert!(assay_commitment::list::verify(ListTag::States, &root, 4, 2, &[2; 32], &path));
	}
}
