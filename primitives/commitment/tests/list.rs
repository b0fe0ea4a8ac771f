//! Lists: every proof verifies, and nothing else does.

use assay_commitment::{
	list::{self, Accumulator, List},
	shape::{self, fold, TreeHash},
	ListTag, Path, Root,
};
use proptest::{prelude::*, test_runner::FileFailurePersistence};

const TAG: ListTag = ListTag::States;
const TAGS: [ListTag; 6] = [
	ListTag::States,
	ListTag::Steps,
	ListTag::Trace,
	ListTag::Slots,
	ListTag::Program,
	ListTag::Partials,
];

fn leaves(len: u32) -> Vec<Root> {
	(0..len).map(|i| blake3::hash(&i.to_le_bytes()).into()).collect()
}

/// The definition of RFC 6962, written as it stands there.
fn top_by_definition(tag: ListTag, leaves: &[Root]) -> Root {
	match leaves {
		[] => Root::default(),
		[leaf] => tag.leaf(leaf),
		_ => {
			let left = leaves.len().next_power_of_two() / 2;
			let l = top_by_definition(tag, &leaves[..left]);
			let r = top_by_definition(tag, &leaves[left..]);
			tag.node(&l, &r, false)
		},
	}
}

#[test]
fn root_should_equal_definition_when_len_varies() {
	for len in 0..=70 {
		let leaves = leaves(len);
		let expected = list::top(TAG, len, &top_by_definition(TAG, &leaves));
		assert_eq!(list::root(TAG, &leaves), expected, "len {len}");
		assert_eq!(List::new(TAG, leaves).unwrap().root(), expected, "len {len}");
	}
}

#[test]
fn accumulator_should_give_root_of_every_prefix_when_pushed() {
	let leaves = leaves(70);
	let mut list = Accumulator::new(TAG);
	for len in 0..70 {
		assert_eq!(list.len() as usize, len);
		assert_eq!(list.root(), list::root(TAG, &leaves[..len]));
		list.push(&leaves[len]).unwrap();
	}
}

#[test]
fn proof_should_verify_only_as_given_when_any_field_is_changed() {
	for len in 1..=70 {
		let leaves = leaves(len);
		let list = List::new(TAG, leaves.clone()).unwrap();
		let root = list.root();
		for index in 0..len {
			let (leaf, path) = (leaves[index as usize], list.prove(index).unwrap());
			assert_eq!(list::prove(TAG, &leaves, index).as_ref(), Some(&path));
			let verify = |root: &Root, len, index, leaf: &Root, path: &Path| {
				list::verify(TAG, root, len, index, leaf, path)
			};
			assert!(verify(&root, len, index, &leaf, &path), "len {len} index {index}");
			for other in (0..=len + 1).filter(|other| *other != index) {
				assert!(!verify(&root, len, other, &leaf, &path));
			}
			for other in (0..=len + 2).filter(|other| *other != len) {
				assert!(!verify(&root, other, index, &leaf, &path));
			}
			assert!(!verify(&flip(root), len, index, &leaf, &path));
			assert!(!verify(&root, len, index, &flip(leaf), &path));
			for i in 0..path.siblings.len() {
				let mut wrong = path.clone();
				wrong.siblings[i] = flip(wrong.siblings[i]);
				assert!(!verify(&root, len, index, &leaf, &wrong));
				let mut short = path.clone();
				short.siblings.remove(i);
				assert!(!verify(&root, len, index, &leaf, &short));
			}
			let mut long = path.clone();
			if long.siblings.try_push(leaf).is_ok() {
				assert!(!verify(&root, len, index, &leaf, &long));
			}
		}
		assert!(list.prove(len).is_none());
	}
}

fn flip(mut root: Root) -> Root {
	root[7] ^= 0x10;
	root
}

