//! How far the functions are from the exact value, by CORE-MATH, which rounds correctly: its value for doubles is within
//! 2⁻²⁹ units in the last place of ours.

use std::thread;

use assay_backend_cpu::CpuKernels;
use assay_conformance::{exhaustive::Inputs, Case, Draft};
use assay_ops::{Op, Unary};

/// What is promised, in units in the last place of the exact value.
const MOST: f64 = 1.1;

/// One of so many inputs, unless the environment says another number: `scripts/conformance.sh --accuracy` takes all.
fn inputs() -> Inputs {
	let one_in = std::env::var("ASSAY_ONE_IN").map_or(4096, |one_in| one_in.parse().unwrap());
	Inputs { one_in }
}

/// Distance of `got` from the exact value in units in the last place; 0 where both are infinite, or both NaN, and without
/// bound where only one is.
fn ulps(got: f32, exact: f64) -> f64 {
	let nearest = exact as f32;
	if got.to_bits() == nearest.to_bits() || (got.is_nan() && nearest.is_nan()) {
		return 0.0;
	}
	if !got.is_finite() || !nearest.is_finite() {
		// At the edge of overflow a result may be on either side of it.
		let edge = exact.abs() / f64::from(f32::MAX);
		return if got.is_nan() || !(1.0 - 1e-6..1.0 + 1e-6).contains(&edge) {
			f64::INFINITY
		} else {
			1.0
		};
	}
	let exponent = (exact.abs().to_bits() >> 52) as i32 - 1023;
	(f64::from(got) - exact).abs() / f64::from(exponent.max(-126) - 23).exp2()
}

/// The largest error over these chunks, and its input.
fn worst_of(
	function: Unary,
	exact: fn(f64) -> f64,
	chunks: impl Iterator<Item = u64>,
) -> (f64, f32) {
	let kernels = CpuKernels::new(1).expect("the thread is there");
	let draft = Draft::floats(Op::Unary(function), &[(1024, 1024)]);
	let mut worst = (0.0, 0.0);
	for chunk in chunks {
		let case = Case::of_words(&draft, vec![inputs().words(chunk)]).expect("the shape fits");
		let results = case.run(&kernels).expect("it computes");
		for (x, got) in case.operands[0].iter().zip(results) {
			let x = f32::from_bits(*x);
			let error = ulps(f32::from_bits(got), exact(f64::from(x)));
			if error > worst.0 {
				worst = (error, x);
			}
		}
	}
	worst
}

/// Checks a function on all threads of the machine.
fn check(name: &str, function: Unary, exact: fn(f64) -> f64) {
	let threads = thread::available_parallelism().map_or(1, |threads| threads.get());
	let (error, at) = thread::scope(|scope| {
		let worker = |first| {
			let chunks = (first..inputs().chunks()).step_by(threads);
			scope.spawn(move || worst_of(function, exact, chunks))
		};
		let workers: Vec<_> = (0..threads as u64).map(worker).collect();
		let found = workers.into_iter().map(|worker| worker.join().expect("it ends"));
		found.fold((0.0, 0.0), |one, other| if other.0 > one.0 { other } else { one })
	});
	println!("accuracy.{name} {error:.4} ulp, at {:#010x}", at.to_bits());
	assert!(error <= MOST, "{name} is {error} ulp off at {:#010x}", at.to_bits());
}

#[test]
fn exp_should_be_close_to_exact_when_inputs_are_spread() {
	check("exp", Unary::Exp, core_math::exp);
}

#[test]
fn log_should_be_close_to_exact_when_inputs_are_spread() {
	check("log", Unary::Log, core_math::log);
}

#[test]
fn tanh_should_be_close_to_exact_when_inputs_are_spread() {
	check("tanh", Unary::Tanh, core_math::tanh);
}

#[test]
fn erf_should_be_close_to_exact_when_inputs_are_spread() {
	check("erf", Unary::Erf, core_math::erf);
}

#[test]
fn error_should_be_counted_in_the_last_place_when_values_are_near_or_not_numbers() {
	assert_eq!(ulps(1.0, 1.0), 0.0);
	assert_eq!(ulps(1.0, 1.0 + f64::from(f32::EPSILON)), 1.0);
	assert_eq!(ulps(f32::from_bits(3), f64::from(f32::from_bits(1))), 2.0);
	assert_eq!((ulps(f32::NAN, f64::NAN), ulps(f32::INFINITY, 1e60)), (0.0, 0.0));
	assert_eq!((ulps(f32::NAN, 1.0), ulps(1.0, f64::NAN)), (f64::INFINITY, f64::INFINITY));
	assert_eq!((ulps(f32::INFINITY, 1.0), ulps(-0.0, 0.0)), (f64::INFINITY, 0.0));
	// One rounds up to infinity, the other does not.
	assert_eq!(ulps(f32::MAX, f64::from(f32::MAX) * (1.0 + 1e-7)), 1.0);
}
