//! Every operation, at every level of instructions and with several numbers of threads, equals the
//! reference on every bit.

mod cases;
mod chains;
mod elementwise;
mod heads;
mod indices;
mod products;
mod reductions;
mod refusals;
mod sources;
mod windows;

use assay_backend_cpu::{CpuKernels, Level, ReferenceKernels};
use assay_ops::Op;
use cases::{case, Case, Flavour, Random};

/// Kernels for every level and for 1, 2 and 5 threads.
pub(crate) fn all_kernels() -> Vec<CpuKernels> {
	let levels = Level::available();
	let best = Level::best();
	let mut all: Vec<_> =
		levels.iter().map(|level| CpuKernels::with_level(1, *level).unwrap()).collect();
	all.extend([2, 5].map(|threads| CpuKernels::with_level(threads, best).unwrap()));
	all
}

/// Runs a case on everything, and compares all words.
pub(crate) fn check(kernels: &[CpuKernels], case: &Case) {
	let expected = case.run(&ReferenceKernels);
	for kernels in kernels {
		let got = case.run(kernels);
		if let Some(at) = expected.iter().zip(&got).position(|(a, b)| a != b) {
			panic!(
				"{:?} with {} threads differs from the reference in {:?} at word {at}: {:#010x} is not {:#010x}",
				kernels.level(),
				kernels.threads(),
				case.spec,
				got[at],
				expected[at],
			);
		}
	}
}

/// Checks one operation with operands of these shapes and every flavour of words.
pub(crate) fn check_op(op: Op, shapes: &[(u32, u32)], seed: u64) {
	let kernels = all_kernels();
	for (flavour, seed) in Flavour::ALL.into_iter().zip(seed * 100..) {
		check(&kernels, &case(op, shapes, flavour, &mut Random(seed)));
	}
}
