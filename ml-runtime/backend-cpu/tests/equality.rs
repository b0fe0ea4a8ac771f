//! Every operation, at every level of instructions and with several numbers of threads, equals the
//! reference on every bit.

mod common;

use assay_backend_cpu::{CpuKernels, Kernels, Level, ReferenceKernels};
use assay_ops::{Binary, Broadcast, DType, Op, RecordFormat, Unary, Window};
use common::{case, Case, Flavour, Random};

/// Kernels for every level and for 1, 2 and 5 threads.
fn all_kernels() -> Vec<CpuKernels> {
	let levels = Level::available();
	let best = Level::best();
	let mut all: Vec<_> =
		levels.iter().map(|level| CpuKernels::with_level(1, *level).unwrap()).collect();
	all.extend([2, 5].map(|threads| CpuKernels::with_level(threads, best).unwrap()));
	all
}

/// Runs a case on everything, and compares all words.
fn check(kernels: &[CpuKernels], case: &Case) {
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
fn check_op(op: Op, shapes: &[(u32, u32)], seed: u64) {
	let kernels = all_kernels();
	for (flavour, seed) in Flavour::ALL.into_iter().zip(seed * 100..) {
		check(&kernels, &case(op, shapes, flavour, &mut Random(seed)));
	}
}

#[test]
fn matmul_should_equal_reference_when_shapes_have_tails() {
	let shapes = [
		(1, 1, 1),
		(7, 5, 3),
		(33, 64, 31),
		(13, 600, 35),
		(70, 513, 6),
		(2, 1025, 50),
		(300, 25, 6),
	];
	for (seed, (m, k, n)) in (1..).zip(shapes) {
		for (transpose_a, transpose_b) in
			[(false, false), (true, false), (false, true), (true, true)]
		{
			let a = if transpose_a { (k, m) } else { (m, k) };
			let b = if transpose_b { (n, k) } else { (k, n) };
			check_op(Op::MatMul { transpose_a, transpose_b }, &[a, b], seed);
		}
	}
}

#[test]
fn matmul_should_equal_reference_when_shapes_are_random() {
	let kernels = all_kernels();
	let mut random = Random(7);
	for _ in 0..60 {
		let (m, n) = (1 + random.below(90), 1 + random.below(90));
		let k = if random.below(3) == 0 { 500 + random.below(700) } else { 1 + random.below(80) };
		let (transpose_a, transpose_b) = (random.below(2) == 1, random.below(2) == 1);
		let a = if transpose_a { (k, m) } else { (m, k) };
		let b = if transpose_b { (n, k) } else { (k, n) };
		let flavour = Flavour::ALL[random.below(4) as usize];
		check(
			&kernels,
			&case(Op::MatMul { transpose_a, transpose_b }, &[a, b], flavour, &mut random),
		);
	}
}

#[test]
fn unary_should_equal_reference_when_words_are_special() {
	for f in [Unary::Neg, Unary::Sqrt, Unary::Relu, Unary::Exp, Unary::Log] {
		for (seed, shape) in (1..).zip([(1, 1), (37, 41), (300, 70)]) {
			check_op(Op::Unary(f), &[shape], seed);
		}
	}
}

#[test]
fn binary_should_equal_reference_when_broadcast() {
	let functions = [Binary::Add, Binary::Sub, Binary::Mul, Binary::Div, Binary::ReluGrad];
	for f in functions {
		for (seed, (rows, cols)) in (1..).zip([(1, 1), (37, 41), (9000, 3), (5, 4000), (20_000, 1)])
		{
			for (broadcast, b) in broadcasts(rows, cols) {
				check_op(Op::Binary(f, broadcast), &[(rows, cols), b], seed);
			}
		}
	}
}

#[test]
fn fma_should_equal_reference_when_broadcast() {
	for (seed, (rows, cols)) in (1..).zip([(1, 1), (37, 41), (9000, 3), (5, 4000)]) {
		for (broadcast, b) in broadcasts(rows, cols) {
			check_op(Op::Fma(broadcast), &[(rows, cols), b, (rows, cols)], seed);
		}
	}
}

fn broadcasts(rows: u32, cols: u32) -> [(Broadcast, (u32, u32)); 4] {
	[
		(Broadcast::None, (rows, cols)),
		(Broadcast::Row, (1, cols)),
		(Broadcast::Col, (rows, 1)),
		(Broadcast::Scalar, (1, 1)),
	]
}

#[test]
fn reductions_should_equal_reference_when_lengths_vary() {
	let shapes =
		[(1, 1), (3, 10), (40, 33), (600, 31), (1025, 6), (2, 4097), (2, 9000), (20_000, 2)];
	for (seed, shape) in (1..).zip(shapes) {
		for op in [Op::RowSum, Op::RowMax, Op::ColSum] {
			check_op(op, &[shape], seed);
		}
	}
}

#[test]
fn labels_should_equal_reference_when_some_are_out_of_range() {
	for (seed, (rows, cols)) in (1..).zip([(1, 1), (64, 10), (3000, 33)]) {
		check_op(Op::Pick, &[(rows, cols), (rows, 1)], seed);
		check_op(Op::OneHot { cols }, &[(rows, 1)], seed);
	}
}

const fn window(
	size: (u16, u16, u16),
	kernel: (u8, u8),
	stride: (u8, u8),
	pad: (u8, u8),
) -> Window {
	Window {
		height: size.0,
		width: size.1,
		channels: size.2,
		kernel_h: kernel.0,
		kernel_w: kernel.1,
		stride_h: stride.0,
		stride_w: stride.1,
		pad_h: pad.0,
		pad_w: pad.1,
	}
}

#[test]
fn patches_should_equal_reference_when_windows_vary() {
	let windows = [
		window((1, 1, 1), (1, 1), (1, 1), (0, 0)),
		window((7, 9, 3), (3, 2), (1, 1), (0, 0)),
		window((8, 8, 1), (5, 5), (1, 1), (2, 2)),
		window((9, 6, 5), (3, 3), (2, 3), (1, 2)),
		window((5, 5, 40), (4, 4), (4, 4), (3, 0)),
	];
	for (seed, w) in (1..).zip(windows) {
		for images in [1, 5] {
			check_op(Op::Im2Col(w), &[(images * w.pixels(), w.channels.into())], seed);
			check_op(Op::Col2Im(w), &[(images * w.positions(), w.patch())], seed);
		}
	}
}

#[test]
fn pools_should_equal_reference_when_windows_overlap() {
	let windows = [
		window((2, 2, 1), (2, 2), (2, 2), (0, 0)),
		window((8, 10, 6), (2, 2), (2, 2), (0, 0)),
		window((9, 7, 3), (3, 2), (2, 1), (0, 0)),
		window((7, 7, 33), (3, 3), (1, 1), (0, 0)),
		window((7, 7, 2), (2, 2), (3, 3), (0, 0)),
	];
	for (seed, w) in (1..).zip(windows) {
		for images in [1, 7] {
			let channels = w.channels.into();
			let (input, output) =
				((images * w.pixels(), channels), (images * w.positions(), channels));
			check_op(Op::MaxPool(w), &[input], seed);
			check_op(Op::MaxPoolGrad(w), &[input, output], seed);
			check_op(Op::AvgPool(w), &[input], seed);
			check_op(Op::AvgPoolGrad(w), &[output], seed);
		}
	}
}

#[test]
fn sources_should_equal_reference_when_formats_vary() {
	use RecordFormat::{U8ToF32, U8ToU32, F32, U32};
	for (seed, format) in (1..).zip([U8ToF32, U8ToU32, F32, U32]) {
		check_op(Op::Load { offset: 3, width: 9, format }, &[], seed);
		check_op(Op::Load { offset: 0, width: 16, format }, &[], seed);
	}
	for (seed, bits) in (1..).zip([0, 0x8000_0000, 0x3F80_0000, 0xFFC0_1234, 1]) {
		check_op(Op::Fill { bits, rows: 70, cols: 33 }, &[], seed);
	}
}

#[test]
fn mask_should_equal_reference_when_large() {
	for (seed, (rows, cols)) in (1..).zip([(1, 1), (33, 70), (700, 101)]) {
		let (threshold, scale) = (0x4000_0000, 1.25_f32.to_bits());
		check_op(Op::Mask { stream: 3, threshold, scale, rows, cols }, &[], seed);
	}
}

#[test]
fn reshape_should_equal_reference_when_words_are_special() {
	check_op(Op::Reshape { rows: 6, cols: 35 }, &[(70, 3)], 1);
	let kernels = all_kernels();
	let labels = Case::typed(
		Op::Reshape { rows: 4, cols: 3 },
		&[(DType::U32, 12, 1)],
		Flavour::Bits,
		&mut Random(1),
	);
	check(&kernels, &labels);
}

#[test]
fn state_should_be_copied_when_run() {
	let mut case = case(Op::Reshape { rows: 3, cols: 5 }, &[(3, 5)], Flavour::Bits, &mut Random(1));
	case.spec.op = Op::State { slot: 0 };
	case.spec.inputs = Default::default();
	for kernels in all_kernels() {
		assert_eq!(case.run(&kernels), case.operands[0]);
	}
	assert_eq!(case.run(&ReferenceKernels), case.operands[0]);
}

#[test]
fn kernels_should_refuse_when_lengths_do_not_fit() {
	use assay_backend_cpu::KernelError;
	let case = case(Op::Unary(Unary::Neg), &[(3, 5)], Flavour::Plain, &mut Random(1));
	let backends: [&dyn Kernels; 2] = [&CpuKernels::new(1).unwrap(), &ReferenceKernels];
	for kernels in backends {
		assert_eq!(case.try_run(kernels, &[&case.operands[0]], 14), Err(KernelError::Shape));
		assert_eq!(case.try_run(kernels, &[&case.operands[0][1..]], 15), Err(KernelError::Shape));
		assert_eq!(case.try_run(kernels, &[], 15), Err(KernelError::Shape));
	}
}

#[test]
fn load_should_name_the_record_when_data_is_short() {
	use assay_backend_cpu::KernelError;
	let op = Op::Load { offset: 0, width: 4, format: RecordFormat::U8ToF32 };
	let mut case = case(op, &[], Flavour::Plain, &mut Random(1));
	case.data.truncate(0);
	for kernels in [&CpuKernels::new(1).unwrap() as &dyn Kernels, &ReferenceKernels] {
		let words = case.spec.ty.words() as usize;
		let result = case.try_run(kernels, &[], words);
		assert!(matches!(result, Err(KernelError::Record { .. })), "{result:?}");
	}
}
