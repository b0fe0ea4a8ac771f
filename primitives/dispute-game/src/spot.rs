//! What a game narrows down to: a stride, a step, a tile, a block.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::Root;

/// Most blocks of one reduction.
pub const MAX_BLOCKS: u32 = 512;

/// Consecutive steps between two committed states. Step `i` takes `Σ_i` to `Σ_{i+1}`.
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
pub struct Span {
	/// First step.
	pub start: u32,
	/// Number of steps; 1 when a single step is in question.
	pub len: u32,
	/// State root before the first step.
	pub before: Root,
	/// State root after the last step.
	pub after: Root,
}

/// One tile of one node of one step.
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
pub struct Spot {
	/// The step, `len` 1.
	pub step: Span,
	/// Root of its trace.
	pub trace: Root,
	/// Position of the node in the program.
	pub node: u32,
	/// Tile of the node's output.
	pub tile: u32,
	/// Blocks of the reduction behind the tile.
	pub blocks: u32,
	/// Hash of the node's description, as [`OneStep::shape`](crate::OneStep::shape) proved it.
	pub spec: Root,
}

/// One block of a long reduction.
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
pub struct Block {
	/// Which block.
	pub index: u32,
	/// Root of the posted partials, as [`OneStep::partials`](crate::OneStep::partials) gave it.
	pub partials: Root,
}
