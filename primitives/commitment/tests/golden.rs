//! Golden vectors: the hashes that other implementations must arrive at.

use assay_commitment::{list, state_root, tensor_root, ListTag, Root};
use assay_ops::{DType, ValueType};

fn hex(root: Root) -> String {
	root.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn roots_should_equal_golden_vectors_when_computed() {
	let leaves: Vec<Root> = (0..5).map(|i| [i; 32]).collect();
	let ty = ValueType { dtype: DType::F32, rows: 33, cols: 2 };
	let words: Vec<u32> = (0..66).collect();
	let roots = [
		("empty list", list::root(ListTag::States, &[])),
		("one state", list::root(ListTag::States, &leaves[..1])),
		("five states", list::root(ListTag::States, &leaves)),
		("five outputs", list::root(ListTag::Trace, &leaves)),
		("state", state_root(7, &leaves)),
		("33 × 2 tensor", tensor_root(&ty, &words).unwrap()),
	];
	let lines: Vec<String> =
		roots.into_iter().map(|(name, root)| format!("{name} {}\n", hex(root))).collect();
	assert_eq!(lines.concat(), include_str!("golden.txt"));
}
