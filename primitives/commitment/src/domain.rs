//! The domains that keyed hashes are separated into: the one place that assigns keys.

use crate::{ListTag, Root};

/// What a keyed hash is about.
#[derive(Clone, Copy)]
pub(crate) enum Domain {
	/// A leaf of a list; input: the value.
	Leaf(ListTag),
	/// An inner node of a list; input: left, right.
	Node(ListTag),
	/// The root of a list; input: length (u32), topmost node.
	Top(ListTag),
	/// A state; input: step (u64), root of the list of slots.
	State,
	/// Header of a program; input: its encoding.
	ProgramHeader,
	/// A node of a program; input: the encoding of its `NodeSpec`.
	ProgramNode,
	/// A slot of a program; input: index (u16), encoding.
	ProgramSlot,
	/// A program; input: nodes (u16), slots (u16), root of the list.
	Program,
}

impl Domain {
	fn key(self) -> Root {
		let (kind, detail) = match self {
			Self::Leaf(tag) => (1, tag.code()),
			Self::Node(tag) => (2, tag.code()),
			Self::Top(tag) => (3, tag.code()),
			Self::State => (4, 0),
			Self::ProgramHeader => (5, 0),
			Self::ProgramNode => (6, 0),
			Self::ProgramSlot => (7, 0),
			Self::Program => (8, 0),
		};
		let mut key = *b"assay-commitment v1 hash domain\0";
		key[30] = kind;
		key[31] = detail;
		key
	}

	/// BLAKE3 of the concatenated parts under this domain's key. At most one part may vary in length.
	pub(crate) fn hash(self, parts: &[&[u8]]) -> Root {
		let mut hasher = blake3::Hasher::new_keyed(&self.key());
		for part in parts {
			hasher.update(part);
		}
		hasher.finalize().into()
	}
}

#[cfg(test)]
mod tests {
	use super::*;

	#[test]
	fn keys_should_all_be_distinct_when_listed() {
		let tags = [
			ListTag::States,
			ListTag::Steps,
			ListTag::Trace,
			ListTag::Slots,
			ListTag::Program,
			ListTag::Partials,
		];
		let lists = tags.map(|tag| [Domain::Leaf(tag), Domain::Node(tag), Domain::Top(tag)]);
		let others = [
			Domain::State,
			Domain::ProgramHeader,
			Domain::ProgramNode,
			Domain::ProgramSlot,
			Domain::Program,
		];
		let mut hashes: Vec<Root> =
			lists.iter().flatten().chain(&others).map(|domain| domain.hash(&[&[7; 64]])).collect();
		let count = hashes.len();
		hashes.sort_unstable();
		hashes.dedup();
		assert_eq!((count, hashes.len()), (23, 23));
		assert!(!hashes.contains(&blake3::hash(&[7; 64]).into()));
	}
}
