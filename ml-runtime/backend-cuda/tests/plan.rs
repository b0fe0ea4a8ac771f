//! Plans exist only for nodes whose types fit, and run only on values of their words.

use assay_backend_cpu::{KernelError, Kernels, Records, Routine, Task};
use assay_backend_cuda::{CudaKernels, Device, Emulator, Plan, Span, Work};
use assay_conformance::{catalogue::operations, Case, Draft, Size};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};

/// What a node gives whose operands have the words of its types, from the device's memory.
fn resident(
	kernels: &dyn Kernels,
	spec: &NodeSpec,
	context: &StepContext,
) -> Result<(), KernelError> {
	let mut memory = kernels.memory().expect("it has memory").expect("of its own");
	let mut buffer = |ty: &ValueType| {
		let words = vec![0; ty.words() as usize];
		let buffer = memory.allocate(words.len()).expect("there is room");
		memory.write(buffer, &words).map(|()| buffer)
	};
	let operands: Result<Vec<_>, _> = spec.inputs.iter().map(|input| buffer(&input.ty)).collect();
	let (operands, out) = (operands.expect("they fit"), buffer(&spec.ty).expect("it fits"));
	let routine = Routine { tasks: vec![Task::Node { spec, operands, out }], ..Routine::default() };
	let routine = memory.prepare(&routine, context)?;
	memory.perform(routine, context, &Records { bytes: &[0; 4096], size: 256 }).map(drop)
}

/// A node of any types.
fn node(op: Op, inputs: &[ValueType], ty: ValueType) -> NodeSpec {
	let inputs: Vec<_> = (0..).zip(inputs).map(|(id, ty)| Operand { id, ty: *ty }).collect();
	NodeSpec { id: 9, op, inputs: inputs.try_into().expect("not too many"), ty }
}

const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 256 };

const fn floats(rows: u32, cols: u32) -> ValueType {
	ValueType { dtype: DType::F32, rows, cols }
}

#[test]
fn node_should_be_refused_when_its_type_is_not_that_of_the_operation() {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	for operation in operations() {
		let mut case = Case::new(&operation, 1, 0, Size::Small).expect("the catalogue is right");
		// A state's type is that of its slot.
		if matches!(case.spec.op, Op::State { .. }) {
			continue;
		}
		// As many words as before.
		case.spec.ty.dtype = match case.spec.ty.dtype {
			DType::F32 => DType::U32,
			DType::U32 => DType::F32,
		};
		assert_eq!(Plan::new(&case.spec, case.context()), None, "{}", operation.name);
		assert_eq!(case.run(&kernels), Err(KernelError::Shape), "{}", operation.name);
		let there = resident(&kernels, &case.spec, case.context());
		assert_eq!(there, Err(KernelError::Shape), "{}", operation.name);
	}
}

#[test]
fn node_should_be_refused_when_its_operands_do_not_fit_each_other() {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	let product = Op::MatMul { transpose_a: false, transpose_b: false };
	let labels = ValueType { dtype: DType::U32, rows: 2, cols: 1 };
	let nodes = [
		// A longer row than the other's column, and the other way round.
		node(product, &[floats(2, 6), floats(4, 3)], floats(2, 3)),
		node(product, &[floats(2, 4), floats(6, 3)], floats(2, 3)),
		// A result of another shape with as many words, and one that is larger.
		node(product, &[floats(2, 4), floats(4, 3)], floats(3, 2)),
		node(product, &[floats(2, 4), floats(4, 3)], floats(4, 3)),
		node(Op::Pick, &[floats(4, 3), labels], floats(4, 1)),
		node(Op::RowSum, &[floats(2, 4)], floats(4, 1)),
		node(Op::ColSum, &[floats(2, 4)], floats(1, 8)),
		// An operand too few.
		node(Op::Gather, &[floats(2, 4)], floats(2, 4)),
	];
	for spec in nodes {
		let operands: Vec<_> =
			spec.inputs.iter().map(|input| vec![0; input.ty.words() as usize]).collect();
		let operands: Vec<&[u32]> = operands.iter().map(Vec::as_slice).collect();
		let mut out = vec![0; spec.ty.words() as usize];
		let records = Records { bytes: &[], size: 1 };
		let here = kernels.run(&spec, &CONTEXT, &operands, &records, &mut out);
		assert_eq!(here, Err(KernelError::Shape), "{spec:?}");
		assert_eq!(resident(&kernels, &spec, &CONTEXT), Err(KernelError::Shape), "{spec:?}");
	}
}

