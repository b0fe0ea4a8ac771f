//! The integer arithmetic against a second oracle, `rustc_apfloat` (LLVM's software floats).

mod common;

use assay_ops::soft;
use common::{cases, Random};
use rustc_apfloat::{ieee::Single, Float};

fn number(bits: u32) -> Single {
	Single::from_bits(u128::from(bits))
}

fn bits(x: Single) -> u32 {
	soft::canonical(x.to_bits() as u32)
}

#[test]
fn arithmetic_should_equal_apfloat() {
	let mut random = Random(21);
	for _ in 0..cases(200_000).min(5_000_000) {
		let (a, b) = (random.float(), random.float());
		let c = match random.below(3) {
			0 => random.near(soft::mul(a, b) ^ 0x8000_0000),
			_ => random.float(),
		};
		let (x, y, z) = (number(a), number(b), number(c));
		assert_eq!(soft::add(a, b), bits((x + y).value), "add {a:#010x} {b:#010x}");
		assert_eq!(soft::sub(a, b), bits((x - y).value), "sub {a:#010x} {b:#010x}");
		assert_eq!(soft::mul(a, b), bits((x * y).value), "mul {a:#010x} {b:#010x}");
		assert_eq!(soft::div(a, b), bits((x / y).value), "div {a:#010x} {b:#010x}");
		let fused = bits(x.mul_add(y, z).value);
		assert_eq!(soft::fma(a, b, c), fused, "fma {a:#010x} {b:#010x} {c:#010x}");
	}
}
