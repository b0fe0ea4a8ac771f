//! Matrix products of the CPU backend against those of other libraries: the crates `gemm` and
//! `matrixmultiply`, candle, and, where `ASSAY_PEERS` names a Python that has them, numpy with OpenBLAS
//! and PyTorch.
//!
//! The peers may sum in any order that is fast; the backend keeps the order of the op spec. An argument
//! that is not an option selects the products whose names contain it; `--level=avx2` and the like take the
//! code for these instructions instead of the best of the processor. Figures named `peak` are of the same
//! number of operations on registers alone, which no product can exceed.

#[path = "../../../../primitives/ops/benches/common/mod.rs"]
#[allow(dead_code, reason = "contestants in another process have rounds of their own")]
mod common;
mod contest;
mod crates;
mod peak;
mod product;
mod python;

use std::{error::Error, hint::black_box};

use assay_backend_cpu::{CpuKernels, Kernels, Level, Records};
use assay_ops::{eval::StepContext, NodeSpec, Op, QuantFormat};
use candle_core::{Device, Tensor};
use common::{figure, ratio, Bench};
use contest::{medians, Contestant};
use gemm::Parallelism;
use peak::{peak, Numbers};
use product::{Product, PRODUCTS};
use python::Python;

const ROUNDS: usize = 11;
/// Seconds of a contestant's turn.
const TURN: f64 = 0.05;
const THREADS: [usize; 2] = [1, 2];
const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

/// Numbers between −½ and ½.
fn noise(count: usize) -> Vec<f32> {
	let number = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0 - 0.5;
	(0..count as u32).map(number).collect()
}

fn bits(numbers: &[f32]) -> Vec<u32> {
	numbers.iter().map(|x| x.to_bits()).collect()
}

/// Operands for candle, which reads transposed ones where they are.
fn tensors(product: &Product, a: &[f32], b: &[f32]) -> candle_core::Result<[Tensor; 2]> {
	let tensor = |numbers: &[f32], (rows, cols): (usize, usize), transposed: bool| {
		let tensor = match product.batch {
			1 => Tensor::from_slice(numbers, (rows, cols), &Device::Cpu)?,
			batch => Tensor::from_slice(numbers, (batch, rows, cols), &Device::Cpu)?,
		};
		if transposed {
			tensor.t()
		} else {
			Ok(tensor)
		}
	};
	let [a_shape, b_shape] = product.shapes();
	let left = tensor(a, a_shape, product.transpose_a)?;
	Ok([left, tensor(b, b_shape, product.transpose_b)?])
}

/// Calls `one` with the operands and the result of each product of the batch.
fn each(
	product: &Product,
	a: &[f32],
	b: &[f32],
	out: &mut [f32],
	mut one: impl FnMut(&[f32], &[f32], &mut [f32]),
) {
	let Product { m, k, n, .. } = *product;
	let operands = a.chunks_exact(m * k).zip(b.chunks_exact(k * n));
	for ((a, b), out) in operands.zip(out.chunks_exact_mut(m * n)) {
		one(a, b, out);
	}
}

