//! Verdicts about places where two commitments meet.

use assay_commitment::{list, ListTag, Root};
use assay_ops::{NodeId, Op};

use crate::{
	evidence::{JoinEvidence, LeafProof, PrefixEvidence},
	step::{ProvenNode, ProvenSlot, Step},
	RefereeError, Verdict,
};

/// Judges whether a state node's output in the trace is the slot in the state `before` the step.
pub fn judge_join_in(
	step: &Step,
	node: ProvenNode<'_>,
	before: &Root,
	evidence: &JoinEvidence,
) -> Result<Verdict, RefereeError> {
	let Op::State { slot } = node.spec().op else {
		return Err(RefereeError::NotAStateNode);
	};
	judge_join(step, node.spec().id, (before, step.context.step, slot), evidence)
}

/// Judges whether the slot in the state `after` the step is the output of the slot's node in the
/// trace.
pub fn judge_join_out(
	step: &Step,
	slot: &ProvenSlot,
	after: &Root,
	evidence: &JoinEvidence,
) -> Result<Verdict, RefereeError> {
	let steps = step.context.step.checked_add(1).ok_or(RefereeError::Malformed)?;
	judge_join(step, slot.slot().next, (after, steps, slot.index()), evidence)
}

fn judge_join(
	step: &Step,
	id: NodeId,
	(state, steps, slot): (&Root, u64, u16),
	evidence: &JoinEvidence,
) -> Result<Verdict, RefereeError> {
	if !step.has_output(id, &evidence.root, &evidence.path) {
		return Err(RefereeError::OutputNotInTrace);
	}
	if !evidence.slot.verify(state, steps, step.program.slots, slot) {
		return Err(RefereeError::SlotNotInState);
	}
	Ok(Verdict::equal(&evidence.slot.root, &evidence.root))
}

/// A list of states by root and length: a heartbeat or a claim.
#[derive(Clone, Copy, Debug)]
pub struct Prefix {
	/// Root of the list.
	pub root: Root,
	/// Number of states.
	pub len: u32,
}

impl Prefix {
	fn has(&self, index: u32, proof: &LeafProof) -> bool {
		list::verify(ListTag::States, &self.root, self.len, index, &proof.leaf, &proof.path)
	}
}

/// Judges whether a state is the same under a heartbeat and under the claim of the same attempt.
pub fn judge_prefix(
	heartbeat: &Prefix,
	claim: &Prefix,
	evidence: &PrefixEvidence,
) -> Result<Verdict, RefereeError> {
	if !heartbeat.has(evidence.index, &evidence.heartbeat) {
		return Err(RefereeError::NotInHeartbeat);
	}
	if !claim.has(evidence.index, &evidence.claim) {
		return Err(RefereeError::NotInClaim);
	}
	Ok(Verdict::equal(&evidence.claim.leaf, &evidence.heartbeat.leaf))
}
