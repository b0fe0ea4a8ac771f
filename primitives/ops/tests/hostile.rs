//! Bytes from strangers: whatever decodes may be wrong in every way, and nothing may panic.

mod common;

use assay_ops::{
	eval::{block, element, Missing, Operands},
	Limits, NodeSpec, Program,
};
use codec::{Decode, Encode};
use common::program::context;
use proptest::prelude::*;

/// Operands that are there for a while, so that evaluation gets going.
struct Fickle(std::cell::Cell<u32>);

impl Fickle {
	fn next(&self) -> Result<u32, Missing> {
		let left = self.0.get().checked_sub(1).ok_or(Missing)?;
		self.0.set(left);
		Ok(left.wrapping_mul(0x9E37_79B9))
	}
}

impl Operands for Fickle {
	fn word(&self, _: usize, _: u32, _: u32) -> Result<u32, Missing> {
		self.next()
	}
	fn record_byte(&self, _: u64, _: u32) -> Result<u8, Missing> {
		self.next().map(|word| word as u8)
	}
}

/// Bytes among which small numbers and zeros are frequent.
fn byte() -> impl Strategy<Value = u8> {
	prop_oneof![4 => Just(0u8), 3 => 0u8..5, 2 => any::<u8>()]
}

/// A spec with an operation of every kind, of which everything else is arbitrary.
fn spec() -> impl Strategy<Value = NodeSpec> {
	let operands = proptest::collection::vec(proptest::collection::vec(byte(), 10), 0..4);
	let parts = (0u8..28, proptest::collection::vec(byte(), 60), operands);
	parts.prop_filter_map("must decode", |(op, bytes, operands)| {
		let mut rest = &bytes[..];
		let mut encoded = vec![0, 0, op];
		let op = assay_ops::Op::decode(&mut &[&[op], rest].concat()[..]).ok()?;
		encoded.truncate(2);
		encoded.extend(op.encode());
		encoded.push((operands.len() as u8) << 2);
		for operand in &operands {
			// Id, kind and two sizes.
			encoded.extend([0, 0, operand[0] & 1]);
			encoded.extend(&operand[1..9]);
		}
		rest = &rest[40..];
		encoded.push(rest[0] & 1);
		encoded.extend(&rest[1..9]);
		NodeSpec::decode(&mut &encoded[..]).ok()
	})
}

proptest! {
	#![proptest_config(ProptestConfig::with_cases(30_000))]

	#[test]
	fn spec_should_never_panic_when_it_is_arbitrary(
		spec in spec(),
		tile in prop_oneof![0u32..3, any::<u32>()],
		part in prop_oneof![0u32..3, any::<u32>()],
		budget in 0u32..100,
	) {
		let step = context(part, u64::from(tile), budget);
		let _ = (spec.worst_footprint(), spec.worst_tile_work(), spec.flops(), spec.blocks());
		let _ = block(&spec, &step, &Fickle(budget.into()), tile, part);
		let _ = element(&spec, &step, &Fickle(budget.into()), tile, part);
		let types: Vec<_> = spec.inputs.iter().map(|operand| operand.ty).collect();
		let _ = spec.op.infer(&types, part);
	}

	#[test]
	fn program_should_never_panic_when_it_is_arbitrary(
		bytes in proptest::collection::vec(byte(), 0..200),
	) {
		if let Ok(program) = Program::decode(&mut &bytes[..]) {
			let _ = program.check(&Limits::new(1 << 20));
		}
	}
}
