//! Matrix products of the CPU backend against the crate `gemm`, and against candle, which uses it.
//!
//! The peers may sum in any order that is fast; the backend keeps the order of the op spec.

#[path = "../../../primitives/ops/benches/common/mod.rs"]
mod common;

use std::{error::Error, hint::black_box};

use assay_backend_cpu::{CpuKernels, Kernels, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};
use candle_core::{Device, Tensor};
use common::{figure, ratio, Bench};
use gemm::Parallelism;

const ROUNDS: usize = 11;
const THREADS: [usize; 2] = [1, 2];
const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

/// `m × k` times `k × n`; a transposed operand is stored the other way around.
#[derive(Clone, Copy)]
struct Product {
	name: &'static str,
	m: usize,
	k: usize,
	n: usize,
	transpose_a: bool,
	transpose_b: bool,
}

const PRODUCTS: [Product; 13] = [
	Product::new("n256", 256, 256, 256),
	Product::new("n512", 512, 512, 512),
	Product::new("n1024", 1024, 1024, 1024),
	Product::new("n2048", 2048, 2048, 2048),
	Product::new("64x4096x64", 64, 4096, 64),
	// The gradients of a layer: of its weights, and of its input.
	Product { transpose_a: true, ..Product::new("n1024-ta", 1024, 1024, 1024) },
	Product { transpose_b: true, ..Product::new("n1024-tb", 1024, 1024, 1024) },
	// The layers of the example LeNet, and the gradients of their weights.
	Product::new("50176x25x6", 50_176, 25, 6),
	Product { transpose_a: true, ..Product::new("25x50176x6-ta", 25, 50_176, 6) },
	Product::new("6400x150x16", 6400, 150, 16),
	Product { transpose_a: true, ..Product::new("150x6400x16-ta", 150, 6400, 16) },
	Product::new("64x400x120", 64, 400, 120),
	Product { transpose_a: true, ..Product::new("400x64x120-ta", 400, 64, 120) },
];

/// Rows and columns as they are stored.
fn stored(rows: usize, cols: usize, transposed: bool) -> (usize, usize) {
	if transposed {
		(cols, rows)
	} else {
		(rows, cols)
	}
}

impl Product {
	const fn new(name: &'static str, m: usize, k: usize, n: usize) -> Self {
		Self { name, m, k, n, transpose_a: false, transpose_b: false }
	}

	fn operations(&self) -> f64 {
		2.0 * (self.m * self.k * self.n) as f64
	}

	/// Shapes of both operands as they are stored.
	fn shapes(&self) -> [(usize, usize); 2] {
		let Self { m, k, n, transpose_a, transpose_b, .. } = *self;
		[stored(m, k, transpose_a), stored(k, n, transpose_b)]
	}

	fn spec(&self) -> NodeSpec {
		let Self { m, n, transpose_a, transpose_b, .. } = *self;
		let ty = |(rows, cols): (usize, usize)| ValueType {
			dtype: DType::F32,
			rows: rows as u32,
			cols: cols as u32,
		};
		let operand = |(id, shape)| Operand { id, ty: ty(shape) };
		let inputs: Vec<Operand> = (0..).zip(self.shapes()).map(operand).collect();
		let inputs = inputs.try_into().expect("a node may have two operands");
		NodeSpec { id: 2, op: Op::MatMul { transpose_a, transpose_b }, inputs, ty: ty((m, n)) }
	}

