//! Steps per second of the example LeNet on images of MNIST's size, and where the time goes.
//!
//! ```text
//! cargo run --release -p assay-executor --example lenet_mnist_speed [threads] [steps]
//! ```
//!
//! The images are random: speed does not depend on them.

use std::{collections::BTreeMap, ops::ControlFlow, sync::Mutex, time::Instant};

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, RecordSource};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_executor::{DataSet, Job, OnNonFinite, Session};
use assay_ops::{eval::StepContext, Limits, NodeSpec};

/// Kernels that note how long each kind of operation takes.
struct Timed {
	kernels: CpuKernels,
	seconds: Mutex<BTreeMap<String, f64>>,
}

impl Kernels for Timed {
	fn run(
		&self,
		spec: &NodeSpec,
		ctx: &StepContext,
		operands: &[&[u32]],
		records: &dyn RecordSource,
		out: &mut [u32],
	) -> Result<(), KernelError> {
		let start = Instant::now();
		let result = self.kernels.run(spec, ctx, operands, records, out);
		let name = format!("{:?}", spec.op);
		let name = name.split([' ', '{']).next().unwrap_or_default();
		let name = match name.split_once("(Window") {
			Some((name, _)) => name,
			None => name,
		};
		let mut seconds = self.seconds.lock().expect("no thread panics while it holds the lock");
		*seconds.entry(name.into()).or_default() += start.elapsed().as_secs_f64();
		result
	}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let mut numbers = std::env::args().skip(1).map(|text| text.parse::<u64>());
	let threads = numbers.next().transpose()?.unwrap_or(1);
	let steps = numbers.next().transpose()?.unwrap_or(100);
	let manifest = Manifest::parse(include_str!("../../compiler/examples/lenet-mnist.toml"))?;
	let compiled = compile(&manifest)?;
	let record_size = manifest.data.record_size;
	let noise = (0..1000 * record_size).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
	let bytes: Vec<u8> = noise.collect();
	let check = |error| format!("{error:?}");
	let job = Job {
		program: compiled.program.check(&Limits::new(record_size)).map_err(check)?,
		seed: manifest.task.seed,
		steps,
		stride: 50,
		data: DataSet::new(bytes, record_size)?,
		initial: initial_slots(&compiled, &manifest.task.seed),
		on_non_finite: OnNonFinite::Continue,
	};
	let job = job.prepare(u64::MAX)?;
	let words = job.peak_words();
	let kernels = CpuKernels::new(threads as usize)?;
	let level = kernels.level();
	let timed = Timed { kernels, seconds: Mutex::default() };
	let mut session = Session::start(job, &timed, None)?;
	let start = Instant::now();
	session.run(|_| ControlFlow::Continue(()))?;
	let seconds = start.elapsed().as_secs_f64();
	println!("{level:?}, {threads} threads, peak {:.1} MiB", words as f64 / 262_144.0);
	println!(
		"{:.1} steps/s, {:.2} ms a step",
		steps as f64 / seconds,
		seconds / steps as f64 * 1e3
	);
	let by_op = timed.seconds.lock().expect("the run has ended");
	let mut by_op: Vec<_> = by_op.iter().collect();
	by_op.sort_by(|a, b| b.1.total_cmp(a.1));
	for (name, spent) in by_op {
		println!("{:8.3} ms  {name}", spent / steps as f64 * 1e3);
	}
	Ok(())
}
