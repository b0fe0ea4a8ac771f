//! A small job, for what a driver does only when a device computes for the first time.

use assay_backend_cpu::{KernelError, Memory, Records, Routine, Task};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType, K_BLOCK};

const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

/// Rows whose sum takes memory between two launches.
const ROWS: u32 = 2 * K_BLOCK;

fn value(dtype: DType, rows: u32) -> ValueType {
	ValueType { dtype, rows, cols: 1 }
}

/// Writes, fills, computes with a graph, hashes and reads.
pub(crate) fn perform(memory: &mut dyn Memory) -> Result<(), KernelError> {
	let [index, ones, sum, kept] = [1, ROWS, 1, 1].map(|words| memory.allocate(words as usize));
	let (index, ones, sum, kept) = (index?, ones?, sum?, kept?);
	memory.write(kept, &[0])?;
	// What the host fills in, what reads the number of the step, and what has memory of its own.
	let node = |op, ty| NodeSpec { id: 0, op, inputs: Default::default(), ty };
	let step = node(Op::StepIndex { every: 1, period: 1 }, value(DType::U32, 1));
	let (rows, scale) = (ROWS, 1_f32.to_bits());
	let mask = Op::Mask { stream: 0, threshold: 0, scale, rows, cols: 1 };
	let mask = node(mask, value(DType::F32, ROWS));
	let inputs = vec![Operand { id: 0, ty: mask.ty }];
	let inputs = inputs.try_into().map_err(|_| KernelError::Shape)?;
	let total = NodeSpec { inputs, ..node(Op::ColSum, value(DType::F32, 1)) };
	let tasks = vec![
		Task::Node { spec: &step, operands: Vec::new(), out: index },
		Task::Node { spec: &mask, operands: Vec::new(), out: ones },
		Task::Node { spec: &total, operands: vec![ones], out: sum },
		Task::Copy { from: sum, to: kept, words: 1 },
	];
	let routine = memory.prepare(&Routine { tasks, watched: vec![(sum, 1)] }, &CONTEXT)?;
	memory.perform(routine, &CONTEXT, &Records { bytes: &[0], size: 1 })?;
	memory.root(&total.ty, sum)?;
	let mut words = [0];
	memory.read(kept, &mut words)?;
	match words == [(ROWS as f32).to_bits()] {
		true => Ok(()),
		false => Err(KernelError::Device("it does not sum up ones".into())),
	}
}
