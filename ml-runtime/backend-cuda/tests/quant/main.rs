//! Quantised products: the checked-in PTX, executed by the emulator, gives the reference's bits.

mod case;
mod faults;
mod hopper;
mod tensor;

use assay_backend_cpu::ReferenceKernels;
use assay_backend_cuda::{Argument, Buffer, CudaKernels, DeviceError, Emulator};
use assay_ops::QuantFormat;

use case::{Case, Words, WORDS};

const FORMATS: [QuantFormat; 2] = [QuantFormat::I8, QuantFormat::Q15];

/// Both operands as they are and transposed.
const TRANSPOSED: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

/// Compares products of these sizes in both formats and all forms with the reference, each with so many
/// kinds of words.
fn check(sizes: &[(u32, u32, u32)], kinds: usize) {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	for (seed, size) in (1..).zip(sizes) {
		for format in FORMATS {
			for (turn, transposed) in TRANSPOSED.into_iter().enumerate() {
				let words = WORDS.into_iter().cycle().skip((seed as usize + turn) % WORDS.len());
				for words in words.take(kinds) {
					let case = Case::new(format, transposed, *size, words, seed);
					let difference = case.difference(&case.run(&kernels));
					assert_eq!(difference, None, "{format:?} {transposed:?} {size:?} {words:?}");
				}
			}
		}
	}
}

#[test]
fn cases_should_reach_the_edges_when_words_are_special() {
	for (format, seed) in FORMATS.into_iter().zip([1, 2]) {
		let results = |words| {
			let case = Case::new(format, (false, true), (33, 600, 31), words, seed);
			case.run(&ReferenceKernels).into_iter().map(f32::from_bits).collect::<Vec<_>>()
		};
		let huge = results(Words::Huge);
		assert!(huge.iter().any(|x| x.is_infinite()) && huge.iter().any(|x| x.is_finite()));
		assert!(results(Words::Tiny).iter().any(|x| x.is_subnormal()));
		let not_finite = results(Words::NotFinite);
		assert!(not_finite.iter().any(|x| x.is_nan()) && not_finite.iter().any(|x| x.is_finite()));
	}
}

#[test]
fn products_should_equal_reference_when_every_side_has_a_tail() {
	check(
		&[
			(1, 1, 1),
			(7, 31, 33),
			(33, 33, 7),
			(31, 7, 31),
			(33, 511, 31),
			(1, 512, 33),
			(31, 513, 1),
			(7, 1100, 33),
		],
		3,
	);
}

#[test]
fn products_should_equal_reference_when_sides_are_long() {
	check(&[(511, 7, 33), (33, 31, 513), (1100, 1, 7), (34, 1600, 33)], 1);
}

/// A case with the large tile, which plans take only where there are many tiles.
fn large(device: &Emulator, case: &Case, format: QuantFormat) -> Result<Vec<u32>, DeviceError> {
	let plan = case.plan();
	let (mut scratch, mut launches) = (plan.scratch().to_vec(), plan.launches().to_vec());
	let (kernel, cols) = match format {
		QuantFormat::I8 => ("quant_matmul_large_i8", 128),
		QuantFormat::Q15 => ("quant_matmul_large_q15", 64),
	};
	let (m, n) = (case.spec.ty.rows, case.spec.ty.cols);
	for (launch, side) in [128, cols].into_iter().enumerate() {
		let launch_of = &mut launches[launch];
		let Argument::Word(padded) = &mut launch_of.arguments[4] else { panic!("no lanes") };
		let (before, after) = (*padded, padded.next_multiple_of(side));
		*padded = after;
		launch_of.grid = (launch_of.grid * after).div_ceil(before);
		for words in &mut scratch[launch * 2..][..2] {
			*words = *words / before as usize * after as usize;
		}
	}
	let multiply = &mut launches[2];
	(multiply.kernel, multiply.threads) = (kernel, 256);
	multiply.grid = m.div_ceil(128) * n.div_ceil(cols);
	multiply.arguments[4] = Argument::Buffer(Buffer::Out);
	// One part: each tile folds its own blocks.
	multiply.arguments[8] = Argument::Word(1);
	let mut got = vec![0; plan.out()];
	device.run(&scratch[..4], &launches[..3], &case.operands(), &mut got)?;
	Ok(got)
}

/// Compares products with the large tile on this device with the reference.
fn check_large(device: &Emulator) {
	for format in FORMATS {
		for ((transposed, words), k) in TRANSPOSED.into_iter().zip(WORDS).zip([1, 512, 577, 1100]) {
			let case = Case::new(format, transposed, (130, k, 67), words, 5);
			let got = large(device, &case, format).expect("no fault");
			assert_eq!(case.difference(&got), None, "{format:?} {transposed:?} {k} {words:?}");
		}
		let case = Case::new(format, (false, true), (5, 1025, 131), Words::NotFinite, 6);
		let got = large(device, &case, format).expect("no fault");
		assert_eq!(case.difference(&got), None, "{format:?}");
	}
}

#[test]
fn large_tiles_should_equal_reference_when_k_has_blocks() {
	check_large(&Emulator::new().expect("the PTX is known"));
}

#[test]
fn plan_should_take_large_tiles_when_there_are_many() {
	let launches = |format, (m, k, n)| {
		let case = Case::new(format, (false, false), (m, k, n), Words::Plain, 1);
		let plan = case.plan();
		let launches = plan.launches().iter().map(|launch| (launch.kernel, launch.grid));
		(launches.collect::<Vec<_>>(), plan.scratch().to_vec())
	};
	// 1000 rows are padded to 1024, and 1025 columns to 1152, or to 1088 where tiles are narrower.
	let expected =
		[("quantise_along_i8", 128), ("quantise_across_i8", 36), ("quant_matmul_large_i8", 72)];
	let scratch = vec![1024 * 16, 1024, 1152 * 16, 1152];
	assert_eq!(launches(QuantFormat::I8, (1000, 3, 1025)), (expected.to_vec(), scratch));
	let expected =
		[("quantise_along_q15", 256), ("quantise_across_q15", 68), ("quant_matmul_large_q15", 136)];
	let scratch = vec![1024 * 2 * 144, 2048, 1088 * 2 * 144, 2176];
	assert_eq!(launches(QuantFormat::Q15, (1000, 513, 1025)), (expected.to_vec(), scratch));
	// Few results and a long K: its blocks are parts, which are folded.
	let expected = [
		("quantise_along_i8", 24),
		("quantise_across_i8", 6),
		("quant_matmul_small_i8", 12),
		("fold", 16),
	];
	let scratch = vec![64 * 272, 192, 64 * 272, 192, 64 * 64 * 3];
	assert_eq!(launches(QuantFormat::I8, (64, 1025, 64)), (expected.to_vec(), scratch));
}
