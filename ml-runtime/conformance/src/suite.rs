//! Runs an operation's cases on every backend.

use std::fmt;

use assay_backend_cpu::{KernelError, Kernels};
use assay_ops::NodeSpec;

use crate::{Backend, Case, Flavour, Operation, Size};

/// What an operation came to on one backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
	/// Name of the backend.
	pub backend: String,
	/// BLAKE3 of the words of all results, little-endian.
	pub digest: blake3::Hash,
	/// Number of those words.
	pub words: u64,
	/// Number of cases.
	pub cases: u64,
}

/// The first word that is not the first backend's.
#[derive(Clone, Debug)]
pub struct Difference {
	/// Name of the backend.
	pub backend: String,
	/// Name of the backend that it was compared with.
	pub expected_by: String,
	/// Number of the case.
	pub case: u64,
	/// The node.
	pub spec: NodeSpec,
	/// How its operands' words were chosen.
	pub flavours: Vec<Flavour>,
	/// Row and column of the result.
	pub at: (u64, u64),
	/// The word there.
	pub got: u32,
	/// What the first backend gives.
	pub expected: u32,
}

impl fmt::Display for Difference {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		let Self { backend, expected_by, case, spec, flavours, at: (row, col), got, expected } =
			self;
		let (rows, cols, op) = (spec.ty.rows, spec.ty.cols, &spec.op);
		let shapes: Vec<_> =
			spec.inputs.iter().map(|input| (input.ty.rows, input.ty.cols)).collect();
		write!(
			f,
			"case {case}: {op:?} of operands {shapes:?} with words {flavours:?}: \
			element ({row}, {col}) of {rows} x {cols} is {got:#010x} on {backend}, \
			but {expected:#010x} on {expected_by}"
		)
	}
}

/// Why an operation has no digests.
#[derive(Clone, Debug)]
pub enum Fault {
	/// A backend gave another word.
	Differs(Box<Difference>),
	/// A backend computed nothing.
	Refused {
		/// Name of the backend.
		backend: String,
		/// Number of the case.
		case: u64,
		/// Its reason.
		error: KernelError,
	},
	/// No case of the operation can be made.
	NoCase,
}

impl fmt::Display for Fault {
	fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
		match self {
			Self::Differs(difference) => difference.fmt(f),
			Self::Refused { backend, case, error } => {
				write!(f, "case {case}: {backend} computed nothing: {error}")
			},
			Self::NoCase => f.write_str("the catalogue draws no case of this operation"),
		}
	}
}

impl std::error::Error for Fault {}

/// How many cases, and which.
#[derive(Clone, Copy, Debug)]
pub struct Suite {
	/// Where all random numbers come from.
	pub seed: u64,
	/// Small cases of each operation. They are many, so that all kinds of operands and words meet.
	pub cases: u64,
	/// Words of results to compare, at least.
	pub words: u64,
	/// How large the cases after the small ones are.
	pub size: Size,
}

impl Suite {
	/// Cases 0, 1, … of one operation, with their numbers: where it is one of words, all that are special, each with
	/// each; then small ones; then others until their results have enough words.
	pub fn cases<'a>(&self, operation: &'a Operation) -> impl Iterator<Item = (u64, Case)> + 'a {
		let Self { seed, cases, words, size } = *self;
		let special = Case::of_special_words(operation);
		let mut so_far = special.as_ref().map_or(0, |case| case.spec.ty.words());
		let others = (1..).map_while(move |number| {
			let (is_small, is_wanted) = (number <= cases, number <= cases || so_far < words);
			let size = if is_small { Size::Small } else { size };
			let case = is_wanted.then(|| Case::new(operation, seed, number, size))??;
			so_far += case.spec.ty.words();
			Some((number, case))
		});
		special.map(|case| (0, case)).into_iter().chain(others)
	}

	/// Runs the cases of one operation: one outcome per backend, all with the same digest.
	pub fn run(&self, operation: &Operation, backends: &[Backend]) -> Result<Vec<Outcome>, Fault> {
		let outcomes = compare(self.cases(operation), backends)?;
		let complete = outcomes.iter().all(|outcome| {
			let small = outcome.cases >= self.cases;
			small && outcome.words >= self.words
		});
		complete.then_some(outcomes).ok_or(Fault::NoCase)
	}
}

