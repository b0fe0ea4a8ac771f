//! The checked-in PTX, executed by the emulator, gives the reference's bits.

use assay_backend_cpu::ReferenceKernels;
use assay_backend_cuda::ptx::MODULES;
use assay_backend_cuda::{Argument, Buffer, CudaKernels, DeviceError, Emulator, Plan};
use assay_conformance::{
	catalogue::{operation, operations, BINARY, UNARY},
	compare, Backend, Case, Draft, Fault, Flavour, Random, Size, Suite,
};
use assay_ops::Op;

const SUITE: Suite = Suite { seed: 1, cases: 0, words: 1 << 20, size: Size::Small };

/// Compares so many cases of an operation with the reference.
fn compared(name: &str, cases: usize, emulator: Emulator) -> Result<(), Fault> {
	let emulated = CudaKernels::on(emulator).expect("threads start");
	let backends =
		[Backend::new("reference", ReferenceKernels), Backend::new("emulator", emulated)];
	let operation = operation(name).expect("it is in the catalogue");
	compare(SUITE.cases(&operation).take(cases), &backends).map(drop)
}

fn check<'a>(names: impl IntoIterator<Item = &'a str>, cases: usize) {
	for name in names {
		let emulator = Emulator::new().expect("the PTX is known");
		compared(name, cases, emulator).unwrap_or_else(|fault| panic!("{name}: {fault}"));
	}
}

const PRODUCTS: [&str; 2] = ["matmul", "batch_matmul"];
const REDUCTIONS: [&str; 3] = ["row_sum", "row_max", "col_sum"];
const LABELS: [&str; 4] = ["pick", "one_hot", "gather", "scatter_add"];
const WINDOWS: [&str; 6] =
	["im2col", "col2im", "max_pool", "max_pool_grad", "avg_pool", "avg_pool_grad"];

#[test]
fn products_should_equal_reference_when_emulated() {
	check(PRODUCTS, 80);
}

#[test]
fn functions_should_equal_reference_when_emulated() {
	check(UNARY.map(|(name, _)| name), 32);
	check(BINARY.map(|(name, _)| name), 32);
}

#[test]
fn reductions_should_equal_reference_when_emulated() {
	check(REDUCTIONS, 32);
}

#[test]
fn labels_should_equal_reference_when_emulated() {
	check(LABELS, 32);
}

#[test]
fn windows_should_equal_reference_when_emulated() {
	check(WINDOWS, 32);
}

#[test]
fn others_should_equal_reference_when_emulated() {
	let mut others: Vec<&str> = operations().iter().map(|operation| operation.name).collect();
	let functions = UNARY.map(|(name, _)| name).into_iter().chain(BINARY.map(|(name, _)| name));
	let named: Vec<&str> = functions.chain(PRODUCTS).chain(REDUCTIONS).chain(LABELS).collect();
	others.retain(|name| !named.contains(name) && !WINDOWS.contains(name));
	check(others, 32);
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
	let (draft, mut random) = (Draft::floats(op, &shapes), Random::of_case(1, kernel, 0));
	let case = Case::of_flavour(&draft, Flavour::Special, &mut random).expect("it fits");
	let plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
	let mut launch = plan.launches()[0].clone();
	(launch.kernel, launch.threads) = (kernel, 256);
	launch.grid = m.div_ceil(128) * n.div_ceil(128);
	launch.arguments[2] = Argument::Buffer(Buffer::Out);
	let Argument::Product(product) = &mut launch.arguments[3] else { panic!("no product") };
	// One part: each tile folds its own blocks.
	product[4] = 1;
	let operands: Vec<&[u32]> = case.operands.iter().map(Vec::as_slice).collect();
	let mut got = vec![0; (m * n) as usize];
	let device = Emulator::new().expect("the PTX is known");
	device.run(&[], &[launch], &operands, &mut got).expect("no fault");
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
		let words = [m, n].map(|rows| vec![0; (rows * k) as usize]);
		let case = Case::of_words(&Draft::floats(op, &[(m, k), (n, k)]), words.into());
		let case = case.expect("it fits");
		let plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
		plan.launches().iter().map(|launch| (launch.kernel, launch.grid)).collect::<Vec<_>>()
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
	let words: Vec<u32> = (0..1 << 14).map(|index: u32| index.wrapping_mul(262_139)).collect();
	for (name, function) in UNARY {
		let draft = Draft::floats(Op::Unary(function), &[(128, 128)]);
		let case = Case::of_words(&draft, vec![words.clone()]).expect("it fits");
		assert_eq!(case.run(&kernels), case.run(&ReferenceKernels), "{name}");
	}
}

/// The emulator with PTX of which one module was tampered with.
fn tampered(module: &str, edit: impl Fn(&str) -> String) -> Result<Emulator, DeviceError> {
	let texts = MODULES.map(|found| match found.name == module {
		true => edit(found.text),
		false => found.text.to_owned(),
	});
	assert!(!MODULES.iter().zip(&texts).all(|(module, text)| module.text == text), "no change");
	Emulator::with_modules(texts.iter().map(String::as_str))
}

/// What is found when an operation's cases run on a module that was tampered with.
fn found(name: &str, module: &str, edit: impl Fn(&str) -> String) -> Fault {
	let emulator = tampered(module, edit).expect("it is PTX still");
	compared(name, 80, emulator).expect_err("it was tampered with")
}

#[test]
fn emulator_should_find_a_race_when_barriers_are_missing() {
	let no_barriers = |text: &str| text.replace("bar.sync \t0;", "");
	let fault = found("batch_matmul", "matmul", no_barriers).to_string();
	assert!(fault.contains("shared word"), "{fault}");
	let fault = found("scatter_add", "labels", no_barriers).to_string();
	assert!(fault.contains("no barrier"), "{fault}");
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
	let fault = found("row_sum", "rows", swapped);
	assert!(matches!(fault, Fault::Differs(_)), "{fault}");
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
	let fault = found("batch_matmul", "matmul", longer);
	assert!(matches!(fault, Fault::Differs(_)), "{fault}");
}

#[test]
fn emulator_should_differ_when_nan_is_not_canonical() {
	let raw = |text: &str| text.replace(", 2143289344,", ", 2147483647,");
	let fault = found("div", "elementwise", raw);
	assert!(matches!(fault, Fault::Differs(_)), "{fault}");
}

#[test]
fn emulator_should_refuse_when_an_instruction_is_unknown() {
	let toward_zero = |text: &str| text.replace("add.rn.f32", "add.rz.f32");
	let error = tampered("elementwise", toward_zero).err().expect("unknown").to_string();
	assert!(error.contains("unknown instruction"), "{error}");
}
