//! Training steps with commitments, beside candle and PyTorch with the same network, batch and threads.
//!
//! `step.NAME.tN` is the speed with commitments at the recommended stride: the smallest for which
//! they take at most 2 % of the time. `commit.NAME.tN` is what one commitment takes, and
//! `commit.NAME.stride.tN` that stride.
//!
//! `step.NAME.FORM.tN` is the speed of ours without commitments where products with weights are those of integers, beside
//! the same in `f32`.
//!
//! Our step loads, shuffles and converts its records; candle's and PyTorch's are ready as tensors.

#[path = "../../../../primitives/ops/benches/common/mod.rs"]
mod common;
mod gpt;
mod lenet;
mod setup;
mod torch;

use std::{error::Error, thread, time::Duration};

use assay_backend_cpu::CpuKernels;
use assay_executor::Session;
use candle_core::Tensor;
use common::{figure, ratio, Bench};
use gpt::Gpt;
use lenet::{Batches, LeNet};
use setup::{Setup, NEVER};
use torch::Torch;

const THREADS: [usize; 2] = [1, 2];

/// Share of the time that commitments may take.
const SHARE: f64 = 0.02;

/// How long PyTorch's threads may go on looking for work when its turn is over, which would take a core from whoever
/// is next.
const SETTLED: Duration = Duration::from_millis(60);

/// Commitments that are timed.
const COMMITMENTS: u32 = 5;

/// One network, and how it is measured.
struct Match<'a> {
	name: &'a str,
	setup: Setup,
	/// Steps of a turn.
	steps: u32,
	rounds: usize,
	threads: usize,
}

impl Match<'_> {
	/// Plays and prints. `candle` trains one step.
	fn play(
		&self,
		bench: &Bench,
		torch: &mut Option<Torch>,
		mut candle: impl FnMut(),
	) -> Result<(), Box<dyn Error>> {
		let Self { name, setup, steps, rounds, threads } = self;
		let kernels = CpuKernels::new(*threads)?;
		let mut ours = Session::start(setup.job(NEVER), &kernels, None)?;
		let mut failed = None;
		let pause = torch.as_ref().map_or(Duration::ZERO, |_| SETTLED);
		let mut asked = || {
			let Some(torch) = torch.as_mut() else { return };
			failed = torch.train(setup.folder.path(), *threads, *steps).err().or(failed.take());
		};
		let contestants: &mut [&mut dyn FnMut()] = &mut [
			&mut || (0..*steps).for_each(|_| ours.step().expect("the example can be run")),
			&mut || (0..*steps).for_each(|_| candle()),
			&mut asked,
			// Takes part in turn, and its time does not count.
			&mut || thread::sleep(pause),
		];
		let seconds = bench.medians(*rounds, contestants);
		let per_step = |seconds: f64| seconds / f64::from(*steps);
		let mut committing = Session::start(setup.job(1), &kernels, None)?;
		for _ in 0..COMMITMENTS {
			committing.step()?;
		}
		let mut pace = committing.progress().pace;
		pace.step = per_step(seconds[0]);
		let stride = pace.stride(SHARE).ok_or("nothing was measured")?;
		let whole = pace.step + pace.commitment / f64::from(stride);
		let name = format!("{name}.t{threads}");
		figure(&format!("step.{name}"), 1.0 / whole, "steps/s");
		ratio(&format!("step.{name}"), "candle", whole, per_step(seconds[1]));
		if let Some(error) = failed {
			return Err(error);
		}
		if torch.is_some() {
			ratio(&format!("step.{name}"), "torch", whole, per_step(seconds[2]));
		}
		figure(&format!("commit.{name}"), pace.commitment * 1e3, "ms");
		figure(&format!("commit.{}.stride.t{threads}", self.name), stride.into(), "steps");
		let share = 100.0 * (1.0 - pace.step / whole);
		figure(&format!("commit.{}.share.t{threads}", self.name), share, "percent");
		Ok(())
	}
}

/// Arithmetic of products with weights, as a manifest names it.
const FORMS: [&str; 3] = ["f32", "q15x3", "i8"];

