//! One product with operands of some kind.

use assay_backend_cpu::{Kernels, Records, ReferenceKernels};
use assay_backend_cuda::Plan;
use assay_ops::eval::StepContext;
use assay_ops::{DType, NodeSpec, Op, Operand, QuantFormat, ValueType};

/// What the words of operands are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Words {
	/// Numbers around 1, some zeros.
	Plain,
	/// Any finite numbers: most results overflow.
	Finite,
	/// One operand is near the end of the range, the other plain: results around the overflow.
	Huge,
	/// One operand is subnormal or barely normal, with zeros, the other plain: results are subnormal.
	Tiny,
	/// As plain, but one word in 400 is an infinity or a NaN.
	NotFinite,
}

pub(crate) const WORDS: [Words; 5] =
	[Words::Plain, Words::Finite, Words::Huge, Words::Tiny, Words::NotFinite];

pub(crate) struct Random(pub(crate) u64);

impl Random {
	pub(crate) fn bits(&mut self) -> u32 {
		self.0 =
			self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
		(self.0 >> 32) as u32
	}

	pub(crate) fn word(&mut self, words: Words) -> u32 {
		let (bits, choice) = (self.bits(), self.bits());
		let (sign, fraction) = (bits & 0x8000_0000, bits & 0x007F_FFFF);
		match words {
			Words::NotFinite if choice % 400 == 0 => 0x7F80_0000 | bits & 0x8040_0001,
			Words::Plain if choice % 16 == 0 => sign,
			// 1/8 to 2.
			Words::Plain | Words::NotFinite => {
				sign | fraction | (0x3E00_0000 + (choice >> 7 & 0x0180_0000))
			},
			Words::Finite if bits & 0x7F80_0000 == 0x7F80_0000 => bits & 0xBFFF_FFFF,
			Words::Finite => bits,
			// Fractions of ones alone: the greatest is rounded beyond the limit.
			Words::Huge => sign | (0x7F7F_FFFF - (fraction >> (choice % 24) << (choice / 24 % 4))),
			Words::Tiny if choice % 4 == 0 => sign,
			Words::Tiny => sign | (bits & 0x00FF_FFFF) >> (choice % 24),
		}
	}
}

/// A product with its operands.
pub(crate) struct Case {
	pub(crate) spec: NodeSpec,
	pub(crate) operands: [Vec<u32>; 2],
}

pub(crate) const CONTEXT: StepContext =
	StepContext { seed: [0; 32], step: 0, batch: 1, records: 1, record_size: 1 };

impl Case {
	pub(crate) fn new(
		format: QuantFormat,
		(transpose_a, transpose_b): (bool, bool),
		(m, k, n): (u32, u32, u32),
		words: Words,
		seed: u64,
	) -> Self {
		let ty = |transposed, rows, cols| {
			let (rows, cols) = if transposed { (cols, rows) } else { (rows, cols) };
			ValueType { dtype: DType::F32, rows, cols }
		};
		let types = [ty(transpose_a, m, k), ty(transpose_b, k, n)];
		let op = Op::QuantMatMul { format, transpose_a, transpose_b };
		let result = op.infer(&types, 1).expect("the shapes fit");
		assert_eq!((result.rows, result.cols), (m, n));
		let inputs: Vec<_> = (0..).zip(types).map(|(id, ty)| Operand { id, ty }).collect();
		let spec =
			NodeSpec { id: 9, op, inputs: inputs.try_into().expect("two operands"), ty: result };
		let mut random = Random(seed);
		let mut operand = |index: u64| {
			let plain = matches!(words, Words::Huge | Words::Tiny) && index == seed % 2;
			let words = if plain { Words::Plain } else { words };
			(0..types[index as usize].words()).map(|_| random.word(words)).collect()
		};
		let operands = [operand(0), operand(1)];
		Self { spec, operands }
	}

	pub(crate) fn operands(&self) -> [&[u32]; 2] {
		[&self.operands[0], &self.operands[1]]
	}

	pub(crate) fn plan(&self) -> Plan {
		Plan::new(&self.spec, &CONTEXT).expect("it has a plan")
	}

	pub(crate) fn run(&self, kernels: &dyn Kernels) -> Vec<u32> {
		let mut out = vec![0xDEAD_BEEF; self.spec.ty.words() as usize];
		let records = Records { bytes: &[0], size: 1 };
		kernels
			.run(&self.spec, &CONTEXT, &self.operands(), &records, &mut out)
			.unwrap_or_else(|error| panic!("{:?}: {error:?}", self.spec));
		out
	}

	/// The first word that is not the reference's.
	pub(crate) fn difference(&self, got: &[u32]) -> Option<(usize, u32, u32)> {
		let expected = self.run(&ReferenceKernels);
		let pairs = expected.into_iter().zip(got).enumerate();
		pairs.map(|(at, (expected, got))| (at, expected, *got)).find(|(_, e, got)| e != got)
	}
}
