//! Lists of every length, programs and states.

use assay_case::{Case, Heartbeats};
use assay_commitment::{
	list::{self, Accumulator, List},
	shape, state_root, Blake3Tree, LeafOpening, ListTag, Path, ProgramCommitment, ProgramHeader,
	ProgramTree, Root, SlotOpening,
};
use assay_dispute_game::{self as game, Committed};
use assay_ops::{CheckedProgram, Cost, NodeSpec, Slot, OPSET_VERSION};
use assay_referee::Referee;
use codec::{Decode, Encode};

use crate::{
	operation::{float, node, operation, Sizes},
	Source,
};

const TAGS: [ListTag; 6] = [
	ListTag::States,
	ListTag::Steps,
	ListTag::Trace,
	ListTag::Slots,
	ListTag::Program,
	ListTag::Partials,
];

/// Leaves of which some are equal.
fn leaves(source: &mut Source, len: u32) -> Vec<Root> {
	let distinct = source.choose(&[1, 2, 7, u32::MAX]);
	let leaf = |index: u32| *blake3::hash(&(index % distinct).to_le_bytes()).as_bytes();
	(0..len).map(leaf).collect()
}

fn length(source: &mut Source) -> u32 {
	match source.below(4) {
		0 => source.below(4),
		1 => (1 << source.below(9)) - 1 + source.below(3),
		_ => source.below(300),
	}
}

/// What a path is said to prove.
#[derive(Clone, Debug, PartialEq, Encode, Decode)]
struct Statement {
	tag: ListTag,
	root: Root,
	len: u32,
	index: u32,
	leaf: Root,
	path: Path,
}

impl Statement {
	fn verifies(&self) -> bool {
		list::verify(self.tag, &self.root, self.len, self.index, &self.leaf, &self.path)
	}

	/// The same by the code of the game.
	fn verifies_in_the_game(&self) -> Option<bool> {
		let list = match self.tag {
			ListTag::States => game::List::Claim,
			ListTag::Steps => game::List::Steps,
			ListTag::Trace => game::List::Trace,
			ListTag::Slots | ListTag::Program | ListTag::Partials => return None,
		};
		let list = Committed { list, len: self.len, root: self.root };
		Some(list.check(self.index, &self.leaf, &self.path.siblings, &case()).is_ok())
	}

	/// With a few bytes changed, or its parts exchanged.
	fn forged(&self, source: &mut Source, pool: &[Root]) -> Option<Self> {
		let mut forged = self.clone();
		let mut siblings = self.path.siblings.to_vec();
		let (any, next) = (source.below(300), self.len.wrapping_add(1));
		match source.below(8) {
			0 => siblings.reverse(),
			1 => siblings.push(source.choose(pool)),
			2 => siblings.insert(0, source.choose(pool)),
			3 => drop(siblings.pop()),
			4 => forged.index = source.choose(&[self.index ^ 1, self.index.wrapping_add(1), any]),
			5 => forged.len = source.choose(&[next, self.len.wrapping_sub(1), any, 0]),
			6 => forged.leaf = source.choose(pool),
			_ => return Self::decode(&mut &source.edited(self.encode(), pool)[..]).ok(),
		}
		forged.path.siblings = siblings.try_into().ok()?;
		Some(forged)
	}
}

/// A claim about nothing, for its hashes.
fn case() -> Case {
	let program = ProgramCommitment { root: [0; 32], nodes: 1, slots: 1 };
	let (data, seed) = ([0; 32], [0; 32]);
	let heartbeats = Heartbeats::new();
	let referee = Referee::V1;
	Case { referee, program, data, records: 1, record_size: 1, batch: 1, seed, heartbeats }
}