fn measure(
	bench: &Bench,
	product: &Product,
	(level, threads): (Level, usize),
	pythons: &mut [(&'static str, Python)],
) -> Result<(), Box<dyn Error>> {
	let Product { batch, m, k, n, .. } = *product;
	let (a, b) = (noise(batch * m * k), noise(batch * k * n));
	let (kernels, spec) = (CpuKernels::with_level(threads, level)?, product.spec());
	let (a_words, b_words) = (bits(&a), bits(&b));
	let mut words = vec![0; batch * m * n];
	let mut numbers = vec![0.0; batch * m * n];
	let mut others = vec![0.0; batch * m * n];
	let parallelism = if threads == 1 { Parallelism::None } else { Parallelism::Rayon(threads) };
	let [left, right] = tensors(product, &a, &b)?;

	let ours = || {
		let (operands, records) = ([&a_words[..], &b_words], Records { bytes: &[0], size: 1 });
		let result = kernels.run(&spec, &CONTEXT, &operands, &records, black_box(&mut words));
		result.expect("the operands have the node's types");
	};
	let by_gemm = || {
		each(product, &a, &b, black_box(&mut numbers), |a, b, out| {
			crates::by_gemm(product, parallelism, a, b, out);
		});
	};
	let by_matrixmultiply = || {
		each(product, &a, &b, black_box(&mut others), |a, b, out| {
			crates::by_matrixmultiply(product, a, b, out);
		});
	};
	let candle = || _ = black_box(left.matmul(&right).expect("the shapes fit"));

	let mut peers = vec!["gemm-crate", "candle"];
	let mut contestants = vec![
		Contestant::Here(Box::new(ours)),
		Contestant::Here(Box::new(by_gemm)),
		Contestant::Here(Box::new(candle)),
	];
	if threads == 1 {
		peers.push("matrixmultiply");
		contestants.push(Contestant::Here(Box::new(by_matrixmultiply)));
		if let Some(peak) = peak(level, Numbers::Singles, product.operations()) {
			peers.push("peak");
			contestants.push(Contestant::Here(peak));
		}
	}
	for (name, python) in pythons {
		peers.push(name);
		contestants.push(Contestant::There(python, product));
	}
	let (rounds, turn) = if bench.quick { (1, 0.0) } else { (ROUNDS, TURN) };
	let seconds = medians(rounds, turn, &mut contestants)?;
	drop(contestants);

	let near = |(word, x): (&u32, &f32)| (f32::from_bits(*word) - x).abs() < 1e-2;
	assert!(words.iter().zip(&numbers).all(near), "all compute the same product");
	let name = format!("gemm.f32.{}.t{threads}", product.name);
	figure(&name, product.operations() / seconds[0] / 1e9, "gflops");
	for (peer, theirs) in peers.into_iter().zip(&seconds[1..]) {
		ratio(&name, peer, seconds[0], *theirs);
	}
	Ok(())
}

/// The same product in integers, against the one of `f32`.
fn quantised(
	bench: &Bench,
	product: &Product,
	(level, threads): (Level, usize),
) -> Result<(), Box<dyn Error>> {
	let Product { m, k, n, transpose_a, transpose_b, .. } = *product;
	let (a, b) = (bits(&noise(m * k)), bits(&noise(k * n)));
	let kernels = CpuKernels::with_level(threads, level)?;
	let (plain, mut words) = (product.spec(), [vec![0; m * n], vec![0; m * n], vec![0; m * n]]);
	let format = |format| Op::QuantMatMul { format, transpose_a, transpose_b };
	let ops = [plain.op, format(QuantFormat::I8), format(QuantFormat::Q15)];
	let mut contestants: Vec<Contestant<'_>> = Vec::new();
	for (op, out) in ops.into_iter().zip(&mut words) {
		let (spec, a, b, kernels) = (NodeSpec { op, ..plain.clone() }, &a, &b, &kernels);
		contestants.push(Contestant::Here(Box::new(move || {
			let (operands, records) = ([&a[..], &b[..]], Records { bytes: &[0], size: 1 });
			let result = kernels.run(&spec, &CONTEXT, &operands, &records, black_box(out));
			result.expect("the operands have the node's types");
		})));
	}
	let peak = (threads == 1).then(|| peak(level, Numbers::Bytes, product.operations())).flatten();
	contestants.extend(peak.map(Contestant::Here));
	let (rounds, turn) = if bench.quick { (1, 0.0) } else { (ROUNDS, TURN) };
	let seconds = medians(rounds, turn, &mut contestants)?;
	drop(contestants);
	for (kind, seconds_of) in [("i8", seconds[1]), ("q15x3", seconds[2])] {
		let name = format!("gemm.{kind}.{}.t{threads}", product.name);
		figure(&name, product.operations() / seconds_of / 1e9, "gops");
		ratio(&name, "f32", seconds_of, seconds[0]);
		// Fifteen bits are three products of bytes.
		if let (Some(peak), "i8") = (seconds.get(3), kind) {
			ratio(&name, "peak", seconds_of, *peak);
		}
	}
	Ok(())
}

/// The libraries of the Python that `ASSAY_PEERS` names.
fn pythons(threads: usize) -> Vec<(&'static str, Python)> {
	let interpreter = std::env::var("ASSAY_PEERS").unwrap_or_default();
	let mut pythons = Vec::new();
	for (peer, library) in [("openblas", "numpy"), ("torch", "torch")] {
		match Python::start(&interpreter, library, threads) {
			Some(python) => pythons.push((peer, python)),
			None => {
				eprintln!("note: no Python with {library}, so it is left out at {threads} threads")
			},
		}
	}
	pythons
}

/// The instructions that are measured.
fn level() -> Result<Level, String> {
	let option =
		std::env::args().find_map(|argument| Some(argument.strip_prefix("--level=")?.to_owned()));
	let Some(wanted) = option else { return Ok(Level::best()) };
	let levels = Level::available();
	let found = levels.iter().find(|level| level.name() == wanted);
	found.copied().ok_or_else(|| {
		let names: Vec<_> = levels.iter().map(|level| level.name()).collect();
		format!("this processor has no level `{wanted}`, but {}", names.join(", "))
	})
}

fn main() -> Result<(), Box<dyn Error>> {
	let bench = Bench::from_args();
	let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
	let wanted = wanted.unwrap_or_default();
	let level = level()?;
	if !PRODUCTS.iter().any(|product| product.name.contains(&wanted)) {
		let names: Vec<_> = PRODUCTS.iter().map(|product| product.name).collect();
		return Err(format!("no product has `{wanted}` in its name: {}", names.join(", ")).into());
	}
	// The peers' threads; ours has its own.
	rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
	for threads in THREADS {
		// candle looks here each time that it multiplies.
		std::env::set_var("RAYON_NUM_THREADS", threads.to_string());
		let mut pythons = pythons(threads);
		for product in PRODUCTS.iter().filter(|product| product.name.contains(&wanted)) {
			if !bench.quick || product.operations() < 1e8 {
				measure(&bench, product, (level, threads), &mut pythons)?;
				if product.batch == 1 {
					quantised(&bench, product, (level, threads))?;
				}
			}
		}
	}
	Ok(())
}
