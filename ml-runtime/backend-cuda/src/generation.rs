//! Kernels for one generation of devices: taken where they are right and not slower.
//!
//! They have the names of others, whose place they take, and must give the same words. Nobody's word is taken for
//! that: before a device computes anything for anybody, both multiply the same matrices.

use std::fmt;

use cudarc::driver::sys::CUdevice_attribute::CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT;

use assay_ops::{DType, NodeSpec, Op, Operand, QuantFormat, ValueType};

use crate::gpu::load;
use crate::ptx::{Generation, HOPPER};
use crate::{Device, DeviceError, Gpu, Plan};

/// Kernels that products in these formats take, where there are many tiles.
const PRODUCTS: [(&str, QuantFormat); 2] =
	[("quant_matmul_large_i8", QuantFormat::I8), ("quant_matmul_large_q15", QuantFormat::Q15)];

/// Terms of the products that are compared: two blocks, of which one is not whole, and stages that are not.
const TERMS: u32 = 1000;

/// How often each kernel is run to see how long it takes.
const RUNS: u32 = 10;

/// A product in large tiles.
struct Trial {
	plan: Plan,
	/// Operands that are compared: special words are among them, and rows and columns of very large and small ones.
	hard: [Vec<u32>; 2],
	/// Operands such as those of a training, on which kernels are timed.
	usual: [Vec<u32>; 2],
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
		// Rows of the one and columns of the other have scales of their own.
		let lanes: [fn(u32, u32) -> u32; 2] = [|i, cols| i / cols, |i, cols| i % cols];
		let operand = |side: usize, kind: fn(u32, u32) -> u32| -> Vec<u32> {
			let (count, cols) = (types[side].words() as u32, types[side].cols);
			let number = |i| bits(i, side as u32);
			(0..count).map(|i| kind(number(i), lanes[side](i, cols))).collect()
		};
		let [hard, usual] = [hard, usual].map(|kind| [operand(0, kind), operand(1, kind)]);
		Some(Self { plan: Plan::in_large_tiles(&spec)?, hard, usual })
	}

	fn verdict(&self, candidate: &Gpu, common: &Gpu) -> Result<Verdict, DeviceError> {
		if self.run(candidate)? != self.run(common)? {
			return Ok(Verdict::Wrong);
		}
		let usual = self.usual.each_ref().map(Vec::as_slice);
		let time = |gpu: &Gpu| gpu.time(&self.plan, &usual, RUNS);
		let (own, common) = (time(candidate)?.as_secs_f64(), time(common)?.as_secs_f64());
		Ok(match own <= common {
			true => Verdict::Taken { own, common },
			false => Verdict::Slower { own, common },
		})
	}

	fn run(&self, device: &impl Device) -> Result<Vec<u32>, DeviceError> {
		let mut out = vec![0; self.plan.out()];
		device.execute(&self.plan, &self.hard.each_ref().map(Vec::as_slice), &mut out)?;
		Ok(out)
	}
}

/// Bits that the index decides.
fn bits(index: u32, salt: u32) -> u32 {
	let bits = (index ^ salt << 30).wrapping_mul(0x9E37_79B1);
	(bits ^ bits >> 15).wrapping_mul(0x85EB_CA77)
}

/// A number of some magnitude, from 2⁻⁸ to 2⁷.
fn usual(bits: u32, _: u32) -> u32 {
	scaled(bits, 127)
}

/// The same, in some lanes 2⁷⁰ times as large or as small, or rarely an infinity, a NaN or a zero.
fn hard(bits: u32, lane: u32) -> u32 {
	match (bits >> 8 & 0xFFFF, lane % 16) {
		(0, _) => 0x7F80_0000 | bits << 31,
		(1, _) => 0x7FC0_0001,
		(2..400, _) => bits << 31,
		(_, 3) => scaled(bits, 197),
		(_, 5) => scaled(bits, 57),
		_ => scaled(bits, 127),
	}
}

/// A number near 1, but for the exponent.
fn scaled(bits: u32, exponent: u32) -> u32 {
	bits << 31 | (exponent - 8 + (bits >> 8) % 16) << 23 | bits >> 9
}

/// What a trial finds about a kernel, with the seconds of both.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Verdict {
	/// It is right, takes no longer, and is taken.
	Taken {
		/// What it takes.
		own: f64,
		/// What the other takes.
		common: f64,
	},
	/// It is right and takes longer.
	Slower {
		/// What it takes.
		own: f64,
		/// What the other takes.
		common: f64,
	},
	/// It gives other words.
	Wrong,
}

impl fmt::Display for Verdict {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Taken { own, common } => write!(f, "taken, {:.2} times as fast", common / own),
			Self::Slower { own, common } => write!(f, "slower, {:.2} times as fast", common / own),
			Self::Wrong => f.write_str("wrong"),
		}
	}
}

impl Gpu {
	/// The device with this number, as by [`Gpu::new`], with the kernels of its generation instead of those for all
	/// devices where a trial finds them right and not slower. Gives the verdict about each; there is none on a device of a
	/// generation without kernels of its own.
	///
	/// A kernel that faults takes the device away from the whole process: the error is then that of every later call.
	pub fn with_own_kernels(index: usize) -> Result<(Self, Verdicts), DeviceError> {
		let (mut gpu, capability) = Self::open(index)?;
		let verdicts = match capability == HOPPER.capability {
			true => gpu.adopt(&HOPPER)?,
			false => Verdicts::new(),
		};
		Ok((gpu, verdicts))
	}

	/// Tries the kernels of a generation, which is the device's, and takes those that stand the trial.
	pub fn adopt(&mut self, generation: &Generation) -> Result<Verdicts, DeviceError> {
		let loaded = load(&self.context, &generation.module)?;
		let count = self.context.attribute(CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT)?;
		// At least a tile for each.
		let side = f64::from(count.max(1)).sqrt().ceil().min(32.0) as u32;
		let mut verdicts = Verdicts::new();
		for name in generation.module.kernels() {
			let format = PRODUCTS.iter().find(|(kernel, _)| *kernel == name);
			let trial = format.and_then(|(_, format)| Trial::new(*format, side));
			let trial = trial.ok_or_else(|| DeviceError::Fault(format!("{name} has no trial")))?;
			let candidate = self.with(name, loaded.load_function(name)?);
			let verdict = trial.verdict(&candidate, self)?;
			if matches!(verdict, Verdict::Taken { .. }) {
				*self = candidate;
			}
			verdicts.push((name, verdict));
		}
		Ok(verdicts)
	}
}

/// Kernels by name, and what was found about them.
pub type Verdicts = Vec<(&'static str, Verdict)>;

#[cfg(test)]
mod tests {
	use super::*;
	use crate::ptx::MODULES;
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
			let tests = [f32::is_nan, f32::is_normal, f32::is_infinite, f32::is_subnormal];
			assert!(tests.into_iter().all(is), "special words are among them");
			let numbers = trial.usual.iter().flatten();
			assert!(numbers.copied().map(f32::from_bits).all(f32::is_normal));
		}
	}
}
