//! Shape, paths and the sixteen-way split.

use alloc::vec::Vec;
use proptest::prelude::*;

use super::toy;
use crate::{
	search::bisect,
	strategy::{root_of, Known},
	Committed, GameError, Level, List, OneStep, Params, Phase, Root, Run, Span, FAN, MAX_LEAVES,
};

fn leaves(n: u32) -> Vec<Root> {
	(0..n).map(|i| [(i % 251) as u8 + 1; 32]).collect()
}

#[test]
fn halves_should_split_at_the_largest_power_of_two_below() {
	let halves = |count| Run { start: 5, count }.halves().map(|(l, r)| (l.count, r.start, r.count));
	assert_eq!(halves(1), None);
	assert_eq!(halves(0), None);
	assert_eq!(halves(2), Some((1, 6, 1)));
	assert_eq!(halves(7), Some((4, 9, 3)));
	assert_eq!(halves(8), Some((4, 9, 4)));
	assert_eq!(halves(9), Some((8, 13, 1)));
	let beyond = Run { start: u32::MAX, count: 2 };
	assert_eq!(beyond.halves(), None, "the right half would start past the last leaf number");
}

#[test]
fn rounds_should_be_five_when_list_is_longest() {
	let rounds = |n| Run::whole(n).rounds();
	assert_eq!(rounds(MAX_LEAVES), 5);
	assert_eq!([1, 2, 16, 17, 256, 257, 4096].map(rounds), [1, 1, 1, 2, 2, 3, 3]);
}

proptest! {
	#[test]
	fn fan_should_partition_the_run(start in 0u32..1000, count in 1u32..=MAX_LEAVES) {
		let whole = Run { start, count };
		let fan = whole.fan();
		prop_assert!(fan.len() <= FAN as usize);
		let mut next = start;
		for run in &fan {
			prop_assert_eq!(run.start, next);
			prop_assert!(run.count > 0 && (run.count < count || count == 1));
			prop_assert!(run.rounds() < whole.rounds() || run.count == 1);
			next += run.count;
		}
		prop_assert_eq!(next, start + count);
	}

	#[test]
	fn path_should_verify_for_its_leaf_and_no_other(n in 1u32..70, at in 0u32..70, other in 0u32..70) {
		let (at, other) = (at % n, other % n);
		let toy = toy();
		let known = Known::complete(List::Trace, leaves(n), &toy);
		let shown = known.shown(at, &toy).unwrap();
		let list = Committed { list: List::Trace, len: n, root: known.root() };
		prop_assert_eq!(list.check(at, &shown.leaf, &shown.path, &toy), Ok(()));
		let wrong = list.check(other, &shown.leaf, &shown.path, &toy);
		prop_assert_eq!(wrong.is_ok(), other == at);
		prop_assert_eq!(
			list.check(at + n, &shown.leaf, &shown.path, &toy),
			Err(GameError::LeafOutOfRange)
		);
		let longer = Committed { len: n + 1, ..list };
		prop_assert_eq!(
			longer.check(at, &shown.leaf, &shown.path, &toy),
			Err(GameError::ProofInvalid)
		);
		let mut path = shown.path.to_vec();
		path.push([0; 32]);
		prop_assert_eq!(list.check(at, &shown.leaf, &path, &toy), Err(GameError::ProofInvalid));
	}

	#[test]
	fn children_should_fold_to_the_hash_of_their_run(n in 1u32..400, picks in any::<u64>()) {
		let toy = toy();
		let known = Known::complete(List::Trace, leaves(n), &toy);
		let list = Committed { list: List::Trace, len: n, root: known.root() };
		let (mut run, mut hash, mut picks) = (Run::whole(n), known.root(), picks);
		loop {
			let children = known.children(run, &toy).unwrap();
			prop_assert_eq!(list.fold(run, &children, &toy), Some(hash));
			let mut more = children.to_vec();
			more.push([0; 32]);
			prop_assert_eq!(list.fold(run, &more, &toy), None);
			prop_assert_eq!(list.fold(run, &children[1..], &toy), None);
			let fan = run.fan();
			let at = (picks % fan.len() as u64) as usize;
			picks /= 16;
			if fan[at].count == 1 {
				prop_assert_eq!(children[at], leaves(n)[fan[at].start as usize]);
				break;
			}
			(run, hash) = (fan[at], children[at]);
		}
	}
}

#[test]
fn root_should_bind_kind_and_length() {
	let toy = toy();
	let one = root_of(List::Trace, &leaves(1), &toy);
	assert_ne!(one, root_of(List::Steps, &leaves(1), &toy));
	assert_ne!(
		root_of(List::Slots { step: 1 }, &leaves(3), &toy),
		root_of(List::Slots { step: 2 }, &leaves(3), &toy)
	);
	let leaf = toy.leaf(List::Trace, &leaves(1)[0]);
	assert_eq!(one, toy.root(List::Trace, 1, &leaf, None), "one leaf is bound to its length too");
	assert_eq!(root_of(List::Trace, &[], &toy), [0; 32]);
}

#[test]
fn only_the_top_should_be_hashed_as_a_root() {
	let toy = toy();
	let [a, b, c] = [0, 1, 2].map(|i| toy.leaf(List::Trace, &leaves(3)[i]));
	let left = toy.parent(List::Trace, &a, &b);
	let root = toy.root(List::Trace, 3, &left, Some(&c));
	assert_eq!(root_of(List::Trace, &leaves(3), &toy), root);
	let list = Committed { list: List::Trace, len: 3, root };
	assert_eq!(list.check(1, &leaves(3)[1], &[a, c], &toy), Ok(()));
	assert_eq!(list.fold(Run::whole(3), &leaves(3), &toy), Some(root));
}

#[test]
fn search_should_end_without_a_pick_when_the_list_has_one_leaf() {
	let toy = toy();
	let params = toy.params([0; 32]);
	let (step, leaf) = (Span { start: 0, len: 1, before: [1; 32], after: [2; 32] }, leaves(1));
	let root = root_of(List::Slots { step: 1 }, &leaf, &toy);
	let params = Params { slots: 1, ..params };
	let level = Level::Slots { step: Span { after: root, ..step }, trace: [3; 32] };
	let run = Run::whole(1);
	let children = leaf.try_into().expect("there is one");
	let hash = level.committed(&params).root;
	assert_eq!(hash, root);
	let phase = bisect(&params, &level, run, &hash, &children, &toy).expect("it is the leaf");
	assert!(!matches!(phase, Phase::Pick { .. }), "{phase:?}");
}

#[test]
fn span_should_be_none_when_there_is_no_such_stride() {
	let params = Params { steps: 8, stride: 4, first_step: 3, ..toy().params([0; 32]) };
	assert_eq!(
		[0, 1, 2, 3].map(|stride| params.span(stride)),
		[Some((3, 4)), Some((7, 4)), None, None]
	);
	let short = Params { steps: 6, ..params };
	assert_eq!([1, 2].map(|stride| short.span(stride)), [Some((7, 2)), None]);
}
