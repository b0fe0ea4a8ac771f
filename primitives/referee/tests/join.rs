//! Joins of trace and states, and of heartbeats and claims.

mod common;

use assay_commitment::{list::List, state_root, ListTag, Root, TensorTree};
use assay_ops::{NodeSpec, Op};
use assay_referee::{
	judge_join_in, judge_join_out, judge_prefix,
	prove::{prefix, Prover},
	Prefix, ProvenSlot, RefereeError, Verdict,
};
use common::{zoo, Run};

fn slot_roots(run: &Run, contents: &[Vec<u32>]) -> Vec<Root> {
	let root = |(slot, words): (&assay_ops::Slot, &Vec<u32>)| {
		TensorTree::from_words(slot.ty, words).unwrap().root()
	};
	run.program.slots.iter().zip(contents).map(root).collect()
}

fn states(run: &Run) -> impl Iterator<Item = (&NodeSpec, u16)> {
	run.program.specs.iter().filter_map(|spec| match spec.op {
		Op::State { slot } => Some((spec, slot)),
		_ => None,
	})
}

fn slot(run: &Run, index: u16) -> ProvenSlot {
	let path = run.tree.prove_slot(index).unwrap();
	let slot = run.program.slots[usize::from(index)];
	ProvenSlot::verify(&run.step.program, index, slot, &path).unwrap()
}

#[test]
fn joins_should_be_correct_when_states_fit_the_trace() {
	let run = zoo(1);
	let prover = prover!(run, &run.trace);
	let (before, after) = (slot_roots(&run, &run.before), slot_roots(&run, &run.result.slots));
	let (sigma, next) = (state_root(5, &before), state_root(6, &after));
	for (spec, index) in states(&run) {
		let join = prover.join(spec.id, &before, index).unwrap();
		let verdict = judge_join_in(&run.step, run.node(spec), &sigma, &join);
		assert_eq!(verdict, Ok(Verdict::Correct));
		let slot = slot(&run, index);
		let join = prover.join(slot.slot().next, &after, index).unwrap();
		let verdict = judge_join_out(&run.step, &slot, &next, &join);
		assert_eq!(verdict, Ok(Verdict::Correct));
	}
	// The program moves a slot, so that the two states are not the same by accident.
	assert_ne!(before, after);
}

#[test]
fn join_should_be_wrong_when_one_slot_differs_from_the_trace() {
	let run = zoo(2);
	let prover = prover!(run, &run.trace);
	let (spec, index) = states(&run).nth(4).unwrap();
	let (mut before, mut after) =
		(slot_roots(&run, &run.before), slot_roots(&run, &run.result.slots));
	before[usize::from(index)][0] ^= 1;
	after[usize::from(index)][31] ^= 1;
	let join = prover.join(spec.id, &before, index).unwrap();
	let verdict = judge_join_in(&run.step, run.node(spec), &state_root(5, &before), &join);
	assert_eq!(verdict, Ok(Verdict::Wrong));
	let slot = slot(&run, index);
	let join = prover.join(slot.slot().next, &after, index).unwrap();
	let verdict = judge_join_out(&run.step, &slot, &state_root(6, &after), &join);
	assert_eq!(verdict, Ok(Verdict::Wrong));
}

#[test]
fn join_should_be_refused_when_an_opening_does_not_verify() {
	let run = zoo(3);
	let prover = prover!(run, &run.trace);
	let before = slot_roots(&run, &run.before);
	let (spec, index) = states(&run).nth(4).unwrap();
	let good = prover.join(spec.id, &before, index).unwrap();
	let sigma = state_root(5, &before);
	let judge = |sigma: &Root, join| judge_join_in(&run.step, run.node(spec), sigma, join);
	let not_in_state = Err(RefereeError::SlotNotInState);
	assert_eq!(judge(&state_root(4, &before), &good), not_in_state);
	let mut slot_root = good.clone();
	slot_root.slot.root[0] ^= 1;
	assert_eq!(judge(&sigma, &slot_root), not_in_state);
	let other = prover.join(spec.id, &before, index - 1).unwrap();
	assert_eq!(judge(&sigma, &other), not_in_state);
	let not_in_trace = Err(RefereeError::OutputNotInTrace);
	let mut root = good.clone();
	root.root[0] ^= 1;
	assert_eq!(judge(&sigma, &root), not_in_trace);
	let other = prover.join(spec.id + 1, &before, index).unwrap();
	assert_eq!(judge(&sigma, &other), not_in_trace);
	let computed = run.computed().next().unwrap();
	let verdict = judge_join_in(&run.step, run.node(computed), &sigma, &good);
	assert_eq!(verdict, Err(RefereeError::NotAStateNode));
	// After the step the state has another number.
	let verdict = judge_join_out(&run.step, &slot(&run, index), &sigma, &good);
	assert!(verdict.is_err());
}

#[test]
fn slot_should_be_refused_when_it_is_not_in_the_program() {
	let run = zoo(4);
	let path = run.tree.prove_slot(4).unwrap();
	let mut slot = run.program.slots[4];
	assert!(ProvenSlot::verify(&run.step.program, 4, slot, &path).is_ok());
	slot.next -= 1;
	let error = ProvenSlot::verify(&run.step.program, 4, slot, &path).unwrap_err();
	assert_eq!(error, RefereeError::SlotNotInProgram);
}

fn list(leaves: &[Root]) -> (List, Prefix) {
	let list = List::new(ListTag::States, leaves.to_vec()).unwrap();
	let prefix = Prefix { root: list.root(), len: leaves.len() as u32 };
	(list, prefix)
}

#[test]
fn prefix_should_be_wrong_only_where_heartbeat_and_claim_differ() {
	let claim: Vec<Root> = (0..40).map(|i| [i; 32]).collect();
	let mut beat = claim[..23].to_vec();
	beat[17] = [99; 32];
	let ((beat_list, beat), (claim_list, claim)) = (list(&beat), list(&claim));
	for index in 0..23 {
		let evidence = prefix(&beat_list, &claim_list, index).unwrap();
		let expected = if index == 17 { Verdict::Wrong } else { Verdict::Correct };
		assert_eq!(judge_prefix(&beat, &claim, &evidence), Ok(expected));
	}
	assert!(prefix(&beat_list, &claim_list, 23).is_none());
}

#[test]
fn prefix_should_be_refused_when_a_leaf_is_not_in_its_list() {
	let leaves: Vec<Root> = (0..40).map(|i| [i; 32]).collect();
	let ((beat_list, beat), (claim_list, claim)) = (list(&leaves[..23]), list(&leaves));
	let good = prefix(&beat_list, &claim_list, 3).unwrap();
	let mut forged = good.clone();
	forged.heartbeat.leaf = [0; 32];
	assert_eq!(judge_prefix(&beat, &claim, &forged), Err(RefereeError::NotInHeartbeat));
	let mut forged = good.clone();
	forged.claim.leaf = [0; 32];
	assert_eq!(judge_prefix(&beat, &claim, &forged), Err(RefereeError::NotInClaim));
	let mut moved = good.clone();
	moved.index = 4;
	assert_eq!(judge_prefix(&beat, &claim, &moved), Err(RefereeError::NotInHeartbeat));
	let longer = Prefix { len: 24, ..beat };
	assert_eq!(judge_prefix(&longer, &claim, &good), Err(RefereeError::NotInHeartbeat));
	assert_eq!(judge_prefix(&beat, &beat, &good), Err(RefereeError::NotInClaim));
}
