//! What is to be computed, and what a solver claims to have computed.

use assay_commitment::{claim, list, state_of_slots, ListTag, Path, Root};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Everything besides the program that decides the result, bit for bit.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Work {
	/// Plain BLAKE3 of the data set's byte string.
	pub data_root: Root,
	/// Records in the data set, at least 1.
	pub records: u32,
	/// Bytes per record, at least 1.
	pub record_size: u32,
	/// Steps that were done before: 0 for a training that begins, more for one that goes on. Step
	/// numbers, which select the records of a batch and all randomness, count from there.
	pub first_step: u32,
	/// Root of the state before the first step.
	pub init_root: Root,
	/// Root of the list of that state's tensor roots, one per slot: where the tensors are fetched by.
	/// Together with `first_step` it gives `init_root`.
	pub init_slots: Root,
	/// Seed of shuffling and of dropout.
	pub seed: [u8; 32],
	/// Training steps, at least 1.
	pub steps: u32,
	/// Steps between two states of the claim's list, at least 1.
	pub stride: u32,
}

impl Work {
	/// Length of the claim's list of states: the first state, one after each full stride, and the
	/// last one. `None` where the work is malformed (no steps, no stride, or too many states).
	pub fn states(&self) -> Option<u32> {
		if self.steps == 0 {
			return None;
		}
		claim::states_len(self.steps.into(), self.stride)
	}

	/// Number of the step after the last one; `None` where step numbers would not fit 32 bits.
	pub fn end_step(&self) -> Option<u32> {
		self.first_step.checked_add(self.steps)
	}

	/// Steps done, ever, at the state at position `index` of the claim's list; `None` past its end.
	pub fn step_of_state(&self, index: u32) -> Option<u32> {
		let step = claim::step_of_state(index, self.steps.into(), self.stride)?;
		self.first_step.checked_add(u32::try_from(step).ok()?)
	}

	/// Whether `init_root` is the state that `init_slots` lists.
	pub fn begins_consistently(&self) -> bool {
		state_of_slots(self.first_step.into(), &self.init_slots) == self.init_root
	}

	/// The first `steps` steps of this work: what a claim of a part is about. `None` unless they are
	/// all of it or end after a whole stride.
	pub fn part(&self, steps: u32) -> Option<Self> {
		let whole_strides = steps.checked_rem(self.stride) == Some(0);
		let fits = steps == self.steps || (steps < self.steps && whole_strides);
		(steps > 0 && fits).then_some(Self { steps, ..*self })
	}

	/// What is left after the part that `claim` is about; `None` where nothing is.
	pub fn rest(&self, claim: &Claim) -> Option<Self> {
		let steps = self.steps.checked_sub(claim.steps).filter(|left| *left > 0)?;
		Some(Self {
			first_step: self.first_step.checked_add(claim.steps)?,
			init_root: claim.final_state,
			init_slots: claim.artifact_root,
			steps,
			..*self
		})
	}
}

/// A solver's statement about the whole history of a task.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Claim {
	/// Root of the tree over the list of states.
	pub root: Root,
	/// Length of that list; must be [`Work::states`].
	pub states: u32,
	/// The last state of the list.
	pub final_state: Root,
	/// Root of the list of that state's tensor roots, one per slot: where the trained tensors are
	/// fetched by.
	pub artifact_root: Root,
	/// Steps done: [`Work::steps`], or whole strides of them where a solver hands in a part. Training
	/// that runs into NaN or infinity goes on over those words as the operations define them, so it too
	/// has exactly one result.
	pub steps: u32,
}

/// Shows that a claim's list begins and ends where it must.
#[derive(
	Clone,
	Debug,
	Default,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct ClaimEnds {
	/// Path of the first state.
	pub first: Path,
	/// Path of the last one.
	pub last: Path,
}

/// What is wrong with the ends of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndsError {
	/// The first state of the list is not the work's initial state.
	First,
	/// The last state of the list is not the claim's final state.
	Last,
	/// The final state is not the state that the artefact root lists.
	Artifact,
}

impl ClaimEnds {
	/// Checks the ends of a claim to `work`, of which the claim may be a part.
	pub fn check(&self, work: &Work, claim: &Claim) -> Result<(), EndsError> {
		let holds = |index: u32, state: &Root, path: &Path| {
			list::verify(ListTag::States, &claim.root, claim.states, index, state, path)
		};
		if !holds(0, &work.init_root, &self.first) {
			return Err(EndsError::First);
		}
		let last = claim.states.checked_sub(1).ok_or(EndsError::Last)?;
		if !holds(last, &claim.final_state, &self.last) {
			return Err(EndsError::Last);
		}
		let end = u64::from(work.first_step).saturating_add(claim.steps.into());
		let artifact = state_of_slots(end, &claim.artifact_root) == claim.final_state;
		artifact.then_some(()).ok_or(EndsError::Artifact)
	}
}

