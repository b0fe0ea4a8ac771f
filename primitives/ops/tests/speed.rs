//! Not a test of behaviour: prints what the arithmetic costs. Run with `--ignored --nocapture`.

mod common;

use std::{hint::black_box, time::Instant};

use assay_ops::{functions, soft};
use common::Random;

fn measure(name: &str, mut run: impl FnMut(u32, u32, u32) -> u32) {
	let mut random = Random(1);
	// Weights and activations: signs at random, magnitudes between 2^−6 and 4.
	let inputs: Vec<u32> =
		(0..4096).map(|_| (random.u32() & 0x807F_FFFF) | ((121 + random.below(8)) << 23)).collect();
	let mut best = f64::MAX;
	for _ in 0..7 {
		let start = Instant::now();
		let mut out = 0u32;
		for _ in 0..200 {
			for w in inputs.windows(3) {
				out ^= run(w[0], w[1], w[2]);
			}
		}
		black_box(out);
		best = best.min(start.elapsed().as_nanos() as f64 / (200.0 * 4094.0));
	}
	println!("{name}: {best:.2} ns");
}

#[test]
#[ignore = "a measurement"]
fn arithmetic_should_be_measured() {
	measure("fma", soft::fma);
	measure("add", |a, b, _| soft::add(a, b));
	measure("mul", |a, b, _| soft::mul(a, b));
	measure("div", |a, b, _| soft::div(a, b));
	measure("sqrt", |a, _, _| soft::sqrt(a & 0x7FFF_FFFF));
	measure("exp", |a, _, _| functions::exp(a));
	measure("log", |a, _, _| functions::log(a & 0x7FFF_FFFF));
	let mut acc = 0;
	measure("fma chain", |a, b, _| {
		acc = soft::fma(a, b, acc);
		acc
	});
}