/// A list in memory.
pub(super) fn small(source: &mut Source) {
	let (tag, len) = (source.choose(&TAGS), length(source));
	let leaves = leaves(source, len);
	let list = List::new(tag, leaves.clone()).expect("it is short");
	let root = list.root();
	let mut grown = Accumulator::new(tag);
	leaves.iter().for_each(|leaf| grown.push(leaf).expect("it is short"));
	assert_eq!((grown.root(), grown.len()), (root, len));
	assert_eq!(list::root(tag, &leaves), root);
	assert_eq!(list.prove(len), None);
	branches(source, tag, &list);
	let index = source.below(len);
	let Some(path) = list.prove(index) else {
		assert_eq!(len, 0, "there is no proof of leaf {index}");
		let empty = Statement { tag, root, len, index, leaf: [0; 32], path: Path::default() };
		assert!(!empty.verifies(), "an empty list has a leaf");
		return;
	};
	let leaf = leaves[index as usize];
	let honest = Statement { tag, root, len, index, leaf, path };
	assert!(honest.verifies() && honest.verifies_in_the_game() != Some(false), "{honest:?}");
	let pool = [&leaves[..], &honest.path.siblings[..], &[root, [0; 32]]].concat();
	let Some(forged) = honest.forged(source, &pool) else { return };
	let accepted = forged.verifies();
	assert!(forged.verifies_in_the_game().is_none_or(|game| game == accepted), "{forged:?}");
	let same_list = (forged.tag, forged.root, forged.len) == (tag, root, len);
	let proof = list.prove(forged.index);
	let leaf = leaves.get(forged.index as usize);
	let truth = same_list && leaf == Some(&forged.leaf) && proof.as_ref() == Some(&forged.path);
	assert_eq!(accepted, truth, "{forged:?} of {len} leaves");
}

/// One round of bisection of any part of a list.
fn branches(source: &mut Source, tag: ListTag, list: &List) {
	let (start, len) = (source.below(list.tree().len() + 1), source.below(list.tree().len() + 2));
	let subtree = list.tree().subtree(start, len);
	let revealed = list.tree().reveal(start, len);
	assert_eq!(subtree.is_some(), revealed.is_some());
	let (Some(subtree), Some(mut revealed)) = (subtree, revealed) else { return };
	assert!(list::fold_children(tag, &subtree, len, &revealed));
	let at = source.below(revealed.len() as u32) as usize;
	match source.below(3) {
		0 => revealed[at][source.below(32) as usize] ^= 1 << source.below(8),
		1 => drop(revealed.remove(at)),
		_ => revealed.insert(at, subtree),
	}
	assert!(!list::fold_children(tag, &subtree, len, &revealed));
}

/// A list that is too long for memory: any siblings give some root, and that root proves one leaf.
pub(super) fn giant(source: &mut Source) {
	let tag = source.choose(&TAGS);
	let around = 1u32 << source.below(32);
	let (any, wild) = (source.word(), source.word());
	let len = source.choose(&[u32::MAX, around, around.wrapping_add(1), around - 1, any]);
	let inside = wild.checked_rem(len).unwrap_or(0);
	let index = source.choose(&[0, len.wrapping_sub(1), inside, len]);
	let mut hashes: Vec<Root> = Vec::new();
	for at in 0..33u8 {
		// Distinct: a tile with the hash of its neighbour would be in both places.
		hashes.push(*blake3::hash(&[source.below(256) as u8, at]).as_bytes());
	}
	let leaf = hashes[32];
	let fitting = |count: &usize| {
		let path = Path { siblings: hashes[..*count].to_vec().try_into().unwrap_or_default() };
		Some((list::root_from_path(tag, len, index, &leaf, &path)?, path))
	};
	let mut roots: Vec<_> = (0..=32).filter_map(|count| fitting(&count)).collect();
	assert_eq!(roots.len(), usize::from(index < len), "leaf {index} of {len}");
	let Some((root, path)) = roots.pop() else { return };
	let honest = Statement { tag, root, len, index, leaf, path };
	assert!(honest.verifies() && honest.verifies_in_the_game() != Some(false), "{honest:?}");
	if let Some(forged) = honest.forged(source, &hashes) {
		let accepted = forged.verifies();
		assert!(forged.verifies_in_the_game().is_none_or(|game| game == accepted), "{forged:?}");
		assert_eq!(accepted, forged == honest, "{forged:?} instead of {honest:?}");
	}
	tile_of_giant(source, len, index, &honest);
}

/// The same siblings as those of a tile in a tensor of as many tiles.
fn tile_of_giant(source: &mut Source, len: u32, index: u32, honest: &Statement) {
	let ty = float(len.saturating_mul(32), 1 + source.below(32));
	if ty.tiles() != u64::from(len) {
		return;
	}
	let siblings = honest.path.siblings.clone();
	let folded = shape::fold(&Blake3Tree, len, &[(index, honest.leaf)], &siblings);
	let root = folded.expect("the shape is that of the list");
	let opening = LeafOpening { leaf: honest.leaf, siblings };
	assert_eq!(opening.verify(&root, &ty, index), Ok(()));
	let other = source.below(len.saturating_add(1));
	assert!(
		other == index || opening.verify(&root, &ty, other).is_err(),
		"tile {other}, not {index}"
	);
}

