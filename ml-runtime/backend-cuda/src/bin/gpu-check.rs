//! Runs the conformance suite and the benches on a GPU, with nothing else needed than its driver.
//!
//! Prints lines `name value unit`. Exit codes: 0 all equal, 1 a difference or a failure, 2 wrong usage,
//! 3 no driver or no such device.

use std::{collections::BTreeMap, process::ExitCode, time::Instant};

use assay_backend_cpu::{CpuKernels, Kernels};
use assay_backend_cuda::conformance::{self, cases, Case, Flavour, Random, Size};
use assay_backend_cuda::{CudaKernels, Device, DeviceError, Gpu, Plan};
use assay_ops::{BatchMatMul, HeadLayout, Op};

const USAGE: &str = "usage: assay-gpu-check [--device N] [--only OPERATION] [--exhaustive]
       assay-gpu-check --emulate [--only OPERATION]
  --device N        the device with this number, else 0
  --only OPERATION  conformance of one operation, such as MatMul, and no benches
  --exhaustive      also all 2^32 arguments of each function of one operand (minutes)
  --emulate         conformance of the emulator, which needs no GPU";

const NO_DEVICE: u8 = 3;

#[derive(Default)]
struct Options {
	device: usize,
	only: Option<String>,
	exhaustive: bool,
	emulate: bool,
}

fn options() -> Option<Options> {
	let mut options = Options::default();
	let mut arguments = std::env::args().skip(1);
	while let Some(argument) = arguments.next() {
		match argument.as_str() {
			"--device" => options.device = arguments.next()?.parse().ok()?,
			"--only" => options.only = Some(arguments.next()?),
			"--exhaustive" => options.exhaustive = true,
			"--emulate" => options.emulate = true,
			_ => return None,
		}
	}
	Some(options)
}

fn main() -> ExitCode {
	let Some(options) = options() else {
		eprintln!("{USAGE}");
		return ExitCode::from(2);
	};
	let threads = std::thread::available_parallelism().map_or(1, usize::from);
	let result = CpuKernels::new(threads).map_err(|error| error.to_string()).and_then(|cpu| {
		if options.emulate {
			let kernels = CudaKernels::emulated().map_err(|error| error.to_string())?;
			return conform(&kernels, &cpu, Size::Small, &options);
		}
		match CudaKernels::new(options.device) {
			Ok(kernels) => check(&kernels, &cpu, &options),
			Err(error @ (DeviceError::NoDriver | DeviceError::NoDevice { .. })) => {
				eprintln!("error: {error}");
				std::process::exit(NO_DEVICE.into());
			},
			Err(error) => Err(error.to_string()),
		}
	});
	match result {
		Ok(()) => ExitCode::SUCCESS,
		Err(error) => {
			eprintln!("error: {error}");
			ExitCode::FAILURE
		},
	}
}

fn check(kernels: &CudaKernels<Gpu>, cpu: &CpuKernels, options: &Options) -> Result<(), String> {
	println!("# device: {}", kernels.device().name());
	let conformed = conform(kernels, cpu, Size::Small, options)
		.and_then(|()| conform(kernels, cpu, Size::Large, options));
	if options.exhaustive {
		functions(kernels, cpu)?;
	}
	if options.only.is_none() {
		benches(kernels.device()).map_err(|error| error.to_string())?;
	}
	conformed
}

