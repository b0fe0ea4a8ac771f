//! Training steps of the example LeNet on random images of MNIST's size: by the executor, which
//! commits to a state after every ten steps, and by candle; and the share that commitments take of the
//! executor's time.
//!
//! candle gets its batches ready made, as floats in memory; the executor reads, shuffles and converts
//! records. Both start from the same parameters and train with momentum.

#[path = "../../../primitives/ops/benches/common/mod.rs"]
mod common;
mod peer;

use std::error::Error;

use assay_backend_cpu::CpuKernels;
use assay_candle::{Inputs, Model};
use assay_compiler::{compile, initial_slots, Manifest};
use assay_executor::{DataSet, Job, OnNonFinite, Prepared, Session};
use assay_ops::{CheckedProgram, Limits};
use candle_core::Tensor;
use common::{figure, ratio, Bench};
use peer::{Batches, LeNet};

/// Turns of each contestant; shares of a few per mille need many.
const ROUNDS: usize = 41;
const THREADS: [usize; 2] = [1, 2];

/// Steps between commitments, and in a turn.
const STRIDE: u32 = 10;

/// More steps than a bench runs, so that this as a stride means no commitments.
const NEVER: u32 = 1 << 24;

const RECORDS: usize = 640;

/// What both sides train on.
struct Setup {
	program: CheckedProgram,
	seed: [u8; 32],
	initial: Vec<Vec<u32>>,
	data: DataSet,
	parameters: Vec<Tensor>,
	batches: Batches,
}

impl Setup {
	fn new() -> Result<Self, Box<dyn Error>> {
		let manifest = Manifest::parse(include_str!("../../compiler/examples/lenet-mnist.toml"))?;
		let compiled = compile(&manifest)?;
		let size = manifest.data.record_size;
		let program = compiled.program.check(&Limits::new(size));
		let seed = manifest.task.seed;
		let initial = initial_slots(&compiled, &seed);
		let bytes = records(size as usize);
		let records: Vec<&[u8]> = bytes.chunks_exact(size as usize).collect();
		let inputs = Inputs::read(&manifest, &records)?;
		Ok(Self {
			program: program.map_err(|error| format!("{error:?}"))?,
			seed,
			parameters: Model::from_slots(&compiled.parameters, &initial)?.tensors()?,
			initial,
			data: DataSet::new(bytes, size)?,
			batches: Batches::new(inputs, manifest.task.batch as usize)?,
		})
	}

	fn job(&self, stride: u32) -> Prepared {
		let job = Job {
			program: self.program.clone(),
			seed: self.seed,
			first_step: 0,
			steps: NEVER.into(),
			stride,
			data: self.data.clone(),
			initial: self.initial.clone(),
			on_non_finite: OnNonFinite::Continue,
		};
		job.prepare(u64::MAX).expect("the example can be run")
	}
}

/// Random pixels with random digits as their labels, the last byte of each record.
fn records(size: usize) -> Vec<u8> {
	let noise = |i: u32| (i.wrapping_mul(2_654_435_761) >> 24) as u8;
	let mut bytes: Vec<u8> = (0..(RECORDS * size) as u32).map(noise).collect();
	bytes.iter_mut().skip(size - 1).step_by(size).for_each(|label| *label %= 10);
	bytes
}

/// Seconds of a turn: with commitments, without, and by candle.
fn measure(bench: &Bench, setup: &Setup, threads: usize) -> Vec<f64> {
	let kernels = CpuKernels::new(threads).expect("threads with a sound float environment");
	let session = |stride| {
		let session = Session::start(setup.job(stride), &kernels, None);
		session.expect("there is no disk to fail")
	};
	let (mut committing, mut plain) = (session(STRIDE), session(NEVER));
	let mut candle = LeNet::new(&setup.parameters).expect("the parameters are LeNet's");
	let turn = |session: &mut Session<&CpuKernels>| {
		for _ in 0..STRIDE {
			session.step().expect("the example can be run");
		}
	};
	let contestants: &mut [&mut dyn FnMut()] =
		&mut [&mut || turn(&mut committing), &mut || turn(&mut plain), &mut || {
			for _ in 0..STRIDE {
				candle.step(&setup.batches).expect("the shapes fit");
			}
		}];
	bench.medians(ROUNDS, contestants)
}

fn main() -> Result<(), Box<dyn Error>> {
	let bench = Bench::from_args();
	let setup = Setup::new()?;
	// Threads of candle and of the executor's hashing; the kernels have their own.
	rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
	let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
	for threads in THREADS {
		// candle looks here each time that it multiplies.
		std::env::set_var("RAYON_NUM_THREADS", threads.to_string());
		let seconds = match threads {
			1 => alone.install(|| measure(&bench, &setup, threads)),
			_ => measure(&bench, &setup, threads),
		};
		let name = format!("step.lenet.t{threads}");
		figure(&name, f64::from(STRIDE) / seconds[0], "steps/s");
		ratio(&name, "candle", seconds[0], seconds[2]);
		let share = 1.0 - seconds[1] / seconds[0];
		figure(&format!("commit.lenet.stride{STRIDE}.t{threads}"), share * 100.0, "percent");
	}
	Ok(())
}
