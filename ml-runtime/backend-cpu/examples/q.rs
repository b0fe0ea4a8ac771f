use assay_backend_cpu::{CpuKernels, Kernels, Level, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, QuantFormat, ValueType};
fn main() {
	let a: Vec<String> = std::env::args().collect();
	let (m, k, n) = (a[1].parse().unwrap(), a[2].parse().unwrap(), a[3].parse::<usize>().unwrap());
	let m: usize = m;
	let k: usize = k;
	let (ta, tb) = (a[4].contains('a'), a[4].contains('b'));
	let format = if a[5] == "i8" { QuantFormat::I8 } else { QuantFormat::Q15 };
	let secs: f64 = a[6].parse().unwrap();
	let noise = |count: usize| -> Vec<u32> {
		(0..count as u32)
			.map(|i| ((i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0 - 0.5).to_bits())
			.collect()
	};
	let (x, y) = (noise(m * k), noise(k * n));
	let kernels = CpuKernels::with_level(1, Level::best()).unwrap();
	let shape = |r: usize, c: usize, t: bool| if t { (c, r) } else { (r, c) };
	let ty =
		|(r, c): (usize, usize)| ValueType { dtype: DType::F32, rows: r as u32, cols: c as u32 };
	let op = if a[5] == "f32" {
		Op::MatMul { transpose_a: ta, transpose_b: tb }
	} else {
		Op::QuantMatMul { format, transpose_a: ta, transpose_b: tb }
	};
	let inputs = vec![
		Operand { id: 0, ty: ty(shape(m, k, ta)) },
		Operand { id: 1, ty: ty(shape(k, n, tb)) },
	];
	let spec = NodeSpec { id: 2, op, inputs: inputs.try_into().unwrap(), ty: ty((m, n)) };
	let ctx = StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };
	let mut out = vec![0; m * n];
	let start = std::time::Instant::now();
	let mut best = f64::MAX;
	let mut times = vec![];
	while start.elapsed().as_secs_f64() < secs {
		let t = std::time::Instant::now();
		kernels
			.run(&spec, &ctx, &[&x[..], &y], &Records { bytes: &[0], size: 1 }, &mut out)
			.unwrap();
		let e = t.elapsed().as_secs_f64();
		best = best.min(e);
		times.push(e);
	}
	times.sort_by(f64::total_cmp);
	let g = 2.0 * m as f64 * k as f64 * n as f64 / 1e9;
	println!("{} best {:.1} median {:.1}", a[5], g / best, g / times[times.len() / 2]);
}