#[test]
fn empty_list_should_have_a_root_and_no_proof_when_asked() {
	let root = list::root(TAG, &[]);
	assert_eq!(root, list::top(TAG, 0, &Root::default()));
	assert!(list::prove(TAG, &[], 0).is_none());
	assert!(!list::verify(TAG, &root, 0, 0, &Root::default(), &Path::default()));
	assert_ne!(root, list::root(TAG, &[Root::default()]));
}

#[test]
fn roots_should_differ_when_only_the_tag_differs() {
	let leaves = leaves(3);
	for a in TAGS {
		for b in TAGS.iter().filter(|b| **b != a) {
			assert_ne!(list::root(a, &leaves), list::root(*b, &leaves));
			assert_ne!(list::root(a, &[]), list::root(*b, &[]));
			let path = list::prove(a, &leaves, 1).unwrap();
			let root = list::root(a, &leaves);
			assert!(!list::verify(*b, &root, 3, 1, &leaves[1], &path));
		}
	}
}

#[test]
fn inner_node_should_not_pass_as_leaf_when_list_is_cut_short() {
	// A list of two whose leaves are the inner nodes of a list of four must be another list.
	let four = leaves(4);
	let node = |i: usize| TAG.node(&TAG.leaf(&four[i]), &TAG.leaf(&four[i + 1]), false);
	let two = [node(0), node(2)];
	assert_ne!(list::root(TAG, &two), list::root(TAG, &four));
	// Nor may it pass at the level of topmost nodes, where no length protects.
	assert_ne!(top_by_definition(TAG, &two), top_by_definition(TAG, &four));
	// Nor a root or topmost node as leaf.
	assert_ne!(TAG.leaf(&two[0]), two[0]);
	assert_ne!(list::root(TAG, &four), TAG.leaf(&top_by_definition(TAG, &four)));
}

/// Hashes of complete subtrees over 2^k leaves that are all `leaf`.
fn uniform(leaf: &Root) -> Vec<Root> {
	let mut levels = vec![TAG.leaf(leaf)];
	for k in 0..32 {
		levels.push(TAG.node(&levels[k], &levels[k], false));
	}
	levels
}

#[test]
fn proof_should_verify_when_list_has_maximal_length() {
	// 2³² − 1 equal leaves: the right edge has subtrees of 2³¹, 2³⁰ … 1 leaves.
	let (leaf, len) = ([9; 32], u32::MAX);
	let levels = uniform(&leaf);
	let peaks: Vec<Root> = (0..32).rev().map(|k| levels[k]).collect();
	let top = peaks.iter().rev().copied().reduce(|right, left| TAG.node(&left, &right, false));
	let root = list::top(TAG, len, &top.unwrap());
	let last = Path { siblings: peaks[..31].to_vec().try_into().unwrap() };
	assert!(list::verify(TAG, &root, len, len - 1, &leaf, &last));
	assert!(!list::verify(TAG, &root, len, len, &leaf, &last));
	// The first leaf: siblings of 1, 2, 4 … 2³⁰ leaves and then all right of the first 2³¹.
	let right =
		peaks[1..].iter().rev().copied().reduce(|right, left| TAG.node(&left, &right, false));
	let mut siblings: Vec<Root> = levels[..31].to_vec();
	siblings.push(right.unwrap());
	let first = Path { siblings: siblings.try_into().unwrap() };
	assert_eq!(first.siblings.len(), 32);
	assert!(list::verify(TAG, &root, len, 0, &leaf, &first));
	assert!(!list::verify(TAG, &root, len, 1 << 31, &leaf, &first));
}

