//! Lists of roots: the states of a claim, the trace of a step, the nodes of a program.
//!
//! The tree has the shape of RFC 6962 ([`crate::shape`]). `leaf = H_leaf(value)`,
//! `node = H_node(left, right)`, `root = H_top(len, topmost node)`, where each `H` is BLAKE3 keyed by
//! kind and [`ListTag`]. The empty list has 32 zero bytes for a topmost node.

use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{
	domain::Domain,
	shape::{self, Tree, TreeHash, MAX_DEPTH},
	Root,
};

/// What a list is a list of. Part of every hash in its tree.
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
pub enum ListTag {
	/// The committed states Σ₀, Σ_h, Σ_2h … Σ_N of a claim. Its root is the claim root; the root of a
	/// prefix is a heartbeat.
	#[codec(index = 1)]
	States,
	/// The states after each step of one stride: from Σ_{a+1} up to and including the next committed
	/// state.
	#[codec(index = 2)]
	Steps,
	/// The tensor root of every node's output in one step, in program order.
	#[codec(index = 3)]
	Trace,
	/// The tensor root of every slot of one state, in slot order.
	#[codec(index = 4)]
	Slots,
	/// Header, nodes and slots of a program.
	#[codec(index = 5)]
	Program,
	/// The hashes of the partial tiles of one long reduction.
	#[codec(index = 6)]
	Partials,
}

impl ListTag {
	pub(crate) fn code(self) -> u8 {
		match self {
			Self::States => 1,
			Self::Steps => 2,
			Self::Trace => 3,
			Self::Slots => 4,
			Self::Program => 5,
			Self::Partials => 6,
		}
	}
}

impl TreeHash for ListTag {
	fn leaf(&self, value: &Root) -> Root {
		Domain::Leaf(*self).hash(&[value])
	}

	fn node(&self, left: &Root, right: &Root, _whole: bool) -> Root {
		Domain::Node(*self).hash(&[left, right])
	}
}

/// Proof that a leaf is in a list: the siblings along its way to the top, in order of position (those
/// left of the leaf first, outermost first; then those right of it, innermost first).
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
pub struct Path {
	/// Hashes of the subtrees beside the way from the leaf to the top.
	pub siblings: BoundedVec<Root, ConstU32<MAX_DEPTH>>,
}

/// A list with all its nodes in memory: what a prover needs.
#[derive(Clone, Debug)]
pub struct List {
	tag: ListTag,
	tree: Tree<ListTag>,
}

impl List {
	/// Builds the tree over `leaves`. `None` for 2³² leaves or more.
	pub fn new(tag: ListTag, leaves: Vec<Root>) -> Option<Self> {
		Some(Self { tag, tree: Tree::new(tag, leaves)? })
	}

	/// Root of the list.
	pub fn root(&self) -> Root {
		top(self.tag, self.tree.len(), &self.tree.top().unwrap_or_default())
	}

	/// Proof of leaf `index`; `None` when there is no such leaf.
	pub fn prove(&self, index: u32) -> Option<Path> {
		let siblings = self.tree.siblings(&[index])?;
		Some(Path { siblings: siblings.try_into().ok()? })
	}

	/// The tree, for the subtree hashes of bisection.
	pub fn tree(&self) -> &Tree<ListTag> {
		&self.tree
	}
}

/// Root of a list from its length and the hash of its topmost node: connects the first subtree of a
/// bisection with the root.
pub fn top(tag: ListTag, len: u32, top: &Root) -> Root {
	Domain::Top(tag).hash(&[&len.to_le_bytes(), top])
}

/// Root of a list. Leaves beyond the first 2³² − 1 are ignored: use lists that are bounded.
pub fn root(tag: ListTag, leaves: &[Root]) -> Root {
	let mut list = Accumulator::new(tag);
	for leaf in leaves {
		if list.push(leaf).is_none() {
			break;
		}
	}
	list.root()
}

/// Proof of leaf `index`; `None` when there is no such leaf. For many proofs build a [`List`] once.
pub fn prove(tag: ListTag, leaves: &[Root], index: u32) -> Option<Path> {
	List::new(tag, leaves.into())?.prove(index)
}

/// Root of the list of `len` leaves that has `leaf` at `index`, from a proof; `None` when the proof
/// does not have the form that `len` and `index` demand.
pub fn root_from_path(
	tag: ListTag,
	len: u32,
	index: u32,
	leaf: &Root,
	path: &Path,
) -> Option<Root> {
	let folded = shape::fold(&tag, len, &[(index, *leaf)], &path.siblings)?;
	Some(top(tag, len, &folded))
}

/// Whether the list with this root and length has `leaf` at `index`.
pub fn verify(tag: ListTag, root: &Root, len: u32, index: u32, leaf: &Root, path: &Path) -> bool {
	root_from_path(tag, len, index, leaf, path).as_ref() == Some(root)
}

/// Whether `revealed` are the [`shape::children`] of the subtree of `len` leaves with this hash. A
/// child that is a single leaf is revealed as its value, any other as its subtree hash.
pub fn fold_children(tag: ListTag, subtree: &Root, len: u32, revealed: &[Root]) -> bool {
	shape::fold_children(&tag, len, false, revealed).as_ref() == Some(subtree)
}

/// A list that only grows, kept in O(log n) hashes; gives the root of every prefix.
#[derive(Clone, Debug)]
pub struct Accumulator {
	tag: ListTag,
	len: u32,
	/// Hashes of the complete subtrees that the list consists of, one for each one-bit of `len`,
	/// largest first.
	peaks: BoundedVec<Root, ConstU32<MAX_DEPTH>>,
}

impl Accumulator {
	/// An empty list.
	pub fn new(tag: ListTag) -> Self {
		Self { tag, len: 0, peaks: BoundedVec::new() }
	}

	/// Number of leaves so far.
	pub fn len(&self) -> u32 {
		self.len
	}

	/// Whether there is no leaf yet.
	pub fn is_empty(&self) -> bool {
		self.len == 0
	}

	/// Appends a leaf. `None`, and no change, when the list has 2³² − 1 leaves already.
	pub fn push(&mut self, leaf: &Root) -> Option<()> {
		let len = self.len.checked_add(1)?;
		let mut node = self.tag.leaf(leaf);
		for _ in 0..self.len.trailing_ones() {
			if let Some(left) = self.peaks.pop() {
				node = self.tag.node(&left, &node, false);
			}
		}
		self.peaks.try_push(node).ok()?;
		self.len = len;
		Some(())
	}

	/// Root of the list as it stands.
	pub fn root(&self) -> Root {
		let join = |right: Root, left: &Root| self.tag.node(left, &right, false);
		let mut peaks = self.peaks.iter().rev();
		let last = peaks.next().copied().unwrap_or_default();
		top(self.tag, self.len, &peaks.fold(last, join))
	}
}