/// A commitment to the first `states` states of the future claim.
#[derive(
	Clone,
	Copy,
	Debug,
	PartialEq,
	Eq,
	Encode,
	Decode,
	DecodeWithMemTracking,
	MaxEncodedLen,
	TypeInfo,
)]
pub struct Heartbeat {
	/// Length of the committed prefix, at least 1.
	pub states: u32,
	/// Root of the tree over that prefix.
	pub root: Root,
}

#[cfg(test)]
mod tests {
	use super::*;
	use alloc::vec::Vec;

	fn work(steps: u32, stride: u32) -> Work {
		Work {
			data_root: [0; 32],
			records: 1,
			record_size: 1,
			first_step: 0,
			init_root: state_of_slots(0, &[0; 32]),
			init_slots: [0; 32],
			seed: [0; 32],
			steps,
			stride,
		}
	}

	#[test]
	fn states_should_count_first_each_stride_and_last() {
		assert_eq!(work(10, 1).states(), Some(11));
		assert_eq!(work(10, 5).states(), Some(3));
		assert_eq!(work(11, 5).states(), Some(4));
		assert_eq!(work(1, 100).states(), Some(2));
	}

	#[test]
	fn states_should_be_none_when_work_is_malformed() {
		assert_eq!(work(0, 1).states(), None);
		assert_eq!(work(1, 0).states(), None);
		assert_eq!(work(u32::MAX, 1).states(), None);
	}

	#[test]
	fn strides_should_cover_every_step_once_when_last_stride_is_short() {
		let w = Work { first_step: 100, ..work(11, 5) };
		assert_eq!(
			(0..5).map(|i| w.step_of_state(i)).collect::<Vec<_>>(),
			[Some(100), Some(105), Some(110), Some(111), None]
		);
		assert_eq!(w.end_step(), Some(111));
		assert_eq!(Work { first_step: u32::MAX, ..w }.end_step(), None);
	}

	#[test]
	fn part_should_end_after_a_whole_stride_or_be_the_whole() {
		let parts = |steps| work(11, 5).part(steps).map(|part| part.steps);
		assert_eq!(
			[0, 4, 5, 10, 11, 12, 15].map(parts),
			[None, None, Some(5), Some(10), Some(11), None, None]
		);
	}

	/// A claim to the first `steps` steps, with some states, and its ends.
	fn claim_to(work: &Work, steps: u32) -> (Claim, ClaimEnds) {
		let artifact_root = [9; 32];
		let end = work.first_step + steps;
		let mut states = alloc::vec![[7; 32]; work.part(steps).unwrap().states().unwrap() as usize];
		*states.first_mut().unwrap() = work.init_root;
		*states.last_mut().unwrap() = state_of_slots(end.into(), &artifact_root);
		let (len, final_state) = (states.len() as u32, *states.last().unwrap());
		let root = list::root(ListTag::States, &states);
		let path = |index| list::prove(ListTag::States, &states, index).unwrap();
		let ends = ClaimEnds { first: path(0), last: path(len - 1) };
		(Claim { root, states: len, final_state, artifact_root, steps }, ends)
	}

	#[test]
	fn rest_should_go_on_where_a_part_ended() {
		let work = Work { first_step: 20, ..work(11, 5) };
		let (claim, _) = claim_to(&work, 5);
		let rest = work.rest(&claim).unwrap();
		assert_eq!((rest.first_step, rest.steps), (25, 6));
		assert!(rest.begins_consistently());
		assert_eq!(rest.rest(&claim_to(&rest, 6).0), None);
	}

	#[test]
	fn ends_should_be_refused_when_the_list_begins_or_ends_elsewhere() {
		let work = Work { first_step: 20, ..work(11, 5) };
		let (claim, ends) = claim_to(&work, 10);
		assert_eq!(ends.check(&work, &claim), Ok(()));
		let elsewhere = Work { init_root: [1; 32], ..work };
		assert_eq!(ends.check(&elsewhere, &claim), Err(EndsError::First));
		let other = Claim { final_state: [1; 32], ..claim };
		assert_eq!(ends.check(&work, &other), Err(EndsError::Last));
		let other = Claim { artifact_root: [1; 32], ..claim };
		assert_eq!(ends.check(&work, &other), Err(EndsError::Artifact));
		let later = Work { first_step: 21, ..work };
		assert_eq!(ends.check(&later, &claim), Err(EndsError::Artifact));
		let swapped = ClaimEnds { first: ends.last.clone(), last: ends.first.clone() };
		assert_eq!(swapped.check(&work, &claim), Err(EndsError::First));
		assert_eq!(ClaimEnds::default().check(&work, &claim), Err(EndsError::First));
	}
}
