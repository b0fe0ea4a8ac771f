//! States and their slots.

use assay_commitment::{list, state_root, trace_root, ListTag, Root, SlotOpening};

fn slots(len: u8) -> Vec<Root> {
	(0..len).map(|i| [i + 1; 32]).collect()
}

#[test]
fn state_root_should_differ_when_step_slot_or_order_differs() {
	let roots = slots(3);
	let sigma = state_root(7, &roots);
	assert_ne!(sigma, state_root(8, &roots));
	assert_ne!(sigma, state_root(7, &roots[..2]));
	let reversed: Vec<Root> = roots.iter().rev().copied().collect();
	assert_ne!(sigma, state_root(7, &reversed));
	assert_ne!(state_root(7, &[]), state_root(7, &[Root::default()]));
}

#[test]
fn slot_opening_should_verify_only_as_given_when_any_field_is_changed() {
	let roots = slots(5);
	let sigma = state_root(7, &roots);
	for index in 0..5 {
		let good = SlotOpening::prove(&roots, index).unwrap();
		assert!(good.verify(&sigma, 7, 5, index));
		assert!(!good.verify(&sigma, 6, 5, index));
		assert!(!good.verify(&sigma, 7, 4, index));
		assert!(!good.verify(&sigma, 7, 5, (index + 1) % 5));
		assert!(!good.verify(&[0; 32], 7, 5, index));
		let other = SlotOpening { root: [9; 32], ..good };
		assert!(!other.verify(&sigma, 7, 5, index));
	}
	assert_eq!(SlotOpening::prove(&roots, 5), None);
}

#[test]
fn trace_root_should_be_the_list_of_traces_when_computed() {
	let roots = slots(5);
	assert_eq!(trace_root(&roots), list::root(ListTag::Trace, &roots));
	assert_ne!(trace_root(&roots), list::root(ListTag::Slots, &roots));
}
