//! Slots get their next content whatever node it comes from.

use std::ops::ControlFlow;

use assay_backend_cpu::CpuKernels;
use assay_backend_cuda::CudaKernels;
use assay_executor::{DataSet, Focus, Job, OnNonFinite, Replay, Session};
use assay_ops::{
	step::run_reference, Binary, Broadcast, DType, Limits, Node, Op, Program, Slot, ValueType,
	OPSET_VERSION,
};

const TY: ValueType = ValueType { dtype: DType::F32, rows: 1, cols: 1 };

/// Slots 0, 1 and 2 rotate; 3 keeps its content; 4 and 5 both get the sum of 0 and 3; 6 gets what the
/// loss is, and 7 the content of 3.
fn program() -> Program {
	let node = |op, inputs: &[u16]| Node { op, inputs: inputs.to_vec().try_into().unwrap() };
	let add = Op::Binary(Binary::Add, Broadcast::None);
	let nodes = vec![
		node(Op::State { slot: 0 }, &[]),
		node(Op::State { slot: 1 }, &[]),
		node(Op::State { slot: 2 }, &[]),
		node(Op::State { slot: 3 }, &[]),
		node(add, &[0, 3]),
		node(add, &[4, 4]),
		node(add, &[5, 1]),
	];
	let slot = |next| Slot { ty: TY, next, parameter: true };
	Program {
		opset: OPSET_VERSION,
		batch: 1,
		nodes: nodes.try_into().unwrap(),
		slots: [1, 2, 0, 3, 4, 4, 6, 3].map(slot).to_vec().try_into().unwrap(),
		loss: 6,
	}
}

#[test]
fn slots_should_be_those_of_the_reference_when_they_share_and_swap_nodes() {
	let initial: Vec<Vec<u32>> = (1..9_u8).map(|n| vec![f32::from(n).to_bits()]).collect();
	let job = Job {
		program: program().check(&Limits::new(1)).unwrap(),
		seed: [0; 32],
		first_step: 0,
		steps: 5,
		stride: 2,
		data: DataSet::new(vec![0], 1).unwrap(),
		initial: initial.clone(),
		on_non_finite: OnNonFinite::Stop,
	};
	let job = job.prepare(u64::MAX).unwrap();
	let mut here = Session::start(job.clone(), CpuKernels::new(1).unwrap(), None).unwrap();
	here.run(|_| ControlFlow::Continue(())).unwrap();
	let mut there = Session::start(job.clone(), CudaKernels::emulated().unwrap(), None).unwrap();
	there.run(|_| ControlFlow::Continue(())).unwrap();
	let mut slots = initial;
	for step in 0..5 {
		slots = run_reference(job.program(), &job.context(step), &slots, &[0]).unwrap().slots;
	}
	assert_eq!(here.slots().unwrap(), slots);
	assert_eq!(there.slots().unwrap(), slots);
	assert_eq!(there.claim().states(), here.claim().states());
	let trace = Replay::new(job, CpuKernels::new(1).unwrap(), None).trace(4, Focus::Tiles).unwrap();
	assert_eq!(Some(&trace.after().root()), here.claim().states().last());
}
