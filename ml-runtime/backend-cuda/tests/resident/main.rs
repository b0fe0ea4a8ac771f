//! Memory on the emulated device: roots and finiteness are those of the host, and buffers keep what they hold.

mod checks;

use assay_backend_cpu::{Kernels, Memory};
use assay_backend_cuda::{CudaKernels, Device, DeviceMemory, Emulator, Plan, Span, Work};

fn memory() -> Box<dyn Memory> {
	let kernels = CudaKernels::emulated().expect("the PTX is known");
	kernels.memory().expect("it has memory").expect("of its own")
}

#[test]
fn root_should_be_that_of_the_host_when_shapes_vary() {
	checks::roots(&mut *memory());
}

#[test]
fn special_words_should_be_found_wherever_they_are() {
	checks::special_words(&mut *memory());
}

#[test]
fn words_should_stay_when_they_are_written_and_copied() {
	checks::copies(&mut *memory());
}

#[test]
fn access_should_be_refused_when_it_leaves_a_buffer() {
	checks::bounds(&mut *memory());
}

#[test]
fn routine_should_give_what_each_step_gives_when_it_is_done_again() {
	checks::routine(&mut *memory());
}

#[test]
fn plan_should_be_refused_when_it_would_overwrite_its_operand() {
	let emulator = Emulator::new().expect("the PTX is known");
	let mut memory: Box<dyn DeviceMemory> = emulator.memory().expect("it has memory");
	memory.allocate(64).expect("there is room");
	let span = Span { buffer: 0, words: 32 };
	let work = Work { plan: Plan::special(32), operands: vec![span, span], out: span };
	for error in [memory.launch(&work), memory.record(vec![work]).map(drop)] {
		assert!(error.is_err_and(|error| error.to_string().contains("overwrite")));
	}
}
