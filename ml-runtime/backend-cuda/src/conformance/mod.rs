//! One suite: every operation on many shapes, against a backend that is known to be right.

mod cases;
mod random;

use assay_backend_cpu::{KernelError, Kernels, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op, Operand, ValueType};

pub use cases::{cases, Size, UNARY};
pub use random::{Flavour, Random};

/// Records per step of every case.
const BATCH: u32 = 37;

/// Bytes per record.
const RECORD: u32 = 64;

/// One node with everything that it needs.
pub struct Case {
	/// The node.
	pub spec: NodeSpec,
	/// Its operands.
	pub operands: Vec<Vec<u32>>,
	/// What is special about the words of the operands.
	pub flavour: Flavour,
	context: StepContext,
	data: Vec<u8>,
}

/// Two backends that do not agree, or one that fails.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
	/// A word of the results.
	Word {
		/// Its place, row-major.
		at: usize,
		/// What it should be.
		expected: u32,
		/// What it is.
		got: u32,
	},
	/// The backend gave an error.
	Error(KernelError),
}

impl Case {
	/// A case whose operands have these shapes, with words of this flavour; `None` if the operation does
	/// not take them. Labels and indices are `u32`, and some of them are out of range.
	pub fn new(
		op: Op,
		shapes: &[(u32, u32)],
		flavour: Flavour,
		random: &mut Random,
	) -> Option<Self> {
		let types: Vec<_> = (0..)
			.zip(shapes)
			.map(|(operand, (rows, cols))| {
				let dtype = if is_index(&op, operand) { DType::U32 } else { DType::F32 };
				ValueType { dtype, rows: *rows, cols: *cols }
			})
			.collect();
		let ty = op.infer(&types, BATCH).ok()?;
		// Labels name columns, indices name rows of a table.
		let bound = match (&op, types.first()) {
			(Op::Pick, Some(a)) => a.cols,
			(Op::Gather, Some(table)) => table.rows,
			(Op::OneHot { cols }, _) => *cols,
			(Op::ScatterAdd { rows }, _) => *rows,
			_ => 1,
		};
		let operands = types.iter().map(|ty| {
			let word = |_| match ty.dtype {
				DType::F32 => flavour.word(random),
				DType::U32 => random.below(bound + bound / 8 + 2),
			};
			(0..ty.words()).map(word).collect()
		});
		let operands = operands.collect();
		let inputs: Vec<_> = (0..).zip(&types).map(|(id, ty)| Operand { id, ty: *ty }).collect();
		let spec = NodeSpec { id: 9, op, inputs: inputs.try_into().ok()?, ty };
		let records = 50 + u64::from(random.below(50));
		let data = (0..records * u64::from(RECORD)).map(|_| random.bits() as u8).collect();
		let mut seed = [0; 32];
		seed.iter_mut().for_each(|byte| *byte = random.bits() as u8);
		let step = random.bits() >> random.below(64);
		let context = StepContext { seed, step, batch: BATCH, records, record_size: RECORD };
		Some(Self { spec, operands, flavour, context, data })
	}

	/// The step that the node is run in.
	pub fn context(&self) -> &StepContext {
		&self.context
	}

	/// The result on a backend.
	pub fn run(&self, kernels: &dyn Kernels) -> Result<Vec<u32>, KernelError> {
		let operands: Vec<&[u32]> = self.operands.iter().map(Vec::as_slice).collect();
		let records = Records { bytes: &self.data, size: RECORD as usize };
		let words = usize::try_from(self.spec.ty.words()).map_err(|_| KernelError::Shape)?;
		// Any content: kernels must overwrite all of it.
		let mut out = vec![0xDEAD_BEEF; words];
		kernels.run(&self.spec, &self.context, &operands, &records, &mut out)?;
		Ok(out)
	}

	/// Compares the result of a backend with that of one that is right.
	pub fn compare(&self, kernels: &dyn Kernels, right: &dyn Kernels) -> Result<(), Difference> {
		let got = self.run(kernels).map_err(Difference::Error)?;
		let expected = self.run(right).map_err(Difference::Error)?;
		let pairs = expected.iter().zip(&got).enumerate();
		match pairs.into_iter().find(|(_, (expected, got))| expected != got) {
			Some((at, (expected, got))) => {
				Err(Difference::Word { at, expected: *expected, got: *got })
			},
			None => Ok(()),
		}
	}
}

fn is_index(op: &Op, operand: usize) -> bool {
	matches!(
		(op, operand),
		(Op::OneHot { .. } | Op::ScatterAdd { .. }, 0) | (Op::Pick | Op::Gather, 1)
	)
}