#[test]
fn plan_should_be_none_when_it_would_take_more_blocks_than_there_are() {
	let plan = |rows| {
		let labels = ValueType { dtype: DType::U32, rows: 1, cols: 1 };
		let inputs = [labels, floats(1, 1)];
		Plan::new(&node(Op::ScatterAdd { rows }, &inputs, floats(rows, 1)), &CONTEXT)
	};
	let most = i32::MAX as u32;
	assert_eq!(plan(most).expect("there are enough").launches()[0].grid, most);
	assert_eq!(plan(most + 1), None);
}

#[test]
fn node_should_be_left_to_the_processor_when_it_is_too_large_for_a_device() {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	let mut memory = kernels.memory().expect("it has memory").expect("of its own");
	let [a, b, out] = [(); 3].map(|()| memory.allocate(1).expect("there is room"));
	let rows = 1 << 31;
	let labels = ValueType { dtype: DType::U32, rows: 1, cols: 1 };
	let blocks = node(Op::ScatterAdd { rows }, &[labels, floats(1, 1)], floats(rows, 1));
	let words = node(Op::Fill { bits: 0, rows, cols: 2 }, &[], floats(rows, 2));
	let tasks = [
		Task::Node { spec: &blocks, operands: vec![a, b], out },
		Task::Node { spec: &words, operands: Vec::new(), out },
		Task::Copy { from: a, to: out, words: rows as usize + 1 },
	];
	for task in tasks {
		let routine = Routine { tasks: vec![task], ..Routine::default() };
		let refused = memory.prepare(&routine, &CONTEXT);
		assert!(matches!(&refused, Err(KernelError::Device(_))), "{routine:?}: {refused:?}");
	}
	let root = memory.root(&floats(rows, 2), a);
	assert!(matches!(&root, Err(KernelError::Device(_))), "{root:?}");
}

#[test]
fn device_should_refuse_values_when_they_have_not_the_words_of_the_plan() {
	let device = Emulator::new().expect("the PTX is known");
	let draft = Draft::floats(Op::RowSum, &[(3, 5)]);
	let case = Case::of_words(&draft, vec![vec![0; 15]]).expect("it fits");
	let plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
	assert_eq!((plan.operands(), plan.out()), (&[15][..], 3));
	let words = [0; 16];
	let run = |operands: &[&[u32]], out: usize| {
		let result = device.execute(&plan, operands, &mut vec![0; out]);
		result.is_ok()
	};
	assert!(run(&[&words[..15]], 3));
	for (operands, out) in [
		(&[&words[..14]][..], 3),
		(&[&words[..16]], 3),
		(&[&words[..15]], 2),
		(&[&words[..15]], 4),
		(&[], 3),
		(&[&words[..15], &words[..1]], 3),
	] {
		assert!(!run(operands, out), "{operands:?} {out}");
	}
	let mut memory = device.memory().expect("it has memory");
	for words in [20, 20] {
		memory.allocate(words).expect("there is room");
	}
	let span = |buffer, words| Span { buffer, words };
	let mut launch = |operand, out| {
		let work = Work { plan: plan.clone(), operands: vec![operand], out };
		let recorded = memory.record(vec![work.clone()]);
		let launched = memory.launch(&work);
		assert_eq!(recorded.is_ok(), launched.is_ok(), "{work:?}");
		launched
	};
	assert!(launch(span(0, 15), span(1, 3)).is_ok());
	for (operand, out) in [
		(span(0, 14), span(1, 3)),
		(span(0, 16), span(1, 3)),
		(span(0, 15), span(1, 4)),
		(span(0, 15), span(0, 3)),
		(span(2, 15), span(1, 3)),
	] {
		assert!(launch(operand, out).is_err(), "{operand:?} {out:?}");
	}
}
