//! Runs the suite and the benches on a GPU, with nothing else needed than its driver.
//!
//! Prints the lines of `assay-conformance`, then lines `name value unit`.

#[path = "../cli/report.rs"]
mod report;

use std::{process::ExitCode, time::Instant};

use assay_backend_cpu::CpuKernels;
use assay_backend_cuda::{CudaKernels, Device, DeviceError, Gpu, Plan, Verdict};
use assay_conformance::{
	catalogue::{operation, operations, UNARY},
	exhaustive, Backend, Case, Draft, Flavour, Operation, Random, Size, Suite,
};
use assay_ops::{BatchMatMul, HeadLayout, Op, QuantFormat};
use clap::Parser;
use report::Report;

/// Words of each operation's results, of either size.
const WORDS: u64 = 1_000_000;

/// Small cases of each operation.
const CASES: u64 = 40;

/// Compares every operation on a GPU with the CPU, and measures matrix products.
///
/// Exit codes: 0 all equal, 1 a difference or a failure, 2 wrong usage, 3 no driver, or no
/// such device that can run the kernels.
#[derive(Debug, Parser)]
#[command(name = "assay-gpu-check")]
struct Options {
	/// The device with this number.
	#[arg(long, value_name = "N", default_value_t = 0)]
	device: usize,
	/// Only this operation, such as matmul, and no benches.
	#[arg(long, value_name = "OPERATION", value_parser = known)]
	only: Option<Operation>,
	/// Also all 2^32 arguments of each function of one operand (minutes).
	#[arg(long)]
	exhaustive: bool,
}

fn known(name: &str) -> Result<Operation, &'static str> {
	operation(name).ok_or("there is no such operation")
}

const NO_DEVICE: u8 = 3;

fn main() -> ExitCode {
	let options = Options::parse();
	match check(&options) {
		Ok(true) => ExitCode::SUCCESS,
		Ok(false) => ExitCode::FAILURE,
		Err(error) => {
			eprintln!("error: {error}");
			match error.is_absence() {
				true => ExitCode::from(NO_DEVICE),
				false => ExitCode::FAILURE,
			}
		},
	}
}

fn check(options: &Options) -> Result<bool, DeviceError> {
	let cuda = CudaKernels::new(options.device)?;
	println!("# device: {}", cuda.device().name());
	let threads = std::thread::available_parallelism().map_or(1, usize::from);
	let cpu = CpuKernels::new(threads).map_err(|error| DeviceError::Fault(error.to_string()))?;
	// The same device again, which if it was silent says so: to open it once more would be to wait for it.
	let device = cuda.device().clone();
	let equal = conform(&[Backend::new("cpu", cpu), Backend::new("cuda", cuda)], options);
	if options.only.is_none() {
		benches(&device)?;
		quantised(&device)?;
		// Last, since a kernel that faults takes the device away from this process.
		return Ok(own_kernels(options.device, &device)? && equal);
	}
	Ok(equal)
}

/// Whether the backends agree about every operation.
fn conform(backends: &[Backend], options: &Options) -> bool {
	let mut report = Report::new(false);
	let chosen = options.only.map_or_else(operations, |only| vec![only]);
	let bar = report.bar("operations", 2 * chosen.len() as u64);
	for size in [Size::Medium, Size::Large] {
		let suite = Suite { seed: 1, cases: CASES, words: WORDS, size };
		for operation in &chosen {
			let result = suite.run(operation, backends);
			bar.suspend(|| report.add(operation.name, result));
			bar.inc(1);
		}
	}
	bar.finish_and_clear();
	let all = exhaustive::Inputs { one_in: 1 };
	for (name, function) in UNARY.into_iter().filter(|_| options.exhaustive) {
		report.add(name, exhaustive::run(function, backends, all, || ()));
	}
	report.finish()
}

/// Matrix products on operands that are on the device already.
fn benches(device: &Gpu) -> Result<(), DeviceError> {
	let product = |transpose_a, transpose_b| Op::MatMul { transpose_a, transpose_b };
	for n in [512, 1024, 2048, 4096, 8192] {
		let work = 2.0 * f64::from(n).powi(3);
		gemm(device, &format!("n{n}"), product(false, false), [(n, n), (n, n)], work)?;
	}
	for (a, b, name) in [(true, false, "tn"), (false, true, "nt"), (true, true, "tt")] {
		let (n, work) = (2048, 2.0 * 2048_f64.powi(3));
		gemm(device, &format!("{name}.n{n}"), product(a, b), [(n, n), (n, n)], work)?;
	}
	let work = 2.0 * 64.0 * 64.0 * 4096.0;
	gemm(device, "m64.k4096.n64", product(false, false), [(64, 4096), (4096, 64)], work)?;
	// The scores of attention: 8 sequences of 256 tokens, 12 heads of 64.
	let layout = HeadLayout::Interleaved;
	let (transpose_a, transpose_b) = (false, true);
	let out = HeadLayout::Stacked;
	let scores =
		BatchMatMul { batch: 8, heads: 12, transpose_a, transpose_b, a: layout, b: layout, out };
	let work = 2.0 * 96.0 * 256.0 * 256.0 * 64.0;
	gemm(device, "scores.b8.h12.t256", Op::BatchMatMul(scores), [(2048, 768); 2], work)
}