/// `MatMul { .. }` is `MatMul`.
fn name(op: &Op) -> String {
	format!("{op:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

/// Compares every operation with the CPU.
fn conform(
	kernels: &dyn Kernels,
	cpu: &CpuKernels,
	size: Size,
	options: &Options,
) -> Result<(), String> {
	let (mut counts, mut differences) = (BTreeMap::<String, u32>::new(), 0);
	for case in cases(size) {
		let name = name(&case.spec.op);
		if options.only.as_ref().is_some_and(|only| *only != name) {
			continue;
		}
		*counts.entry(name).or_default() += 1;
		if let Err(difference) = case.compare(kernels, cpu) {
			differences += 1;
			eprintln!("{:?} with {:?} words: {difference:?}", case.spec, case.flavour);
		}
	}
	let size = format!("{size:?}").to_lowercase();
	for (name, count) in &counts {
		println!("conformance.{size}.{name} {count} cases");
	}
	println!("conformance.{size}.differences {differences} cases");
	match (counts.len(), differences) {
		(0, _) => Err("there is no such operation".into()),
		(_, 0) => Ok(()),
		_ => Err(format!("{differences} cases differ")),
	}
}

/// All arguments of each function of one operand: one hash, which must be that of the CPU.
fn functions(kernels: &dyn Kernels, cpu: &CpuKernels) -> Result<(), String> {
	const PIECE: u32 = 1 << 24;
	for function in conformance::UNARY {
		let case = Case::new(Op::Unary(function), &[(1, PIECE)], Flavour::Plain, &mut Random(0));
		let mut case = case.ok_or("the function takes no vector")?;
		let mut hashes = [blake3::Hasher::new(), blake3::Hasher::new()];
		for piece in 0..(1_u64 << 32) / u64::from(PIECE) {
			let first = piece as u32 * PIECE;
			case.operands = vec![(0..PIECE).map(|offset| first + offset).collect()];
			for (hash, kernels) in hashes.iter_mut().zip([kernels, cpu]) {
				let words = case.run(kernels).map_err(|error| error.to_string())?;
				let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
				hash.update(&bytes);
			}
		}
		let [got, expected] = hashes.map(|hash| hash.finalize());
		println!("function.{function:?}.all {got} blake3");
		if got != expected {
			return Err(format!("{function:?} differs: the CPU's hash is {expected}"));
		}
	}
	Ok(())
}

/// Matrix products on operands that are on the device already.
fn benches(device: &Gpu) -> Result<(), DeviceError> {
	for n in [512, 1024, 2048, 4096, 8192] {
		let op = Op::MatMul { transpose_a: false, transpose_b: false };
		gemm(device, &format!("n{n}"), op, [(n, n), (n, n)], 2.0 * f64::from(n).powi(3))?;
	}
	for (transpose_a, transpose_b, name) in
		[(true, false, "tn"), (false, true, "nt"), (true, true, "tt")]
	{
		let op = Op::MatMul { transpose_a, transpose_b };
		let (n, work) = (2048, 2.0 * 2048_f64.powi(3));
		gemm(device, &format!("{name}.n{n}"), op, [(n, n), (n, n)], work)?;
	}
	let op = Op::MatMul { transpose_a: false, transpose_b: false };
	let work = 2.0 * 64.0 * 64.0 * 4096.0;
	gemm(device, "m64.k4096.n64", op, [(64, 4096), (4096, 64)], work)?;
	// The scores of attention: 8 sequences of 256 tokens, 12 heads of 64.
	let layout = HeadLayout::Interleaved;
	let (transpose_a, transpose_b) = (false, true);
	let out = HeadLayout::Stacked;
	let scores =
		BatchMatMul { batch: 8, heads: 12, transpose_a, transpose_b, a: layout, b: layout, out };
	let work = 2.0 * 96.0 * 256.0 * 256.0 * 64.0;
	gemm(device, "scores.b8.h12.t256", Op::BatchMatMul(scores), [(2048, 768); 2], work)
}

fn gemm(
	device: &Gpu,
	name: &str,
	op: Op,
	shapes: [(u32, u32); 2],
	work: f64,
) -> Result<(), DeviceError> {
	let unfit = || DeviceError::Fault(format!("{name} is no product"));
	let case = Case::new(op, &shapes, Flavour::Plain, &mut Random(1)).ok_or_else(unfit)?;
	let plan = Plan::new(&case.spec, case.context()).ok_or_else(unfit)?;
	let operands: Vec<&[u32]> = case.operands.iter().map(Vec::as_slice).collect();
	let words = case.spec.ty.words() as usize;
	let started = Instant::now();
	let mut best = device.time(&plan, &operands, words, 10)?;
	// The best of what fits into a second.
	while started.elapsed().as_secs_f64() < 1.0 {
		best = best.min(device.time(&plan, &operands, words, 10)?);
	}
	println!("gemm.f32.{name}.cuda {:.1} gflops", work / best.as_secs_f64() / 1e9);
	Ok(())
}
