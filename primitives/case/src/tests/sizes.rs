use codec::Encode;

use super::{splits, zoo};
use crate::testing::{large_product, largest, mlp, play, Execution, Lie};

const MOST: usize = 160 * 1024;

#[test]
fn evidence_should_fit_its_bound_for_every_tile_and_block() {
	for task in [zoo(), splits(), mlp(1, 1), large_product()] {
		let size = largest(&Execution::new(&task, vec![]), 0);
		assert!(size <= MOST, "{size}");
	}
}

#[test]
fn moves_should_fit_the_bound_of_evidence_when_tile_reads_most() {
	let task = large_product();
	let honest = Execution::new(&task, vec![]);
	let product = Lie::Output { step: 0, node: 2, word: 5, bit: 31 };
	let liar = Execution::new(&task, vec![product, Lie::Slot { step: 0, slot: 0 }]);
	let moves = play(&honest, &liar, false).unwrap().moves;
	let sizes: Vec<usize> = moves.iter().map(|play| play.encoded_size()).collect();
	// Sixteen tiles of each operand.
	let (largest, all) = (sizes.iter().max().unwrap(), sizes.len());
	assert!((32 * 4096..MOST).contains(largest) && all == 3, "{sizes:?}");
}
