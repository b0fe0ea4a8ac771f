//! Operations without operands, and copies.

use assay_backend_cpu::ReferenceKernels;
use assay_ops::{DType, Op, RecordFormat};

use crate::{
	all_kernels,
	cases::{case, Case, Flavour, Random},
	check, check_op,
};

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
fn iota_should_equal_reference_when_it_wraps() {
	for (seed, (rows, first, stride)) in
		(1..).zip([(1, 5, 0), (1000, 0, 1), (77, u32::MAX - 3, 2), (65, 7, 0xFFFF_FFFF)])
	{
		check_op(Op::Iota { rows, first, stride }, &[], seed);
	}
}

#[test]
fn step_index_should_equal_reference_when_steps_vary() {
	for (seed, (every, period)) in (1..).zip([(1, 1), (1, 1000), (3, 7), (u32::MAX, u32::MAX)]) {
		check_op(Op::StepIndex { every, period }, &[], seed);
	}
}
