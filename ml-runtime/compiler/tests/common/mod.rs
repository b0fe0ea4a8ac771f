//! What several tests need: a run of one step by the reference, and the same forward pass in `f64`.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod double;
pub(crate) mod reference;

/// A tiny classification task: `records` records of `width` bytes and a label below `classes`, where
/// the label can be learned.
pub(crate) fn records(records: usize, width: usize, classes: usize) -> Vec<u8> {
	let mut state = 7u32;
	let mut random = move || {
		state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
		state >> 24
	};
	let mut data = Vec::new();
	for record in 0..records {
		let label = record % classes;
		for place in 0..width {
			let bright = place * classes / width == label;
			data.push((random() / 4 + if bright { 160 } else { 0 }) as u8);
		}
		data.push(label as u8);
	}
	data
}
