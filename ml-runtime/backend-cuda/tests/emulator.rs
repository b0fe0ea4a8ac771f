//! The checked-in PTX, executed by the emulator, gives the reference's bits.

use assay_backend_cpu::ReferenceKernels;
use assay_backend_cuda::conformance::{cases, Case, Flavour, Random, Size, UNARY};
use assay_backend_cuda::ptx::MODULES;
use assay_backend_cuda::{Argument, Buffer, CudaKernels, Device, Emulator, Plan};
use assay_ops::Op;

/// Compares all small cases of some operations with the reference; there must be as many.
fn check(expected_cases: usize, chosen: impl Fn(&Op) -> bool) {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	let chosen: Vec<Case> = cases(Size::Small).filter(|case| chosen(&case.spec.op)).collect();
	for case in &chosen {
		if let Err(difference) = case.compare(&kernels, &ReferenceKernels) {
			panic!("{:?} with {:?} words: {difference:?}", case.spec, case.flavour);
		}
	}
	assert_eq!(chosen.len(), expected_cases);
}

#[test]
fn products_should_equal_reference_when_emulated() {
	check(80, |op| matches!(op, Op::MatMul { .. }));
}

/// A plan takes large tiles only where there are many, which takes the emulator long; here they are few.
fn large(
	kernel: &'static str,
	(transpose_a, transpose_b): (bool, bool),
	(m, k, n): (u32, u32, u32),
) {
	let turned = |transpose, rows, cols| if transpose { (cols, rows) } else { (rows, cols) };
	let shapes = [turned(transpose_a, m, k), turned(transpose_b, k, n)];
	let op = Op::MatMul { transpose_a, transpose_b };
	let case = Case::new(op, &shapes, Flavour::Special, &mut Random(5)).expect("it fits");
	let mut plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
	plan.launches.truncate(1);
	let launch = &mut plan.launches[0];
	(launch.kernel, launch.threads) = (kernel, 256);
	launch.grid = m.div_ceil(128) * n.div_ceil(128);
	launch.arguments[2] = Argument::Buffer(Buffer::Out);
	let Argument::Product(product) = &mut launch.arguments[3] else { panic!("no product") };
	// One part: each tile folds its own blocks.
	product[4] = 1;
	let operands: Vec<&[u32]> = case.operands.iter().map(Vec::as_slice).collect();
	let mut got = vec![0; (m * n) as usize];
	let device = Emulator::new().expect("the PTX is known");
	device.execute(&plan, &operands, &mut got).expect("no fault");
	assert_eq!(got, case.run(&ReferenceKernels).expect("no error"), "{kernel}");
}

const LARGE: [(&str, (bool, bool)); 4] = [
	("matmul_128_nn", (false, false)),
	("matmul_128_nt", (false, true)),
	("matmul_128_tn", (true, false)),
	("matmul_128_tt", (true, true)),
];

#[test]
fn large_tile_should_equal_reference_when_k_has_blocks() {
	for ((kernel, transposed), k) in LARGE.into_iter().zip([512, 513, 1024, 1031]) {
		large(kernel, transposed, (127, k, 67));
	}
}

#[test]
fn large_tiles_should_equal_reference_when_there_are_several() {
	for (kernel, transposed) in LARGE {
		large(kernel, transposed, (130, 21, 257));
	}
}

#[test]
fn plan_should_take_large_tiles_when_there_are_many() {
	let kernel = |m, k, n| {
		let op = Op::MatMul { transpose_a: false, transpose_b: true };
		let case = Case::new(op, &[(m, k), (n, k)], Flavour::Plain, &mut Random(1));
		let case = case.expect("it fits");
		let plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
		plan.launches.iter().map(|launch| (launch.kernel, launch.grid)).collect::<Vec<_>>()
	};
	assert_eq!(kernel(1000, 3, 1025), [("matmul_128_nt", 72)]);
	assert_eq!(kernel(10, 3, 9000), [("matmul_32_nt", 282)]);
	// Few results and a long K: its blocks are parts, which are folded.
	assert_eq!(kernel(64, 1025, 64), [("matmul_32_nt", 12), ("fold", 16)]);
}

/// A word in every 262,139 of all that there are.
#[test]
fn functions_should_equal_reference_when_words_are_sampled() {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	for function in UNARY {
		let case = Case::new(Op::Unary(function), &[(128, 128)], Flavour::Plain, &mut Random(1));
		let mut case = case.expect("it fits");
		case.operands = vec![(0..1 << 14).map(|index: u32| index.wrapping_mul(262_139)).collect()];
		assert_eq!(case.compare(&kernels, &ReferenceKernels), Ok(()), "{function:?}");
	}
}

