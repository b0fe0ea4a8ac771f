//! What memory on a device has to do, whatever the device is.

use assay_backend_cpu::{
	BufferId, KernelError, Kernels, Memory, Records, ReferenceKernels, Routine, RoutineId, Task,
};
use assay_commitment::tensor_root;
use assay_conformance::Random;
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, RecordFormat, ValueType};

const CONTEXT: StepContext =
	StepContext { seed: [7; 32], step: 0, batch: 2, records: 8, record_size: 4 };

fn copy(from: BufferId, to: BufferId, words: usize) -> Routine<'static> {
	Routine { tasks: vec![Task::Copy { from, to, words }], ..Routine::default() }
}

fn perform(memory: &mut dyn Memory, routine: &Routine<'_>) -> Result<bool, KernelError> {
	let routine = memory.prepare(routine, &CONTEXT)?;
	memory.perform(routine, &CONTEXT, &Records { bytes: &[], size: 4 })
}

fn words(count: usize, name: &str) -> Vec<u32> {
	let mut random = Random::of_case(1, name, 0);
	(0..count).map(|_| random.u32()).collect()
}

/// Roots are those of the host, whatever the shape.
pub(crate) fn roots(memory: &mut dyn Memory) {
	// One tile, whole and not; tiles in numbers that are and are not powers of two; edges of both kinds;
	// a row, a column; more chunks than a block has threads.
	let shapes = [
		(1, 1),
		(32, 32),
		(31, 33),
		(33, 31),
		(64, 32),
		(96, 32),
		(5, 150),
		(161, 1),
		(1, 321),
		(100, 100),
		(7, 2100),
		(290, 260),
	];
	// The buffer is larger than any value, as one of the executor's may be.
	let buffer = memory.allocate(1 << 17).expect("there is room");
	for (rows, cols) in shapes {
		let ty = ValueType { dtype: DType::F32, rows, cols };
		let words = words((rows * cols) as usize, "root");
		memory.write(buffer, &words).expect("it fits");
		let root = memory.root(&ty, buffer).expect("it has a root");
		assert_eq!(Some(root), tensor_root(&ty, &words), "{rows} x {cols}");
	}
}

/// Special words are found wherever they are.
pub(crate) fn special_words(memory: &mut dyn Memory) {
	// More than all threads together look at in one turn.
	let large = 64 * 256 + 700;
	let mut finite = words(large, "finite");
	finite.iter_mut().for_each(|word| *word &= 0xFF7F_FFFF);
	finite[5] = 0x7F7F_FFFF;
	let [a, b] = [(); 2].map(|()| memory.allocate(large).expect("there is room"));
	memory.write(a, &finite).expect("it fits");
	memory.write(b, &finite).expect("it fits");
	let all = [(a, large), (b, 3), (b, large), (b, 300)];
	let is_finite = |memory: &mut dyn Memory, watched: &[_]| {
		perform(memory, &Routine { watched: watched.to_vec(), ..Routine::default() })
	};
	assert_eq!(is_finite(memory, &[]), Ok(true));
	assert_eq!(is_finite(memory, &all), Ok(true));
	for (place, special) in [
		(0, 0x7F80_0000),
		(31, 0xFF80_0000),
		(256, 0x7FC0_0000),
		(64 * 256, 0x7F80_0001),
		(large - 1, 0xFFFF_FFFF),
	] {
		let mut changed = finite.clone();
		changed[place] = special;
		memory.write(a, &changed).expect("it fits");
		for count in 1..=all.len() {
			assert_eq!(is_finite(memory, &all[..count]), Ok(false), "word {place}");
		}
		// Only what is asked about counts.
		assert_eq!(is_finite(memory, &[(a, place), (b, large)]), Ok(true), "before {place}");
		assert_eq!(is_finite(memory, &all[1..]), Ok(true), "nothing stays of the last answer");
	}
}