/// Plays a bisection as a defender with `list` and a challenger that wants leaf `index`.
fn bisect(list: &List, index: u32) -> Root {
	let (mut start, mut len) = (0, list.tree().len());
	let mut subtree = list.tree().top().unwrap();
	assert_eq!(list::top(TAG, len, &subtree), list.root());
	loop {
		let revealed = list.tree().reveal(start, len).unwrap();
		assert!(list::fold_children(TAG, &subtree, len, &revealed));
		for i in 0..revealed.len() {
			let mut wrong = revealed.clone();
			wrong[i] = flip(wrong[i]);
			assert!(!list::fold_children(TAG, &subtree, len, &wrong));
		}
		assert!(!list::fold_children(TAG, &subtree, len, &revealed[1..]));
		assert!(!list::fold_children(
			TAG,
			&subtree,
			len,
			&[&revealed[..], &revealed[..1]].concat()
		));
		let ranges = shape::children(len);
		let pick = ranges.iter().position(|(at, len)| index - start < at + len).unwrap();
		if ranges[pick].1 == 1 {
			assert_eq!(start + ranges[pick].0, index);
			return revealed[pick];
		}
		(start, len) = (start + ranges[pick].0, ranges[pick].1);
		subtree = revealed[pick];
		assert_eq!(list.tree().subtree(start, len), Some(subtree));
	}
}

#[test]
fn bisection_should_reach_the_leaf_when_followed() {
	for len in (1..=70).chain([255, 256, 257, 1000]) {
		let leaves = leaves(len);
		let list = List::new(TAG, leaves.clone()).unwrap();
		for index in (0..len).step_by(1 + len as usize / 50) {
			assert_eq!(bisect(&list, index), leaves[index as usize]);
		}
	}
}

#[test]
fn subtree_should_be_refused_when_range_is_not_one_subtree() {
	let list = List::new(TAG, leaves(11)).unwrap();
	for (start, len) in [(0, 0), (1, 2), (0, 3), (9, 2), (10, 2), (11, 1), (0, 12), (4, 8)] {
		assert!(list.tree().subtree(start, len).is_none(), "{start} {len}");
	}
	for (start, len) in [(0, 1), (10, 1), (8, 3), (8, 2), (0, 8), (4, 4), (0, 11)] {
		assert!(list.tree().subtree(start, len).is_some(), "{start} {len}");
	}
}

/// Failures are kept beside this file.
fn persistent() -> ProptestConfig {
	let file = FileFailurePersistence::WithSource("regressions");
	ProptestConfig { failure_persistence: Some(Box::new(file)), ..ProptestConfig::default() }
}

proptest! {
	#![proptest_config(persistent())]

	#[test]
	fn multiproof_should_be_minimal_and_strict_when_leaves_vary(
		len in 1u32..200,
		picks in prop::collection::btree_set(0u32..200, 1..20),
	) {
		let leaves = leaves(len);
		let picks: Vec<u32> = picks.into_iter().filter(|pick| *pick < len).collect();
		prop_assume!(!picks.is_empty());
		let list = List::new(TAG, leaves.clone()).unwrap();
		let top = list.tree().top();
		let siblings = list.tree().siblings(&picks).unwrap();
		let opened: Vec<_> = picks.iter().map(|i| (*i, leaves[*i as usize])).collect();
		prop_assert_eq!(fold(&TAG, len, &opened, &siblings), top);
		prop_assert!(!siblings.iter().any(|s| picks.iter().any(|i| *s == TAG.leaf(&leaves[*i as usize]))));
		let surplus = [&siblings[..], &[[0; 32]]].concat();
		prop_assert_eq!(fold(&TAG, len, &opened, &surplus), None);
		if let Some((_, fewer)) = siblings.split_last() {
			prop_assert_eq!(fold(&TAG, len, &opened, fewer), None);
		}
		let mut twice = opened.clone();
		twice.push(opened[opened.len() - 1]);
		prop_assert_eq!(fold(&TAG, len, &twice, &siblings), None);
		let mut beyond = opened.clone();
		beyond.push((len, [0; 32]));
		prop_assert_eq!(fold(&TAG, len, &beyond, &siblings), None);
		if opened.len() > 1 {
			let reversed: Vec<_> = opened.iter().rev().copied().collect();
			prop_assert_eq!(fold(&TAG, len, &reversed, &siblings), None);
		}
		prop_assert_eq!(fold(&TAG, len, &[], &[top.unwrap()]), None);
	}
}
