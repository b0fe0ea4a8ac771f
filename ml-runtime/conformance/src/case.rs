//! A node with everything that it needs.

use assay_backend_cpu::{KernelError, Kernels, Records};
use assay_ops::{eval::StepContext, DType, NodeSpec, Op};

use crate::{
	draft::{Draft, Draw, Wanted},
	words::{label, SPECIAL},
	Flavour, Operation, Random,
};

/// Drafts that are too much work are drawn again, at most this often.
const DRAWS: u32 = 1000;

/// How large cases are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
	/// At most 2¹⁸ scalar operations, for what computes slowly.
	Small,
	/// At most 2²⁴.
	Medium,
	/// At most 2²⁷; sizes of thousands occur.
	Large,
}

impl Size {
	/// Most scalar operations of the reference and words to make.
	pub(crate) fn most_work(self) -> u64 {
		match self {
			Self::Small => 1 << 18,
			Self::Medium => 1 << 24,
			Self::Large => 1 << 27,
		}
	}
}

/// A node, its operands, a data set and a step.
#[derive(Clone, Debug)]
pub struct Case {
	/// The node.
	pub spec: NodeSpec,
	/// Words of the operands, row-major.
	pub operands: Vec<Vec<u32>>,
	/// How the words of each operand were chosen.
	pub flavours: Vec<Flavour>,
	records: Vec<u8>,
	context: StepContext,
}

impl Case {
	/// Case `number` of an operation. `None` says that the catalogue is wrong: no draft of the operation
	/// has types that fit.
	pub fn new(operation: &Operation, seed: u64, number: u64, size: Size) -> Option<Self> {
		let mut random = Random::of_case(seed, operation.name, number);
		let batch = 1 + random.below(40);
		let (draft, spec) = (0..DRAWS).find_map(|_| {
			let large = size == Size::Large;
			let draft = operation.draft(&mut Draw { random: &mut random, large });
			let spec = draft.spec(batch)?;
			(work(&draft, &spec) <= size.most_work()).then_some((draft, spec))
		})?;
		Some(Self::with_words(&draft, spec, batch, &mut random))
	}

	/// A case whose words are all of one flavour, at step 0 and without a data set; `None` if the types
	/// do not fit.
	pub fn of_flavour(draft: &Draft, flavour: Flavour, random: &mut Random) -> Option<Self> {
		let mut words = |wanted: &Wanted| {
			(0..wanted.ty.words()).map(|_| flavour.word(random)).collect::<Vec<u32>>()
		};
		Self::of_words(draft, draft.operands.iter().map(&mut words).collect())
	}

	/// A case with these words, at step 0 and without a data set; `None` if the types do not fit.
	pub fn of_words(draft: &Draft, operands: Vec<Vec<u32>>) -> Option<Self> {
		let context = StepContext { seed: [0; 32], step: 0, batch: 1, records: 0, record_size: 0 };
		let spec = draft.spec(context.batch)?;
		Some(Self { spec, operands, flavours: Vec::new(), records: Vec::new(), context })
	}

	/// All special words in an operation of words, each with each; `None` for other operations.
	pub fn of_special_words(operation: &Operation) -> Option<Self> {
		let (op, operands) = operation.of_words()?;
		let count = SPECIAL.len();
		let rows = (1..operands).fold(1, |rows, _| rows * count);
		let shape = (rows as u32, count as u32);
		let words = |operand: usize| {
			let each = (0..operand).fold(1, |each, _| each * count);
			(0..rows * count).map(|at| SPECIAL[at / each % count]).collect()
		};
		let draft = Draft::floats(op, &vec![shape; operands]);
		let case = Self::of_words(&draft, (0..operands).map(words).collect())?;
		Some(Self { flavours: vec![Flavour::Few; operands], ..case })
	}

	fn with_words(draft: &Draft, spec: NodeSpec, batch: u32, random: &mut Random) -> Self {
		let flavours: Vec<_> = draft.operands.iter().map(|_| random.pick(Flavour::ALL)).collect();
		let operands = draft.operands.iter().zip(&flavours).map(|(wanted, flavour)| {
			let word = |_| match wanted.ty.dtype {
				DType::F32 => flavour.word(random),
				DType::U32 => label(random, wanted.bound),
			};
			(0..wanted.ty.words()).map(word).collect()
		});
		let operands = operands.collect();
		let record_size = match spec.op {
			Op::Load { offset, width, .. } => offset + width * 4 + random.below(5),
			_ => 4,
		};
		let records = 1 + u64::from(random.below(100));
		let bytes = (0..records * u64::from(record_size)).map(|_| random.u32() as u8).collect();
		let mut seed = [0; 32];
		seed.fill_with(|| random.u32() as u8);
		let step = random.u64() >> random.below(64);
		let context = StepContext { seed, step, batch, records, record_size };
		Self { spec, operands, flavours, records: bytes, context }
	}

	/// The step that the node is run in.
	pub fn context(&self) -> &StepContext {
		&self.context
	}

	/// The result on some kernels.
	pub fn run(&self, kernels: &dyn Kernels) -> Result<Vec<u32>, KernelError> {
		let operands: Vec<&[u32]> = self.operands.iter().map(Vec::as_slice).collect();
		let records = Records { bytes: &self.records, size: self.context.record_size as usize };
		// Any content: kernels must overwrite all of it.
		let mut out = vec![0xDEAD_BEEF; self.spec.ty.words() as usize];
		kernels.run(&self.spec, &self.context, &operands, &records, &mut out)?;
		Ok(out)
	}
}

/// What [`Size`] limits.
fn work(draft: &Draft, spec: &NodeSpec) -> u64 {
	let made: u64 = draft.operands.iter().map(|wanted| wanted.ty.words()).sum();
	spec.element_work().saturating_mul(spec.ty.words()).saturating_add(made)
}
