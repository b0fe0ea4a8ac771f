//! Every operation on a device, where there is one.

use assay_backend_cpu::CpuKernels;
use assay_backend_cuda::{CudaKernels, Device, DeviceError};
use assay_conformance::{catalogue::operations, Backend, Size, Suite};

#[test]
fn device_should_equal_cpu_when_there_is_one() {
	let kernels = match CudaKernels::new(0) {
		Ok(kernels) => kernels,
		Err(error) if error.is_absence() => {
			eprintln!("skipped: {error}");
			return;
		},
		Err(error) => panic!("{error}"),
	};
	println!("device: {}", kernels.device().name());
	let right = CpuKernels::new(4).expect("threads start");
	let backends = [Backend::new("cpu", right), Backend::new("cuda", kernels)];
	for size in [Size::Medium, Size::Large] {
		let suite = Suite { seed: 1, cases: 40, words: 200_000, size };
		for operation in operations() {
			let outcomes = suite.run(&operation, &backends);
			outcomes.unwrap_or_else(|fault| panic!("{}: {fault}", operation.name));
		}
	}
}

#[test]
fn error_should_say_no_driver_when_there_is_none() {
	if let Err(error @ DeviceError::NoDriver) = CudaKernels::new(0) {
		let text = error.to_string();
		assert!(text.starts_with("no NVIDIA driver found: "), "{text}");
	} else {
		println!("skipped: there is an NVIDIA driver");
	}
}
