//! The code that calls the driver, on a driver whose device is the emulator (`examples/cuda`).
//!
//! Each test runs itself again in a process that finds that driver where it would find NVIDIA's.

#[path = "resident/checks.rs"]
mod checks;

use std::{
	path::PathBuf,
	process::{Command, Output},
	time::Duration,
};

use assay_backend_cpu::{KernelError, Kernels, Memory, ReferenceKernels};
use assay_backend_cuda::ptx::{Generation, Module, HOPPER};
use assay_backend_cuda::{
	CudaKernels, Device, DeviceError, DeviceMemory, Gpu, Plan, Span, Verdict, Verdicts, Work,
};
use assay_conformance::{catalogue::operations, Backend, Case, Draft, Size, Suite};
use assay_ops::Op;

/// Where the child finds the folder of the driver.
const CHILD: &str = "ASSAY_TEST_OF_DRIVER";

/// The folder with the emulated driver, which is built with this test.
fn folder() -> PathBuf {
	let test = std::env::current_exe().expect("it runs");
	let folder = test.parent().and_then(|deps| deps.parent()).expect("it lies in a folder");
	let folder = folder.join("examples");
	let library = folder.join(format!("libcuda{}", std::env::consts::DLL_SUFFIX));
	assert!(
		library.exists(),
		"{} is not there: build the examples of assay-backend-cuda",
		library.display()
	);
	folder
}

/// Runs a test in a process of its own with that driver, which finds these variables, and gives what it printed; `None` in
/// that process.
fn child(name: &str, variables: &[(&str, &str)]) -> Option<Output> {
	if std::env::var_os(CHILD).is_some() {
		return None;
	}
	let mut command = Command::new(std::env::current_exe().expect("it runs"));
	command.args(["--exact", name, "--nocapture", "--test-threads", "1"]);
	command.env(CHILD, "1").env("LD_LIBRARY_PATH", folder());
	command.envs(variables.iter().copied());
	Some(command.output().expect("it starts"))
}

/// Does the work where the driver is.
fn with_driver(name: &str, work: impl FnOnce(Gpu)) {
	with_variables(name, &[], work);
}

