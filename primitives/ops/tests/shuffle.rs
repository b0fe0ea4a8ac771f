//! The order of the records.

use assay_ops::shuffle::record_at;

const SEED: [u8; 32] = [9; 32];

#[test]
fn shuffle_should_be_a_permutation_in_every_epoch() {
	for records in [1, 2, 3, 4, 5, 16, 17, 63, 64, 65, 1000, 1797] {
		for epoch in [0, 1, 77] {
			let mut seen = vec![false; records as usize];
			for place in 0..records {
				let record = record_at(&SEED, epoch * records + place, records);
				assert!(!std::mem::replace(&mut seen[record as usize], true), "{records} {epoch}");
			}
		}
	}
}

#[test]
fn shuffle_should_differ_between_epochs_and_seeds() {
	let order = |seed: &[u8; 32], epoch: u64| -> Vec<u64> {
		(0..100).map(|place| record_at(seed, epoch * 100 + place, 100)).collect()
	};
	assert_ne!(order(&SEED, 0), order(&SEED, 1));
	assert_ne!(order(&SEED, 0), order(&[8; 32], 0));
	assert_ne!(order(&SEED, 0), (0..100).collect::<Vec<_>>());
}

#[test]
fn shuffle_should_spread_places_evenly() {
	// Over many epochs each record comes first about equally often.
	let mut first = [0u32; 10];
	for epoch in 0..20_000u64 {
		first[record_at(&SEED, epoch * 10, 10) as usize] += 1;
	}
	assert!(first.iter().all(|n| (1800..2200).contains(n)), "{first:?}");
}

#[test]
fn shuffle_should_be_defined_when_data_set_is_extreme() {
	assert_eq!(record_at(&SEED, 5, 0), 0);
	assert_eq!(record_at(&SEED, 5, 1), 0);
	assert!(record_at(&SEED, u64::MAX, u64::MAX) < u64::MAX);
	assert!(record_at(&SEED, 12345, (1 << 63) + 1) <= 1 << 63);
}

#[test]
fn shuffle_should_not_change() {
	let order: Vec<u64> = (0..8).map(|place| record_at(&SEED, 8 + place, 8)).collect();
	assert_eq!(order, GOLDEN);
}

const GOLDEN: [u64; 8] = [4, 7, 6, 5, 2, 0, 3, 1];