/// Words stay when they are written and copied.
pub(crate) fn copies(memory: &mut dyn Memory) {
	let [a, b] = [6, 4].map(|count| memory.allocate(count).expect("there is room"));
	memory.write(a, &[1, 2, 3, 4, 5, 6]).expect("it fits");
	memory.write(b, &[7; 4]).expect("it fits");
	perform(memory, &copy(a, b, 3)).expect("it fits");
	memory.write(a, &[8, 9]).expect("it fits");
	let read = |memory: &mut dyn Memory, buffer| {
		let mut words = [0; 4];
		memory.read(buffer, &mut words).map(|()| words)
	};
	assert_eq!(read(memory, a), Ok([8, 9, 3, 4]));
	assert_eq!(read(memory, b), Ok([1, 2, 3, 7]));
}

/// Access outside a buffer is refused.
pub(crate) fn bounds(memory: &mut dyn Memory) {
	let [a, b] = [2, 4].map(|count| memory.allocate(count).expect("there is room"));
	let refused = |result: Result<(), KernelError>| {
		assert!(matches!(&result, Err(KernelError::Device(_))), "{result:?}");
	};
	refused(memory.write(a, &[0; 3]));
	refused(memory.read(a, &mut [0; 3]));
	refused(perform(memory, &copy(b, a, 3)).map(drop));
	refused(perform(memory, &copy(a, b, 3)).map(drop));
	refused(perform(memory, &copy(a, a, 2)).map(drop));
	refused(memory.read(BufferId(b.0 + 1), &mut [0]));
	refused(memory.root(&ValueType { dtype: DType::U32, rows: 3, cols: 1 }, a).map(drop));
	let empty = ValueType { dtype: DType::U32, rows: 0, cols: 1 };
	assert_eq!(memory.root(&empty, a), Err(KernelError::Shape));
}

/// A routine gives what each step gives.
pub(crate) fn routine(memory: &mut dyn Memory) {
	let host = ReferenceKernels;
	let bytes: Vec<u8> = (0..32).collect();
	let records = Records { bytes: &bytes, size: 4 };
	let value = |dtype, rows, cols| ValueType { dtype, rows, cols };
	// What the records hold, the number of the step, and a mask of it, one after the other in the same buffer.
	let load = Op::Load { offset: 1, width: 3, format: RecordFormat::U8ToF32 };
	let mask = Op::Mask { stream: 3, threshold: 1 << 31, scale: 0x4000_0000, rows: 2, cols: 3 };
	let nodes = [
		(load, value(DType::F32, 2, 3)),
		(Op::StepIndex { every: 2, period: 1 << 20 }, value(DType::U32, 1, 1)),
		(mask, value(DType::F32, 2, 3)),
	];
	let nodes = nodes.map(|(op, ty)| NodeSpec { id: 0, op, inputs: Default::default(), ty });
	let shared = memory.allocate(6).expect("there is room");
	let outs = [(); 3].map(|()| memory.allocate(6).expect("there is room"));
	let mut routine = Routine::default();
	for (spec, kept) in nodes.iter().zip(outs) {
		routine.tasks.push(Task::Node { spec, operands: Vec::new(), out: shared });
		let words = spec.ty.words() as usize;
		routine.tasks.push(Task::Copy { from: shared, to: kept, words });
	}
	let prepared = memory.prepare(&routine, &CONTEXT).expect("it can be done");
	for step in [0, 1, 2, 5, 1 << 33] {
		let context = StepContext { step, ..CONTEXT };
		memory.perform(prepared, &context, &records).expect("it is done");
		for (spec, kept) in nodes.iter().zip(outs) {
			let mut expected = vec![0; spec.ty.words() as usize];
			host.run(spec, &context, &[], &records, &mut expected).expect("it is a node");
			let mut got = vec![0; expected.len()];
			memory.read(kept, &mut got).expect("it is there");
			assert_eq!(got, expected, "{:?} of step {step}", spec.op);
		}
	}
	for other in [StepContext { batch: 1, ..CONTEXT }, StepContext { seed: [8; 32], ..CONTEXT }] {
		let result = memory.perform(prepared, &other, &records);
		assert_eq!(result, Err(KernelError::Shape), "it was prepared for another job");
	}
	assert_eq!(memory.perform(RoutineId(1), &CONTEXT, &records), Err(KernelError::Shape));
}
