//! What kernels do not compute.

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, ReferenceKernels};
use assay_ops::{Op, RecordFormat, Unary};

use crate::cases::{case, Flavour, Random};

#[test]
fn kernels_should_refuse_when_lengths_do_not_fit() {
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
	let op = Op::Load { offset: 0, width: 4, format: RecordFormat::U8ToF32 };
	let mut case = case(op, &[], Flavour::Plain, &mut Random(1));
	case.data.truncate(0);
	for kernels in [&CpuKernels::new(1).unwrap() as &dyn Kernels, &ReferenceKernels] {
		let words = case.spec.ty.words() as usize;
		let result = case.try_run(kernels, &[], words);
		assert!(matches!(result, Err(KernelError::Record { .. })), "{result:?}");
	}
}

#[test]
fn kernels_should_refuse_when_types_are_not_the_operations() {
	let op = Op::RotateHalf { width: 4 };
	let mut case = case(op, &[(3, 12)], Flavour::Plain, &mut Random(1));
	let kernels = CpuKernels::new(1).unwrap();
	for width in [0, 5, 7, 24] {
		case.spec.op = Op::RotateHalf { width };
		assert_eq!(case.try_run(&kernels, &[&case.operands[0]], 36), Err(KernelError::Shape));
	}
}
