//! The one tree shape, and the algorithms that only depend on it.
//!
//! A tree over `n ≥ 2` leaves has a left part with the largest power of two smaller than `n` leaves and
//! a right part with the rest: the shape of RFC 6962 and of BLAKE3. How nodes are hashed is left to a
//! [`TreeHash`].

use alloc::vec::Vec;
use bounded_collections::{BoundedVec, ConstU32};

use crate::Root;

/// Most siblings in a proof of one leaf: the depth of a tree over 2³² − 1 leaves.
pub const MAX_DEPTH: u32 = 32;

/// Levels that one round of bisection descends.
pub const BISECT_LEVELS: u32 = 4;

/// Most children that one round of bisection reveals.
pub const MAX_CHILDREN: u32 = 16;

/// The ranges `(start, len)` that one round of bisection reveals, left to right, relative to the start
/// of the subtree that is bisected.
pub type Children = BoundedVec<(u32, u32), ConstU32<MAX_CHILDREN>>;

/// How the nodes of a tree are hashed.
pub trait TreeHash {
	/// Hash of a leaf with this value.
	fn leaf(&self, value: &Root) -> Root;

	/// Hash of an inner node; `whole` says that it is the topmost node of the tree.
	fn node(&self, left: &Root, right: &Root, whole: bool) -> Root;
}

/// Number of leaves in the left part of a tree of `len` leaves; 0 when the tree has no parts.
pub fn split(len: u32) -> u32 {
	len.saturating_sub(1).checked_ilog2().map_or(0, |bits| 1u32.wrapping_shl(bits))
}

/// The ranges of leaves below a subtree of `len` leaves after descending [`BISECT_LEVELS`] levels. A
/// branch that ends earlier gives its leaf; a subtree of one leaf is its own only child.
pub fn children(len: u32) -> Children {
	let mut ranges = Children::default();
	push_children(0, len, BISECT_LEVELS, &mut ranges);
	ranges
}

fn push_children(start: u32, len: u32, levels: u32, ranges: &mut Children) {
	if levels == 0 || len <= 1 {
		// Four levels of a binary tree have at most sixteen ends, so there is always room.
		if len > 0 {
			let _ = ranges.try_push((start, len));
		}
		return;
	}
	let left = split(len);
	let below = levels.saturating_sub(1);
	push_children(start, left, below, ranges);
	push_children(start.saturating_add(left), len.saturating_sub(left), below, ranges);
}

/// Hash of a subtree of `len` leaves from what a round of bisection revealed: for each range of
/// [`children`] its subtree hash, or, where the range is a single leaf, the value of the leaf.
///
/// `None` when the number of revealed hashes is wrong.
pub fn fold_children<H: TreeHash>(
	hash: &H,
	len: u32,
	whole: bool,
	revealed: &[Root],
) -> Option<Root> {
	let mut rest = revealed.iter();
	let root = fold_levels(hash, len, BISECT_LEVELS, whole, &mut rest)?;
	rest.next().is_none().then_some(root)
}

fn fold_levels<H: TreeHash>(
	hash: &H,
	len: u32,
	levels: u32,
	whole: bool,
	rest: &mut core::slice::Iter<'_, Root>,
) -> Option<Root> {
	match (len, levels) {
		(0, _) => None,
		(1, _) => Some(hash.leaf(rest.next()?)),
		(_, 0) => rest.next().copied(),
		_ => {
			let left = split(len);
			let below = levels.saturating_sub(1);
			let l = fold_levels(hash, left, below, false, rest)?;
			let r = fold_levels(hash, len.saturating_sub(left), below, false, rest)?;
			Some(hash.node(&l, &r, whole))
		},
	}
}

/// Hash of the topmost node of a tree of `len` leaves from some of its leaves `(index, value)` and the
/// hashes of the largest subtrees that hold none of them, both in order of position.
///
/// `None` unless the leaves are strictly ascending, in range, at least one, and exactly the needed
/// siblings are given.
pub fn fold<H: TreeHash>(
	hash: &H,
	len: u32,
	leaves: &[(u32, Root)],
	siblings: &[Root],
) -> Option<Root> {
	leaves.first()?;
	let mut state = Fold { hash, leaves, siblings };
	let top = state.subtree(0, len, true)?;
	(state.leaves.is_empty() && state.siblings.is_empty()).then_some(top)
}

struct Fold<'a, H> {
	hash: &'a H,
	leaves: &'a [(u32, Root)],
	siblings: &'a [Root],
}

impl<H: TreeHash> Fold<'_, H> {
	/// Consumes the leaves and siblings of one subtree. The recursion is as deep as the tree, ≤ 32.
	fn subtree(&mut self, start: u32, len: u32, whole: bool) -> Option<Root> {
		let inside = self.leaves.first().filter(|(index, _)| contains(start, len, *index));
		let Some((_, value)) = inside else {
			let (first, rest) = self.siblings.split_first()?;
			self.siblings = rest;
			return Some(*first);
		};
		if len == 1 {
			let hash = self.hash.leaf(value);
			self.leaves = self.leaves.get(1..)?;
			return Some(hash);
		}
		let left = split(len);
		let l = self.subtree(start, left, false)?;
		let r = self.subtree(start.checked_add(left)?, len.checked_sub(left)?, false)?;
		Some(self.hash.node(&l, &r, whole))
	}
}

fn contains(start: u32, len: u32, index: u32) -> bool {
	index.checked_sub(start).is_some_and(|distance| distance < len)
}

