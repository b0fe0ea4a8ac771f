//! What a player knows of a list that another has committed to.

use alloc::{collections::BTreeMap, vec::Vec};

use super::Oracle;
use crate::{Children, Committed, Level, List, OneStep, Params, Path, Root, Run, Shown};

/// Where a list differs from one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
	/// Nowhere.
	Same,
	/// First in this leaf.
	At(u32),
	/// It is withheld.
	Withheld,
}

/// A committed list as far as it is known: all of it, or the leaves left of a point and the subtrees
/// that a search has revealed. Either way it gives the path of every leaf up to that point.
#[derive(Clone, Debug)]
pub struct Known {
	list: Committed,
	leaves: Vec<Root>,
	sure: u32,
	revealed: BTreeMap<(u32, u32), Root>,
}

/// Root of the list with these leaves; zeros for an empty list.
pub fn root_of(list: List, leaves: &[Root], hash: &impl OneStep) -> Root {
	let len = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
	let list = Committed { list, len, root: Root::default() };
	subtree(&list, leaves, Run::whole(len), hash).unwrap_or_default()
}

/// Hash of a run of leaves.
pub(super) fn subtree(
	list: &Committed,
	leaves: &[Root],
	run: Run,
	hash: &impl OneStep,
) -> Option<Root> {
	match run.halves() {
		None => Some(list.single(leaves.get(usize::try_from(run.start).ok()?)?, hash)),
		Some((left, right)) => {
			let left = subtree(list, leaves, left, hash)?;
			let right = subtree(list, leaves, right, hash)?;
			Some(list.join(run, &left, &right, hash))
		},
	}
}

impl Known {
	/// A list of which every leaf is known.
	pub fn complete(list: List, leaves: Vec<Root>, hash: &impl OneStep) -> Self {
		let root = root_of(list, &leaves, hash);
		let len = u32::try_from(leaves.len()).unwrap_or(u32::MAX);
		let list = Committed { list, len, root };
		Self { list, leaves, sure: len, revealed: BTreeMap::new() }
	}

	/// The other side's list at `level`. Where it is withheld, one's own leaves stand in for the first
	/// `agreed` of it.
	pub(super) fn of<S: OneStep>(
		level: &Level,
		params: &Params,
		agreed: u32,
		oracle: &impl Oracle<S>,
		one_step: &S,
	) -> Self {
		let list = level.committed(params);
		let own = oracle.own(level);
		let published = oracle.published(level);
		for leaves in [Some(&own), published.as_ref()].into_iter().flatten() {
			let all = u32::try_from(leaves.len()) == Ok(list.len);
			if all && root_of(list.list, leaves, one_step) == list.root {
				return Self::complete(list.list, leaves.clone(), one_step);
			}
		}
		let mut revealed = BTreeMap::new();
		for (run, children) in oracle.revealed(level) {
			let runs = run.fan().into_iter().map(|run| (run.start, run.count));
			revealed.extend(runs.zip(children));
		}
		Self { list, leaves: own, sure: agreed, revealed }
	}

	/// Root of the list.
	pub fn root(&self) -> Root {
		self.list.root
	}

	/// Value of a leaf, if it is known.
	pub fn leaf(&self, index: u32) -> Option<Root> {
		let own = || self.leaves.get(usize::try_from(index).ok()?).copied();
		self.revealed.get(&(index, 1)).copied().or_else(|| own().filter(|_| index < self.sure))
	}

	/// Path of a leaf, if it is known.
	pub fn path(&self, index: u32, hash: &impl OneStep) -> Option<Path> {
		if index >= self.list.len {
			return None;
		}
		let (mut left, mut right) = (Vec::new(), Vec::new());
		let mut run = Run::whole(self.list.len);
		while let Some((low, high)) = run.halves() {
			if low.contains(index) {
				right.push(self.node(high, hash)?);
				run = low;
			} else {
				left.push(self.node(low, hash)?);
				run = high;
			}
		}
		left.extend(right.into_iter().rev());
		left.try_into().ok()
	}

	/// Leaf and path.
	pub fn shown(&self, index: u32, hash: &impl OneStep) -> Option<Shown> {
		Some(Shown { leaf: self.leaf(index)?, path: self.path(index, hash)? })
	}

	/// What a `bisect` of `run` reveals.
	pub fn children(&self, run: Run, hash: &impl OneStep) -> Option<Children> {
		let entry = |run: Run| match run.count {
			1 => self.leaf(run.start),
			_ => self.node(run, hash),
		};
		let children: Option<Vec<Root>> = run.fan().into_iter().map(entry).collect();
		children?.try_into().ok()
	}

	fn node(&self, run: Run, hash: &impl OneStep) -> Option<Root> {
		if let Some(entry) = self.revealed.get(&(run.start, run.count)) {
			return Some(if run.count == 1 { self.list.single(entry, hash) } else { *entry });
		}
		if run.start.checked_add(run.count)? <= self.sure {
			return subtree(&self.list, &self.leaves, run, hash);
		}
		let (left, right) = run.halves()?;
		let (left, right) = (self.node(left, hash)?, self.node(right, hash)?);
		Some(self.list.join(run, &left, &right, hash))
	}

	/// Where this list first differs from `own`.
	pub(super) fn differs(&self, own: &[Root]) -> Found {
		if self.sure < self.list.len {
			return Found::Withheld;
		}
		match own.iter().zip(&self.leaves).position(|(own, theirs)| own != theirs) {
			Some(leaf) => u32::try_from(leaf).map_or(Found::Same, Found::At),
			None => Found::Same,
		}
	}
}
