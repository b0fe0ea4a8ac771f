//! Lists at the edges: of one leaf, and beyond the last.

use assay_commitment::{
	group_hash,
	list::{self, Accumulator, List},
	shape::{self, Tree, TreeHash},
	ListTag, Path, Root,
};

const TAG: ListTag = ListTag::States;

#[test]
fn root_should_be_no_constant_when_list_is_empty() {
	let tags = [ListTag::States, ListTag::Steps, ListTag::Trace, ListTag::Slots];
	let roots = tags.map(|tag| list::root(tag, &[]));
	assert!(
		roots.iter().all(|root| *root != Root::default()),
		"zeros are what unset storage holds"
	);
	for (at, root) in roots.iter().enumerate() {
		assert!(!roots[..at].contains(root), "the kind of list is part of the root");
		assert!(!list::verify(tags[at], root, 0, 0, &Root::default(), &Path::default()));
	}
}

#[test]
fn nothing_should_be_revealed_of_a_subtree_without_leaves() {
	for revealed in 0..=16 {
		let revealed = vec![[7; 32]; revealed];
		assert_eq!(shape::fold_children(&TAG, 0, false, &revealed), None);
	}
}

#[test]
fn group_should_have_no_hash_when_it_is_empty_or_begins_within_a_chunk() {
	for whole in [false, true] {
		assert_eq!(group_hash(&[], 0, whole), None);
		assert_eq!(group_hash(&[1], 1, whole), None);
	}
	assert!(group_hash(&[1], 1024, false).is_some());
}

#[test]
fn tree_should_be_empty_only_without_leaves() {
	let tree = |leaves: Vec<Root>| Tree::new(TAG, leaves).unwrap();
	assert!(tree(vec![]).is_empty() && tree(vec![]).top().is_none());
	assert!(!tree(vec![[7; 32]]).is_empty());
	let mut list = Accumulator::new(TAG);
	assert!(list.is_empty());
	list.push(&[7; 32]).unwrap();
	assert!(!list.is_empty());
}

#[test]
fn root_should_bind_the_length_when_list_has_one_leaf() {
	let leaf = [7; 32];
	let root = list::root(TAG, &[leaf]);
	assert_ne!(root, TAG.leaf(&leaf), "the root is no node of the tree");
	assert_ne!(root, list::top(TAG, 0, &TAG.leaf(&leaf)));
	assert_ne!(root, list::top(TAG, 2, &TAG.leaf(&leaf)));
	assert_eq!(List::new(TAG, vec![leaf]).unwrap().root(), root);
	assert!(list::verify(TAG, &root, 1, 0, &leaf, &Path::default()));
}

#[test]
fn leaf_should_not_be_shown_beyond_the_end_when_proof_is_the_top() {
	for len in 1..20 {
		let leaves = (0..len).map(|leaf| [leaf as u8; 32]).collect();
		let list = List::new(TAG, leaves).unwrap();
		let top = Path { siblings: vec![list.tree().top().unwrap()].try_into().unwrap() };
		for index in [len, len + 1, 2 * len, u32::MAX] {
			assert!(!list::verify(TAG, &list.root(), len, index, &[9; 32], &top), "{len} {index}");
		}
	}
}
