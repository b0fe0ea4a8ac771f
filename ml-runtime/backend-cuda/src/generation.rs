//! Kernels for one generation of devices: taken where they are right and not slower.
//!
//! They have the names of others, whose place they take, and must give the same words. Nobody's word is taken for
//! that: before a device computes anything for anybody, both multiply the same matrices.

use cudarc::driver::sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;
use cudarc::nvrtc::Ptx;

use assay_ops::{DType, NodeSpec, Op, Operand, QuantFormat, ValueType};

use crate::ptx::Generation;
use crate::{Device, DeviceError, Gpu, Plan};

/// Kernels that products in these formats take, where there are many tiles.
const PRODUCTS: [(&str, QuantFormat); 2] =
	[("quant_matmul_large_i8", QuantFormat::I8), ("quant_matmul_large_q15", QuantFormat::Q15)];

/// Terms of the products that are compared: two blocks, of which one is not whole, and stages that are not.
const TERMS: u32 = 1000;

/// How often each kernel is run to see how long it takes.
const RUNS: u32 = 10;

/// A product in large tiles, with its operands: special words are among them.
struct Trial {
	plan: Plan,
	operands: [Vec<u32>; 2],
}

impl Trial {
	/// A product of so many tiles of 128 rows along either side, less some rows and columns.
	fn new(format: QuantFormat, side: u32) -> Option<Self> {
		let (m, k, n) = (side * 128 - 5, TERMS, side * 128 - 9);
		let ty = |rows, cols| ValueType { dtype: DType::F32, rows, cols };
		let types = [ty(m, k), ty(k, n)];
		let inputs: Vec<_> = (0..).zip(types).map(|(id, ty)| Operand { id, ty }).collect();
		let op = Op::QuantMatMul { format, transpose_a: false, transpose_b: false };
		let spec = NodeSpec { id: 2, op, inputs: inputs.try_into().ok()?, ty: ty(m, n) };
		let words =
			|salt: u32| (0..types[salt as usize].words() as u32).map(move |i| word(i, salt));
		let operands = [words(0).collect(), words(1).collect()];
		Some(Self { plan: Plan::in_large_tiles(&spec)?, operands })
	}

	fn operands(&self) -> [&[u32]; 2] {
		[&self.operands[0], &self.operands[1]]
	}

	fn run(&self, device: &impl Device) -> Result<Vec<u32>, DeviceError> {
		let mut out = vec![0; self.plan.out()];
		device.execute(&self.plan, &self.operands(), &mut out)?;
		Ok(out)
	}
}

/// A number of some magnitude, or rarely an infinity, a NaN or a zero.
fn word(index: u32, salt: u32) -> u32 {
	let bits = (index ^ salt << 30).wrapping_mul(0x9E37_79B1);
	let bits = (bits ^ bits >> 15).wrapping_mul(0x85EB_CA77);
	match bits >> 8 & 0xFFFF {
		0 => 0x7F80_0000 | bits << 31,
		1 => 0x7FC0_0001,
		2..400 => bits << 31,
		// 2⁻⁸ to 2⁷.
		choice => bits << 31 | (119 + choice % 16) << 23 | bits >> 9,
	}
}

impl Gpu {
	/// Takes the kernels of a generation that give the words of those in whose place they are, and take no longer.
	pub(crate) fn adopt(&mut self, generation: &Generation) -> Result<(), DeviceError> {
		// A driver that does not take them can do without.
		let Ok(loaded) = self.context.load_module(Ptx::from_src(generation.module.text)) else {
			return Ok(());
		};
		let tiles = self.context.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
		let side = tiles.max(1).cast_unsigned().isqrt().min(32);
		for name in generation.module.kernels() {
			let Some((_, format)) = PRODUCTS.iter().find(|(kernel, _)| *kernel == name) else {
				continue;
			};
			let trial = Trial::new(*format, side)
				.ok_or_else(|| DeviceError::Fault(format!("{name}: there is no trial")))?;
			let candidate = self.with(name, loaded.load_function(name)?);
			if trial.run(&candidate)? != trial.run(self)? {
				continue;
			}
			let time = |gpu: &Gpu| gpu.time(&trial.plan, &trial.operands(), RUNS);
			if time(&candidate)? <= time(self)? {
				*self = candidate;
			}
		}
		Ok(())
	}
}

#[cfg(test)]
mod tests {
	use super::*;
	use crate::ptx::{HOPPER, MODULES};
	use crate::Emulator;

	#[test]
	fn trial_should_tell_kernels_that_are_wrong_from_those_that_are_right() {
		let device = |own: &str| {
			let texts = MODULES.iter().map(|module| module.text).chain([own]);
			Emulator::with_modules(texts).expect("the PTX is known")
		};
		let right = HOPPER.module.text;
		let wrong = right.replace("xor.b32", "or.b32");
		let names: Vec<_> = PRODUCTS.iter().map(|(name, _)| *name).collect();
		assert_eq!(HOPPER.module.kernels().collect::<Vec<_>>(), names);
		for (name, format) in PRODUCTS {
			let trial = Trial::new(format, 1).expect("there is one");
			assert!(trial.plan.launches().iter().any(|launch| launch.kernel == name));
			let common = trial.run(&Emulator::new().expect("the PTX is known")).expect("it runs");
			assert_eq!(trial.run(&device(right)).as_ref(), Ok(&common), "{name}");
			assert_ne!(trial.run(&device(&wrong)).as_ref(), Ok(&common), "{name}");
			let is = |test: fn(f32) -> bool| common.iter().any(|word| test(f32::from_bits(*word)));
			assert!(is(f32::is_nan) && is(f32::is_finite), "special words are among them");
		}
	}
}
