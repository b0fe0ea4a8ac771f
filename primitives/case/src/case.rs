//! The claim that is judged, and the judge.

use assay_commitment::{
	list, shape::TreeHash, state_of_slots, Blake3Tree, ListTag, ProgramCommitment, Root,
};
use assay_dispute_game::{Block, Heartbeat, List, Malformed, OneStep, Shape, Span, Spot, Verdict};
use assay_ops::{eval::StepContext, NodeSpec, Op};
use assay_referee::{
	judge_block, judge_join_in, judge_join_out, judge_partials_join, judge_tile, ProvenNode,
	ProvenSlot, Referee, RefereeError, Step,
};
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Join, NodeProof, PostedPartials, TileProof};

/// Most heartbeats of a claim that a case holds at once.
pub const MAX_HEARTBEATS: u32 = 64;

/// Heartbeats of one attempt: number of states, which is also the heartbeat's number in games, and root.
pub type Heartbeats = BoundedVec<(u32, Root), ConstU32<MAX_HEARTBEATS>>;

/// One claim before the referee: everything that decides what its transitions must be.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Case {
	/// The judge: the version that the game has stored.
	pub referee: Referee,
	/// The step program.
	pub program: ProgramCommitment,
	/// BLAKE3 of the data set.
	pub data: Root,
	/// Records in the data set.
	pub records: u32,
	/// Bytes per record.
	pub record_size: u32,
	/// Records per step.
	pub batch: u32,
	/// Seed of shuffling and dropout.
	pub seed: [u8; 32],
	/// Committed prefixes of the claim. The chain fills in those that a move names.
	pub heartbeats: Heartbeats,
}

impl Case {
	/// What holds at one step under one trace.
	fn step(&self, span: &Span, trace: &Root) -> Step {
		Step {
			referee: self.referee,
			program: self.program,
			trace: *trace,
			context: StepContext {
				seed: self.seed,
				step: span.start.into(),
				batch: self.batch,
				records: self.records.into(),
				record_size: self.record_size,
			},
			data: self.data,
		}
	}

	/// The node that a game has pinned down, proven again from the evidence.
	fn proven<'a>(&self, spot: &Spot, node: &'a NodeProof) -> Result<ProvenNode<'a>, Malformed> {
		let same = u32::from(node.spec.id) == spot.node && spec_hash(&node.spec) == spot.spec;
		let proven =
			ProvenNode::verify(&self.program, &node.spec, &node.path).map_err(malformed)?;
		same.then_some(proven).ok_or(Malformed)
	}
}

/// Hash of a node's description, as games keep it.
fn spec_hash(spec: &NodeSpec) -> Root {
	spec.using_encoded(hash)
}

fn hash(bytes: &[u8]) -> Root {
	blake3::hash(bytes).into()
}

fn malformed(_: RefereeError) -> Malformed {
	Malformed
}

fn verdict(verdict: assay_referee::Verdict) -> Verdict {
	match verdict {
		assay_referee::Verdict::Correct => Verdict::Correct,
		assay_referee::Verdict::Wrong => Verdict::Wrong,
	}
}

/// The tag under which a list of the game is hashed; tiles are not a tagged list.
fn tag(list: List) -> Option<ListTag> {
	match list {
		List::Claim => Some(ListTag::States),
		List::Steps => Some(ListTag::Steps),
		List::Trace => Some(ListTag::Trace),
		List::Slots { .. } => Some(ListTag::Slots),
		List::Tiles => None,
	}
}

impl OneStep for Case {
	type Spec = NodeProof;
	type Join = Join;
	type Partials = PostedPartials;
	type Evidence = TileProof;

	fn hash(&self, bytes: &[u8]) -> Root {
		hash(bytes)
	}

	fn leaf(&self, list: List, value: &Root) -> Root {
		tag(list).map_or(*value, |tag| tag.leaf(value))
	}

	fn parent(&self, list: List, left: &Root, right: &Root) -> Root {
		match tag(list) {
			Some(tag) => tag.node(left, right, false),
			None => Blake3Tree.node(left, right, false),
		}
	}

	fn root(&self, list: List, len: u32, left: &Root, right: Option<&Root>) -> Root {
		let Some(tag) = tag(list) else {
			return right.map_or(*left, |right| Blake3Tree.node(left, right, true));
		};
		let top = right.map_or(*left, |right| tag.node(left, right, true));
		let root = list::top(tag, len, &top);
		match list {
			List::Slots { step } => state_of_slots(step.into(), &root),
			List::Claim | List::Steps | List::Trace | List::Tiles => root,
		}
	}

	fn heartbeat(&self, index: u32) -> Option<Heartbeat> {
		let (leaves, root) = *self.heartbeats.iter().find(|(states, _)| *states == index)?;
		Some(Heartbeat { root, leaves })
	}

	fn shape(&self, node: u32, proof: &NodeProof) -> Option<Shape> {
		let state = matches!(proof.spec.op, Op::State { .. });
		let proven = ProvenNode::verify(&self.program, &proof.spec, &proof.path).is_ok();
		if state || !proven || u32::from(proof.spec.id) != node {
			return None;
		}
		Some(Shape {
			tiles: u32::try_from(proof.spec.ty.tiles()).ok()?,
			blocks: proof.spec.blocks(),
			spec: spec_hash(&proof.spec),
		})
	}

	fn judge_join(&self, span: &Span, trace: &Root, join: &Join) -> Result<Verdict, Malformed> {
		let step = self.step(span, trace);
		let found = match join {
			Join::In { node, evidence } => {
				let node = ProvenNode::verify(&self.program, &node.spec, &node.path);
				node.and_then(|node| judge_join_in(&step, node, &span.before, evidence))
			},
			Join::Out { slot, evidence } => {
				let slot = ProvenSlot::verify(&self.program, slot.index, slot.slot, &slot.path);
				slot.and_then(|slot| judge_join_out(&step, &slot, &span.after, evidence))
			},
		};
		found.map(verdict).map_err(malformed)
	}

	fn partials(&self, spot: &Spot, posted: &PostedPartials) -> Result<Root, Malformed> {
		let node = self.proven(spot, &posted.node)?;
		let step = self.step(&spot.step, &spot.trace);
		let joined = judge_partials_join(&step, node, spot.tile, &posted.partials, &posted.output);
		match joined.map_err(malformed)? {
			assay_referee::Verdict::Correct => Ok(list::root(ListTag::Partials, &posted.partials)),
			assay_referee::Verdict::Wrong => Err(Malformed),
		}
	}

	fn judge(
		&self,
		spot: &Spot,
		block: Option<&Block>,
		evidence: &TileProof,
	) -> Result<Verdict, Malformed> {
		let node = self.proven(spot, evidence.node())?;
		let step = self.step(&spot.step, &spot.trace);
		let found = match (block, evidence) {
			(None, TileProof::Tile { evidence, .. }) => {
				judge_tile(&step, node, spot.tile, evidence)
			},
			(Some(block), TileProof::Block { block: proof, .. }) => {
				let blocks = node.spec().blocks();
				let posted = proof.around(&block.partials, blocks, block.index).ok_or(Malformed)?;
				judge_block(&step, node, spot.tile, block.index, posted, &proof.evidence)
			},
			(None, TileProof::Block { .. }) | (Some(_), TileProof::Tile { .. }) => {
				return Err(Malformed)
			},
		};
		found.map(verdict).map_err(malformed)
	}
}
