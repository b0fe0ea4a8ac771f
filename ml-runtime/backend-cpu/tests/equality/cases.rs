//! Cases: a node, its operands and a data set, made from a seed.

use assay_backend_cpu::{KernelError, Kernels, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};

/// Records per step of every case.
const BATCH: u32 = 37;

/// Bytes per record.
const RECORD: u32 = 64;

/// A small random number generator (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
	/// The next 64 random bits.
	pub(crate) fn next(&mut self) -> u64 {
		self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
		let mut z = self.0;
		z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
		z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
		z ^ (z >> 31)
	}

	/// A number below `bound`.
	pub(crate) fn below(&mut self, bound: u32) -> u32 {
		(self.next() % u64::from(bound)) as u32
	}
}

/// What the words of operands look like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Flavour {
	/// Numbers in [−1, 1).
	Plain,
	/// One word in sixteen is NaN, infinite, zero, subnormal or at the edge of overflow.
	Special,
	/// Any bits at all.
	Bits,
	/// Subnormal and barely normal numbers, so that every result is small.
	Tiny,
}

const SPECIAL: [u32; 14] = [
	0x7FC0_0000,
	0xFFC0_0001,
	0x7F80_0001,
	0x7F80_0000,
	0xFF80_0000,
	0,
	0x8000_0000,
	1,
	0x8000_0001,
	0x007F_FFFF,
	0x0080_0000,
	0x7F7F_FFFF,
	0xFF7F_FFFF,
	0x3F80_0000,
];

impl Flavour {
	/// All of them.
	pub(crate) const ALL: [Self; 4] = [Self::Plain, Self::Special, Self::Bits, Self::Tiny];

	pub(crate) fn word(self, random: &mut Random) -> u32 {
		let bits = random.next() as u32;
		let plain = ((bits >> 8) as f32 / 8_388_608.0 - 1.0).to_bits();
		match self {
			Self::Plain => plain,
			Self::Special if random.below(16) == 0 => SPECIAL[random.below(14) as usize],
			Self::Special => plain,
			Self::Bits => bits,
			Self::Tiny => bits & 0x80FF_FFFF,
		}
	}
}

/// One node with everything that it needs.
pub(crate) struct Case {
	pub(crate) spec: NodeSpec,
	pub(crate) operands: Vec<Vec<u32>>,
	pub(crate) data: Vec<u8>,
	context: StepContext,
}

/// A case whose operands have these shapes; labels are `u32` where the operation takes them.
pub(crate) fn case(op: Op, shapes: &[(u32, u32)], flavour: Flavour, random: &mut Random) -> Case {
	let dtype = |operand| match (op, operand) {
		(Op::OneHot { .. } | Op::ScatterAdd { .. }, 0) | (Op::Pick | Op::Gather, 1) => DType::U32,
		_ => DType::F32,
	};
	let types: Vec<_> =
		(0..).zip(shapes).map(|(operand, (rows, cols))| (dtype(operand), *rows, *cols)).collect();
	Case::typed(op, &types, flavour, random)
}

impl Case {
	/// A case whose operands have these types.
	pub(crate) fn typed(
		op: Op,
		types: &[(DType, u32, u32)],
		flavour: Flavour,
		random: &mut Random,
	) -> Self {
		let types: Vec<_> = types
			.iter()
			.map(|(dtype, rows, cols)| ValueType { dtype: *dtype, rows: *rows, cols: *cols })
			.collect();
		let operands = types.iter().map(|ty| {
			let word = |_| match ty.dtype {
				DType::F32 => flavour.word(random),
				// Labels, some of them out of range.
				DType::U32 => random.below(12),
			};
			(0..ty.words()).map(word).collect()
		});
		let operands = operands.collect();
		let inputs: Vec<_> = (0..).zip(&types).map(|(id, ty)| Operand { id, ty: *ty }).collect();
		let ty = op.infer(&types, BATCH).expect("case has valid shapes");
		let spec = NodeSpec { id: 9, op, inputs: inputs.try_into().unwrap(), ty };
		let records = 50 + u64::from(random.below(50));
		let data = (0..records * u64::from(RECORD)).map(|_| random.next() as u8).collect();
		let mut seed = [0; 32];
		seed.iter_mut().for_each(|byte| *byte = random.next() as u8);
		let step = random.next() >> random.below(64);
		let context = StepContext { seed, step, batch: BATCH, records, record_size: RECORD };
		Self { spec, operands, data, context }
	}

	/// The result.
	pub(crate) fn run(&self, kernels: &dyn Kernels) -> Vec<u32> {
		let operands: Vec<&[u32]> = self.operands.iter().map(Vec::as_slice).collect();
		self.try_run(kernels, &operands, self.spec.ty.words() as usize).expect("case is valid")
	}

	/// The result with these operands, into that many words.
	pub(crate) fn try_run(
		&self,
		kernels: &dyn Kernels,
		operands: &[&[u32]],
		words: usize,
	) -> Result<Vec<u32>, KernelError> {
		let records = Records { bytes: &self.data, size: RECORD as usize };
		// Any content: kernels must overwrite all of it.
		let mut out = vec![0xDEAD_BEEF; words];
		kernels.run(&self.spec, &self.context, operands, &records, &mut out)?;
		Ok(out)
	}
}