/// Prints how fast a step is in each arithmetic.
fn integers(
	bench: &Bench,
	name: &str,
	(steps, rounds, threads): (u32, usize, usize),
	setup: impl Fn(&str) -> Result<Setup, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
	let kernels = CpuKernels::new(threads)?;
	let numerics =
		FORMS.map(|form| format!("\n[numerics]\nforward = \"{form}\"\nbackward = \"{form}\"\n"));
	let [f32, q15x3, i8] = numerics.map(|numerics| -> Result<_, Box<dyn Error>> {
		Ok(Session::start(setup(&numerics)?.job(NEVER), &kernels, None)?)
	});
	let (mut f32, mut q15x3, mut i8) = (f32?, q15x3?, i8?);
	let run = |session: &mut Session<&CpuKernels>| {
		(0..steps).for_each(|_| session.step().expect("the example can be run"));
	};
	let contestants: &mut [&mut dyn FnMut()] =
		&mut [&mut || run(&mut f32), &mut || run(&mut q15x3), &mut || run(&mut i8)];
	let seconds = bench.medians(rounds, contestants);
	for (form, taken) in FORMS.iter().zip(&seconds).skip(1) {
		let name = format!("step.{name}.{form}.t{threads}");
		figure(&name, f64::from(steps) / taken, "steps/s");
		ratio(&name, "f32", *taken, seconds[0]);
	}
	Ok(())
}

fn lenet(bench: &Bench, torch: &mut Option<Torch>, threads: usize) -> Result<(), Box<dyn Error>> {
	let text = include_str!("../../../compiler/examples/lenet-mnist.toml");
	let label = |place, noise| if place == 784 { noise % 10 } else { noise };
	let made = |numerics: &str| Setup::new(&format!("{text}{numerics}"), 640, label);
	integers(bench, "lenet", (10, 21, threads), made)?;
	let setup = made("")?;
	let batches = Batches::new(setup.inputs.clone(), setup.batch)?;
	let mut peer = LeNet::new(&setup.parameters)?;
	Match { name: "lenet", setup, steps: 10, rounds: 41, threads }
		.play(bench, torch, || peer.step(&batches).expect("the shapes fit"))
}

fn gpt(bench: &Bench, torch: &mut Option<Torch>, threads: usize) -> Result<(), Box<dyn Error>> {
	let text = include_str!("../../../compiler/examples/gpt-shakespeare.toml");
	let made =
		|numerics: &str| Setup::new(&format!("{text}{numerics}"), 64, |_, noise| noise & 127);
	integers(bench, "gpt", (1, 9, threads), made)?;
	let setup = made("")?;
	let (records, length) = setup.inputs.values.dims2()?;
	let tokens = setup.inputs.values.clone();
	let next = Tensor::new(setup.inputs.labels.as_slice(), tokens.device())?;
	let mut peer = Gpt::new(&setup.parameters, length)?;
	let (batch, mut step) = (setup.batch, 0);
	let candle = || {
		let from = step % (records / batch) * batch;
		let tokens = tokens.narrow(0, from, batch).expect("the records are there");
		let next = next.narrow(0, from * length, batch * length).expect("the labels are there");
		peer.step(&tokens, &next).expect("the shapes fit");
		step += 1;
	};
	Match { name: "gpt", setup, steps: 1, rounds: 9, threads }.play(bench, torch, candle)
}

fn main() -> Result<(), Box<dyn Error>> {
	let bench = Bench::from_args();
	let mut torch = Torch::start();
	if torch.is_none() {
		eprintln!("PyTorch is left out: scripts/bench.sh step --torch installs it");
	}
	// Threads of candle and of the executor's hashing; the kernels have their own.
	rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
	let alone = rayon::ThreadPoolBuilder::new().num_threads(1).build()?;
	for threads in THREADS {
		// candle looks here each time that it multiplies.
		std::env::set_var("RAYON_NUM_THREADS", threads.to_string());
		let mut all = || -> Result<(), String> {
			let said = |error: Box<dyn Error>| error.to_string();
			lenet(&bench, &mut torch, threads).map_err(said)?;
			gpt(&bench, &mut torch, threads).map_err(said)
		};
		match threads {
			1 => alone.install(&mut all)?,
			_ => all()?,
		}
	}
	Ok(())
}