/// Where a word of a case's results is.
pub(crate) struct Found<'a> {
	/// The node that it is of.
	pub(crate) spec: &'a NodeSpec,
	/// Which of its words.
	pub(crate) at: u64,
	/// How its operands' words were chosen.
	pub(crate) flavours: &'a [Flavour],
}

/// A case of one node or more.
pub(crate) trait Runnable {
	/// Number of words of results.
	fn words(&self) -> u64;

	/// The results on some kernels.
	fn run(&self, kernels: &dyn Kernels) -> Result<Vec<u32>, KernelError>;

	/// Where a word of the results is.
	fn find(&self, at: u64) -> Found<'_>;
}

impl Runnable for Case {
	fn words(&self) -> u64 {
		self.spec.ty.words()
	}

	fn run(&self, kernels: &dyn Kernels) -> Result<Vec<u32>, KernelError> {
		Case::run(self, kernels)
	}

	fn find(&self, at: u64) -> Found<'_> {
		Found { spec: &self.spec, at, flavours: &self.flavours }
	}
}

/// Runs numbered cases on every backend: one outcome per backend, all with the same digest.
pub fn compare(
	cases: impl IntoIterator<Item = (u64, Case)>,
	backends: &[Backend],
) -> Result<Vec<Outcome>, Fault> {
	compare_with(cases, backends)
}

/// As [`compare`], with cases of any kind.
pub(crate) fn compare_with<C: Runnable>(
	cases: impl IntoIterator<Item = (u64, C)>,
	backends: &[Backend],
) -> Result<Vec<Outcome>, Fault> {
	let mut hashers = vec![blake3::Hasher::new(); backends.len()];
	let (mut words, mut count) = (0, 0);
	for (number, case) in cases {
		let mut expected: Option<(&str, Vec<u32>)> = None;
		for (backend, hasher) in backends.iter().zip(&mut hashers) {
			let got = case.run(&*backend.kernels).map_err(|error| Fault::Refused {
				backend: backend.name.clone(),
				case: number,
				error,
			})?;
			update(hasher, &got);
			match &expected {
				None => expected = Some((&backend.name, got)),
				Some((name, expected)) if *expected != got => {
					return Err(difference(&case, number, (name, expected), (&backend.name, &got)));
				},
				Some(_) => {},
			}
		}
		words += case.words();
		count += 1;
	}
	if words == 0 {
		return Err(Fault::NoCase);
	}
	let outcome = |(backend, hasher): (&Backend, blake3::Hasher)| Outcome {
		backend: backend.name.clone(),
		digest: hasher.finalize(),
		words,
		cases: count,
	};
	Ok(backends.iter().zip(hashers).map(outcome).collect())
}

/// Hashes words, little-endian.
fn update(hasher: &mut blake3::Hasher, words: &[u32]) {
	const PIECE: usize = 16_384;
	let mut bytes = Vec::with_capacity(4 * PIECE.min(words.len()));
	for piece in words.chunks(PIECE) {
		bytes.clear();
		bytes.extend(piece.iter().flat_map(|word| word.to_le_bytes()));
		hasher.update(&bytes);
	}
}

fn difference(
	case: &impl Runnable,
	number: u64,
	(expected_by, expected): (&str, &[u32]),
	(backend, got): (&str, &[u32]),
) -> Fault {
	let pairs = expected.iter().zip(got).zip(0_u64..);
	let first = pairs.into_iter().find(|((expected, got), _)| expected != got);
	let ((expected, got), at) = first.unwrap_or(((&0, &0), 0));
	let Found { spec, at, flavours } = case.find(at);
	let cols = u64::from(spec.ty.cols).max(1);
	Fault::Differs(Box::new(Difference {
		backend: backend.to_owned(),
		expected_by: expected_by.to_owned(),
		case: number,
		spec: spec.clone(),
		flavours: flavours.to_vec(),
		at: (at / cols, at % cols),
		got: *got,
		expected: *expected,
	}))
}
