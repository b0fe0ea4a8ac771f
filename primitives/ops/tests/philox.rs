//! Random numbers: published vectors, and what is drawn with them.

mod common;

use assay_ops::philox::{philox, stream_key, uniform, word, Domain};

/// Known answers of Random123 (`kat_vectors`, philox4x32 with 10 rounds).
#[test]
fn philox_should_give_known_answers() {
	let pi = [0x243F_6A88, 0x85A3_08D3, 0x1319_8A2E, 0x0370_7344];
	let cases = [
		([0; 4], [0; 2], [0x6627_E8D5, 0xE169_C58D, 0xBC57_AC4C, 0x9B00_DBD8]),
		([u32::MAX; 4], [u32::MAX; 2], [0x408F_276D, 0x41C8_3B0E, 0xA20B_C7C6, 0x6D54_51FD]),
		(pi, [0xA409_3822, 0x299F_31D0], [0xD16C_FE09, 0x94FD_CCEB, 0x5001_E420, 0x2412_6EA1]),
	];
	for (counter, key, expected) in cases {
		assert_eq!(philox(counter, key), expected);
	}
}

#[test]
fn stream_key_should_depend_on_every_part() {
	let seed = [7; 32];
	let base = stream_key(&seed, Domain::Mask, 1);
	assert_ne!(base, stream_key(&seed, Domain::Mask, 2));
	assert_ne!(base, stream_key(&seed, Domain::Init, 1));
	assert_ne!(base, stream_key(&seed, Domain::Shuffle, 1));
	for byte in 0..32 {
		let mut other = seed;
		other[byte] ^= 1;
		assert_ne!(base, stream_key(&other, Domain::Mask, 1), "byte {byte}");
	}
}

#[test]
fn stream_key_should_read_the_seed_as_little_endian_words() {
	let seed: [u8; 32] = core::array::from_fn(|i| i as u8);
	let key = [Domain::Init.tag(), 5];
	let first = philox([0x0302_0100, 0x0706_0504, 0x0B0A_0908, 0x0F0E_0D0C], key);
	let second = [0x1312_1110, 0x1716_1514, 0x1B1A_1918, 0x1F1E_1D1C];
	let last = philox(core::array::from_fn(|i| first[i] ^ second[i]), key);
	assert_eq!(stream_key(&seed, Domain::Init, 5), [last[0], last[1]]);
}

#[test]
fn word_should_come_from_the_block_of_its_element() {
	let key = [3, 4];
	let step = 0x1_0000_0002;
	for element in [0, 1, 2, 3, 4, 1023, u32::MAX] {
		let block = philox([element / 4, 0, 2, 1], key);
		assert_eq!(word(key, step, element), block[(element % 4) as usize]);
	}
}

#[test]
fn uniform_should_stay_in_range_and_fill_it() {
	let (key, bound) = ([1, 2], 0x3D4C_CCCD);
	let values: Vec<f32> = (0..100_000).map(|i| f32::from_bits(uniform(key, i, bound))).collect();
	let bound = f32::from_bits(bound);
	assert!(values.iter().all(|v| (-bound..bound).contains(v)));
	let mean = values.iter().sum::<f32>() / values.len() as f32;
	let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
	assert!(mean.abs() < bound * 0.01, "{mean}");
	assert!((variance * 3.0 / (bound * bound) - 1.0).abs() < 0.01, "{variance}");
}

#[test]
fn uniform_should_reach_the_ends_exactly() {
	// The least and the greatest 24-bit integer give −bound and the number just inside +bound.
	let find = |target: u32| {
		(0..u32::MAX).find(|i| word([0, 0], 0, *i) >> 8 == target).expect("some element draws it")
	};
	assert_eq!(uniform([0, 0], find(0), 0x4000_0000), 0xC000_0000);
	assert_eq!(uniform([0, 0], find(0xFF_FFFF), 0x4000_0000), 0x3FFF_FFFE);
}
