//! The arithmetic of the op spec in integers against the processor's, in ns per operation.
//!
//! Operations are independent of each other; for the processor's the compiler may choose vector
//! instructions.
#![allow(
	unsafe_code,
	reason = "the fused multiply-add instruction is reached through a target feature"
)]

mod common;

use std::hint::black_box;

use assay_ops::{functions, soft};
use common::{figure, ratio, Bench};

const ROUNDS: usize = 11;
const OPERATIONS: usize = 4096;

/// Weights and activations: signs at random, magnitudes between 2^−6 and 4.
fn inputs() -> Vec<u32> {
	let mut state = 1u32;
	let mut random = || {
		state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
		(state ^ (state >> 15)).wrapping_mul(0x2C1B_3C6D)
	};
	let number = |_| (random() & 0x807F_FFFF) | ((121 + (random() >> 29)) << 23);
	(0..OPERATIONS + 2).map(number).collect()
}

/// Applies a function to each three neighbours.
#[inline(always)]
fn sweep(inputs: &[u32], function: impl Fn(u32, u32, u32) -> u32) {
	let mut out = 0;
	for triple in black_box(inputs).windows(3) {
		out ^= function(triple[0], triple[1], triple[2]);
	}
	black_box(out);
}

/// [`sweep`] with a function of floats.
#[inline(always)]
fn sweep_floats(inputs: &[u32], function: impl Fn(f32, f32, f32) -> f32) {
	let float = f32::from_bits;
	sweep(inputs, |a, b, c| function(float(a), float(b), float(c)).to_bits());
}

/// The standard library's fused multiply-add: an instruction where all processors of the target have
/// it, else a function.
fn library_fma(inputs: &[u32]) {
	sweep_floats(inputs, |a, b, c| a.mul_add(b, c));
}

/// The processor's, where [`has_fma`].
fn hardware_fma(inputs: &[u32]) {
	#[cfg(target_arch = "x86_64")]
	{
		#[target_feature(enable = "fma")]
		fn compiled(inputs: &[u32]) {
			sweep_floats(inputs, |a, b, c| a.mul_add(b, c));
		}
		assert!(has_fma());
		// SAFETY: the processor has the instruction.
		unsafe { compiled(inputs) }
	}
	#[cfg(not(target_arch = "x86_64"))]
	library_fma(inputs);
}

/// Whether the processor has a fused multiply-add.
fn has_fma() -> bool {
	#[cfg(target_arch = "x86_64")]
	let has = is_x86_feature_detected!("fma");
	#[cfg(not(target_arch = "x86_64"))]
	let has = cfg!(target_arch = "aarch64");
	has
}

/// Measures one operation and its peer.
fn compare(
	bench: &Bench,
	(name, peer): (&str, &str),
	inputs: &[u32],
	ours: impl Fn(u32, u32, u32) -> u32,
	theirs: impl Fn(&[u32]),
) {
	let contestants: &mut [&mut dyn FnMut()] =
		&mut [&mut || sweep(inputs, &ours), &mut || theirs(inputs)];
	let seconds = bench.medians(ROUNDS, contestants);
	let name = format!("soft.{name}");
	figure(&name, seconds[0] / OPERATIONS as f64 * 1e9, "ns");
	ratio(&name, peer, seconds[0], seconds[1]);
}

fn main() {
	let bench = &Bench::from_args();
	let x = &inputs()[..];
	let positive: Vec<u32> = x.iter().map(|word| word & 0x7FFF_FFFF).collect();
	let add = |x: &[u32]| sweep_floats(x, |a, b, _| a + b);
	compare(bench, ("add", "hardware"), x, |a, b, _| soft::add(a, b), add);
	let mul = |x: &[u32]| sweep_floats(x, |a, b, _| a * b);
	compare(bench, ("mul", "hardware"), x, |a, b, _| soft::mul(a, b), mul);
	let div = |x: &[u32]| sweep_floats(x, |a, b, _| a / b);
	compare(bench, ("div", "hardware"), x, |a, b, _| soft::div(a, b), div);
	let sqrt = |x: &[u32]| sweep_floats(x, |a, _, _| a.sqrt());
	compare(bench, ("sqrt", "hardware"), &positive, |a, _, _| soft::sqrt(a), sqrt);
	let peer = if has_fma() { ("fma", "hardware") } else { ("fma", "std") };
	let fma = |x: &[u32]| if has_fma() { hardware_fma(x) } else { library_fma(x) };
	compare(bench, peer, x, soft::fma, fma);
	let exp = |x: &[u32]| sweep_floats(x, |a, _, _| a.exp());
	compare(bench, ("exp", "std"), x, |a, _, _| functions::exp(a), exp);
	let log = |x: &[u32]| sweep_floats(x, |a, _, _| a.ln());
	compare(bench, ("log", "std"), &positive, |a, _, _| functions::log(a), log);
}
