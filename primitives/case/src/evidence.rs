//! What players bring: bounded, self-contained, decodable from an extrinsic.

use assay_commitment::{list, ListTag, Path, Root};
use assay_dispute_game::MoveOf;
use assay_ops::{NodeSpec, Slot};
use assay_referee::{
	Around, BlockEvidence, Evidence, JoinEvidence, LeafProof, OutputOpening, Partials,
};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::Case;

/// A move in a game about a [`Case`].
pub type CaseMove = MoveOf<Case>;

/// A node of the program and its place in the program root.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct NodeProof {
	/// The node, with its operands and types.
	pub spec: NodeSpec,
	/// Its path in the program.
	pub path: Path,
}

/// A slot of the program and its place in the program root.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct SlotProof {
	/// Number of the slot.
	pub index: u16,
	/// The slot.
	pub slot: Slot,
	/// Its path in the program.
	pub path: Path,
}

/// A place where a trace meets a state, and what each of them has there.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts the variant's index"
)]
pub enum Join {
	/// A state node's output and the slot of the state before the step.
	#[codec(index = 0)]
	In {
		/// The state node.
		node: NodeProof,
		/// Both tensor roots.
		evidence: JoinEvidence,
	},
	/// The slot of the state after the step and the output of the node that it names.
	#[codec(index = 1)]
	Out {
		/// The slot.
		slot: SlotProof,
		/// Both tensor roots.
		evidence: JoinEvidence,
	},
}

/// The partial tiles of a long reduction, as hashes, and the tile in the trace that the last one is.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PostedPartials {
	/// The node.
	pub node: NodeProof,
	/// Hashes of the partials, one for each block.
	pub partials: Partials,
	/// The tile in the trace.
	pub output: OutputOpening,
}

/// Evidence about one block of a long reduction, with the two posted partials that it is about.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct BlockProof {
	/// The partial before the block in the posted list; absent for block 0.
	pub before: Option<LeafProof>,
	/// The partial after it.
	pub after: LeafProof,
	/// What the block is computed from.
	pub evidence: BlockEvidence,
}

impl BlockProof {
	/// Evidence about block `block`, where these partials were posted; `None` if there is no such block.
	pub fn new(posted: &[Root], block: u32, evidence: BlockEvidence) -> Option<Self> {
		let proof = |block: u32| {
			let leaf = *posted.get(usize::try_from(block).ok()?)?;
			Some(LeafProof { leaf, path: list::prove(ListTag::Partials, posted, block)? })
		};
		let before = match block.checked_sub(1) {
			Some(before) => Some(proof(before)?),
			None => None,
		};
		Some(Self { before, after: proof(block)?, evidence })
	}

	/// The two partials, if they are those on either side of block `block` in the list of `len` with this root.
	pub(crate) fn around(&self, root: &Root, len: u32, block: u32) -> Option<Around<'_>> {
		let posted = |block: u32, proof: &LeafProof| {
			list::verify(ListTag::Partials, root, len, block, &proof.leaf, &proof.path)
		};
		let before = match (block.checked_sub(1), &self.before) {
			(Some(before), Some(proof)) => posted(before, proof).then_some(Some(&proof.leaf)),
			(None, None) => Some(None),
			(Some(_), None) | (None, Some(_)) => None,
		};
		let before = before?;
		posted(block, &self.after).then_some(Around { before, after: &self.after.leaf })
	}
}

/// Evidence about one tile, or one block of it.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
#[allow(
	clippy::cast_possible_truncation,
	reason = "the derived encoding casts the variant's index"
)]
pub enum TileProof {
	/// A tile whose reduction is not split.
	#[codec(index = 0)]
	Tile {
		/// The node.
		node: NodeProof,
		/// Openings of the operands and of the claimed tile.
		evidence: Evidence,
	},
	/// One block of a tile whose reduction is split.
	#[codec(index = 1)]
	Block {
		/// The node.
		node: NodeProof,
		/// Openings of the operands and the partials.
		block: BlockProof,
	},
}

impl TileProof {
	/// The node that the evidence is about.
	pub fn node(&self) -> &NodeProof {
		match self {
			Self::Tile { node, .. } | Self::Block { node, .. } => node,
		}
	}
}