/// Quantised products, whose operands are numbers that become integers first.
fn quantised(device: &Gpu) -> Result<(), DeviceError> {
	for (name, product) in quantised_products() {
		let speed = product.work / product.seconds(device)? / 1e9;
		println!("gemm.{name}.cuda {speed:.1} gops");
	}
	Ok(())
}

/// The kernels of the device's generation, in the place of those for all devices: what a trial finds about them, whether
/// they give the same words, and how fast they are in comparison.
fn own_kernels(index: usize, common: &Gpu) -> Result<bool, DeviceError> {
	let (own, verdicts) = Gpu::with_own_kernels(index)?;
	if verdicts.is_empty() {
		println!("# there are no kernels for this generation alone");
	}
	for (kernel, verdict) in &verdicts {
		println!("# {kernel}: {verdict}");
	}
	let taken = verdicts.iter().any(|(_, verdict)| matches!(verdict, Verdict::Taken { .. }));
	let mut equal = !verdicts.iter().any(|(_, verdict)| *verdict == Verdict::Wrong);
	for (name, product) in quantised_products().take_while(|_| taken) {
		if product.words(&own)? != product.words(common)? {
			println!("gemm.{name}.cuda differs");
			equal = false;
			continue;
		}
		let ratio = product.seconds(common)? / product.seconds(&own)?;
		println!("gemm.{name}.cuda/common {ratio:.2} x");
	}
	Ok(equal)
}

fn quantised_products() -> impl Iterator<Item = (String, Product)> {
	let formats = [("i8", QuantFormat::I8), ("q15x3", QuantFormat::Q15)];
	let sizes =
		formats.into_iter().flat_map(|format| [1024, 2048, 4096, 8192].map(|n| (format, n)));
	let product = |((name, format), n): ((&str, QuantFormat), u32)| {
		let op = Op::QuantMatMul { format, transpose_a: false, transpose_b: true };
		let name = format!("{name}.n{n}");
		let product = Product::new(&name, op, [(n, n); 2], 2.0 * f64::from(n).powi(3));
		(name, product)
	};
	sizes.map(product)
}

/// A product to be measured.
struct Product {
	case: Case,
	plan: Plan,
	/// Operations.
	work: f64,
}

impl Product {
	/// One of numbers that its name decides.
	fn new(name: &str, op: Op, shapes: [(u32, u32); 2], work: f64) -> Self {
		let mut random = Random::of_case(1, name, 0);
		let draft = Draft::floats(op, &shapes);
		let case = Case::of_flavour(&draft, Flavour::Plain, &mut random).expect("the shapes fit");
		let plan = Plan::new(&case.spec, case.context()).expect("it is a product");
		Self { case, plan, work }
	}

	fn operands(&self) -> Vec<&[u32]> {
		self.case.operands.iter().map(Vec::as_slice).collect()
	}

	/// The least that it takes on the device, without the way there and back, of what fits into a second.
	fn seconds(&self, device: &Gpu) -> Result<f64, DeviceError> {
		let started = Instant::now();
		let mut best = device.time(&self.plan, &self.operands(), 10)?;
		while started.elapsed().as_secs_f64() < 1.0 {
			best = best.min(device.time(&self.plan, &self.operands(), 10)?);
		}
		Ok(best.as_secs_f64())
	}

	fn words(&self, device: &Gpu) -> Result<Vec<u32>, DeviceError> {
		let mut out = vec![0; self.plan.out()];
		device.execute(&self.plan, &self.operands(), &mut out)?;
		Ok(out)
	}
}

fn gemm(
	device: &Gpu,
	name: &str,
	op: Op,
	shapes: [(u32, u32); 2],
	work: f64,
) -> Result<(), DeviceError> {
	let seconds = Product::new(name, op, shapes, work).seconds(device)?;
	println!("gemm.f32.{name}.cuda {:.1} gflops", work / seconds / 1e9);
	Ok(())
}
