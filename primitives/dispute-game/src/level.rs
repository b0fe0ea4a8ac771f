//! The lists on the way down, and what is known when the challenger looks into one.

use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{Committed, Params, Phase, Root, Span};

/// Which kind of list a hash belongs to: the domain of its hashing.
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
pub enum List {
	/// State roots `Σ_0, Σ_h, Σ_2h … Σ_N`; heartbeats are prefixes of it.
	#[codec(index = 0)]
	Claim,
	/// State roots after each step of one stride; the last is the committed state at its end.
	#[codec(index = 1)]
	Steps,
	/// Output tensor roots of one step, one per node, in program order.
	#[codec(index = 2)]
	Trace,
	/// Tiles of one tensor; a leaf is the hash of a tile's subtree.
	#[codec(index = 3)]
	Tiles,
	/// Slots of the state after this many steps; the list's root is the **state root**.
	#[codec(index = 4)]
	Slots {
		/// Steps done.
		step: u32,
	},
}

/// How far the challenger has already narrowed down a trace by asking.
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
pub enum Focus {
	/// Any node, any tile.
	#[codec(index = 0)]
	Trace,
	/// This node, any tile.
	#[codec(index = 1)]
	Node(u32),
	/// This tile.
	#[codec(index = 2)]
	Tile {
		/// Node.
		node: u32,
		/// Tile of its output.
		tile: u32,
	},
	/// This slot of the state after the step: only a `join_fault` can follow.
	#[codec(index = 3)]
	Slot(u32),
}

impl Focus {
	/// Whether this node may still be chosen.
	pub fn allows_node(&self, chosen: u32) -> bool {
		match self {
			Self::Trace => true,
			Self::Node(node) | Self::Tile { node, .. } => *node == chosen,
			Self::Slot(_) => false,
		}
	}

	/// Whether this tile of this node may still be chosen.
	pub fn allows(&self, node: u32, chosen: u32) -> bool {
		match self {
			Self::Trace | Self::Node(_) => self.allows_node(node),
			Self::Tile { tile, .. } => self.allows_node(node) && *tile == chosen,
			Self::Slot(_) => false,
		}
	}
}

/// A list in which the challenger looks for a leaf, and what was known when it began to.
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
pub enum Level {
	/// States of the claim.
	#[codec(index = 0)]
	Claim,
	/// States inside a stride.
	#[codec(index = 1)]
	Steps {
		/// The stride.
		span: Span,
		/// Root of the states after each of its steps.
		root: Root,
	},
	/// Nodes of a step.
	#[codec(index = 2)]
	Trace {
		/// The step.
		step: Span,
		/// Root of its trace.
		root: Root,
	},
	/// Tiles of a node's output.
	#[codec(index = 3)]
	Tiles {
		/// The step.
		step: Span,
		/// Root of its trace.
		trace: Root,
		/// The node.
		node: u32,
		/// Tiles of its output.
		tiles: u32,
		/// Root of its output.
		root: Root,
	},
	/// Slots of the state after a step.
	#[codec(index = 4)]
	Slots {
		/// The step.
		step: Span,
		/// Root of its trace.
		trace: Root,
	},
}

impl Level {
	/// The list itself.
	pub fn committed(&self, params: &Params) -> Committed {
		match self {
			Self::Claim => {
				Committed { list: List::Claim, len: params.leaves(), root: params.claim }
			},
			Self::Steps { span, root } => {
				Committed { list: List::Steps, len: span.len, root: *root }
			},
			Self::Trace { root, .. } => {
				Committed { list: List::Trace, len: params.nodes, root: *root }
			},
			Self::Tiles { tiles, root, .. } => {
				Committed { list: List::Tiles, len: *tiles, root: *root }
			},
			Self::Slots { step, .. } => {
				let list = List::Slots { step: step.start.saturating_add(1) };
				Committed { list, len: params.slots, root: step.after }
			},
		}
	}

	/// The phase after the search has ended at `leaf`.
	pub(crate) fn found(self, leaf: u32) -> Phase {
		match self {
			Self::Claim => Phase::Claim { leaf: Some(leaf) },
			Self::Steps { span, root } => Phase::Step { span, root, leaf: Some(leaf) },
			Self::Trace { step, root } => {
				Phase::Tile { step, trace: root, focus: Focus::Node(leaf) }
			},
			Self::Tiles { step, trace, node, .. } => {
				Phase::Tile { step, trace, focus: Focus::Tile { node, tile: leaf } }
			},
			Self::Slots { step, trace } => Phase::Tile { step, trace, focus: Focus::Slot(leaf) },
		}
	}
}