/// A tree with all its nodes in memory: what a prover needs.
///
/// Built bottom-up by pairing neighbours and carrying an odd last node up unchanged, which gives the
/// same nodes as the top-down rule.
#[derive(Clone, Debug)]
pub struct Tree<H> {
	hash: H,
	/// `levels[0]` are the values of the leaves; `levels[k][i]` is the hash over the leaves from
	/// `i · 2^k`, at most `2^k` of them.
	levels: Vec<Vec<Root>>,
}

impl<H: TreeHash> Tree<H> {
	/// Builds the tree over the values of its leaves. `None` for 2³² leaves or more.
	pub fn new(hash: H, values: Vec<Root>) -> Option<Self> {
		u32::try_from(values.len()).ok()?;
		let leaves: Vec<Root> = values.iter().map(|value| hash.leaf(value)).collect();
		let mut levels = Vec::from([values]);
		let mut level = leaves;
		while level.len() > 1 {
			level = parents(&hash, &level);
			levels.push(level.clone());
		}
		Some(Self { hash, levels })
	}

	/// Number of leaves.
	#[allow(clippy::cast_possible_truncation, reason = "`new` refuses longer lists")]
	pub fn len(&self) -> u32 {
		self.values().len() as u32
	}

	/// Whether the tree has no leaves.
	pub fn is_empty(&self) -> bool {
		self.values().is_empty()
	}

	/// Values of the leaves.
	pub fn values(&self) -> &[Root] {
		self.levels.first().map_or(&[], Vec::as_slice)
	}

	/// Hash of the topmost node; `None` for an empty tree.
	pub fn top(&self) -> Option<Root> {
		self.subtree(0, self.len())
	}

	/// Hash over the leaves `start .. start + len`; `None` when they are not one subtree.
	pub fn subtree(&self, start: u32, len: u32) -> Option<Root> {
		let level = len.checked_sub(1)?.checked_ilog2().map_or(0, |bits| bits.saturating_add(1));
		let size = 1u64.checked_shl(level)?;
		let rest = u64::from(self.len()).checked_sub(u64::from(start))?;
		let aligned = u64::from(start).checked_rem(size)? == 0;
		if !aligned || rest.min(size) != u64::from(len) {
			return None;
		}
		let index = usize::try_from(u64::from(start).checked_div(size)?).ok()?;
		let node = self.levels.get(usize::try_from(level).ok()?)?.get(index)?;
		Some(if level == 0 { self.hash.leaf(node) } else { *node })
	}

	/// The siblings that [`fold`] needs with these leaves. `None` unless the indices are strictly
	/// ascending, in range and at least one.
	pub fn siblings(&self, indices: &[u32]) -> Option<Vec<Root>> {
		indices.first()?;
		let mut rest = indices;
		let mut siblings = Vec::new();
		self.push_siblings(0, self.len(), &mut rest, &mut siblings)?;
		rest.is_empty().then_some(siblings)
	}

	fn push_siblings(
		&self,
		start: u32,
		len: u32,
		rest: &mut &[u32],
		siblings: &mut Vec<Root>,
	) -> Option<()> {
		if !rest.first().is_some_and(|index| contains(start, len, *index)) {
			siblings.push(self.subtree(start, len)?);
		} else if len == 1 {
			*rest = rest.get(1..)?;
		} else {
			let left = split(len);
			self.push_siblings(start, left, rest, siblings)?;
			let right = start.checked_add(left)?;
			self.push_siblings(right, len.checked_sub(left)?, rest, siblings)?;
		}
		Some(())
	}

	/// What the defender reveals in one round of bisection of the subtree `start .. start + len`; see
	/// [`fold_children`]. `None` when that is not a subtree.
	pub fn reveal(&self, start: u32, len: u32) -> Option<Vec<Root>> {
		self.subtree(start, len)?;
		let reveal = |(offset, len): &(u32, u32)| {
			let start = start.checked_add(*offset)?;
			match len {
				1 => self.values().get(usize::try_from(start).ok()?).copied(),
				_ => self.subtree(start, *len),
			}
		};
		children(len).iter().map(reveal).collect()
	}
}

fn parents<H: TreeHash>(hash: &H, level: &[Root]) -> Vec<Root> {
	let whole = level.len() == 2;
	let parent = |pair: &[Root]| match pair {
		[left, right] => hash.node(left, right, whole),
		[single] => *single,
		_ => Root::default(), // `chunks(2)` gives one or two.
	};
	level.chunks(2).map(parent).collect()
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn split_should_be_largest_smaller_power_of_two_when_len_varies() {
		let expected = [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (5, 4), (8, 4), (9, 8)];
		for (len, left) in expected {
			assert_eq!(split(len), left, "len {len}");
		}
		assert_eq!(split(u32::MAX), 1 << 31);
	}

	#[test]
	fn children_should_partition_the_range_when_len_varies() {
		for len in (0..200).chain([1 << 20, u32::MAX]) {
			let mut next = 0;
			for (start, part) in children(len) {
				assert_eq!(start, next);
				assert!(part > 0);
				next = start + part;
			}
			assert_eq!(next, len);
		}
	}

	#[test]
	fn children_should_reach_leaves_in_at_most_eight_rounds_when_len_is_maximal() {
		let (mut len, mut rounds) = (u32::MAX, 0);
		while len > 1 {
			len = children(len).iter().map(|range| range.1).max().unwrap();
			rounds += 1;
		}
		assert_eq!(rounds, 8);
	}
}