	/// The product by the crate `gemm`.
	#[allow(unsafe_code, reason = "the crate takes pointers")]
	fn by_gemm(&self, parallelism: Parallelism, a: &[f32], b: &[f32], out: &mut [f32]) {
		let Self { m, k, n, transpose_a, transpose_b, .. } = *self;
		assert_eq!([a.len(), b.len(), out.len()], [m * k, k * n, m * n]);
		// Distance of neighbours along a row and along a column.
		let steps = |rows: usize, cols: usize, transposed| {
			let (along, down) = if transposed { (rows, 1) } else { (1, cols) };
			(along as isize, down as isize)
		};
		let (a_cs, a_rs) = steps(m, k, transpose_a);
		let (b_cs, b_rs) = steps(k, n, transpose_b);
		let (out, out_cs, out_rs) = (out.as_mut_ptr(), 1, n as isize);
		let (a, b) = (a.as_ptr(), b.as_ptr());
		let (read, conjugate) = (false, false);
		// SAFETY: all elements lie inside the slices, whose lengths were checked, and `out` is borrowed
		// alone.
		unsafe {
			gemm::gemm(
				m,
				n,
				k,
				out,
				out_cs,
				out_rs,
				read,
				a,
				a_cs,
				a_rs,
				b,
				b_cs,
				b_rs,
				0.0,
				1.0,
				conjugate,
				conjugate,
				conjugate,
				parallelism,
			);
		}
	}
}

/// Numbers between −½ and ½.
fn noise(count: usize) -> Vec<f32> {
	let number = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0 - 0.5;
	(0..count as u32).map(number).collect()
}

/// An operand for candle, which reads transposed ones where they are.
fn tensor(numbers: &[f32], shape: (usize, usize), transposed: bool) -> candle_core::Result<Tensor> {
	let tensor = Tensor::from_slice(numbers, shape, &Device::Cpu)?;
	if transposed {
		tensor.t()
	} else {
		Ok(tensor)
	}
}

fn measure(bench: &Bench, product: &Product, threads: usize) -> Result<(), Box<dyn Error>> {
	let [a_shape, b_shape] = product.shapes();
	let (a, b) = (noise(a_shape.0 * a_shape.1), noise(b_shape.0 * b_shape.1));

	let (kernels, spec) = (CpuKernels::new(threads)?, product.spec());
	let bits = |numbers: &[f32]| -> Vec<u32> { numbers.iter().map(|x| x.to_bits()).collect() };
	let (a_words, b_words) = (bits(&a), bits(&b));
	let mut words = vec![0; product.m * product.n];
	let mut ours = || {
		let (operands, records) = ([&a_words[..], &b_words], Records { bytes: &[0], size: 1 });
		let result = kernels.run(&spec, &CONTEXT, &operands, &records, black_box(&mut words));
		result.expect("the operands have the node's types");
	};

	let parallelism = if threads == 1 { Parallelism::None } else { Parallelism::Rayon(threads) };
	let mut numbers = vec![0.0; product.m * product.n];
	let mut by_gemm = || product.by_gemm(parallelism, &a, &b, black_box(&mut numbers));

	let left = tensor(&a, a_shape, product.transpose_a)?;
	let right = tensor(&b, b_shape, product.transpose_b)?;
	let mut candle = || _ = black_box(left.matmul(&right).expect("the shapes fit"));

	let contestants: &mut [&mut dyn FnMut()] = &mut [&mut ours, &mut by_gemm, &mut candle];
	let seconds = bench.medians(ROUNDS, contestants);
	let near = |(word, x): (&u32, &f32)| (f32::from_bits(*word) - x).abs() < 1e-2;
	assert!(words.iter().zip(&numbers).all(near), "all compute the same product");
	let name = format!("gemm.f32.{}.t{threads}", product.name);
	figure(&name, product.operations() / seconds[0] / 1e9, "gflops");
	ratio(&name, "gemm-crate", seconds[0], seconds[1]);
	ratio(&name, "candle", seconds[0], seconds[2]);
	Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
	let bench = Bench::from_args();
	// The peers' threads; ours has its own.
	rayon::ThreadPoolBuilder::new().num_threads(2).build_global()?;
	for threads in THREADS {
		// candle looks here each time that it multiplies.
		std::env::set_var("RAYON_NUM_THREADS", threads.to_string());
		for product in &PRODUCTS {
			if !bench.quick || product.operations() < 1e8 {
				measure(&bench, product, threads)?;
			}
		}
	}
	Ok(())
}
