//! Random operands, one node by the executor's definition, and the comparison with candle.
#![allow(dead_code, reason = "each test binary uses a part")]

pub(crate) mod oracle;
mod sequence;

use assay_backend_cpu::{Kernels, Records, ReferenceKernels};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};
use candle_core::{DType as CandleType, Device, Tensor};

/// A small random number generator (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
	fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// An `f32` in [−1, 1), as `f64`.
	pub(crate) fn number(&mut self) -> f64 {
		f64::from((self.next() >> 40) as f32 / 8_388_608.0 - 1.0)
	}

	/// An integer below `bound`.
	pub(crate) fn below(&mut self, bound: u32) -> u32 {
		(self.next() % u64::from(bound)) as u32
	}

	/// A matrix of numbers, each an `f32`, kept as `f64` so that candle is the more exact side.
	pub(crate) fn matrix(&mut self, rows: u32, cols: u32, map: fn(f64) -> f64) -> Tensor {
		let numbers: Vec<f64> =
			(0..rows * cols).map(|_| f64::from(map(self.number()) as f32)).collect();
		Tensor::from_vec(numbers, (rows as usize, cols as usize), &Device::Cpu).unwrap()
	}

	/// A column of labels.
	pub(crate) fn labels(&mut self, rows: u32, classes: u32) -> Tensor {
		let labels: Vec<u32> = (0..rows).map(|_| self.below(classes)).collect();
		Tensor::from_vec(labels, (rows as usize, 1), &Device::Cpu).unwrap()
	}
}

fn words(tensor: &Tensor) -> Vec<u32> {
	let flat = tensor.flatten_all().unwrap();
	match flat.dtype() {
		CandleType::U32 => flat.to_vec1().unwrap(),
		_ => flat.to_vec1::<f64>().unwrap().iter().map(|x| (*x as f32).to_bits()).collect(),
	}
}

/// One node by the reference.
pub(crate) fn run(op: Op, operands: &[Tensor]) -> Tensor {
	let ty = |tensor: &Tensor| {
		let (rows, cols) = tensor.dims2().unwrap();
		let dtype = if tensor.dtype() == CandleType::U32 { DType::U32 } else { DType::F32 };
		ValueType { dtype, rows: rows as u32, cols: cols as u32 }
	};
	let types: Vec<_> = operands.iter().map(ty).collect();
	let context = StepContext { seed: [7; 32], step: 0, batch: 1, records: 1, record_size: 1 };
	let ty = op.infer(&types, context.batch).unwrap();
	let inputs: Vec<_> = (0..).zip(&types).map(|(id, ty)| Operand { id, ty: *ty }).collect();
	let spec = NodeSpec { id: 9, op, inputs: inputs.try_into().unwrap(), ty };
	let operands: Vec<Vec<u32>> = operands.iter().map(words).collect();
	let operands: Vec<&[u32]> = operands.iter().map(Vec::as_slice).collect();
	let mut out = vec![0; ty.words() as usize];
	let records = Records { bytes: &[0], size: 1 };
	ReferenceKernels.run(&spec, &context, &operands, &records, &mut out).unwrap();
	let numbers: Vec<f64> = out.iter().map(|word| f64::from(f32::from_bits(*word))).collect();
	Tensor::from_vec(numbers, (ty.rows as usize, ty.cols as usize), &Device::Cpu).unwrap()
}

/// Largest distance of two tensors of the same shape, relative to the largest number of the second.
pub(crate) fn distance(found: &Tensor, expected: &Tensor) -> f64 {
	assert_eq!(found.dims(), expected.dims());
	let numbers = |tensor: &Tensor| -> Vec<f64> {
		let flat = tensor.flatten_all().unwrap().to_dtype(CandleType::F64).unwrap();
		flat.to_vec1().unwrap()
	};
	let (found, expected) = (numbers(found), numbers(expected));
	assert!(found.iter().chain(&expected).all(|x| x.is_finite()));
	let most = expected.iter().fold(1e-3, |most: f64, x| most.max(x.abs()));
	found.iter().zip(&expected).fold(0.0, |worst: f64, (a, b)| worst.max((a - b).abs())) / most
}
