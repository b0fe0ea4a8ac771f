//! Speed of matrix products at every level of instructions, in GFLOP/s.
//!
//! ```text
//! cargo run --release -p assay-backend-cpu --example matmul_speed [threads]
//! ```

use std::time::Instant;

use assay_backend_cpu::{CpuKernels, KernelError, Kernels, Level, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};

/// `(m, k, n)`: square, and the layers of the example LeNet with their gradients.
const SHAPES: [(u32, u32, u32); 7] = [
	(1024, 1024, 1024),
	(50_176, 25, 6),
	(25, 50_176, 6),
	(6400, 150, 16),
	(150, 6400, 16),
	(64, 400, 120),
	(400, 64, 120),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
	let threads = std::env::args().nth(1).map_or(Ok(1), |text| text.parse())?;
	for (m, k, n) in SHAPES {
		for level in Level::available() {
			// The integer code is not meant to be fast.
			if level != Level::Soft || m * k < 100_000 {
				let gflops = measure(&CpuKernels::with_level(threads, level)?, m, k, n)?;
				println!("{m} × {k} × {n}, {level:?}, {threads} threads: {gflops:.1} GFLOP/s");
			}
		}
	}
	Ok(())
}

fn measure(kernels: &CpuKernels, m: u32, k: u32, n: u32) -> Result<f64, KernelError> {
	let ty = |rows, cols| ValueType { dtype: DType::F32, rows, cols };
	let noise = |words: u32| -> Vec<u32> {
		let number = |i: u32| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0 - 0.5;
		(0..words).map(|i| number(i).to_bits()).collect()
	};
	let inputs = vec![Operand { id: 0, ty: ty(m, k) }, Operand { id: 1, ty: ty(k, n) }];
	let inputs = inputs.try_into().map_err(|_| KernelError::Shape)?;
	let op = Op::MatMul { transpose_a: false, transpose_b: false };
	let spec = NodeSpec { id: 2, op, inputs, ty: ty(m, n) };
	let context = StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };
	let (a, b) = (noise(m * k), noise(k * n));
	let mut out = vec![0; (m * n) as usize];
	let mut run = || {
		let records = Records { bytes: &[0], size: 1 };
		kernels.run(&spec, &context, &[&a, &b], &records, &mut out)
	};
	run()?;
	let operations = 2.0 * f64::from(m) * f64::from(k) * f64::from(n);
	let repetitions = (1e9 / operations).ceil() as u32;
	// The best of several rounds, because the machine may be busy with other things.
	let mut best = f64::INFINITY;
	for _ in 0..5 {
		let start = Instant::now();
		for _ in 0..repetitions {
			run()?;
		}
		best = best.min(start.elapsed().as_secs_f64() / f64::from(repetitions));
	}
	Ok(operations / best / 1e9)
}
