use assay_commitment::{list, state_root, ListTag, Root, TensorTree};
use assay_dispute_game::{
	strategy::{root_of, Known},
	List,
};
use assay_ops::{DType, ValueType};

use crate::testing::mlp;

fn leaves(len: u32) -> Vec<Root> {
	(0..len).map(|leaf| blake3::hash(&leaf.to_le_bytes()).into()).collect()
}

/// A tensor of `len` tiles with these hashes.
fn tensor(len: u32) -> TensorTree {
	let ty = ValueType { dtype: DType::F32, rows: len * 32, cols: 32 };
	TensorTree::from_hashes(ty, leaves(len)).unwrap()
}

const LISTS: [(List, Option<ListTag>); 5] = [
	(List::Claim, Some(ListTag::States)),
	(List::Steps, Some(ListTag::Steps)),
	(List::Trace, Some(ListTag::Trace)),
	(List::Slots { step: 7 }, Some(ListTag::Slots)),
	(List::Tiles, None),
];

#[test]
fn root_should_be_that_of_the_commitment_for_every_list_and_length() {
	let case = mlp(1, 1).case();
	for len in 1..=40 {
		let leaves = leaves(len);
		for (of, tag) in LISTS {
			let committed = match (of, tag) {
				(List::Slots { step }, _) => state_root(step.into(), &leaves),
				(_, Some(tag)) => list::root(tag, &leaves),
				(_, None) => tensor(len).root(),
			};
			assert_eq!(root_of(of, &leaves, &case), committed, "{of:?} of {len}");
		}
	}
}

#[test]
fn path_should_be_that_of_the_commitment_for_every_list_length_and_leaf() {
	let case = mlp(1, 1).case();
	for len in 1..=40 {
		for (of, tag) in LISTS {
			let known = Known::complete(of, leaves(len), &case);
			for index in 0..len {
				let committed = match tag {
					Some(tag) => list::prove(tag, &leaves(len), index).unwrap().siblings,
					None => tensor(len).prove(index).unwrap().siblings,
				};
				let path = known.path(index, &case).unwrap();
				assert_eq!(path.to_vec(), committed.to_vec(), "{of:?} {index} of {len}");
			}
		}
	}
}
