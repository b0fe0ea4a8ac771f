//! Memory on the device: roots and finiteness are those of the host, and buffers keep what they hold.

use assay_backend_cpu::{BufferId, KernelError, Kernels, Memory};
use assay_backend_cuda::{CudaKernels, Device, DeviceMemory, Emulator, Plan, Span};
use assay_commitment::tensor_root;
use assay_conformance::Random;
use assay_ops::{DType, ValueType};

fn memory() -> Box<dyn Memory> {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	kernels.memory().expect("it has memory").expect("of its own")
}

fn words(count: usize, name: &str) -> Vec<u32> {
	let mut random = Random::of_case(1, name, 0);
	(0..count).map(|_| random.u32()).collect()
}

#[test]
fn root_should_be_that_of_the_host_when_shapes_vary() {
	let mut memory = memory();
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

#[test]
fn special_words_should_be_found_wherever_they_are() {
	let mut memory = memory();
	// More than all threads together look at in one turn.
	let large = 64 * 256 + 700;
	let mut finite = words(large, "finite");
	finite.iter_mut().for_each(|word| *word &= 0xFF7F_FFFF);
	finite[5] = 0x7F7F_FFFF;
	let [a, b] = [(); 2].map(|()| memory.allocate(large).expect("there is room"));
	memory.write(a, &finite).expect("it fits");
	memory.write(b, &finite).expect("it fits");
	let all = [(a, large), (b, 3), (b, large), (b, 300)];
	assert_eq!(memory.is_finite(&[]), Ok(true));
	assert_eq!(memory.is_finite(&all), Ok(true));
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
			assert_eq!(memory.is_finite(&all[..count]), Ok(false), "word {place}");
		}
		// Only what is asked about counts.
		assert_eq!(memory.is_finite(&[(a, place), (b, large)]), Ok(true), "before {place}");
		assert_eq!(memory.is_finite(&all[1..]), Ok(true), "nothing stays of the last answer");
	}
}

#[test]
fn words_should_stay_when_they_are_written_and_copied() {
	let mut memory = memory();
	let [a, b] = [6, 4].map(|count| memory.allocate(count).expect("there is room"));
	memory.write(a, &[1, 2, 3, 4, 5, 6]).expect("it fits");
	memory.write(b, &[7; 4]).expect("it fits");
	memory.copy(a, b, 3).expect("it fits");
	memory.write(a, &[8, 9]).expect("it fits");
	let read = |memory: &mut dyn Memory, buffer| {
		let mut words = [0; 4];
		memory.read(buffer, &mut words).map(|()| words)
	};
	assert_eq!(read(&mut *memory, a), Ok([8, 9, 3, 4]));
	assert_eq!(read(&mut *memory, b), Ok([1, 2, 3, 7]));
}

#[test]
fn access_should_be_refused_when_it_leaves_a_buffer() {
	let mut memory = memory();
	let [a, b] = [2, 4].map(|count| memory.allocate(count).expect("there is room"));
	let refused = |result: Result<(), KernelError>| {
		assert!(matches!(&result, Err(KernelError::Device(_))), "{result:?}");
	};
	refused(memory.write(a, &[0; 3]));
	refused(memory.read(a, &mut [0; 3]));
	refused(memory.copy(b, a, 3));
	refused(memory.copy(a, b, 3));
	refused(memory.read(BufferId(b.0 + 1), &mut [0]));
	refused(memory.root(&ValueType { dtype: DType::U32, rows: 3, cols: 1 }, a).map(drop));
	let empty = ValueType { dtype: DType::U32, rows: 0, cols: 1 };
	assert_eq!(memory.root(&empty, a), Err(KernelError::Shape));
}

#[test]
fn plan_should_be_refused_when_it_would_overwrite_its_operand() {
	let emulator = Emulator::new().expect("the PTX is known");
	let mut memory: Box<dyn DeviceMemory> = emulator.memory().expect("it has memory");
	memory.allocate(64).expect("there is room");
	let span = Span { buffer: 0, words: 32 };
	let error = memory.launch(&Plan::special(32), &[span, span], span);
	assert!(error.is_err_and(|error| error.to_string().contains("overwrite")));
}