#[test]
fn batches_should_equal_reference_when_emulated() {
	check(64, |op| matches!(op, Op::BatchMatMul(_)));
}

#[test]
fn elementwise_should_equal_reference_when_emulated() {
	check(616, |op| matches!(op, Op::Unary(_) | Op::Binary(..) | Op::Fma(_) | Op::Select(_)));
}

#[test]
fn reductions_should_equal_reference_when_emulated() {
	check(84, |op| matches!(op, Op::RowSum | Op::RowMax | Op::ColSum));
}

#[test]
fn labels_should_equal_reference_when_emulated() {
	check(80, |op| matches!(op, Op::Pick | Op::OneHot { .. } | Op::Gather | Op::ScatterAdd { .. }));
}

#[test]
fn windows_should_equal_reference_when_emulated() {
	check(160, |op| op.window().is_some());
}

#[test]
fn others_should_equal_reference_when_emulated() {
	check(84, |op| {
		matches!(
			op,
			Op::Reshape { .. }
				| Op::Causal { .. }
				| Op::RotateHalf { .. }
				| Op::Load { .. }
				| Op::Fill { .. }
				| Op::Mask { .. }
				| Op::Iota { .. }
				| Op::StepIndex { .. }
		)
	});
}

/// Compares cases of one module with the reference, on PTX that was tampered with.
fn tampered(module: &str, edit: impl Fn(&str) -> String) -> Result<(), String> {
	let texts = MODULES.map(|found| match found.name == module {
		true => edit(found.text),
		false => found.text.to_owned(),
	});
	assert!(!MODULES.iter().zip(&texts).all(|(module, text)| module.text == text), "no change");
	let device = Emulator::with_modules(texts.iter().map(String::as_str));
	let kernels = CudaKernels::on(device.map_err(|error| error.to_string())?);
	let kernels = kernels.map_err(|error| error.to_string())?;
	let chosen = cases(Size::Small).filter(|case| match case.spec.op {
		Op::BatchMatMul(_) => module == "matmul",
		Op::RowSum => module == "rows",
		Op::ScatterAdd { .. } => module == "labels",
		Op::Binary(..) => module == "elementwise",
		_ => false,
	});
	for case in chosen.take(64) {
		case.compare(&kernels, &ReferenceKernels)
			.map_err(|difference| format!("{difference:?}"))?;
	}
	Ok(())
}

#[test]
fn emulator_should_find_a_race_when_barriers_are_missing() {
	let no_barriers = |text: &str| text.replace("bar.sync \t0;", "");
	let error = tampered("matmul", no_barriers).expect_err("a barrier is missing");
	assert!(error.contains("shared word"), "{error}");
	let error = tampered("labels", no_barriers).expect_err("a barrier is missing");
	assert!(error.contains("no barrier"), "{error}");
}

#[test]
fn emulator_should_differ_when_lanes_combine_in_another_order() {
	let swapped = |text: &str| {
		let line = |line: &str| match line.trim().starts_with("mov.u32") {
			true if line.ends_with(", 16;") => line.replace(", 16;", ", 8;"),
			true if line.ends_with(", 8;") => line.replace(", 8;", ", 16;"),
			_ => line.to_owned(),
		};
		text.lines().map(line).collect::<Vec<_>>().join("\n")
	};
	let error = tampered("rows", swapped).expect_err("another order");
	assert!(error.starts_with("Word"), "{error}");
}

#[test]
fn emulator_should_differ_when_blocks_are_longer() {
	// A block of 512 terms ends where these bits of k are zero.
	let longer = |text: &str| {
		let line = |line: &str| match line.trim().starts_with("setp.lt.u32") {
			true => line.replace(", 512;", ", 1024;"),
			false => line.replace(", 504;", ", 1016;"),
		};
		text.lines().map(line).collect::<Vec<_>>().join("\n")
	};
	let error = tampered("matmul", longer).expect_err("another order");
	assert!(error.starts_with("Word"), "{error}");
}

#[test]
fn emulator_should_differ_when_nan_is_not_canonical() {
	let raw = |text: &str| text.replace(", 2143289344,", ", 2147483647,");
	let error = tampered("elementwise", raw).expect_err("another NaN");
	assert!(error.starts_with("Word"), "{error}");
}

#[test]
fn emulator_should_refuse_when_an_instruction_is_unknown() {
	let toward_zero = |text: &str| text.replace("add.rn.f32", "add.rz.f32");
	let error = tampered("elementwise", toward_zero).expect_err("unknown");
	assert!(error.contains("unknown instruction"), "{error}");
}
