//! What parties bring to the referee. Everything is bounded, so it can be decoded from an extrinsic.

use alloc::boxed::Box;
use assay_commitment::{
	ChunksOpening, DescribedTile, LeafOpening, Path, Root, SlotOpening, TileBytes, TilesOpening,
};
use assay_ops::MAX_INPUTS;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

/// Most K-blocks of a reduction, and so most partials.
pub const MAX_PARTIALS: u32 = 512;

/// The posted hashes of the partial tiles of one long reduction, in order.
pub type Partials = BoundedVec<Root, ConstU32<MAX_PARTIALS>>;

/// Some tiles of an operand, tied to the trace.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct OperandOpening {
	/// Tensor root of the producer's output.
	pub root: Root,
	/// Its path in the trace.
	pub path: Path,
	/// The tiles that are read.
	pub tiles: TilesOpening,
}

/// Everything that the computation of a tile, or of one K-block of it, reads; nothing else.
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
pub struct Inputs {
	/// One entry for each operand of the node; `None` where the tile reads nothing of it.
	pub operands: BoundedVec<Option<OperandOpening>, ConstU32<MAX_INPUTS>>,
	/// The chunks of the data set that a load reads.
	pub records: Option<ChunksOpening>,
}

/// The claimed tile, as a hash, tied to the trace.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct OutputOpening {
	/// Tensor root of the node's output.
	pub root: Root,
	/// Its path in the trace.
	pub path: Path,
	/// Hash of the tile and its place under the root.
	pub tile: LeafOpening,
}

/// Evidence about a tile of a node without a long reduction.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Evidence {
	/// What the tile is computed from.
	pub inputs: Inputs,
	/// What it is claimed to be.
	pub output: OutputOpening,
}

/// Evidence about one K-block of a tile of a long reduction.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen)]
pub struct BlockEvidence {
	/// What the block is computed from.
	pub inputs: Inputs,
	/// The partial before this block; absent for block 0.
	pub previous: Option<Box<TileBytes>>,
}

impl TypeInfo for BlockEvidence {
	type Identity = Self;

	fn type_info() -> scale_info::Type {
		let fields = scale_info::build::Fields::named()
			.field(|field| field.ty::<Inputs>().name("inputs").type_name("Inputs"))
			.field(|field| {
				let field = field.ty::<Option<DescribedTile>>();
				field.name("previous").type_name("Option<Box<TileBytes>>")
			});
		let path = scale_info::Path::new("BlockEvidence", module_path!());
		scale_info::Type::builder().path(path).composite(fields)
	}
}

/// The posted hashes on either side of a block of a long reduction.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
	/// The partial before the block; absent for block 0.
	pub before: Option<&'a Root>,
	/// The partial after it: the block put to the one before.
	pub after: &'a Root,
}

impl<'a> Around<'a> {
	/// Those of a block in the whole list; `None` if there is no such block.
	pub fn of(posted: &'a [Root], block: u32) -> Option<Self> {
		let at = |block: u32| usize::try_from(block).ok().and_then(|block| posted.get(block));
		Some(Self { before: block.checked_sub(1).and_then(at), after: at(block)? })
	}
}

/// Evidence about a place where the trace meets a state.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct JoinEvidence {
	/// Tensor root in the trace.
	pub root: Root,
	/// Its path in the trace.
	pub path: Path,
	/// The slot in the state.
	pub slot: SlotOpening,
}

/// A leaf of a list and its path.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct LeafProof {
	/// The leaf.
	pub leaf: Root,
	/// Its path.
	pub path: Path,
}

/// Evidence about one state under a heartbeat and under the claim.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct PrefixEvidence {
	/// Index of the state in both lists.
	pub index: u32,
	/// The state as the heartbeat has it.
	pub heartbeat: LeafProof,
	/// The state as the claim has it.
	pub claim: LeafProof,
}
