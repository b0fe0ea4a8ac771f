//! Integer arithmetic equals the processor's, on every bit but a NaN's payload.

use std::cmp::Ordering;

use assay_ops::soft;

/// Three words at a time.
pub fn check(bytes: &[u8]) {
	for words in bytes.as_chunks::<12>().0.iter().take(64) {
		let [a, b, c] = [0, 4, 8].map(|at| u32::from_le_bytes([0, 1, 2, 3].map(|i| words[at + i])));
		arithmetic(a, b, c);
		order(a, b);
	}
}

fn canonical(x: f32) -> u32 {
	if x.is_nan() {
		soft::CANONICAL_NAN
	} else {
		x.to_bits()
	}
}

fn arithmetic(a: u32, b: u32, c: u32) {
	let [x, y, z] = [a, b, c].map(f32::from_bits);
	let results = [
		("add", soft::add(a, b), x + y),
		("sub", soft::sub(a, b), x - y),
		("mul", soft::mul(a, b), x * y),
		("div", soft::div(a, b), x / y),
		("sqrt", soft::sqrt(a), x.sqrt()),
		("fma", soft::fma(a, b, c), x.mul_add(y, z)),
		("from_u32", soft::from_u32(a), a as f32),
		("canonical", soft::canonical(a), x),
	];
	for (name, ours, theirs) in results {
		let theirs = canonical(theirs);
		assert_eq!(ours, theirs, "{name} of {a:#010x} {b:#010x} {c:#010x}: {ours:#x} {theirs:#x}");
	}
}

fn order(a: u32, b: u32) {
	let [x, y] = [a, b].map(f32::from_bits);
	assert_eq!(soft::is_nan(a), x.is_nan(), "is_nan of {a:#010x}");
	assert_eq!(soft::gt(a, b), x > y, "{a:#010x} > {b:#010x}");
	assert_eq!(soft::neg(a), canonical(-x), "−{a:#010x}");
	let [p, q] = [a, b].map(soft::canonical);
	let (ours, theirs) = (soft::order_key(p).cmp(&soft::order_key(q)), total(p, q));
	assert_eq!(ours, theirs, "order of {a:#010x} and {b:#010x}");
}

fn total(a: u32, b: u32) -> Ordering {
	f32::from_bits(a).total_cmp(&f32::from_bits(b))
}