/// Nodes, slots and header of a program.
pub(super) fn programs(source: &mut Source) {
	let sizes = Sizes { side: 300, terms: 600 };
	let mut specs: Vec<NodeSpec> = Vec::new();
	for _ in 0..=source.below(6) {
		let made = operation(source, sizes);
		specs.extend(made.and_then(|(op, types)| node(specs.len() as u16, op, &types, 3)));
	}
	let slot = |next| Slot { ty: float(1 + u32::from(next), 2), next, parameter: next % 2 == 0 };
	let slots: Vec<Slot> = (0..source.below(5) as u16).map(slot).collect();
	let (batch, loss) = (source.word(), source.below(9) as u16);
	let cost = Cost::default();
	let opset = OPSET_VERSION;
	let program = CheckedProgram { opset, batch, specs, slots, loss, cost };
	let tree = ProgramTree::new(&program).expect("it is small");
	let known = tree.commitment();
	let (header, header_path) = tree.prove_header().expect("every program has a header");
	assert!(known.verify_header(&header, &header_path));
	assert_eq!(header.opset, OPSET_VERSION);
	let (id, index) = (source.below(9) as u16, source.below(9) as u16);
	let node = program.specs.get(usize::from(id)).cloned().zip(tree.prove_node(id));
	let slot = program.slots.get(usize::from(index)).copied().zip(tree.prove_slot(index));
	assert!(node.as_ref().is_none_or(|(spec, path)| known.verify_node(spec, path)));
	assert!(slot.as_ref().is_none_or(|(slot, path)| known.verify_slot(index, slot, path)));
	let honest = (known, (header, header_path), node, index, slot);
	let forged = source.edited(honest.encode(), &[known.root]);
	type Parts = (
		ProgramCommitment,
		(ProgramHeader, Path),
		Option<(NodeSpec, Path)>,
		u16,
		Option<(Slot, Path)>,
	);
	let Ok((root, (header, path), node, index, slot)) = Parts::decode(&mut &forged[..]) else {
		return;
	};
	let same = root == known;
	if root.verify_header(&header, &path) {
		assert!(same && (header, path) == honest.1, "a forged header: {header:?}");
	}
	if let Some((spec, path)) = node.filter(|(spec, path)| root.verify_node(spec, path)) {
		let true_path = tree.prove_node(spec.id);
		let truth =
			program.specs.get(usize::from(spec.id)) == Some(&spec) && true_path == Some(path);
		assert!(same && truth, "a forged node: {spec:?}");
	}
	if let Some((slot, path)) = slot.filter(|(slot, path)| root.verify_slot(index, slot, path)) {
		let true_path = tree.prove_slot(index);
		let truth = program.slots.get(usize::from(index)) == Some(&slot) && true_path == Some(path);
		assert!(same && truth, "a forged slot: {slot:?}");
	}
}

/// Slots of a state.
pub(super) fn slots(source: &mut Source) {
	let len = source.choose(&[0, 1, 2, 3, 16, 17, 511, 512]);
	let roots = leaves(source, len);
	let step = source.choose(&[0, 1, u64::from(u32::MAX), u64::MAX]);
	let sigma = state_root(step, &roots);
	let index = source.below(len + 1) as u16;
	let Some(opening) = SlotOpening::prove(&roots, index) else {
		assert_eq!(u32::from(index), len);
		return;
	};
	let honest = (sigma, step, len as u16, index, opening);
	assert!(honest.4.verify(&sigma, step, len as u16, index));
	let forged = source.edited(honest.encode(), &[sigma, [0; 32]]);
	type Parts = (Root, u64, u16, u16, SlotOpening);
	let Ok(forged) = Parts::decode(&mut &forged[..]) else { return };
	if forged.4.verify(&forged.0, forged.1, forged.2, forged.3) {
		let same_state = (forged.0, forged.1, forged.2) == (honest.0, honest.1, honest.2);
		let truth = SlotOpening::prove(&roots, forged.3);
		assert!(same_state && truth == Some(forged.4.clone()), "a forged slot: {forged:?}");
	}
}
