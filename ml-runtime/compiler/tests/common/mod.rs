//! What several tests need: a run of one step by the reference, and the same forward pass in `f64`.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod difference;
pub(crate) mod double;
mod functions;
mod heads;
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

/// Records of `length` tokens below `vocab` and `labels` labels below `classes`.
pub(crate) fn tokens(
	records: usize,
	length: usize,
	vocab: usize,
	(labels, classes): (usize, usize),
) -> Vec<u8> {
	let token = |record: usize, place: usize| (record * 5 + place * place * 3 + place) % vocab;
	let label = |record: usize, place: usize| (token(record, place) + place / 2) % classes;
	let record = |record: usize| {
		let tokens = (0..length).map(move |place| token(record, place) as u8);
		tokens.chain((0..labels).map(move |place| label(record, place) as u8))
	};
	(0..records).flat_map(record).collect()
}
