//! Shape of the committed lists, Merkle paths and the sixteen-way split.
//!
//! Every list is a left-balanced binary tree as RFC 6962 splits it: the left part of `n > 1` leaves has
//! the largest power of two below `n`. Shape lives here, hashing in [`OneStep`].

use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use scale_info::TypeInfo;

use crate::{GameError, List, OneStep};

/// A BLAKE3 hash, or whatever 32 bytes the [`OneStep`] in use produces.
pub type Root = [u8; 32];

/// Most leaves of any list.
pub const MAX_LEAVES: u32 = 1 << 20;

/// Most siblings that a Merkle path can hold. A tree of [`MAX_LEAVES`] leaves needs 20.
pub const MAX_PATH: u32 = 32;

/// Levels of the tree that one `bisect` move uncovers.
pub const FAN_DEPTH: u32 = 4;

/// Most children that one `bisect` move reveals.
pub const FAN: u32 = 1 << FAN_DEPTH;

/// Siblings along the way from a leaf to the top, in order of position: those left of the leaf first,
/// outermost first; then those right of it, innermost first.
pub type Path = BoundedVec<Root, ConstU32<MAX_PATH>>;

/// Revealed children, left to right. Where a child is a single leaf its entry is the leaf's *value*,
/// elsewhere the hash of the subtree.
pub type Children = BoundedVec<Root, ConstU32<FAN>>;

/// One leaf of a list and where it sits.
#[derive(
	Clone, Debug, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub struct Shown {
	/// Value of the leaf.
	pub leaf: Root,
	/// Its path.
	pub path: Path,
}

/// A run of consecutive leaves that is one subtree.
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
pub struct Run {
	/// First leaf.
	pub start: u32,
	/// Leaves, at least 1.
	pub count: u32,
}

impl Run {
	/// The whole of a list with `len` leaves.
	pub fn whole(len: u32) -> Self {
		Self { start: 0, count: len }
	}

	/// Whether `leaf` is inside.
	pub fn contains(&self, leaf: u32) -> bool {
		leaf.checked_sub(self.start).is_some_and(|offset| offset < self.count)
	}

	/// The two subtrees below, if this is more than one leaf.
	pub fn halves(&self) -> Option<(Run, Run)> {
		let last = self.count.checked_sub(1).filter(|last| *last > 0)?;
		let left = 1u32.checked_shl(last.ilog2())?;
		let right = self.count.checked_sub(left)?;
		let middle = self.start.checked_add(left)?;
		Some((Run { start: self.start, count: left }, Run { start: middle, count: right }))
	}

	/// The subtrees up to [`FAN_DEPTH`] levels below, left to right: at most [`FAN`], and this run
	/// itself if it is one leaf.
	pub fn fan(&self) -> Vec<Run> {
		let mut runs = alloc::vec![*self];
		for _ in 0..FAN_DEPTH {
			runs = runs
				.into_iter()
				.flat_map(|run| match run.halves() {
					Some((left, right)) => [Some(left), Some(right)],
					None => [Some(run), None],
				})
				.flatten()
				.collect();
		}
		runs
	}

	/// How many `bisect` moves it takes at most to reach a leaf, at least 1.
	pub fn rounds(&self) -> u32 {
		let depth =
			self.count.saturating_sub(1).checked_ilog2().map_or(0, |log| log.saturating_add(1));
		depth.div_ceil(FAN_DEPTH).max(1)
	}
}

/// A list that one side has committed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Committed {
	/// Kind of list.
	pub list: List,
	/// Its leaves.
	pub len: u32,
	/// Its root.
	pub root: Root,
}

impl Committed {
	/// Whether leaf `index` has the value `leaf`.
	pub fn check(
		&self,
		index: u32,
		leaf: &Root,
		path: &[Root],
		hash: &impl OneStep,
	) -> Result<(), GameError> {
		if index >= self.len {
			return Err(GameError::LeafOutOfRange);
		}
		let mut siblings = path.iter();
		let root = self.climb(Run::whole(self.len), index, leaf, &mut siblings, hash);
		let verified = root == Some(self.root) && siblings.next().is_none();
		verified.then_some(()).ok_or(GameError::ProofInvalid)
	}

	/// Hash of `run` from the leaf at `index` and its siblings below `run`. As deep as the tree, ≤ 32.
	fn climb<'a>(
		&self,
		run: Run,
		index: u32,
		leaf: &Root,
		siblings: &mut impl Iterator<Item = &'a Root>,
		hash: &impl OneStep,
	) -> Option<Root> {
		match run.halves() {
			None => Some(self.single(leaf, hash)),
			Some((_, right)) if right.contains(index) => {
				let left = siblings.next()?;
				let right = self.climb(right, index, leaf, siblings, hash)?;
				Some(self.join(run, left, &right, hash))
			},
			Some((left, _)) => {
				let left = self.climb(left, index, leaf, siblings, hash)?;
				Some(self.join(run, &left, siblings.next()?, hash))
			},
		}
	}

	/// Hash of the subtree `run` from its [`fan`](Run::fan); the list's root if `run` is all of it.
	/// `None` if the number of children is wrong.
	pub fn fold(&self, run: Run, children: &[Root], hash: &impl OneStep) -> Option<Root> {
		let mut children = children.iter();
		let folded = self.fold_levels(run, FAN_DEPTH, &mut children, hash)?;
		children.next().is_none().then_some(folded)
	}

	fn fold_levels<'a>(
		&self,
		run: Run,
		levels: u32,
		children: &mut impl Iterator<Item = &'a Root>,
		hash: &impl OneStep,
	) -> Option<Root> {
		match (run.halves(), levels.checked_sub(1)) {
			(Some((left, right)), Some(below)) => {
				let left = self.fold_levels(left, below, children, hash)?;
				let right = self.fold_levels(right, below, children, hash)?;
				Some(self.join(run, &left, &right, hash))
			},
			(Some(_), None) => children.next().copied(),
			(None, _) => children.next().map(|leaf| self.single(leaf, hash)),
		}
	}

	/// Hash that stands for one leaf, or the root if the list has no other.
	pub fn single(&self, leaf: &Root, hash: &impl OneStep) -> Root {
		let leaf = hash.leaf(self.list, leaf);
		if self.len == 1 {
			hash.root(self.list, 1, &leaf, None)
		} else {
			leaf
		}
	}

	/// Hash of the subtree `run` from its two halves, or the root if `run` is the whole list.
	pub fn join(&self, run: Run, left: &Root, right: &Root, hash: &impl OneStep) -> Root {
		if run.count == self.len {
			hash.root(self.list, self.len, left, Some(right))
		} else {
			hash.parent(self.list, left, right)
		}
	}
}