/// Does the work where the driver is, which finds these variables.
fn with_variables(name: &str, variables: &[(&str, &str)], work: impl FnOnce(Gpu)) {
	let Some(output) = child(name, variables) else {
		return work(Gpu::new(0).expect("the driver is there"));
	};
	let (out, err) =
		(String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
	assert!(output.status.success() && out.contains("1 passed"), "{out}\n{err}");
}

#[test]
fn device_should_be_the_only_one_when_the_driver_has_one() {
	with_driver("device_should_be_the_only_one_when_the_driver_has_one", |gpu| {
		assert_eq!(gpu.name(), "emulator behind the driver");
		let error = Gpu::new(1).err().expect("there is none");
		assert!(matches!(error, DeviceError::NoDevice { index: 1, .. }), "{error}");
	});
}

#[test]
fn error_should_have_its_number_and_the_words_of_the_driver_when_a_kernel_fails() {
	let name = "error_should_have_its_number_and_the_words_of_the_driver_when_a_kernel_fails";
	with_variables(name, &[("EMULATED_LAUNCHES", "0")], |gpu| {
		let (plan, words, mut out) = sums(2);
		let error = gpu.execute(&plan, &[&words], &mut out).expect_err("it fails");
		let expected = "the NVIDIA driver: error (719): an error of the emulated driver";
		assert_eq!(error.to_string(), expected);
	});
}

#[test]
fn kernels_of_its_generation_should_be_tried_when_the_device_has_them() {
	let name = "kernels_of_its_generation_should_be_tried_when_the_device_has_them";
	with_variables(name, &[("EMULATED_GENERATION", "9")], |gpu| {
		let names =
			|verdicts: &Verdicts| verdicts.iter().map(|(name, _)| *name).collect::<Vec<_>>();
		let (_, verdicts) = Gpu::with_own_kernels(0).expect("the driver is there");
		assert_eq!(names(&verdicts), HOPPER.module.kernels().collect::<Vec<_>>());
		// Whether they are taken depends on which the emulator is faster with.
		assert!(verdicts.iter().all(|(_, verdict)| *verdict != Verdict::Wrong), "{verdicts:?}");
		// Another NaN than the canonical one.
		let text = HOPPER.module.text.replace("2143289344", "2143289345");
		let module = Module { text: text.leak(), ..HOPPER.module };
		let mut gpu = gpu;
		let verdicts = gpu.adopt(&Generation { module, ..HOPPER }).expect("both run");
		assert!(verdicts.iter().all(|(_, verdict)| *verdict == Verdict::Wrong), "{verdicts:?}");
	});
}

#[test]
fn kernels_of_another_generation_should_not_be_tried() {
	with_driver("kernels_of_another_generation_should_not_be_tried", |_| {
		assert_eq!(Gpu::with_own_kernels(0).expect("the driver is there").1, []);
	});
}

#[test]
fn every_operation_should_equal_reference_when_the_driver_runs_it() {
	with_driver("every_operation_should_equal_reference_when_the_driver_runs_it", |gpu| {
		let kernels = CudaKernels::on(gpu).expect("it has a host");
		let backends =
			[Backend::new("reference", ReferenceKernels), Backend::new("driver", kernels)];
		let suite = Suite { seed: 1, cases: 1, words: 1, size: Size::Small };
		for operation in operations() {
			if let Err(fault) = suite.run(&operation, &backends) {
				panic!("{}: {fault}", operation.name);
			}
		}
	});
}

#[test]
fn device_should_be_warm_when_it_has_computed() {
	with_driver("device_should_be_warm_when_it_has_computed", |gpu| {
		assert_eq!(CudaKernels::on(gpu).expect("it has a host").warm_up(), Ok(()));
	});
}

#[test]
fn warming_up_should_fail_when_a_kernel_does() {
	let name = "warming_up_should_fail_when_a_kernel_does";
	with_variables(name, &[("EMULATED_LAUNCHES", "0")], |gpu| {
		let warm = CudaKernels::on(gpu).expect("it has a host").warm_up();
		assert!(matches!(&warm, Err(KernelError::Device(_))), "{warm:?}");
	});
}

#[test]
fn values_should_stay_as_on_the_host_when_the_driver_has_them() {
	with_driver("values_should_stay_as_on_the_host_when_the_driver_has_them", |gpu| {
		let kernels = CudaKernels::on(gpu).expect("it has a host");
		let memory =
			|| -> Box<dyn Memory> { kernels.memory().expect("it has memory").expect("of its own") };
		checks::roots(&mut *memory());
		checks::special_words(&mut *memory());
		checks::copies(&mut *memory());
		checks::bounds(&mut *memory());
		checks::routine(&mut *memory());
	});
}

/// A plan, its operand and its result: the sums of so many columns, each of 1,100 words. They take scratch memory.
fn sums(cols: u32) -> (Plan, Vec<u32>, Vec<u32>) {
	let words: Vec<u32> = (0..1100 * cols).map(|index| (index as f32).to_bits()).collect();
	let draft = Draft::floats(Op::ColSum, &[(1100, cols)]);
	let case = Case::of_words(&draft, vec![words.clone()]).expect("it fits");
	let plan = Plan::new(&case.spec, case.context()).expect("it has a plan");
	(plan, words, case.run(&ReferenceKernels).expect("it is a node"))
}

#[test]
fn graph_should_keep_its_scratch_memory_when_a_later_plan_needs_more() {
	with_driver("graph_should_keep_its_scratch_memory_when_a_later_plan_needs_more", |gpu| {
		let mut memory: Box<dyn DeviceMemory> = gpu.memory().expect("it has memory");
		let mut place = 0;
		let mut work = |memory: &mut dyn DeviceMemory, cols| {
			let (plan, words, expected) = sums(cols);
			for count in [words.len(), expected.len()] {
				memory.allocate(count).expect("there is room");
			}
			memory.upload(place, &words).expect("it fits");
			let span = |buffer, words: &[u32]| Span { buffer, words: words.len() };
			let (operands, out) = (vec![span(place, &words)], span(place + 1, &expected));
			place += 2;
			(Work { plan, operands, out }, expected)
		};
		let (small, small_sums) = work(&mut *memory, 2);
		let (large, large_sums) = work(&mut *memory, 70);
		let small_graph = memory.record(vec![small.clone()]).expect("it can be recorded");
		let large_graph = memory.record(vec![large.clone()]).expect("it can be recorded");
		for graph in [small_graph, large_graph, small_graph] {
			memory.replay(graph).expect("it runs");
		}
		for (out, expected) in [(small.out, small_sums), (large.out, large_sums)] {
			let mut got = vec![0; out.words];
			memory.download(out, &mut got).expect("it is there");
			assert_eq!(got, expected);
		}
		assert!(memory.replay(2).is_err(), "there is no such graph");
	});
}

#[test]
fn device_should_be_left_alone_when_it_never_answers() {
	let name = "device_should_be_left_alone_when_it_never_answers";
	with_variables(name, &[("EMULATED_SILENCE", "1")], |gpu| {
		let patience = Duration::from_millis(20);
		let gpu = gpu.with_patience(patience);
		let mut memory: Box<dyn DeviceMemory> = gpu.memory().expect("it has memory");
		let span = |buffer| Span { buffer, words: 8 };
		for words in [8; 2] {
			memory.allocate(words).expect("there is room");
		}
		// So that it has pinned memory.
		let fill = &mut |words: &mut [u32]| {
			words.fill(7);
			Ok(())
		};
		memory.fill(span(0), fill).expect("it is filled");
		let work = Work { plan: Plan::copy(8), operands: vec![span(0)], out: span(1) };
		let graph = memory.record(vec![work.clone()]).expect("it can be recorded");
		// The first is done.
		for _ in 0..2 {
			memory.replay(graph).expect("it is queued");
		}
		let silent = Err(DeviceError::Silent(patience));
		let mut words = [0; 8];
		assert_eq!(memory.download(span(1), &mut words), silent);
		assert_eq!(words, [0; 8]);
		assert_eq!(memory.upload(0, &words), silent);
		assert_eq!(memory.launch(&work), silent);
		assert_eq!(memory.replay(graph), silent);
		assert_eq!(memory.record(vec![work.clone()]).map(drop), silent);
		assert_eq!(gpu.execute(&work.plan, &[&[7; 8]], &mut words), silent);
		// Nothing of it waits, or the driver would end the process.
		drop((memory, gpu));
	});
}

#[test]
fn copies_should_be_whole_when_they_are_longer_than_what_is_copied_at_once() {
	let name = "copies_should_be_whole_when_they_are_longer_than_what_is_copied_at_once";
	with_driver(name, |gpu| {
		let mut memory: Box<dyn DeviceMemory> = gpu.memory().expect("it has memory");
		let words: Vec<u32> = (0..(2 << 20) + 5).collect();
		memory.allocate(words.len() + 1).expect("there is room");
		memory.upload(0, &words).expect("it fits");
		let mut got = vec![0; words.len()];
		memory.download(Span { buffer: 0, words: words.len() }, &mut got).expect("it is there");
		assert!(got == words);
	});
}

#[test]
fn plan_should_be_timed_when_it_runs() {
	with_driver("plan_should_be_timed_when_it_runs", |gpu| {
		let (plan, words, _) = sums(2);
		let took = gpu.time(&plan, &[&words], 2).expect("it runs");
		assert!(took > Duration::ZERO);
		assert!(gpu.time(&plan, &[&words[1..]], 1).is_err(), "a word is missing");
	});
}

#[test]
fn graph_should_start_when_a_thread_that_has_called_nothing_starts_it() {
	let name = "graph_should_start_when_a_thread_that_has_called_nothing_starts_it";
	with_driver(name, |gpu| {
		let mut memory: Box<dyn DeviceMemory> = gpu.memory().expect("it has memory");
		let span = |buffer| Span { buffer, words: 8 };
		for words in [8; 2] {
			memory.allocate(words).expect("there is room");
		}
		memory.upload(0, &[7; 8]).expect("it fits");
		let work = Work { plan: Plan::copy(8), operands: vec![span(0)], out: span(1) };
		let graph = memory.record(vec![work]).expect("it can be recorded");
		let started = std::thread::scope(|scope| scope.spawn(|| memory.replay(graph)).join());
		started.expect("no panic").expect("it starts");
		let mut words = [0; 8];
		memory.download(span(1), &mut words).expect("it is there");
		assert_eq!(words, [7; 8]);
	});
}

#[test]
fn copies_should_hold_what_was_filled_when_it_is_filled_again_before_anybody_waits() {
	let name = "copies_should_hold_what_was_filled_when_it_is_filled_again_before_anybody_waits";
	with_driver(name, |gpu| {
		let mut memory: Box<dyn DeviceMemory> = gpu.memory().expect("it has memory");
		let span = |buffer| Span { buffer, words: 300 };
		for words in [300; 4] {
			memory.allocate(words).expect("there is room");
		}
		for copy in 1..4 {
			let fill = &mut |words: &mut [u32]| {
				words.fill(copy as u32);
				Ok(())
			};
			memory.fill(span(0), fill).expect("it is filled");
			let work = Work { plan: Plan::copy(300), operands: vec![span(0)], out: span(copy) };
			memory.launch(&work).expect("it runs");
		}
		for copy in 1..4 {
			let mut words = [0; 300];
			memory.download(span(copy), &mut words).expect("it is there");
			assert_eq!(words, [copy as u32; 300]);
		}
	});
}
